//! The same calls on an exchange without a wire and on a connection have the same results and give the same answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_tests::answers::direct;

fuzz_target!(|data: &[u8]| direct::play(data));
