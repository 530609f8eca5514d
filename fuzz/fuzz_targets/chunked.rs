//! A chunked body is read as the plain oracle reads it, however it is split, and not one byte behind it is taken.
//!
//! The first byte says where the body is cut. Behind it an upgrade hands out what the body left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_tests::assumed::{BodyEnd, Server};
use purlin_tests::peer::request;

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
    Connection: upgrade\r\nUpgrade: raw\r\n\r\n";

fuzz_target!(|data: &[u8]| {
    let Some((cut, body)) = data.split_first() else { return };
    if body.len() > 3500 {
        return;
    }
    let (expected, end, used) = request::read_chunks(body);
    let cut = usize::from(*cut).min(body.len());
    for cuts in [0, cut] {
        let mut server = Server::new(true);
        server.feed(HEAD).unwrap();
        server.feed(&body[..cuts]).unwrap();
        server.feed(&body[cuts..]).unwrap();
        let seen = server.seen();
        let message = &seen.messages[0];
        assert_eq!(message.body, expected);
        match end {
            request::BodyEnd::Whole => {
                assert_eq!(message.end, BodyEnd::Whole);
                assert_eq!(seen.tunnel, &body[used..], "what is behind the body");
            }
            request::BodyEnd::Cut => assert_eq!(message.end, BodyEnd::NotYet),
            request::BodyEnd::Broken => assert_eq!(message.end, BodyEnd::Failed),
        }
    }
});
