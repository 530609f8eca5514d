//! The tables of cases beside the decisions.

use super::*;
use crate::time::Why;
use bytes::Bytes;

const GET: Asked = Asked::NOTHING;
const OLD: Asked = Asked { version: Version::Http10, ..GET };

fn on(asked: Asked) -> Circumstances {
    Circumstances {
        asked,
        application_closes: false,
        close_delimited: false,
        keep_alive: true,
        shutdown: false,
        body: BodyLeft::Nothing,
    }
}

#[test]
fn every_close_has_its_reason() {
    let fault = Fault::BadChunkSize;
    let cases = [
        (on(GET), Ok(())),
        (on(Asked { keep_alive: true, ..GET }), Ok(())),
        (on(Asked { close: true, ..GET }), Err(CloseReason::PeerAsked)),
        (on(Asked { close: true, keep_alive: true, ..GET }), Err(CloseReason::PeerAsked)),
        (on(OLD), Err(CloseReason::Http10)),
        (on(Asked { keep_alive: true, ..OLD }), Ok(())),
        (on(Asked { keep_alive: true, close: true, ..OLD }), Err(CloseReason::PeerAsked)),
        (on(Asked { connect: true, ..GET }), Err(CloseReason::TunnelRefused)),
        (Circumstances { application_closes: true, ..on(GET) }, Err(CloseReason::ApplicationAsked)),
        (Circumstances { close_delimited: true, ..on(GET) }, Err(CloseReason::CloseDelimited)),
        (Circumstances { keep_alive: false, ..on(GET) }, Err(CloseReason::KeepAliveOff)),
        (Circumstances { shutdown: true, ..on(GET) }, Err(CloseReason::Shutdown)),
        (Circumstances { body: BodyLeft::Refused, ..on(GET) }, Err(CloseReason::BodyRefused)),
        (Circumstances { body: BodyLeft::TooMuch, ..on(GET) }, Err(CloseReason::BodyUnread)),
        (
            Circumstances { body: BodyLeft::Broken(fault), ..on(GET) },
            Err(CloseReason::Fault(fault)),
        ),
    ];
    for (circumstances, verdict) in cases {
        assert_eq!(keep_alive(&circumstances), verdict, "{circumstances:?}");
    }
}

#[test]
fn a_short_rest_of_a_body_is_worth_reading() {
    let cases = [
        ((false, false, None), BodyLeft::Nothing),
        ((false, false, Some(0)), BodyLeft::Nothing),
        ((false, false, Some(9)), BodyLeft::Nothing),
        ((false, false, Some(10)), BodyLeft::TooMuch),
        ((false, true, None), BodyLeft::TooMuch),
        ((false, true, Some(1)), BodyLeft::TooMuch),
        ((true, false, Some(1)), BodyLeft::Refused),
        ((true, true, None), BodyLeft::Refused),
    ];
    for ((expects, too_much, left), verdict) in cases {
        let on = BodyLeft::unread(expects, too_much, left, 10);
        assert_eq!(on, verdict, "{expects} {too_much} {left:?}");
    }
}

#[test]
fn a_close_lingers_where_the_peer_may_be_sending() {
    let on =
        |reason| Parting { reason, ended: false, unread: false, answered: true, shutdown: false };
    let unread = |reason| Parting { unread: true, ..on(reason) };
    let draining = |parting| Parting { shutdown: true, ..parting };
    let fault = CloseReason::Fault(Fault::BareLf);
    let idle = Parting { answered: false, ..on(CloseReason::Timeout(Why::Idle)) };
    let cases = [
        (on(CloseReason::ApplicationAsked), true),
        (on(CloseReason::KeepAliveOff), true),
        (on(CloseReason::TunnelRefused), true),
        (on(CloseReason::CloseDelimited), true),
        (on(CloseReason::PeerAsked), false),
        (on(CloseReason::Http10), false),
        (unread(CloseReason::PeerAsked), true),
        (unread(CloseReason::Http10), true),
        (idle, false),
        (Parting { answered: false, ..unread(fault) }, true),
        (Parting { ended: true, ..unread(fault) }, false),
        (Parting { ended: true, ..on(CloseReason::KeepAliveOff) }, false),
        (draining(on(CloseReason::Shutdown)), false),
        (draining(on(CloseReason::ApplicationAsked)), false),
        (draining(unread(CloseReason::Shutdown)), true),
        (draining(Parting { answered: false, ..unread(fault) }), true),
        (draining(Parting { answered: false, ..on(CloseReason::Shutdown) }), false),
        (on(CloseReason::Upgraded), true),
        (draining(on(CloseReason::Upgraded)), true),
        (Parting { ended: true, ..on(CloseReason::Upgraded) }, false),
    ];
    for (parting, verdict) in cases {
        assert_eq!(lingers(&parting), verdict, "{parting:?}");
    }
}

#[test]
fn a_body_that_may_be_taken_in_ahead_is_asked_for_ahead() {
    let cases = [
        (Some(1), 100, 10, true),
        (Some(10), 100, 10, true),
        (Some(11), 100, 10, false),
        (Some(10), 9, 10, false),
        (None, 9, 10, false),
    ];
    for (left, limit, most, verdict) in cases {
        assert_eq!(asks_ahead(left, limit, most), verdict, "{left:?} {limit} {most}");
    }
}

#[test]
fn responses_are_framed_by_status_request_and_body() {
    use Misuse::{BodyNotAllowed, LengthMismatch, NotUpgradable, WrongStatus};
    let full = || Body::Full(Bytes::from_static(b"abc"));
    let head = Asked { head: true, ..GET };
    let connect = Asked { connect: true, ..GET };
    let upgrade = Asked { upgrade: true, ..GET };
    let cases = [
        (GET, 200, None, Body::Empty, Ok(Sent::Length(0))),
        (GET, 200, None, full(), Ok(Sent::Length(3))),
        (GET, 200, Some(3), full(), Ok(Sent::Length(3))),
        (GET, 200, Some(4), full(), Err(LengthMismatch)),
        (GET, 200, None, Body::Length(9), Ok(Sent::Length(9))),
        (GET, 200, None, Body::Stream, Ok(Sent::Chunked)),
        (GET, 200, Some(9), Body::Stream, Ok(Sent::Length(9))),
        (OLD, 200, None, Body::Stream, Ok(Sent::UntilClose)),
        (OLD, 200, Some(9), Body::Stream, Ok(Sent::Length(9))),
        (GET, 204, None, Body::Empty, Ok(Sent::None)),
        (GET, 204, Some(3), Body::Stream, Ok(Sent::None)),
        (GET, 204, None, full(), Err(BodyNotAllowed)),
        (GET, 205, None, Body::Empty, Ok(Sent::Length(0))),
        (GET, 205, None, full(), Err(BodyNotAllowed)),
        (GET, 304, None, Body::Empty, Ok(Sent::Omitted(None))),
        (GET, 304, Some(7), Body::Empty, Ok(Sent::Omitted(Some(7)))),
        (GET, 304, None, Body::Length(1), Err(BodyNotAllowed)),
        (head, 200, None, full(), Ok(Sent::Omitted(Some(3)))),
        (head, 200, Some(7), Body::Empty, Ok(Sent::Omitted(Some(7)))),
        (head, 200, Some(7), full(), Err(LengthMismatch)),
        (head, 200, None, Body::Stream, Ok(Sent::Omitted(None))),
        (GET, 100, None, Body::Empty, Err(WrongStatus)),
        (GET, 101, None, Body::Empty, Err(NotUpgradable)),
        (upgrade, 101, None, Body::Empty, Ok(Sent::Upgrade)),
        (upgrade, 101, None, full(), Err(BodyNotAllowed)),
        (upgrade, 200, None, full(), Ok(Sent::Length(3))),
        (connect, 200, None, Body::Empty, Ok(Sent::Upgrade)),
        (connect, 200, None, full(), Err(BodyNotAllowed)),
        (connect, 403, None, full(), Ok(Sent::Length(3))),
    ];
    for (asked, code, declared, body, verdict) in cases {
        let status = Status::from_code(code).unwrap();
        assert_eq!(
            response(&asked, status, declared, &body),
            verdict,
            "{code} {declared:?} {body:?} {asked:?}"
        );
    }
}

#[test]
fn hosts_are_needed_once_and_well_formed() {
    use Version::{Http10, Http11};
    let get = |target| RequestHead::new(Method::GET, target).unwrap();
    let tunnel = |target| RequestHead::new(Method::CONNECT, target).unwrap();
    for (mut head, version, host, hosts, verdict) in [
        (get("/"), Http11, Some("a:80"), 1, Ok(())),
        (get("/"), Http11, Some(""), 1, Ok(())),
        (get("/"), Http11, Some("a."), 1, Ok(())),
        (get("/"), Http11, Some("[::1%lo]:80"), 1, Ok(())),
        (get("/"), Http11, None, 0, Err(Fault::MissingHost)),
        (get("http://a/"), Http11, None, 0, Err(Fault::MissingHost)),
        (tunnel("a:443"), Http11, None, 0, Ok(())),
        (tunnel("a:443"), Http11, Some("b"), 1, Ok(())),
        (tunnel("a:443"), Http11, Some("b c"), 1, Err(Fault::BadHost)),
        (tunnel("a:443"), Http11, Some("a"), 2, Err(Fault::ManyHosts)),
        (get("/"), Http10, None, 0, Ok(())),
        (get("/"), Http11, Some("a"), 2, Err(Fault::ManyHosts)),
        (get("/"), Http10, Some("a"), 2, Err(Fault::ManyHosts)),
        (get("/"), Http11, Some("a b"), 1, Err(Fault::BadHost)),
        (get("/"), Http10, Some("a/b"), 1, Err(Fault::BadHost)),
        (get("/"), Http11, Some("::1:80"), 1, Err(Fault::BadHost)),
        (get("/"), Http11, Some(".."), 1, Err(Fault::BadHost)),
        (get("/"), Http11, Some("a..b"), 1, Err(Fault::BadHost)),
        (get("/"), Http11, Some("[v0..3.x]"), 1, Ok(())),
        (get("http://../"), Http11, Some("a"), 1, Err(Fault::BadHost)),
        (tunnel(".a:1"), Http10, None, 0, Err(Fault::BadHost)),
    ] {
        head.set_version(version);
        let checked = check_host(&head, host.map(str::as_bytes), hosts);
        assert_eq!(checked, verdict, "{head:?} {host:?}");
    }
}

#[test]
fn expectations_count_in_http_1_1_and_with_a_body() {
    use Expects::{Continue, Nothing, Other};
    use Version::{Http10, Http11};
    let body = Framing::Length(1);
    for (version, expects, framing, verdict) in [
        (Http11, Nothing, body, Ok(false)),
        (Http11, Continue, body, Ok(true)),
        (Http11, Continue, Framing::Chunked, Ok(true)),
        (Http11, Continue, Framing::Length(0), Ok(false)),
        (Http11, Continue, Framing::None, Ok(false)),
        (Http11, Other, body, Err(Fault::UnknownExpectation)),
        (Http10, Continue, body, Ok(false)),
        (Http10, Other, body, Ok(false)),
    ] {
        assert_eq!(
            expectation(version, expects, framing),
            verdict,
            "{version} {expects:?} {framing:?}"
        );
    }
}
