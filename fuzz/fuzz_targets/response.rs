//! Any input is read as one response at most, the same however it is split; and what the plain oracle takes for a response is read as that one.
//!
//! The first byte says where the input is cut, the second what was asked; the rest is the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_tests::asking::{Client, Seen};
use purlin_tests::assumed::BodyEnd;
use purlin_tests::peer::response::{self, Found, Framing, Response};

/// Below every limit that the oracle does not know.
const MOST: usize = 3500;

const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "CONNECT"];

fuzz_target!(|data: &[u8]| {
    let [cut, method, input @ ..] = data else { return };
    if input.len() > MOST {
        return;
    }
    let method = METHODS[usize::from(*method) % METHODS.len()];
    let (first, second) = input.split_at(usize::from(*cut).min(input.len()));
    let whole = feed(method, &[input]);
    assert_eq!(whole, feed(method, &[first, second]));
    if let Some((interims, last, rest)) = oracle(method, input) {
        let (_, seen) = whole;
        assert_eq!(seen.interims, interims);
        let message = seen.message.unwrap_or_else(|| panic!("{:?}, not {last:?}", seen.failed));
        assert_eq!((message.status, &message.reason), (last.status, &last.reason));
        assert_eq!(message.fields, last.fields);
        assert_eq!(message.end, BodyEnd::Whole);
        let tunnel = last.framing == Framing::Tunnel;
        assert_eq!(message.body, if tunnel { rest.to_vec() } else { last.body });
    }
});

/// What is seen before and after the end of these pieces.
fn feed(method: &str, pieces: &[&[u8]]) -> (Seen, Seen) {
    let mut client = Client::new(method).unwrap();
    pieces.iter().for_each(|piece| client.feed(piece).unwrap());
    let before = client.seen();
    client.eof().unwrap();
    (before, client.seen())
}

/// The interim responses, the final one, and what follows, if a strict reader takes them all.
fn oracle<'a>(method: &str, mut input: &'a [u8]) -> Option<(Vec<u16>, Response, &'a [u8])> {
    let mut interims = Vec::new();
    loop {
        let Ok(Found::Whole(one, used)) = response::read(method, input, true) else { return None };
        // Limits, codes that are none, and what nobody asked for.
        let many = one.fields.len() > 100 || one.trailers.len() > 100;
        if many || one.status < 100 || one.status == 101 {
            return None;
        }
        input = &input[used..];
        if one.status >= 200 {
            return Some((interims, *one, input));
        }
        interims.push(one.status);
    }
}
