//! What the end-to-end tests of both adapters share.
//! Knows neither of them: `std` and `smol` in this folder do, and give the cases
//! in `both` a server to hold to.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "each test file uses its part, and all are tests"
)]

pub(crate) mod child;
pub(crate) mod peer;
pub(crate) mod site;
pub(crate) mod stage;
pub(crate) mod told;

use std::time::{Duration, Instant};

/// Waiting longer than this is a failure, not slowness.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Waits until it is so.
#[track_caller]
pub(crate) fn until(mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < LONG, "it never comes to be");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Descriptors that this process has open, and the bytes of memory it holds,
/// where the system tells; else says that the test of this name shows nothing.
pub(crate) fn held(test: &str) -> Option<(usize, usize)> {
    let held = (|| {
        let descriptors = std::fs::read_dir("/proc/self/fd").ok()?.count();
        Some((descriptors, memory("VmRSS:")?))
    })();
    if held.is_none() {
        eprintln!("SKIPPED {test}: this system does not tell what a process holds");
    }
    held
}

/// The most memory this process ever held, in bytes, where the system tells.
pub(crate) fn peak_memory() -> Option<usize> {
    memory("VmHWM:")
}

fn memory(kind: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(kind))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok().map(|kib| kib * 1024)
}
