//! An exchange told what happened by hand.

mod errors;
mod onward;
mod requests;

use super::*;
use crate::error::{CloseReason, Fault, PeerError, Phase, Retry};
use crate::head::{Fields, Method, RequestHead, Status};
use crate::machine::BodyLength;
use crate::policy::coding::Decoding;
use crate::policy::proxy::Proxy;
use crate::url::Url;
use std::time::Duration;

fn now() -> Now {
    Now::at(Mono::from_secs(100), 1_700_000_000)
}

fn begin(policy: ClientPolicy, parts: RequestParts) -> Exchange {
    Exchange::new(Arc::new(policy), parts, now())
}

fn get(url: &str) -> RequestParts {
    RequestParts::new(Method::GET, Url::parse(url).unwrap())
}

/// Connects and gives what is to be sent, and whether the body is to be had anew.
fn sent(exchange: &mut Exchange, reused: bool) -> (RequestHead, Body, bool) {
    let Ask::Connect(_) = exchange.ask(now()) else { panic!("a connection is asked for") };
    exchange.connected(Reached { reused, idle: Duration::ZERO }, now());
    match exchange.ask(now()) {
        Ask::Send { head, body, rewind } => (head, body, rewind),
        other => panic!("{other:?}"),
    }
}

fn fields(head: &RequestHead) -> Vec<String> {
    let text = |field: crate::head::Field<'_>| format!("{}: {}", field.name, field.text().unwrap());
    head.fields().iter().map(text).collect()
}

fn lost(fact: Retry) -> (Error, Retry) {
    let error = PeerError { kind: Fault::Reset, answer: None, retry: fact, phase: Phase::Wait };
    (Error::new(error).during(Phase::Wait), fact)
}

#[test]
fn a_tunnel_leads_through_the_proxy_to_the_server() {
    let proxy = Arc::new(Proxy::new(Url::parse("socks5://proxy.test").unwrap()).unwrap());
    let route = Route::to(&Url::parse("https://A.test/").unwrap(), Some(proxy.clone()));
    assert_eq!(route.dialled(), ("proxy.test", 1080));
    let (_, host, port) = route.tunnelled().unwrap();
    assert_eq!((host, port, route.is_secure()), ("a.test", 443, true));
    let same = Route::to(&Url::parse("https://a.TEST:443/other").unwrap(), Some(proxy));
    assert_eq!(route, same);
    assert_ne!(route, Route::to(&Url::parse("https://a.test/").unwrap(), None));
    assert!(!format!("{route}").contains("pw"));
}

#[test]
fn a_kept_connection_that_died_is_replaced_and_a_new_one_is_not() {
    for (reused, method, again) in [
        (true, Method::GET, true),
        (false, Method::GET, false),
        (true, Method::POST, false),
        (true, Method::PUT, true),
    ] {
        let mut parts = get("http://a.test/");
        parts.method = method;
        let mut exchange = begin(ClientPolicy::default(), parts);
        sent(&mut exchange, reused);
        let (error, fact) = lost(Retry::IfIdempotent);
        exchange.failed(error, fact, now());
        match exchange.ask(now()) {
            Ask::Connect(_) => assert!(again),
            Ask::Fail(error) => {
                assert!(!again);
                assert!(error.to_string().contains("http://a.test/: wait: "), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn retries_end() {
    for attempts in [1, retry::ATTEMPTS, 7] {
        let policy = ClientPolicy { attempts, ..ClientPolicy::default() };
        let mut exchange = begin(policy, get("http://a.test/"));
        let mut sendings = 0;
        loop {
            match exchange.ask(now()) {
                Ask::Connect(_) => {
                    exchange.connected(Reached { reused: true, ..Reached::new() }, now());
                }
                Ask::Send { .. } => sendings += 1,
                Ask::Drive => {
                    let (error, fact) = lost(Retry::Safe);
                    exchange.failed(error, fact, now());
                }
                Ask::Fail(_) => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(sendings, attempts);
    }
}

#[test]
fn what_is_not_taken_rests_before_it_is_sent_a_third_time() {
    let mut exchange = begin(ClientPolicy::default(), get("http://a.test/"));
    for rest in [None, Some(0), Some(50)] {
        let at = rest.map(|millis| now().mono + Duration::from_millis(millis));
        assert_eq!(exchange.not_before(), at);
        sent(&mut exchange, false);
        let (error, fact) = lost(Retry::Safe);
        exchange.failed(error, fact, now());
    }
    assert!(matches!(exchange.ask(now()), Ask::Fail(_)));
}

#[test]
fn the_older_protocol_is_tried_once() {
    let mut exchange = begin(ClientPolicy::default(), get("http://a.test/"));
    for again in [true, false] {
        sent(&mut exchange, false);
        let (error, fact) = lost(Retry::OlderProtocol);
        exchange.failed(error, fact, now());
        assert_eq!(exchange.not_before(), None);
        assert_eq!(matches!(exchange.ask(now()), Ask::Connect(_)), again);
    }
}

#[test]
fn what_took_too_long_is_not_sent_again() {
    for (kind, again) in [
        (Fault::NoResponse, true),
        (Fault::FirstByteTimeout, false),
        (Fault::HeadTimeout, false),
        (Fault::WriteTimeout, false),
    ] {
        let mut exchange = begin(ClientPolicy::default(), get("http://a.test/"));
        sent(&mut exchange, true);
        let retry = Retry::IfIdempotent;
        let error = PeerError { kind, answer: None, retry, phase: Phase::Wait };
        exchange.failed(Error::new(error), retry, now());
        assert_eq!(matches!(exchange.ask(now()), Ask::Connect(_)), again, "{kind:?}");
    }
}

#[test]
fn a_body_that_was_read_from_is_had_anew_or_not_sent_again() {
    for replayable in [true, false] {
        for taken in [true, false] {
            let mut parts = get("http://a.test/");
            parts.method = Method::PUT;
            parts.payload = Payload::Stream { length: None, replayable };
            let mut exchange = begin(ClientPolicy::default(), parts);
            let (_, body, rewind) = sent(&mut exchange, true);
            assert!(matches!(body, Body::Stream) && !rewind);
            if taken {
                exchange.body_taken();
            }
            let (error, fact) = lost(Retry::IfIdempotent);
            exchange.failed(error, fact, now());
            if taken && !replayable {
                assert!(matches!(exchange.ask(now()), Ask::Fail(_)));
            } else {
                let (.., rewind) = sent(&mut exchange, true);
                assert_eq!(rewind, taken);
            }
        }
    }
}

#[test]
fn a_body_that_a_redirect_drops_is_not_had_anew() {
    let mut parts = get("http://a.test/form");
    parts.method = Method::POST;
    parts.payload = Payload::Stream { length: None, replayable: false };
    let mut exchange = begin(ClientPolicy::default(), parts);
    sent(&mut exchange, false);
    exchange.body_taken();
    let head = ResponseHead::new(Status::SEE_OTHER).with("Location", "/thanks").unwrap();
    exchange.response(head, BodyLength::Empty, now());
    exchange.discarded(now());
    let (head, body, rewind) = sent(&mut exchange, false);
    assert_eq!(*head.method(), Method::GET);
    assert!(matches!(body, Body::Empty) && !rewind);
}

#[test]
fn a_redirect_changes_what_is_asked_for_and_keeps_no_secret_for_others() {
    let mut parts = get("http://a.test/old");
    parts.method = Method::POST;
    parts.payload = Payload::Full("x".into());
    parts.fields.append("Authorization", "Basic x").unwrap();
    parts.fields.append("Content-Type", "text/plain").unwrap();
    let mut exchange = begin(ClientPolicy::default(), parts);
    sent(&mut exchange, false);
    let found = ResponseHead::new(Status::FOUND).with("Location", "http://b.test/new").unwrap();
    exchange.response(found, BodyLength::Known(3), now());
    assert!(matches!(exchange.ask(now()), Ask::Discard));
    exchange.discarded(now());
    let (head, body, _) = sent(&mut exchange, false);
    assert_eq!(head.method(), &Method::GET);
    assert!(matches!(body, Body::Empty));
    let said = fields(&head);
    assert!(
        said.contains(&"Host: b.test".to_owned())
            && said.contains(&"Referer: http://a.test/old".to_owned())
    );
    assert!(
        !said
            .iter()
            .any(|field| field.starts_with("Authorization") || field.starts_with("Content-Type"))
    );
    exchange.response(ResponseHead::new(Status::OK), BodyLength::Empty, now());
    let Ask::Deliver(answer) = exchange.ask(now()) else { panic!() };
    assert_eq!((answer.url.as_str(), answer.earlier.len()), ("http://b.test/new", 1));
}

/// A jar as an adapter has one.
#[derive(Default)]
#[expect(clippy::disallowed_types, reason = "it stands for an adapter's")]
struct Jar(std::sync::Mutex<Vec<String>>);

impl CookieStore for Jar {
    fn cookies(&self, _url: &Url, _now: Now) -> Option<String> {
        let jar = self.0.lock().unwrap();
        (!jar.is_empty()).then(|| jar.join("; "))
    }

    fn store(&self, _url: &Url, lines: &mut dyn Iterator<Item = &[u8]>, _now: Now) {
        let text = |line: &[u8]| String::from_utf8(line.to_vec()).unwrap();
        self.0.lock().unwrap().extend(lines.map(text));
    }
}

#[test]
fn cookies_of_a_redirect_go_with_the_next_request() {
    let jar = Arc::new(Jar::default());
    let policy = ClientPolicy { cookies: Some(jar), ..ClientPolicy::default() };
    let mut parts = get("http://a.test/");
    parts.fields.append("cookie", "own=1").unwrap();
    let mut exchange = begin(policy, parts);
    let (head, ..) = sent(&mut exchange, false);
    assert_eq!(head.fields().get("Cookie"), Some("own=1"));
    let found = ResponseHead::new(Status::FOUND).with("Location", "/in").unwrap();
    exchange.response(found.with("Set-Cookie", "a=b").unwrap(), BodyLength::Empty, now());
    exchange.discarded(now());
    let (head, ..) = sent(&mut exchange, true);
    assert_eq!(head.fields().values("Cookie").collect::<Vec<_>>(), [b"own=1; a=b"]);
}

#[test]
fn only_a_coding_that_was_asked_for_is_undone() {
    for (asked, decoding) in [(true, Decoding::Gzip), (false, Decoding::AsIs)] {
        let policy = ClientPolicy { compression: asked, ..ClientPolicy::default() };
        let mut exchange = begin(policy, get("http://a.test/"));
        sent(&mut exchange, false);
        let head = ResponseHead::new(Status::OK).with("Content-Encoding", "gzip").unwrap();
        exchange.response(head, BodyLength::Unknown, now());
        let Ask::Deliver(answer) = exchange.ask(now()) else { panic!() };
        assert_eq!(answer.decoding, decoding);
        assert_eq!(answer.head.fields().contains("Content-Encoding"), !asked);
    }
}

#[test]
fn each_phase_has_its_time_and_so_has_the_whole() {
    let mut exchange = begin(ClientPolicy::default(), get("http://a.test/"));
    exchange.ask(now());
    assert_eq!(exchange.deadline(), None, "nothing is waited for yet");
    for (phase, seconds) in
        [(Phase::Dns, 10), (Phase::Connect, 30), (Phase::Tunnel, 30), (Phase::Tls, 10)]
    {
        exchange.setting_up(phase, now());
        assert_eq!(exchange.deadline(), Some(now().mono + Duration::from_secs(seconds)));
    }
    assert!(!exchange.tick(now()));
    assert!(exchange.tick(now().later(Duration::from_secs(10))));
    let Ask::Fail(error) = exchange.ask(now()) else { panic!() };
    assert_eq!(error.to_string(), "GET http://a.test/: tls: not done within 10s");
    assert!(error.is_timeout() && error.is_connect());

    let mut parts = get("http://a.test/");
    parts.total = Some(Duration::from_secs(2));
    let mut exchange = begin(ClientPolicy::default(), parts);
    sent(&mut exchange, false);
    assert!(exchange.tick(now().later(Duration::from_secs(2))));
    let Ask::Fail(error) = exchange.ask(now()) else { panic!() };
    assert_eq!(error.phase(), Some(Phase::Send));
}
