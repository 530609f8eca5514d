//! Runs vectors from files:
//! `cargo run --release -p purlin-tests --bin vectors -- KIND [--profile strict|conformance] FILE...`.
//!
//! With `hpack_story` for a kind the files are stories of `http2jp/hpack-test-case`, which are
//! not in this repository.
//!
//! Prints a line for each case that does not hold, and closes with
//! `N passed, M failed`; exits with 1 if any failed, and with 2 if it could not run.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use purlin_tests::vectors::{KINDS, Profile, Report, deviations, run, story};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match check(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            let _ = writeln!(io::stderr(), "{why}");
            ExitCode::from(2)
        }
    }
}

fn check(arguments: &[String]) -> Result<bool, String> {
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let kinds = kinds.join(", ");
    let usage = || {
        format!(
            "usage: vectors KIND [--profile strict|conformance] FILE...\n\
             kinds: {kinds}; {STORY} for stories of HPACK"
        )
    };
    let (kind, mut files) = arguments.split_first().ok_or_else(usage)?;
    if kind == STORY && !files.is_empty() {
        return told(files, story);
    }
    let kind = KINDS.iter().find(|known| known.name == kind).ok_or_else(usage)?;
    let mut profiles = Profile::ALL;
    if files.first().is_some_and(|first| first == "--profile") {
        profiles = match files.get(1).map(String::as_str) {
            Some("strict") => &[Profile::Strict],
            Some("conformance") => &[Profile::Conformance],
            _ => return Err(usage()),
        };
        files = &files[2..];
    }
    if files.is_empty() {
        return Err(usage());
    }
    let deviations = deviations(kind.family)?;
    told(files, |file| run(kind, file, &deviations, profiles))
}

/// What is a kind although none of its files are here.
const STORY: &str = "hpack_story";

/// Runs each file and prints what came of it; says whether all held.
fn told(files: &[String], run: impl Fn(&Path) -> Result<Report, String>) -> Result<bool, String> {
    let (mut passed, mut failed) = (0, 0);
    let mut out = io::stdout().lock();
    for file in files {
        let report = run(Path::new(file))?;
        for failure in &report.failures {
            // A closed pipe is no reason to fail: whoever reads has seen enough.
            let _ = writeln!(out, "{failure}");
        }
        passed += report.passed;
        failed += report.failures.len();
    }
    let _ = writeln!(out, "{passed} passed, {failed} failed");
    Ok(failed == 0)
}
