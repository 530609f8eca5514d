//! Garbage and broken records into a server's TLS: nothing panics, little is
//! held, and it ends.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| purlin_tests::tls::fuzz(input));
