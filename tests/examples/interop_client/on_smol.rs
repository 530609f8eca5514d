//! The client on smol.

use purlin::Source;
use purlin_smol as purlin;
use std::fs::File;
use std::time::Duration;

/// A function that is waited for.
macro_rules! function {
    ($(#[$meta:meta])* $visible:vis fn $($rest:tt)*) => {
        $(#[$meta])* $visible async fn $($rest)*
    };
}

/// Waits for something.
macro_rules! wait {
    ($waited:expr) => {
        $waited.await
    };
}

#[path = "both.rs"]
mod both;

pub(crate) fn ask(options: &crate::options::Options) -> crate::Result<bool> {
    smol::block_on(both::ask(options))
}

async fn pause(time: Duration) {
    smol::Timer::after(time).await;
}

fn source(file: File) -> Source {
    Source::reader(smol::Unblock::new(file))
}
