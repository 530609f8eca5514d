//! What a response is, case by case.

use super::*;
use Answer::{Final, Interim, Upgrade};

const GET: Asked = Asked { sent: Sent::None, ..Asked::NOTHING };
const HEAD: Asked = Asked { head: true, ..GET };
const CONNECT: Asked = Asked { connect: true, ..GET };
const UPGRADES: Asked = Asked { upgrade: true, ..GET };

const LENIENCY: Leniency = crate::config::Limits::CLIENT.leniency;

fn decide(asked: &Asked, version: Version, code: u16, fields: &str) -> Result<Answer, Fault> {
    let mut head =
        ResponseHead::from_wire(Status::from_code(code).unwrap(), version, b"", Default::default());
    for (name, value) in fields.split('|').filter_map(|line| line.split_once(": ")) {
        head.fields_mut().append(name, value).unwrap();
    }
    let asked_for = ResponseHead::new(Status::OK).with("Upgrade", "h2c, Raw").unwrap();
    response(asked, &Protocols::of(asked_for.fields(), asked.upgrade), &head, true, LENIENCY)
}

/// A request, what comes of its answer, and what that is.
type Row = (Asked, Version, u16, &'static str, Result<Answer, Fault>);

fn hold(rows: &[Row]) {
    for (asked, version, code, fields, answer) in rows {
        assert_eq!(&decide(asked, *version, *code, fields), answer, "{version} {code} {fields}");
    }
}

const LENGTH: &str = "Content-Length: 5";
const BOTH: &str = "Content-Length: 5|Transfer-Encoding: chunked";

/// A response of that length, behind which the connection goes on.
const FIVE: Result<Answer, Fault> = Ok(Final(Framing::Length(5), Ok(()), Length::Keep));

#[test]
fn every_row_of_final_responses_holds() {
    use Version::{Http10, Http11};
    let closes = |framing, reason| Ok(Final(framing, Err(reason), Length::Keep));
    hold(&[
        (GET, Http11, 200, LENGTH, FIVE),
        (GET, Http11, 700, LENGTH, FIVE),
        (GET, Http11, 205, LENGTH, FIVE),
        (GET, Http11, 200, "", closes(Framing::UntilClose, CloseReason::CloseDelimited)),
        (GET, Http11, 200, BOTH, Err(Fault::BothLengths)),
        (GET, Http11, 204, LENGTH, Ok(Final(Framing::None, Ok(()), Length::Keep))),
        (GET, Http11, 304, BOTH, closes(Framing::None, CloseReason::Fault(Fault::BothLengths))),
        (GET, Http11, 204, "Content-Length: x", Err(Fault::BadContentLength)),
        (HEAD, Http11, 200, "", Ok(Final(Framing::None, Ok(()), Length::Keep))),
        (HEAD, Http11, 200, "Content-Length: 5|Content-Length: 6", Err(Fault::ManyContentLengths)),
        (HEAD, Http10, 200, "", closes(Framing::None, CloseReason::Http10)),
        (HEAD, Http11, 200, "Connection: close", closes(Framing::None, CloseReason::PeerAsked)),
        (GET, Http10, 200, "Content-Length: 5|Connection: keep-alive", FIVE),
        (CONNECT, Http11, 200, BOTH, Ok(Upgrade)),
        (CONNECT, Http10, 200, "", Ok(Upgrade)),
        (CONNECT, Http11, 407, LENGTH, FIVE),
        (CONNECT, Http11, 403, LENGTH, FIVE),
        (
            CONNECT,
            Http11,
            407,
            "Content-Length: 0|Connection: close",
            closes(Framing::Length(0), CloseReason::PeerAsked),
        ),
        (CONNECT, Http11, 502, "", closes(Framing::UntilClose, CloseReason::CloseDelimited)),
        (CONNECT, Http11, 101, "Upgrade: raw", Err(Fault::UnaskedUpgrade)),
        (
            GET,
            Http11,
            200,
            "Content-Length: 5, 5",
            Ok(Final(Framing::Length(5), Ok(()), Length::Collapse)),
        ),
    ]);
}

#[test]
fn every_row_of_interim_responses_and_switches_holds() {
    use Version::{Http10, Http11};
    let odd = Err(CloseReason::Fault(Fault::InterimContent));
    hold(&[
        (GET, Http11, 100, "", Ok(Interim(Ok(())))),
        (GET, Http11, 103, "Content-Length: 0", Ok(Interim(Ok(())))),
        (GET, Http11, 103, LENGTH, Ok(Interim(odd))),
        (GET, Http11, 103, "Content-Length: x", Ok(Interim(odd))),
        (GET, Http11, 103, "Content-Length: 0|Content-Length: 1", Ok(Interim(odd))),
        (GET, Http11, 100, "Transfer-Encoding: chunked", Ok(Interim(odd))),
        (GET, Http11, 102, BOTH, Ok(Interim(odd))),
        (GET, Http11, 101, "", Err(Fault::UnaskedUpgrade)),
        (UPGRADES, Http11, 101, "Upgrade: raw", Ok(Upgrade)),
        (UPGRADES, Http10, 101, "Upgrade: raw", Err(Fault::UnaskedUpgrade)),
        (UPGRADES, Http10, 101, "Upgrade: h3", Err(Fault::UnaskedUpgrade)),
        (UPGRADES, Http11, 101, "Upgrade: h3", Err(Fault::UnaskedProtocol)),
        (UPGRADES, Http11, 101, "Upgrade: raw|Upgrade: h3", Err(Fault::UnaskedProtocol)),
        (UPGRADES, Http11, 101, "Upgrade: raw|Content-Length: 0", Ok(Upgrade)),
        (GET, Http11, 101, "Upgrade: raw", Err(Fault::UnaskedUpgrade)),
        (UPGRADES, Http11, 200, "Upgrade: h3|Content-Length: 5", FIVE),
        (UPGRADES, Http11, 101, LENGTH, Ok(Upgrade)),
        (UPGRADES, Http11, 101, BOTH, Ok(Upgrade)),
        (UPGRADES, Http11, 200, LENGTH, FIVE),
    ]);
}

#[test]
fn what_is_let_through_is_rewritten_and_ends_the_connection() {
    let mut head = ResponseHead::new(Status::OK);
    for (name, value) in [
        ("content-length", "5"),
        ("A", "b"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "x"),
    ] {
        head.fields_mut().append(name, value).unwrap();
    }
    let lenient = Leniency { both_lengths: true, ..LENIENCY };
    let persists = Err(CloseReason::Fault(Fault::BothLengths));
    let answer = response(&GET, &Protocols::default(), &head, true, lenient);
    assert_eq!(answer, Ok(Final(Framing::Chunked, persists, Length::Drop)));
    Length::Drop.settle(head.fields_mut(), Framing::Chunked);
    assert_eq!(head.fields().len(), 2);
    assert!(!head.fields().contains("Content-Length"));

    let mut head = ResponseHead::new(Status::OK).with("Content-Length", "5, 5").unwrap();
    Length::Collapse.settle(head.fields_mut(), Framing::Length(5));
    assert_eq!(head.fields().get("content-length"), Some("5"));
}

#[test]
fn a_bucket_takes_a_little_for_ever_and_a_flood_never() {
    let second = |n| Mono::from_secs(n);
    let mut bucket = Bucket::default();
    assert!((1..100_000).all(|n| bucket.takes(30, 3000, second(10 * n))), "a line every 10 s");
    let mut bucket = Bucket::default();
    assert!((1..100_000).all(|n| bucket.takes(50, 3000, second(n))), "a minute's worth a minute");
    let mut bucket = Bucket::default();
    assert!((0..100).all(|_| bucket.takes(30, 3000, second(5))), "all at once");
    assert!(!bucket.takes(1, 3000, second(5)), "and one more");
    let mut bucket = Bucket::default();
    let end = (1..1000).find(|n| !bucket.takes(60, 3000, second(*n)));
    assert!(end.is_some_and(|n| n > 100), "a little faster than it runs out: {end:?}");
    assert!(!Bucket::default().takes(usize::MAX, 3000, second(1)));
    assert!(Bucket { level: usize::MAX, at: second(0) }.takes(
        1,
        usize::MAX,
        Mono::from_nanos(u64::MAX)
    ));
}

#[test]
fn the_rest_of_a_request_goes_on_beside_a_response_unless_it_is_refused() {
    for (code, persists, is) in [
        (200, Ok(()), false),
        (201, Err(CloseReason::PeerAsked), false),
        // icecast answers a source so, and reads it for hours.
        (200, Err(CloseReason::CloseDelimited), false),
        (200, Err(CloseReason::Http10), false),
        (302, Ok(()), false),
        (302, Err(CloseReason::PeerAsked), true),
        (404, Ok(()), false),
        (413, Err(CloseReason::PeerAsked), true),
        (413, Err(CloseReason::CloseDelimited), true),
        (500, Err(CloseReason::Http10), true),
        (700, Ok(()), false),
    ] {
        let refused = refuses_rest(Status::from_code(code).unwrap(), persists);
        assert_eq!(refused, is, "{code} {persists:?}");
    }
}
