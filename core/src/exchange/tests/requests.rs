//! What a request says, as its caller and its client give it.

use super::*;
use crate::error::Misuse;
use crate::machine::{ClientMachine, Machine};

#[test]
fn a_request_says_what_its_caller_and_its_client_say() {
    let mut parts = get("http://user:pass%20word@h.test:8080/p?q#f");
    parts.fields.append("X-One", "1").unwrap();
    parts.fields.append("Cookie", "own=1").unwrap();
    let mut defaults = Fields::new();
    defaults.append("X-One", "2").unwrap();
    defaults.append("X-Two", "2").unwrap();
    let policy = ClientPolicy {
        compression: true,
        fields: defaults,
        user_agent: "a/1".into(),
        ..ClientPolicy::default()
    };
    let (head, body, rewind) = sent(&mut begin(policy, parts), false);
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
    let policy = ClientPolicy { proxies: Proxies::All(Arc::new(proxy)), ..ClientPolicy::default() };
    let mut exchange = begin(policy.clone(), get("http://a.test/x?y"));
    let Ask::Connect(route) = exchange.ask(now()) else { panic!() };
    assert_eq!(route.dialled(), ("proxy.test", 3128));
    assert!(route.tunnelled().is_none());
    let (head, ..) = sent(&mut exchange, false);
    assert_eq!(head.target(), "http://a.test/x?y");
    assert_eq!(head.fields().get("Proxy-Authorization"), Some("Basic bWU6cHc="));

    // The proxy goes by the target alone: it says the same as Host.
    let mut parts = get("http://a.test/x?y");
    parts.fields.append("Host", "virtual.test:81").unwrap();
    let mut exchange = begin(policy, parts);
    let Ask::Connect(_) = exchange.ask(now()) else { panic!() };
    let (head, ..) = sent(&mut exchange, false);
    assert_eq!(head.target(), "http://virtual.test:81/x?y");
    assert_eq!(head.fields().get("Host"), Some("virtual.test:81"));
}

#[test]
fn a_host_has_no_case_but_its_zone_has() {
    let route = |url: &str| {
        let mut exchange = begin(ClientPolicy::default(), get(url));
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
fn the_plans_fields_are_as_the_requests_own() {
    let mut fields = Fields::new();
    for (name, value) in [
        ("Authorization", "Bearer policy"),
        ("Cookie", "policy=1"),
        ("user-agent", "mine"),
        ("accept-encoding", "identity"),
        ("X-Own", "policy"),
    ] {
        fields.append(name, value).unwrap();
    }
    let policy = ClientPolicy { fields, compression: true, ..ClientPolicy::default() };
    assert!(!format!("{policy:?}").contains("Bearer"));
    let mut parts = get("http://a.test/");
    parts.fields.append("x-own", "request").unwrap();
    let mut exchange = begin(policy, parts);
    let (head, ..) = sent(&mut exchange, false);
    for (name, value) in [
        ("Authorization", "Bearer policy"),
        ("Cookie", "policy=1"),
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
fn every_mistake_of_a_request_is_told_when_it_is_sent() {
    let bad = [
        Request::<()>::get("no url"),
        Request::get("http://a.test/").header("Bad Name", "x"),
        Request::get("http://a.test/").header("X", "a\r\nb").query(&[("a", "b")]),
    ];
    for request in bad {
        assert!(request.into_parts().is_err());
    }
    let form = Request::<()>::post("http://a.test/").form(&[("a b", "ü&="), ("c", "")]);
    let (parts, _) = form.into_parts().unwrap();
    assert_eq!(parts.payload, Payload::Full("a+b=%C3%BC%26%3D&c=".into()));
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
    assert!(long.into_parts().unwrap_err().to_string().contains("longer than 64 KiB"));
}

#[test]
fn a_body_that_can_be_read_once_is_there_until_it_was_read_from() {
    for (read, again) in [(false, true), (true, false)] {
        let mut parts = RequestParts::new(Method::PUT, Url::parse("http://a.test/").unwrap());
        parts.payload = Payload::Stream { length: Some(4), replayable: false };
        let mut exchange = begin(ClientPolicy::default(), parts);
        sent(&mut exchange, true);
        if read {
            exchange.body_taken();
        }
        assert_eq!(exchange.is_body_begun(), read);
        let (error, fact) = lost(Retry::IfIdempotent);
        exchange.failed(error, fact, now());
        assert_eq!(matches!(exchange.ask(now()), Ask::Connect(_)), again);

        // A redirect asks for it as well.
        let mut parts = RequestParts::new(Method::PUT, Url::parse("http://a.test/").unwrap());
        parts.payload = Payload::Stream { length: Some(4), replayable: false };
        let mut exchange = begin(ClientPolicy::default(), parts);
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

/// What goes out of a head on a new connection.
fn written(head: &RequestHead) -> Result<Vec<u8>, Misuse> {
    let mut machine = crate::client::Connection::new(Default::default(), now());
    machine.request(head, Body::Empty, now())?;
    let mut out = Vec::new();
    machine.transmit(&mut out, usize::MAX, now());
    Ok(out)
}

#[test]
fn a_plain_head_goes_out_as_one_does_that_is_looked_at() {
    for (name, value, plain) in [
        ("Accept", "*/*", true),
        ("Cookie", "a=1", true),
        ("X-Host", "b.test", true),
        ("Connection", "close", false),
        ("content-length", "0", false),
        ("Transfer-Encoding", "chunked", false),
        ("Expect", "100-continue", false),
        ("Upgrade", "a", false),
        ("Host", "b.test", false),
        ("Host", "b test", false),
    ] {
        for url in
            ["http://a.test:80/b?c", "http://[::1]/", "http://[fe80::1%25lo]:81", "http://A_b:"]
        {
            let mut parts = get(url);
            parts.fields.append(name, value).unwrap();
            let (head, ..) = sent(&mut begin(ClientPolicy::default(), parts), false);
            assert_eq!(head.is_plain(), plain, "{name}");
            let mut looked_at = head.clone();
            looked_at.fields_mut();
            assert!(!looked_at.is_plain());
            assert_eq!(written(&head), written(&looked_at), "{name}: {value} to {url}");
        }
    }
}
