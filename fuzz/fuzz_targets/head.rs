//! Any input is read as the plain oracle reads it: the same requests with the same bodies, the same refusal, however it is split.
//!
//! The first byte says where the input is cut; the rest is the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_tests::assumed::Server;
use purlin_tests::peer::request;

/// Below every limit that the oracle does not know.
const MOST: usize = 3500;

fuzz_target!(|data: &[u8]| {
    let Some((cut, input)) = data.split_first() else { return };
    if input.len() > MOST {
        return;
    }
    let mut whole = Server::new(false);
    whole.feed(input).unwrap();
    let seen = whole.seen();
    let (requests, end) = seen.read();
    let (expected, expected_end) = request::read_all(input);
    assert_eq!(requests, expected, "{}", input.escape_ascii());
    assert!(request::same_end(end, expected_end, &requests), "{end:?}, not {expected_end:?}");

    let mut split = Server::new(false);
    let (first, second) = input.split_at(usize::from(*cut).min(input.len()));
    split.feed(first).unwrap();
    split.feed(second).unwrap();
    assert_eq!(split.seen(), seen);
});
