//! Any bytes are frames or refused, a frame is told as soon as it is whole and never before, and what a field block is cut into comes back.
//!
//! The first byte says how much is there at first, and how long a frame may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::h2::errors::{Scope, Violation};
use purlin_core::h2::frame::{Frame, HEADER_LEN, Header, read, write};

fuzz_target!(|data: &[u8]| {
    let Some((cut, mut rest)) = data.split_first() else { return };
    let most = 40 + u32::from(*cut);
    come_back(rest, u32::from(*cut).max(1));
    loop {
        let whole = read(rest, most);
        let part = read(&rest[..usize::from(*cut).min(rest.len())], most);
        assert!(part == Ok(None) || part == whole, "{part:?} and then {whole:?}");
        match whole {
            Ok(None) => {
                assert!(Header::parse(rest).is_none_or(|header| header.length <= most));
                return;
            }
            Ok(Some((frame, length))) => {
                assert!((HEADER_LEN..=HEADER_LEN + most as usize).contains(&length));
                assert!(frame.flow() <= length - HEADER_LEN);
                if let Frame::WindowUpdate { increment, .. } = frame {
                    assert!(increment > 0);
                }
                rest = &rest[length..];
            }
            Err(malformed) => {
                let too_long = malformed.header.length > most;
                assert_eq!(malformed.violation == Violation::FrameTooLong, too_long);
                if malformed.violation.scope() == Scope::Connection {
                    return;
                }
                assert!(malformed.header.stream > 0);
                rest = &rest[malformed.len()..];
            }
        }
    }
});

fn come_back(block: &[u8], most: u32) {
    let mut out = Vec::new();
    write::headers(&mut out, 1, block, false, most);
    let (mut rest, mut back, mut ended) = (&out[..], Vec::new(), false);
    while let Some((frame, length)) = read(rest, most).expect("what we write is read") {
        let (Frame::Headers { fragment, end_headers, .. }
        | Frame::Continuation { fragment, end_headers, .. }) = frame
        else {
            panic!("{frame:?}");
        };
        assert!(!ended);
        ended = end_headers;
        back.extend_from_slice(fragment);
        rest = &rest[length..];
    }
    assert!(ended && rest.is_empty() && back == block);
}
