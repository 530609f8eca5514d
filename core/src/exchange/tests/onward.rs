//! What an answer leads to: a request sent again, or none; and whom a proxy's password reaches.

use super::*;

fn put(payload: Payload) -> RequestParts {
    let mut parts = get("http://a.test/up");
    parts.method = Method::PUT;
    parts.payload = payload;
    parts.fields.append("Expect", "100-continue").unwrap();
    parts
}

fn refused() -> ResponseHead {
    ResponseHead::new(Status::EXPECTATION_FAILED)
}

#[test]
fn a_refused_expectation_is_left_out_once() {
    let stream = |length, replayable| Payload::Stream { length, replayable };
    for (payload, taken, again) in [
        (Payload::Full("x".into()), false, true),
        (stream(None, false), false, true),
        (stream(Some(5), false), false, true),
        (stream(None, false), true, false),
        (stream(None, true), true, true),
        // Nothing was expected: there is nothing to send.
        (Payload::Empty, false, false),
        (Payload::Full("".into()), false, false),
        (stream(Some(0), false), false, false),
    ] {
        let mut exchange = begin(ClientPolicy::default(), put(payload.clone()));
        sent(&mut exchange, false);
        if taken {
            exchange.body_taken();
        }
        exchange.response(refused(), BodyLength::Known(3), now());
        if !again {
            let Ask::Deliver(answer) = exchange.ask(now()) else { panic!("{payload:?}") };
            assert_eq!(answer.head.status(), Status::EXPECTATION_FAILED);
            continue;
        }
        assert!(matches!(exchange.ask(now()), Ask::Discard), "{payload:?}");
        exchange.discarded(now());
        let (head, body, rewind) = sent(&mut exchange, true);
        assert!(!head.fields().contains("Expect") && !matches!(body, Body::Empty));
        assert_eq!((head.method(), head.target(), rewind), (&Method::PUT, "/up", taken));
        // Who has no expectation, and is told so, hears of it.
        exchange.response(refused(), BodyLength::Empty, now());
        let Ask::Deliver(answer) = exchange.ask(now()) else { panic!("{payload:?}") };
        assert_eq!(answer.earlier.len(), 1);
    }
    let once = ClientPolicy { attempts: 1, ..ClientPolicy::default() };
    let mut exchange = begin(once, put(Payload::Full("x".into())));
    sent(&mut exchange, false);
    exchange.response(refused(), BodyLength::Empty, now());
    assert!(matches!(exchange.ask(now()), Ask::Deliver(_)));
}

#[test]
fn a_redirect_that_is_not_followed_is_delivered() {
    for location in ["myapp://cb?code=1", "mailto:x", "/100%/x", "http://a:99999/"] {
        let found = || ResponseHead::new(Status::FOUND).with("Location", location).unwrap();
        let mut never = ClientPolicy::default();
        never.redirects.follow = crate::policy::redirect::Follow::Never;
        let mut exchange = begin(never, get("http://a.test/"));
        sent(&mut exchange, false);
        exchange.response(found(), BodyLength::Known(2), now());
        let Ask::Deliver(answer) = exchange.ask(now()) else { panic!("{location}") };
        assert_eq!(answer.head.fields().get("Location"), Some(location));
        let mut exchange = begin(ClientPolicy::default(), get("http://a.test/"));
        sent(&mut exchange, false);
        exchange.response(found(), BodyLength::Known(2), now());
        let Ask::Fail(error) = exchange.ask(now()) else { panic!("{location}") };
        assert!(matches!(error.cause(), Cause::Redirect(_)), "{error}");
    }
}

fn to_proxy(url: &str) -> RequestParts {
    let mut parts = get(url);
    parts.fields.append("Proxy-Authorization", "Basic b3du").unwrap();
    parts
}

fn told(head: &RequestHead) -> Option<&str> {
    head.fields().get("Proxy-Authorization")
}

fn through(proxy: &str) -> Proxies {
    Proxies::All(Arc::new(Proxy::parse(proxy).unwrap()))
}

#[test]
fn what_is_for_a_proxy_goes_to_no_server_behind_it() {
    for (proxy, url, arrives) in [
        ("http://p.test:3128", "http://a.test/", true),
        ("https://p.test:3128", "http://a.test/", true),
        ("http://p.test:3128", "https://a.test/", false),
        ("https://p.test:3128", "https://a.test/", false),
        ("socks5://p.test", "http://a.test/", false),
        ("socks5h://p.test", "https://a.test/", false),
    ] {
        let policy = ClientPolicy { proxies: through(proxy), ..ClientPolicy::default() };
        let (head, ..) = sent(&mut begin(policy.clone(), to_proxy(url)), false);
        assert_eq!(told(&head), arrives.then_some("Basic b3du"), "{url} through {proxy}");
        // A client's default field is as the request's own.
        let mut policy = policy;
        policy.fields.append("proxy-authorization", "Basic b3du").unwrap();
        let (head, ..) = sent(&mut begin(policy, get(url)), false);
        assert_eq!(told(&head), arrives.then_some("Basic b3du"), "{url} through {proxy}");
    }
    // Without a proxy the server itself is whom the caller means.
    let (head, ..) = sent(&mut begin(ClientPolicy::default(), to_proxy("http://a.test/")), false);
    assert_eq!(told(&head), Some("Basic b3du"));
}

#[test]
fn what_is_for_a_proxy_goes_to_no_server_that_a_redirect_leads_to() {
    let outside = ProxyChoice::new(|url| {
        let proxy = Arc::new(Proxy::parse("http://p.test:3128").unwrap());
        Ok(Some(proxy).filter(|_| !url.host().starts_with("in.")))
    });
    let mut policy = ClientPolicy { proxies: Proxies::By(outside), ..ClientPolicy::default() };
    policy.redirects.credentials = crate::policy::redirect::Credentials::Always;
    for (to, arrives) in [
        ("/same", true),
        ("http://b.test/", true),
        ("https://a.test/", false),
        ("//in.test/", false),
    ] {
        let mut exchange = begin(policy.clone(), to_proxy("http://a.test/"));
        let (head, ..) = sent(&mut exchange, false);
        assert!(told(&head).is_some());
        let found = ResponseHead::new(Status::FOUND).with("Location", to).unwrap();
        exchange.response(found, BodyLength::Empty, now());
        exchange.discarded(now());
        let (head, ..) = sent(&mut exchange, false);
        assert_eq!(told(&head).is_some(), arrives, "{to}");
    }
}

#[test]
fn one_connection_speaks_to_the_proxy_that_it_leads_to_and_to_no_other() {
    let policy =
        ClientPolicy { proxies: through("http://me:pw@p.test:3128"), ..ClientPolicy::default() };
    let url = Url::parse("http://a.test/x").unwrap();
    for (route, target) in [
        (Route::to(&url, None), "/x"),
        (Route::to(&url, policy.proxies.choose(&url).unwrap()), "http://a.test/x"),
        (
            Route::to(&Url::parse("https://a.test").unwrap(), policy.proxies.choose(&url).unwrap()),
            "/x",
        ),
    ] {
        let (head, ..) =
            sent(&mut begin(policy.on_one_connection(&route), get("http://a.test/x")), false);
        assert_eq!(head.target(), target, "{route}");
        assert_eq!(told(&head).is_some(), target != "/x", "{route}");
    }
}
