//! What is the same on both sides, and what is refused.

use super::*;
use crate::head::{RequestHead, ResponseHead};
use http::{request, response};

#[test]
fn every_status_is_one_of_both() {
    for code in 100..=999 {
        let status = Status::from_code(code).unwrap();
        let there = http::StatusCode::from(status);
        assert_eq!((there.as_u16(), Status::from(there)), (code, status));
    }
}

#[test]
fn what_is_a_method_here_is_one_there() {
    for byte in 0..=255 {
        let here = Method::from_bytes(&[byte]);
        let there = http::Method::from_bytes(&[byte]);
        assert_eq!(here.is_ok(), there.is_ok(), "{byte}");
        if let (Ok(here), Ok(there)) = (here, there) {
            assert_eq!(http::Method::try_from(&here).unwrap(), there);
            assert_eq!(Method::try_from(&there).unwrap(), here);
        }
    }
    assert_eq!(Method::try_from(&http::Method::PATCH).unwrap(), Method::PATCH);
}

#[test]
fn versions_that_have_no_counterpart_are_refused() {
    for version in [Version::Http10, Version::Http11, Version::Http2] {
        assert_eq!(Version::try_from(http::Version::from(version)), Ok(version));
    }
    for version in [http::Version::HTTP_09, http::Version::HTTP_3] {
        assert_eq!(Version::try_from(version), Err(ConvertError::Version));
    }
}

#[test]
fn values_of_one_name_keep_their_order_and_every_byte() {
    let every: Vec<u8> = (b'!'..=0xff).filter(|byte| *byte != 0x7f).collect();
    let mut fields = Fields::new();
    for value in [&b"b"[..], b"a", b"", b"in\tner", &every] {
        fields.append("X-Several", value).unwrap();
    }
    let map = HeaderMap::try_from(&fields).unwrap();
    let back = Fields::try_from(&map).unwrap();
    assert_eq!(back, fields);
    assert_eq!(back.iter().next().unwrap().name, "x-several");
}

#[test]
fn white_space_around_a_value_is_no_part_of_it() {
    let mut map = HeaderMap::new();
    map.insert("x-a", HeaderValue::from_static(" a b\t"));
    let fields = Fields::try_from(&map).unwrap();
    assert_eq!(fields.get("X-A"), Some("a b"));
}

#[test]
fn a_name_too_long_for_http_is_refused() {
    let mut fields = Fields::new();
    fields.append(&"x".repeat(70_000), "1").unwrap();
    assert_eq!(HeaderMap::try_from(&fields), Err(ConvertError::FieldName));
}

#[test]
fn more_fields_than_http_keeps_are_refused() {
    let mut fields = Fields::new();
    for n in 0..40_000 {
        fields.push(&format!("x-{n}"), b"");
    }
    assert_eq!(HeaderMap::try_from(&fields), Err(ConvertError::TooManyFields));
}

#[test]
fn targets_of_all_four_forms_come_back_as_they_were() {
    let cases = [
        ("GET", "/"),
        ("GET", "/a//b/%2F?q=%20&&"),
        ("GET", "/?"),
        ("GET", "http://example.test/a?b"),
        ("OPTIONS", "*"),
        ("CONNECT", "example.test:443"),
    ];
    for (method, target) in cases {
        let head = RequestHead::new(method.parse().unwrap(), target).unwrap();
        let parts = request::Parts::try_from(&head).unwrap();
        let back = RequestHead::try_from(&parts).unwrap();
        assert_eq!((back.target(), back.form()), (target, head.form()));
    }
}

#[test]
fn a_request_of_http_2_has_its_authority_from_its_uri() {
    let request = http::Request::get("https://example.test/a").version(http::Version::HTTP_2);
    let (parts, ()) = request.header("x-b", "c").body(()).unwrap().into_parts();
    let head = RequestHead::try_from(&parts).unwrap();
    assert_eq!((head.authority(), head.path()), (Some("example.test"), "/a"));
    assert_eq!((head.version(), head.fields().get("X-B")), (Version::Http2, Some("c")));
}

#[test]
fn a_uri_that_is_no_target_is_refused() {
    for uri in ["/\"quoted\"", "ftp://example.test/"] {
        let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        assert_eq!(RequestHead::try_from(&parts).unwrap_err(), ConvertError::Target, "{uri}");
    }
}

#[test]
fn an_answer_leaves_its_framing_to_the_machine() {
    let answer = http::Response::builder().status(201).header("transfer-encoding", "chunked");
    let (parts, ()) = answer.header("x-a", "b").body(()).unwrap().into_parts();
    let head = ResponseHead::try_from(&parts).unwrap();
    assert_eq!((head.status(), head.fields().len()), (Status::CREATED, 1));
    let there = response::Parts::try_from(&head).unwrap();
    assert_eq!(
        (there.status.as_u16(), &there.headers["x-a"]),
        (201, &HeaderValue::from_static("b"))
    );
}

#[test]
fn what_signs_in_is_marked_as_sensitive() {
    let mut fields = Fields::new();
    fields.append("Set-Cookie", "a=b").unwrap();
    fields.append("Accept", "*/*").unwrap();
    let map = HeaderMap::try_from(&fields).unwrap();
    assert!(map["set-cookie"].is_sensitive() && !map["accept"].is_sensitive());
}
