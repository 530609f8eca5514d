//! A target is taken off the wire exactly if the plain oracle takes it, its parts put together are the target, and a head built with it is the same.
//!
//! The first byte chooses the method; the rest is the target.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::{Form, Method, RequestHead};
use purlin_tests::assumed::Server;
use purlin_tests::peer::request;

const METHODS: [&str; 4] = ["GET", "OPTIONS", "CONNECT", "M-SEARCH"];

fuzz_target!(|data: &[u8]| {
    let Some((method, target)) = data.split_first() else { return };
    if target.len() > 3500 {
        return;
    }
    let method = METHODS[usize::from(*method) % METHODS.len()];
    let wire = [method.as_bytes(), b" ", target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    let mut server = Server::new(false);
    server.feed(&wire).unwrap();
    let (requests, _) = server.seen().read();
    assert_eq!(requests, request::read_all(&wire).0, "{}", wire.escape_ascii());
    if let [only] = &requests[..] {
        check_parts(method, &only.target);
    }
});

fn check_parts(method: &str, target: &str) {
    let method: Method = method.parse().unwrap();
    let head = RequestHead::new(method, target).unwrap();
    assert_eq!(head.target(), target);
    let query = head.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = head.path();
    match head.form() {
        Form::Origin => assert_eq!(format!("{path}{query}"), target),
        Form::Asterisk => assert_eq!((path, target), ("*", "*")),
        Form::Authority => assert_eq!(head.authority(), Some(target)),
        Form::Absolute => {
            let authority = head.authority().unwrap();
            let rest = &target[target.find("//").unwrap() + 2 + authority.len()..];
            assert!(rest == format!("{path}{query}") || (path == "/" && rest == query));
        }
    }
}
