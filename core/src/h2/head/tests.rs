//! What is malformed, one row a case, and heads that come back.

use super::request::{Rules, read};
use super::*;
use crate::error::Fault;
use crate::h2::hpack::{Decoder, Encoder, Limits};
use crate::head::{Method, RequestHead, ResponseHead, Status, Version};

const RULES: Rules = Rules {
    http: true,
    https: true,
    extended_connect: false,
    method_bytes: 64,
    target_bytes: 16_384,
};
const EXTENDED: Rules = Rules { extended_connect: true, ..RULES };

/// A list as HPACK gives it: lines of names and values, with a space between them.
fn list(lines: &[&str]) -> List {
    let mut block = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(' ').unwrap();
        for text in [&[0][..], &[u8::try_from(name.len()).unwrap()], name.as_bytes()] {
            block.extend_from_slice(text);
        }
        assert!(value.len() < 127);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend_from_slice(value.as_bytes());
    }
    Decoder::default().decode(&block, &Limits::NONE).unwrap().list
}

const GET: [&str; 4] = [":method GET", ":scheme http", ":authority a.test", ":path /"];

/// A GET with these lines behind it.
fn get(more: &[&'static str]) -> List {
    list(&[&GET, more].concat())
}

/// A GET in which one pseudo-field is another.
fn with(line: &str) -> List {
    let name = line.split(' ').next().unwrap();
    list(&GET.map(|known| if known.starts_with(&format!("{name} ")) { line } else { known }))
}

fn refusal(list: &List, rules: Rules) -> Option<Refusal> {
    read(list, rules).err()
}

#[test]
fn a_request_becomes_the_head_that_http_1_would_have() {
    let request =
        read(&get(&["cookie a=1", "x-a b", "cookie ", "cookie c=2", "te trailers"]), RULES);
    let request = request.unwrap();
    let head = &request.head;
    assert_eq!((head.method(), head.version()), (&Method::GET, Version::Http2));
    assert_eq!((head.target(), head.path(), head.query()), ("/", "/", None));
    assert_eq!(head.authority(), Some("a.test"));
    let fields: Vec<_> = head.fields().iter().map(|field| (field.name, field.text())).collect();
    let expected = [
        ("Host", Some("a.test")),
        ("x-a", Some("b")),
        ("te", Some("trailers")),
        ("cookie", Some("a=1; c=2")),
    ];
    assert_eq!(fields, expected);
    assert_eq!((request.content_length, request.expects_continue), (None, false));

    let request = read(&with(":path /a/../b?c=%zz&d"), RULES).unwrap();
    assert_eq!((request.head.path(), request.head.query()), ("/a/../b", Some("c=%zz&d")));
    let request = read(&get(&["content-length 7", "expect 100-continue"]), RULES).unwrap();
    assert_eq!((request.content_length, request.expects_continue), (Some(7), true));
    let options = list(&[":method OPTIONS", ":scheme https", ":path *", "host a.test"]);
    let request = read(&options, RULES).unwrap();
    assert_eq!((request.head.target(), request.head.authority()), ("*", Some("a.test")));
}

#[test]
fn pseudo_fields_are_once_first_and_those_of_requests() {
    for (lines, expected) in [
        (&[":scheme http", ":path /", ":authority a"][..], Malformed::Missing),
        (&[":method GET", ":path /", ":authority a"], Malformed::Missing),
        (&[":method GET", ":scheme http", ":authority a"], Malformed::Missing),
        (&[":method GET", ":scheme http", ":path /"], Malformed::Missing),
        (&[":method GET", ":method GET"], Malformed::Twice),
        (&[":method GET", ":status 200"], Malformed::Unknown),
        (&[":Method GET"], Malformed::Unknown),
        (&[":path  /"], Malformed::Missing),
        (&[": GET"], Malformed::Unknown),
        (&[":method GET", ":scheme http", ":authority a", "x-a b", ":path /"], Malformed::Missing),
        (&[":method GET", ":scheme http", ":path /", "host a", ":authority a"], Malformed::Late),
        (
            &[":method GET", ":scheme http", ":path /", ":authority a", ":protocol x"],
            Malformed::NotHere,
        ),
    ] {
        assert_eq!(refusal(&list(lines), EXTENDED), Some(expected.into()), "{lines:?}");
    }
}

#[test]
fn a_value_outside_its_grammar_is_malformed() {
    for (line, expected) in [
        (":method ", Malformed::Method),
        (":method G:T", Malformed::Method),
        (":scheme ", Malformed::Scheme),
        (":scheme 1http", Malformed::Scheme),
        (":scheme ht:tp", Malformed::Scheme),
        (":path ", Malformed::Path),
        (":path a", Malformed::Path),
        (":path *", Malformed::Path),
        (":path /a b", Malformed::Path),
        (":path /a#b", Malformed::Path),
        (":path /<a>", Malformed::Path),
        (":path /\u{e9}", Malformed::Path),
        (":path /a\r\nb", Malformed::Path),
        (":path http://a.test/", Malformed::Path),
        (":authority ", Malformed::Authority),
        (":authority u@a.test", Malformed::Authority),
        (":authority a.test/x", Malformed::Authority),
        (":authority a.test:65536", Malformed::Authority),
        (":authority a..test", Malformed::Authority),
        (":authority ::1", Malformed::Authority),
    ] {
        assert_eq!(refusal(&with(line), RULES), Some(expected.into()), "{line:?}");
    }
}

#[test]
fn a_field_that_http_2_does_not_have_is_malformed() {
    for (line, expected) in [
        ("X-a b", Malformed::Name),
        (" b", Malformed::Name),
        ("x\t b", Malformed::Name),
        ("x: b", Malformed::Name),
        ("\u{e9} b", Malformed::Name),
        ("x a\r\nb: c", Malformed::Value),
        ("x a\0b", Malformed::Value),
        ("x  b", Malformed::Value),
        ("x b\t", Malformed::Value),
        ("cookie a=1\n", Malformed::Value),
        ("host a.test\n", Malformed::Value),
        ("connection close", Malformed::ConnectionField),
        ("keep-alive 1", Malformed::ConnectionField),
        ("proxy-connection keep-alive", Malformed::ConnectionField),
        ("transfer-encoding chunked", Malformed::ConnectionField),
        ("upgrade h2c", Malformed::ConnectionField),
        ("te gzip", Malformed::Te),
        ("te trailers, gzip", Malformed::Te),
        ("content-length 3x", Malformed::ContentLength),
        ("content-length ", Malformed::ContentLength),
        ("content-length 3, 3", Malformed::ContentLength),
        ("content-length 18446744073709551616", Malformed::ContentLength),
        ("host b.test", Malformed::Host),
        ("host ", Malformed::Host),
        ("host a.test:81", Malformed::Host),
    ] {
        assert_eq!(refusal(&get(&[line]), RULES), Some(expected.into()), "{line:?}");
    }
    for twice in [&["content-length 3"; 2], &["host a.test"; 2]] {
        assert!(refusal(&get(twice), RULES).is_some());
    }
}

#[test]
fn host_may_say_what_the_authority_says() {
    for (scheme, authority, host, same) in [
        (":scheme http", ":authority a.test", "host a.test", true),
        (":scheme http", ":authority a.test", "host A.TEST", true),
        (":scheme http", ":authority a.test", "host a.test:80", true),
        (":scheme http", ":authority a.test:", "host a.test", true),
        (":scheme https", ":authority a.test:443", "host a.test", true),
        (":scheme https", ":authority a.test", "host a.test:80", false),
        (":scheme http", ":authority a.test", "host b.a.test", false),
    ] {
        let list = list(&[":method GET", scheme, authority, ":path /", host]);
        let request = read(&list, RULES);
        assert_eq!(request.is_ok(), same, "{authority} {host}");
        if let Ok(request) = request {
            let hosts: Vec<_> = request.head.fields().values("host").collect();
            assert_eq!(hosts, [authority.split_once(' ').unwrap().1.as_bytes()]);
        }
    }
}

#[test]
fn what_the_server_does_not_take_is_answered() {
    let fault = |list: &List, rules| refusal(list, rules);
    let answer = |fault| Some(Refusal::Answer(fault));
    assert_eq!(fault(&with(":scheme ftp"), RULES), answer(Fault::WrongScheme));
    let inside_tls = Rules { http: false, ..RULES };
    assert_eq!(fault(&get(&[]), inside_tls), answer(Fault::WrongScheme));
    let short = Rules { method_bytes: 2, ..RULES };
    assert_eq!(fault(&get(&[]), short), answer(Fault::MethodTooLong));
    let short = Rules { target_bytes: 0, ..RULES };
    assert_eq!(fault(&get(&[]), short), answer(Fault::TargetTooLong));
    assert_eq!(fault(&get(&["expect x"]), RULES), answer(Fault::UnknownExpectation));
}

#[test]
fn connect_has_an_authority_alone_and_extended_all() {
    let request = read(&list(&[":method CONNECT", ":authority a.test:443"]), RULES).unwrap();
    assert_eq!(request.head.target(), "a.test:443");
    assert_eq!((request.head.authority(), request.head.protocol()), (Some("a.test:443"), None));
    let full =
        [":method CONNECT", ":protocol websocket", ":scheme http", ":authority a", ":path /w?x"];
    let request = read(&list(&full), EXTENDED).unwrap();
    assert_eq!((request.head.path(), request.head.authority()), ("/w", Some("a")));
    assert_eq!(request.head.protocol(), Some("websocket"));
    for (lines, rules) in [
        (&[":method CONNECT"][..], RULES),
        (&[":method CONNECT", ":authority a.test"], RULES),
        (&[":method CONNECT", ":authority a.test:0"], RULES),
        (&[":method CONNECT", ":authority u@a.test:1"], RULES),
        (&[":method CONNECT", ":authority a.test:1", ":path /"], RULES),
        (&[":method CONNECT", ":authority a.test:1", ":scheme http"], RULES),
        (&[":method CONNECT", ":authority a.test:1", "content-length 0"], RULES),
        (&[":method CONNECT", ":authority a.test:1", "upgrade websocket"], RULES),
        (&full, RULES),
        (&full[..4], EXTENDED),
        (&[full[0], full[1], full[2], full[4], "host a"], EXTENDED),
        (&[full[0], ":protocol ", full[2], full[3], full[4]], EXTENDED),
    ] {
        let refusal = refusal(&list(lines), rules);
        assert!(matches!(refusal, Some(Refusal::Malformed(_))), "{lines:?}: {refusal:?}");
    }
}

#[test]
fn a_request_comes_back_from_its_block() {
    for (method, target, path) in [
        (Method::GET, "/a?b", "/a?b"),
        (Method::OPTIONS, "*", "*"),
        (Method::POST, "http://b.test", "/"),
        (Method::POST, "http://b.test?q", "/?q"),
        (Method::CONNECT, "b.test:1", ""),
    ] {
        let mut head = RequestHead::new(method.clone(), target).unwrap();
        for (name, value) in
            [("Host", "a.test"), ("X-A", "b"), ("Connection", "x-a"), ("TE", "gzip")]
        {
            head.fields_mut().append(name, value).unwrap();
        }
        let block = request::write(&head, "http").unwrap();
        let block: Vec<_> = block.collect();
        let mut out = Vec::new();
        Encoder::default().encode(block.iter().map(|(n, v)| (&**n, &**v)), &mut out);
        let list = Decoder::default().decode(&out, &Limits::NONE).unwrap().list;
        let request = read(&list, RULES).unwrap();
        assert_eq!(request.head.method(), &method);
        let asked = request.head.path_bytes().to_vec();
        let query = request.head.query().map(|query| format!("?{query}")).unwrap_or_default();
        assert_eq!([&asked[..], query.as_bytes()].concat(), path.as_bytes());
        assert_eq!(request.head.authority(), head.authority());
        let names: Vec<_> = request.head.fields().iter().map(|field| field.name).collect();
        assert_eq!(names, ["Host", "x-a"]);
    }
    let head = RequestHead::new(Method::GET, "/").unwrap();
    assert!(request::write(&head, "http").is_err());
}

#[test]
fn a_response_has_a_status_of_three_digits_and_comes_back() {
    let read = |lines: &[&str]| response::read(&list(lines));
    let response = read(&[":status 204", "x-a b", "content-length 3", "content-length 3"]).unwrap();
    assert_eq!(response.head.status(), Status::NO_CONTENT);
    assert_eq!((response.head.fields().len(), response.content_length), (3, Some(3)));
    for (lines, expected) in [
        (&["x-a b"][..], Malformed::Missing),
        (&[":status 200", ":status 200"], Malformed::Twice),
        (&[":status 200", ":path /"], Malformed::Unknown),
        (&["x-a b", ":status 200"], Malformed::Missing),
        (&[":status 200", "x-a b", ":status 200"], Malformed::Late),
        (&[":status 20"], Malformed::Status),
        (&[":status 099"], Malformed::Status),
        (&[":status 2000"], Malformed::Status),
        (&[":status 101"], Malformed::Status),
        (&[":status +20"], Malformed::Status),
        (&[":status 200", "content-length 3", "content-length 4"], Malformed::ContentLength),
        (&[":status 200", "connection close"], Malformed::ConnectionField),
    ] {
        assert_eq!(read(lines).unwrap_err(), expected, "{lines:?}");
    }
    let head = ResponseHead::new(Status::OK).with("X-A", "b").unwrap();
    let head = head.with("Connection", "close").unwrap();
    let digits = response::digits(Status::OK);
    let block: Vec<_> = response::write(&head, &digits).collect();
    assert_eq!(block, [(&b":status"[..], &b"200"[..]), (b"X-A", b"b")]);
}

#[test]
fn trailers_hold_no_pseudo_field_and_nothing_that_comes_too_late() {
    let read = |lines: &[&str]| trailers::read(&list(lines));
    let trailers = read(&["x-t 1", "content-length 3", "host a", "te gzip", "x-t 2"]).unwrap();
    let values: Vec<_> = trailers.iter().map(|field| (field.name, field.value)).collect();
    assert_eq!(values, [("x-t", &b"1"[..]), ("x-t", b"2")]);
    for (lines, expected) in [
        (&[":path /"][..], Malformed::Unknown),
        (&["x-t 1", ":status 200"], Malformed::Unknown),
        (&["X-t 1"], Malformed::Name),
        (&["x-t 1 "], Malformed::Value),
        (&["transfer-encoding chunked"], Malformed::ConnectionField),
    ] {
        assert_eq!(read(lines).unwrap_err(), expected, "{lines:?}");
    }
}
