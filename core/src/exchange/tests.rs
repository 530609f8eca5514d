//! An exchange told what happened by hand.

mod onward;

use super::*;
use crate::error::{CloseReason, Fault, PeerError};
use crate::head::{Fields, Method, RequestHead, Status};
use crate::policy::proxy::Proxy;
use crate::url::Url;
use std::time::Duration;

fn now() -> Now {
    Now::at(Mono::from_secs(100), 1_700_000_000)
}

fn begin(plan: Plan, order: Order) -> Exchange {
    Exchange::new(Arc::new(plan), order, now())
}

fn get(url: &str) -> Order {
    Order::new(Method::GET, Url::parse(url).unwrap())
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
fn a_request_says_what_its_caller_and_its_client_say() {
    let mut order = get("http://user:pass%20word@h.test:8080/p?q#f");
    order.fields.append("X-One", "1").unwrap();
    order.fields.append("Cookie", "own=1").unwrap();
    let mut defaults = Fields::new();
    defaults.append("X-One", "2").unwrap();
    defaults.append("X-Two", "2").unwrap();
    let plan =
        Plan { compression: true, fields: defaults, user_agent: "a/1".into(), ..Plan::default() };
    let (head, body, rewind) = sent(&mut begin(plan, order), false);
    assert_eq!(head.target(), "/p?q");
    assert!(matches!(body, Body::Empty) && !rewind);
    assert_eq!(
        fields(&head),
        [
            "Host: h.test:8080",
            "User-Agent: a/1",
            "X-One: 1",
            "Cookie: own=1",
            "X-Two: 2",
            "Accept-Encoding: gzip",
            "Authorization: Basic dXNlcjpwYXNzIHdvcmQ=",
        ]
    );
}

#[test]
fn a_proxy_that_forwards_is_given_the_whole_url_and_its_own_password() {
    let proxy = Proxy::new(Url::parse("http://me:pw@proxy.test:3128").unwrap()).unwrap();
    let plan = Plan { proxies: Proxies::All(Arc::new(proxy)), ..Plan::default() };
    let mut exchange = begin(plan.clone(), get("http://a.test/x?y"));
    let Ask::Connect(route) = exchange.ask(now()) else { panic!() };
    assert_eq!(route.dialled(), ("proxy.test", 3128));
    assert!(route.tunnelled().is_none());
    let (head, ..) = sent(&mut exchange, false);
    assert_eq!(head.target(), "http://a.test/x?y");
    assert_eq!(head.fields().get("Proxy-Authorization"), Some("Basic bWU6cHc="));

    // The proxy goes by the target alone: it says the same as Host.
    let mut order = get("http://a.test/x?y");
    order.fields.append("Host", "virtual.test:81").unwrap();
    let mut exchange = begin(plan, order);
    let Ask::Connect(_) = exchange.ask(now()) else { panic!() };
    let (head, ..) = sent(&mut exchange, false);
    assert_eq!(head.target(), "http://virtual.test:81/x?y");
    assert_eq!(head.fields().get("Host"), Some("virtual.test:81"));
}

#[test]
fn a_host_has_no_case_but_its_zone_has() {
    let route = |url: &str| {
        let mut exchange = begin(Plan::default(), get(url));
        let Ask::Connect(route) = exchange.ask(now()) else { panic!() };
        route
    };
    let one = route("http://[FE80::A%25eN0]/");
    assert_eq!(one.dialled(), ("fe80::a%eN0", 80));
    assert!(one == route("http://[fe80::a%25eN0]/x"));
    assert!(one != route("http://[fe80::a%25en0]/"));
    assert!(route("http://A.test/") == route("http://a.test/"));
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
        let mut order = get("http://a.test/");
        order.method = method;
        let mut exchange = begin(Plan::default(), order);
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
        let plan = Plan { attempts, ..Plan::default() };
        let mut exchange = begin(plan, get("http://a.test/"));
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
fn what_took_too_long_is_not_sent_again() {
    for (kind, again) in [
        (Fault::NoResponse, true),
        (Fault::FirstByteTimeout, false),
        (Fault::HeadTimeout, false),
        (Fault::WriteTimeout, false),
    ] {
        let mut exchange = begin(Plan::default(), get("http://a.test/"));
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
            let mut order = get("http://a.test/");
            order.method = Method::PUT;
            order.payload = Payload::Stream { length: None, replayable };
            let mut exchange = begin(Plan::default(), order);
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
    let mut order = get("http://a.test/form");
    order.method = Method::POST;
    order.payload = Payload::Stream { length: None, replayable: false };
    let mut exchange = begin(Plan::default(), order);
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
fn the_plans_fields_are_as_the_requests_own() {
    let mut fields = Fields::new();
    for (name, value) in [
        ("Authorization", "Bearer plan"),
        ("Cookie", "plan=1"),
        ("user-agent", "mine"),
        ("accept-encoding", "identity"),
        ("X-Own", "plan"),
    ] {
        fields.append(name, value).unwrap();
    }
    let plan = Plan { fields, compression: true, ..Plan::default() };
    assert!(!format!("{plan:?}").contains("Bearer"));
    let mut order = get("http://a.test/");
    order.fields.append("x-own", "request").unwrap();
    let mut exchange = begin(plan, order);
    let (head, ..) = sent(&mut exchange, false);
    for (name, value) in [
        ("Authorization", "Bearer plan"),
        ("Cookie", "plan=1"),
        ("User-Agent", "mine"),
        ("Accept-Encoding", "identity"),
        ("X-Own", "request"),
    ] {
        let all: Vec<_> = head.fields().values(name).collect();
        assert_eq!(all, [value.as_bytes()], "{name}");
    }
    let away = ResponseHead::new(Status::FOUND).with("Location", "http://b.test/").unwrap();
    exchange.response(away, BodyLength::Empty, now());
    exchange.discarded(now());
    let (head, ..) = sent(&mut exchange, false);
    let left: Vec<_> = head.fields().iter().map(|field| field.name.to_owned()).collect();
    assert_eq!(left, ["Host", "User-Agent", "x-own", "accept-encoding", "Referer"]);
}

#[test]
fn a_redirect_changes_what_is_asked_for_and_keeps_no_secret_for_others() {
    let mut order = get("http://a.test/old");
    order.method = Method::POST;
    order.payload = Payload::Full("x".into());
    order.fields.append("Authorization", "Basic x").unwrap();
    order.fields.append("Content-Type", "text/plain").unwrap();
    let mut exchange = begin(Plan::default(), order);
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
    let plan = Plan { cookies: Some(jar), ..Plan::default() };
    let mut order = get("http://a.test/");
    order.fields.append("cookie", "own=1").unwrap();
    let mut exchange = begin(plan, order);
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
        let plan = Plan { compression: asked, ..Plan::default() };
        let mut exchange = begin(plan, get("http://a.test/"));
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
    let mut exchange = begin(Plan::default(), get("http://a.test/"));
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

    let mut order = get("http://a.test/");
    order.total = Some(Duration::from_secs(2));
    let mut exchange = begin(Plan::default(), order);
    sent(&mut exchange, false);
    assert!(exchange.tick(now().later(Duration::from_secs(2))));
    let Ask::Fail(error) = exchange.ask(now()) else { panic!() };
    assert_eq!(error.phase(), Some(Phase::Send));
}

#[test]
fn errors_tell_no_password() {
    let mut exchange = begin(Plan::default(), get("http://u:secret@a.test/"));
    sent(&mut exchange, false);
    exchange.failed(Error::new(CloseReason::PeerClosed), Retry::Never, now());
    let Ask::Fail(error) = exchange.ask(now()) else { panic!() };
    let told = format!("{error} {error:?} {:?}", error.url());
    assert!(!told.contains("secret") && told.contains("u:***@a.test"), "{told}");
    let mut exchange = begin(Plan::default(), get("ftp://a.test/"));
    assert!(matches!(exchange.ask(now()), Ask::Fail(_)));
}

#[test]
fn every_mistake_of_a_request_is_told_when_it_is_sent() {
    let bad = [
        Request::<()>::get("no url"),
        Request::get("http://a.test/").header("Bad Name", "x"),
        Request::get("http://a.test/").header("X", "a\r\nb").query(&[("a", "b")]),
    ];
    for request in bad {
        assert!(request.into_order().is_err());
    }
    let form = Request::<()>::post("http://a.test/").form(&[("a b", "ü&="), ("c", "")]);
    let (order, _) = form.into_order().unwrap();
    assert_eq!(order.payload, Payload::Full("a+b=%C3%BC%26%3D&c=".into()));
}

#[test]
fn pairs_are_added_to_the_query_and_the_rest_of_the_url_stays() {
    for (url, pairs, shown) in [
        ("http://a.test/x", &[][..], "http://a.test/x"),
        ("http://a.test", &[], "http://a.test"),
        ("http://a.test/x?", &[], "http://a.test/x?"),
        ("http://a.test/x?a=1#f", &[], "http://a.test/x?a=1#f"),
        ("http://a.test/x", &[("k", "v w")], "http://a.test/x?k=v+w"),
        ("http://a.test", &[("k", "v")], "http://a.test?k=v"),
        ("http://a.test/x?", &[("k", "v")], "http://a.test/x?k=v"),
        ("http://a.test/x?a=1", &[("k", ""), ("", "v")], "http://a.test/x?a=1&k=&=v"),
        ("http://a.test/x?a=1&", &[("k", "v")], "http://a.test/x?a=1&k=v"),
        ("http://a.test/x?a=100%&b=[1]", &[("k", "v")], "http://a.test/x?a=100%25&b=[1]&k=v"),
        ("http://a.test/x#f?g", &[("k", "#")], "http://a.test/x?k=%23#f?g"),
        ("http://u:p@a.test:81/x?a=1#", &[("k", "v")], "http://u:p@a.test:81/x?a=1&k=v#"),
        ("http://[::1]/../x/./y?a", &[("k", "v")], "http://[::1]/../x/./y?a&k=v"),
    ] {
        let request = Request::<()>::get(url).query(pairs);
        assert_eq!(request.url().map(Url::as_str), Some(shown), "{url} {pairs:?}");
    }
    let twice = Request::<()>::get("http://a.test/").query(&[("a", "1")]).query(&[("a", "2")]);
    assert_eq!(twice.url().map(Url::as_str), Some("http://a.test/?a=1&a=2"));
    let long = Request::<()>::get("http://a.test/").query(&[("k", "v".repeat(65_536))]);
    assert!(long.into_order().unwrap_err().to_string().contains("longer than 64 KiB"));
}

#[test]
fn a_body_that_can_be_read_once_is_there_until_it_was_read_from() {
    for (read, again) in [(false, true), (true, false)] {
        let mut order = Order::new(Method::PUT, Url::parse("http://a.test/").unwrap());
        order.payload = Payload::Stream { length: Some(4), replayable: false };
        let mut exchange = begin(Plan::default(), order);
        sent(&mut exchange, true);
        if read {
            exchange.body_taken();
        }
        assert_eq!(exchange.is_body_begun(), read);
        let (error, fact) = lost(Retry::IfIdempotent);
        exchange.failed(error, fact, now());
        assert_eq!(matches!(exchange.ask(now()), Ask::Connect(_)), again);

        // A redirect asks for it as well.
        let mut order = Order::new(Method::PUT, Url::parse("http://a.test/").unwrap());
        order.payload = Payload::Stream { length: Some(4), replayable: false };
        let mut exchange = begin(Plan::default(), order);
        for hop in ["/b", "/c"] {
            sent(&mut exchange, false);
            if read && hop == "/c" {
                exchange.body_taken();
            }
            let status = Status::TEMPORARY_REDIRECT;
            let head = ResponseHead::new(status).with("Location", hop).unwrap();
            exchange.response(head, BodyLength::Empty, now());
            match exchange.ask(now()) {
                Ask::Discard => exchange.discarded(now()),
                Ask::Deliver(answer) => assert_eq!((answer.url.path(), read), ("/b", true)),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn an_error_says_its_cause_once_and_what_lies_below_is_its_source() {
    use std::io::{Error as IoError, ErrorKind};
    /// An error with another below it, which its own text does not hold.
    #[derive(Debug)]
    struct Above(PeerError);
    impl std::fmt::Display for Above {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("above")
        }
    }
    impl std::error::Error for Above {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let below = PeerError::of_response(Fault::Reset, Retry::Never, Phase::Wait);
    let io = || IoError::other(Above(below));
    let url = Url::parse("http://a:x/").unwrap_err();
    for (cause, deep) in [
        (Cause::Url(url), false),
        (Cause::Misuse(crate::error::Misuse::Busy), false),
        (Cause::Io(ErrorKind::NotFound.into()), false),
        (Cause::Peer(below), false),
        (Cause::Redirect(crate::policy::redirect::Failure::BadLocation(url)), false),
        (Cause::Proxy(crate::policy::proxy::ProxyError::Url(url)), false),
        (Cause::Io(io()), true),
        (Cause::Body(io()), true),
        (Cause::Decode(io()), true),
        (Cause::Layer(Box::new(Above(below))), true),
    ] {
        let error = Error::new(cause).during(Phase::Connect);
        let mut texts = vec![error.to_string()];
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            texts.push(error.to_string());
            source = error.source();
        }
        assert_eq!(texts.len(), 1 + usize::from(deep), "{texts:?}");
        assert!(!deep || (texts[0].ends_with("above") && texts[1].contains("reset")), "{texts:?}");
    }
}

#[test]
fn an_error_names_the_proxy_that_it_is_about() {
    let peer = |phase| PeerError::of_response(Fault::NoResponse, Retry::Never, phase);
    for (proxy, url, phase, named) in [
        ("http://me:pw@p", "https://a.test/", Phase::Dns, true),
        ("http://me:pw@p", "https://a.test/", Phase::Connect, true),
        ("socks5://me:pw@p", "http://a.test/", Phase::Tunnel, true),
        // The server is reached, and it is about that.
        ("http://me:pw@p", "https://a.test/", Phase::Tls, false),
        ("http://me:pw@p", "https://a.test/", Phase::Wait, false),
        // The proxy is the server.
        ("http://me:pw@p", "http://a.test/", Phase::Wait, true),
        ("https://me:pw@p", "http://a.test/", Phase::Tls, true),
    ] {
        let by = Proxy::new(Url::parse(proxy).unwrap()).unwrap();
        let plan = Plan { proxies: Proxies::All(Arc::new(by)), ..Plan::default() };
        let mut exchange = begin(plan, get(url));
        let Ask::Connect(_) = exchange.ask(now()) else { panic!("a connection is asked for") };
        exchange.failed(Error::new(peer(phase)).during(phase), Retry::Never, now());
        let Ask::Fail(error) = exchange.ask(now()) else { panic!("it failed") };
        let text = format!("{phase}: proxy {}: ", proxy.replace("pw", "***"));
        assert_eq!(error.to_string().contains(&text), named, "{error}");
    }
}

#[test]
fn what_signs_in_is_shown_nowhere() {
    let mut order = get("http://ada:hunter2@a.test/");
    order.payload = Payload::Full("password=hunter2".into());
    let mut plan = Plan::default();
    let proxy = Url::parse("http://me:hunter2@proxy.test/").unwrap();
    plan.proxies = Proxies::All(Arc::new(Proxy::new(proxy).unwrap()));
    for name in ["Authorization", "Cookie", "Proxy-Authorization"] {
        order.fields.append(name, "hunter2").unwrap();
        plan.fields.append(name, "hunter2").unwrap();
    }
    let mut shown = format!("{order:?} {plan:?}");
    let mut exchange = begin(plan, order);
    let Ask::Connect(route) = exchange.ask(now()) else { panic!("a connection is asked for") };
    shown += &format!("{route:?} {exchange:?}");
    exchange.connected(Reached { reused: false, idle: Duration::ZERO }, now());
    let ask = exchange.ask(now());
    let Ask::Send { head, .. } = &ask else { panic!("{ask:?}") };
    shown += &format!("{head:?} {exchange:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("YWRh"), "{shown}");
}
