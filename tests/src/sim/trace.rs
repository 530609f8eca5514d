//! Draws what happened: client, wire and server side by side, each line with
//! its virtual time.

use purlin_core::{Mono, Now};
use std::fmt::Write;

/// What happened, if anyone wants to know.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Option<String>,
}

impl Trace {
    pub(crate) fn new(on: bool) -> Trace {
        Trace {
            lines: on
                .then(|| format!("{:>10}  {:38} {:38} {}\n", "time", "client", "wire", "server")),
        }
    }

    pub(crate) fn text(self) -> String {
        self.lines.unwrap_or_default()
    }

    pub(crate) fn client(&mut self, now: Now, what: impl FnOnce() -> String) {
        self.line(now, |line| format!("{:38}", line), what);
    }

    pub(crate) fn server(&mut self, now: Now, what: impl FnOnce() -> String) {
        self.line(now, |line| format!("{:38} {:38} {line}", "", ""), what);
    }

    pub(crate) fn wire(&mut self, now: Now, what: impl FnOnce() -> String) {
        self.line(now, |line| format!("{:38} {line}", ""), what);
    }

    /// Bytes that one end handed to the wire or took from it.
    pub(crate) fn bytes(&mut self, now: Now, arrow: &str, bytes: &[u8]) {
        self.wire(now, || format!("{arrow} {}", short(bytes)));
    }

    fn line(
        &mut self,
        now: Now,
        place: impl FnOnce(String) -> String,
        what: impl FnOnce() -> String,
    ) {
        if let Some(lines) = &mut self.lines {
            let millis = now.mono.since(Mono::ZERO).as_millis();
            let time = format!("{}.{:03}", millis / 1000, millis % 1000);
            let line = place(what());
            let _ = writeln!(lines, "{time:>10}  {}", line.trim_end());
        }
    }
}

/// Escaped and shortened.
fn short(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], bytes.len()),
        None => text,
    }
}
