//! Whatever is written through a draft in whatever order, the peer reads just that, or can tell that it is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_tests::answers::draft;

fuzz_target!(|data: &[u8]| draft::play(data));
