//! Whatever is done to a connection, in any order, its contract holds, its memory stays under its limits, and the peer reads whole messages.
//!
//! The input is read as verbs and commands, and their bytes mostly as valid
//! traffic that is cut, repeated or broken; raw bytes are the exception.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_tests::chaos::{Chaos, decode};

fuzz_target!(|data: &[u8]| {
    let mut chaos = Chaos::new();
    for op in decode(data).iter().take(300) {
        chaos.step(op);
    }
    chaos.finish();
});
