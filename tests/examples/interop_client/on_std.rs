//! The client on threads.

use purlin::Source;
use purlin_std as purlin;
use std::fs::File;
use std::time::Duration;

/// A function that is waited for.
macro_rules! function {
    ($(#[$meta:meta])* $visible:vis fn $($rest:tt)*) => {
        $(#[$meta])* $visible fn $($rest)*
    };
}

/// Waits for something.
macro_rules! wait {
    ($waited:expr) => {
        $waited
    };
}

#[path = "both.rs"]
mod both;

pub(crate) fn ask(options: &crate::options::Options) -> crate::Result<bool> {
    both::ask(options)
}

fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn source(file: File) -> Source {
    Source::reader(file)
}
