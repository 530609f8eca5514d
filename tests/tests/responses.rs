//! A response that the machine writes is read back as it was given, by a
//! parser that shares no code with it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Event, Fields, Machine, Misuse, Mono, Now, ResponseHead, ServerConfig, ServerMachine,
    Status,
};
use purlin_tests::peer::response::{self, Found, Framing, Response};
use std::sync::Arc;

const REGRESSIONS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../proptest-regressions/responses.txt");
const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..ProptestConfig::default()
    }
}

/// How the application gives its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Full,
    Length,
    Stream,
}

#[derive(Clone, Debug)]
struct Given {
    method: &'static str,
    minor: u8,
    keep: bool,
    status: u16,
    fields: Vec<(String, Vec<u8>)>,
    close: bool,
    body: Vec<Vec<u8>>,
    manner: Manner,
    trailer: Option<String>,
}

impl Given {
    fn body(&self) -> Vec<u8> {
        self.body.concat()
    }

    fn bodiless(&self) -> bool {
        matches!(self.status, 204 | 205 | 304)
    }

    fn request(&self) -> String {
        let connection = if self.keep { "keep-alive" } else { "close" };
        let Given { method, minor, .. } = self;
        format!("{method} / HTTP/1.{minor}\r\nHost: a\r\nConnection: {connection}\r\n\r\n")
    }
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![9 => 0x21..0x7F_u8, 1 => 0x80..=0xFF_u8, 1 => Just(b' ')];
    prop::collection::vec(byte, 0..30).prop_map(|value| value.trim_ascii().to_vec())
}

fn given() -> impl Strategy<Value = Given> {
    let status = prop_oneof![
        3 => Just(200_u16),
        1 => prop::sample::select(vec![204_u16, 205, 304, 404, 206, 500]),
        1 => 200..1000_u16,
    ];
    let piece = prop::collection::vec(any::<u8>(), 0..6000);
    let request = (prop::sample::select(vec!["GET", "HEAD", "POST"]), 0..2_u8, any::<bool>());
    let field = ("X-[a-zA-Z0-9!#$%&'*+.^_`|~-]{0,12}", value());
    let head = (status, prop::collection::vec(field, 0..8), prop::bool::weighted(0.2));
    let manner = prop::sample::select(vec![Manner::Full, Manner::Length, Manner::Stream]);
    let body = (prop::collection::vec(piece, 0..4), manner, prop::option::of("[a-z]{1,9}"));
    (request, head, body).prop_map(|(request, head, body)| {
        let ((method, minor, keep), (status, fields, close)) = (request, head);
        let (body, manner, trailer) = body;
        let mut given = Given { method, minor, keep, status, fields, close, body, manner, trailer };
        if given.bodiless() {
            given.body.clear();
        }
        if given.status == 205 {
            given.trailer = None; // 205 says that it is empty by its length
        }
        given
    })
}

/// The bytes that go out for it, all of them, and whether the connection goes on.
fn written(given: &Given) -> Result<(Vec<u8>, bool), Misuse> {
    let mut machine = Connection::new(Arc::new(ServerConfig::default()), NOW);
    machine.receive(given.request().as_bytes(), NOW);
    assert!(matches!(machine.poll_event(NOW), Some(Event::Request { id: 1, .. })));
    let mut head = ResponseHead::new(Status::from_code(given.status).unwrap());
    for (name, value) in &given.fields {
        head.fields_mut().append(name, value).unwrap();
    }
    if given.close {
        head.fields_mut().append("Connection", "close").unwrap();
    }
    let mut out = Vec::new();
    let body = given.body();
    match given.manner {
        Manner::Full => machine.respond(1, &head, Body::Full(Bytes::from(body)), NOW)?,
        Manner::Length => machine.respond(1, &head, Body::Length(body.len() as u64), NOW)?,
        Manner::Stream => machine.respond(1, &head, Body::Stream, NOW)?,
    }
    if given.manner != Manner::Full {
        for piece in &given.body {
            let mut piece = Bytes::from(piece.clone());
            while !piece.is_empty() {
                machine.send(1, &mut piece, NOW)?;
                machine.transmit(&mut out, usize::MAX, NOW);
            }
        }
        let mut trailers = Fields::new();
        if let Some(text) = given.trailer.as_ref().filter(|_| given.manner == Manner::Stream) {
            trailers.append("X-Trailer", text).unwrap();
        }
        machine.finish(1, Some(&trailers), NOW)?;
    }
    machine.transmit(&mut out, usize::MAX, NOW);
    let goes_on = machine.want().close.is_none();
    Ok((out, goes_on))
}

fn read(given: &Given, out: &[u8]) -> Response {
    match response::read(given.method, out, true) {
        Ok(Found::Whole(response, used)) => {
            assert_eq!(used, out.len(), "nothing behind it: {}", out.escape_ascii());
            *response
        }
        other => panic!("{other:?}: {}", out.escape_ascii()),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_response_is_read_back_as_it_was_given(given in given()) {
        let (out, goes_on) = written(&given).unwrap();
        let response = read(&given, &out);
        prop_assert_eq!(response.status, given.status);
        prop_assert_eq!(response.minor, given.minor);
        let ours = |(name, _): &&(Vec<u8>, Vec<u8>)| name.starts_with(b"X-");
        let fields: Vec<_> = response.fields.iter().filter(ours).cloned().collect();
        let expected: Vec<_> =
            given.fields.iter().map(|(n, v)| (n.clone().into_bytes(), v.clone())).collect();
        prop_assert_eq!(fields, expected);
        prop_assert_eq!(response.values("date").len(), 1);
        let body = if given.method == "HEAD" { Vec::new() } else { given.body() };
        prop_assert_eq!(&response.body, &body);
        let trailers = given.trailer.iter().filter(|_| response.framing == Framing::Chunked);
        let trailers: Vec<_> = trailers
            .map(|text| (b"X-Trailer".to_vec(), text.clone().into_bytes())).collect();
        prop_assert_eq!(&response.trailers, &trailers);
        // The peer can tell from the response whether the connection goes on.
        prop_assert_eq!(goes_on, !response.says_close());
        let kept = given.keep && !given.close && response.framing != Framing::Close;
        prop_assert_eq!(goes_on, kept);
    }

    #[test]
    fn the_length_of_a_body_is_told_whenever_it_is_known(given in given()) {
        let (out, _) = written(&given).unwrap();
        let response = read(&given, &out);
        let lengths: Vec<String> = response
            .values("content-length").iter()
            .map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        let known = given.manner != Manner::Stream || given.status == 205;
        let told = known && !matches!(given.status, 204 | 304);
        let expected: Vec<String> =
            told.then(|| given.body().len().to_string()).into_iter().collect();
        prop_assert_eq!(lengths, expected, "{}", out.escape_ascii());
    }

    #[test]
    fn what_would_break_the_wire_cannot_be_written(
        name in prop::collection::vec(any::<u8>(), 0..6),
        value in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut fields = Fields::new();
        let name = String::from_utf8_lossy(&name).into_owned();
        if fields.append(&name, &value).is_ok() {
            let mut given = Given {
                method: "GET", minor: 1, keep: true, status: 200, fields: Vec::new(), close: false,
                body: Vec::new(), manner: Manner::Full, trailer: None,
            };
            given.fields.push((name.clone(), value.clone()));
            if let Ok((out, _)) = written(&given) {
                let response = read(&given, &out);
                let values = response.values(&name);
                prop_assert!(values.contains(&&value[..]), "{}", out.escape_ascii());
            }
        }
    }
}
