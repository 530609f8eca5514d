//! A client's connection behind a proxy, in any order of calls, whatever the proxy says: the contract of a machine holds.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    purlin_tests::tunnel::run(input);
});
