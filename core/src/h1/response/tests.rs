//! Heads of responses, good and bad.

use super::*;

fn read(text: &str) -> Result<Option<(ResponseHead, usize)>, Fault> {
    HeadScan::default().read(text.as_bytes(), &Limits::CLIENT)
}

fn head(text: &str) -> ResponseHead {
    let (head, length) = read(text).unwrap().unwrap();
    assert_eq!(length, text.len());
    head
}

#[test]
fn status_line_and_fields_are_read() {
    let got = head("HTTP/1.1 200 OK\r\nA: b\r\nC:  d \r\n\r\n");
    let built = ResponseHead::new(Status::OK).with("A", "b").unwrap().with("C", "d").unwrap();
    assert_eq!(got, built);
    assert_eq!((got.reason(), built.reason()), (Some(&b"OK"[..]), None));
}

#[test]
fn a_reason_is_kept_as_it_came() {
    for (line, reason) in [
        ("HTTP/1.1 200", ""),
        ("HTTP/1.1 200 ", ""),
        ("HTTP/1.1 200 OK", "OK"),
        ("HTTP/1.1 200  two", " two"),
        ("HTTP/1.1 200 a\tb", "a\tb"),
        ("HTTP/1.1 500 500", "500"),
    ] {
        let got = head(&format!("{line}\r\n\r\n"));
        assert_eq!(got.reason(), Some(reason.as_bytes()), "{line}");
    }
    let mut changed = head("HTTP/1.1 404 Gone fishing\r\n\r\n");
    changed.set_status(Status::OK);
    assert_eq!(changed.reason(), None);
}

#[test]
fn versions_above_one_one_are_read_as_one_one() {
    for (version, read) in
        [("1.0", Version::Http10), ("1.1", Version::Http11), ("1.9", Version::Http11)]
    {
        assert_eq!(head(&format!("HTTP/{version} 200 OK\r\n\r\n")).version(), read);
    }
}

#[test]
fn what_is_malformed_is_named() {
    for (text, fault) in [
        ("\r\n", Fault::BadStatusLine),
        ("SSH-2.0", Fault::BadStatusLine),
        ("\x15\x03\x01", Fault::TlsSpoken),
        ("HTTP/1.1\r\n", Fault::BadStatusLine),
        ("HTTP/1.1 20 OK\r\n", Fault::BadStatusLine),
        ("HTTP/1.1 2000 OK\r\n", Fault::BadStatusLine),
        ("HTTP/1.1 200OK\r\n", Fault::BadStatusLine),
        ("HTTP/1.1 099 OK\r\n", Fault::BadStatusLine),
        ("HTTP/1.1 +20 OK\r\n", Fault::BadStatusLine),
        ("HTTP/1.1  200 OK\r\n", Fault::BadStatusLine),
        ("HTTP/1.1 200 O\x7fK\r\n", Fault::BadStatusLine),
        ("HTTP/1.1 200 O\rK\r\n", Fault::BadStatusLine),
        ("HTTP/1.10 200 OK\r\n", Fault::BadVersion),
        ("HTTP/2.0 200 OK\r\n", Fault::UnsupportedVersion),
        ("HTTP/1.1 200 OK\n", Fault::BareLf),
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", Fault::SpaceBeforeColon),
        ("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", Fault::BadFieldName),
        ("HTTP/1.1 200 OK\r\nContent-Length:\r\n 5\r\n\r\n", Fault::ObsFold),
    ] {
        assert_eq!(read(text).map(|_| ()), Err(fault), "{text:?}");
    }
}

#[test]
fn a_fold_becomes_a_space() {
    let got = head("HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n  d\r\nE: f\r\n\r\n");
    assert_eq!((got.fields().get("a"), got.fields().get("e")), (Some("b c d"), Some("f")));
}

#[test]
fn a_head_split_anywhere_is_read_the_same() {
    let text = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nD: e\r\n\r\n";
    for cut in 0..text.len() {
        let mut scan = HeadScan::default();
        assert!(scan.read(&text.as_bytes()[..cut], &Limits::CLIENT).unwrap().is_none(), "{cut}");
        let (got, length) = scan.read(text.as_bytes(), &Limits::CLIENT).unwrap().unwrap();
        assert_eq!((got, length), (head(text), text.len()));
    }
}

#[test]
fn limits_are_kept() {
    let limits = Limits { head_bytes: 40, fields: 2, ..Limits::CLIENT };
    for (text, fault) in [
        (format!("HTTP/1.1 200 {}", "r".repeat(40)), Fault::HeadTooLarge),
        (format!("HTTP/1.1 200 OK\r\nA: {}", "r".repeat(40)), Fault::HeadTooLarge),
        ("HTTP/1.1 200 OK\r\nA:b\r\nC:d\r\nE:f\r\n\r\n".to_owned(), Fault::TooManyFields),
    ] {
        let read = HeadScan::default().read(text.as_bytes(), &limits);
        assert_eq!(read.map(|_| ()), Err(fault), "{text:?}");
    }
}
