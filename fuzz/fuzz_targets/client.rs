//! Whatever is done to a client's connection, in any order, its contract holds, every request gets one response or one failure, and the server reads whole requests.
//!
//! The input is read as verbs and commands, and their bytes mostly as valid
//! responses that are cut, repeated or broken; raw bytes are the exception.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_tests::chaos::{ClientChaos, decode_client};

fuzz_target!(|data: &[u8]| {
    let mut chaos = ClientChaos::new();
    for op in decode_client(data).iter().take(300) {
        chaos.step(op);
    }
    chaos.finish();
});
