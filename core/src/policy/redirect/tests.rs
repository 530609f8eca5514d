use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn trail(method: &Method, from: &str, body: Replay) -> Trail {
    Trail::new(method.clone(), url(from), body, &Fields::new())
}

fn step(trail: &Trail, status: u16, location: &str, policy: &Policy) -> Step {
    trail.step(Status::from_code(status).unwrap(), Some(location.as_bytes()), policy)
}

fn hop(trail: &Trail, status: u16, location: &str, policy: &Policy) -> Hop {
    match step(trail, status, location, policy) {
        Step::Follow(hop) => hop,
        other => panic!("{status} {location}: {other:?}"),
    }
}

#[test]
fn only_post_becomes_get_and_go_makes_a_get_of_all() {
    use Method as M;
    let query = M::QUERY;
    for (method, status, strict, go) in [
        (M::GET, 301, (M::GET, true), (M::GET, false)),
        (M::HEAD, 302, (M::HEAD, true), (M::HEAD, false)),
        (M::POST, 301, (M::GET, false), (M::GET, false)),
        (M::POST, 302, (M::GET, false), (M::GET, false)),
        (M::PUT, 301, (M::PUT, true), (M::GET, false)),
        (M::DELETE, 302, (M::DELETE, true), (M::GET, false)),
        (M::PATCH, 303, (M::GET, false), (M::GET, false)),
        (M::PUT, 303, (M::GET, false), (M::GET, false)),
        (M::HEAD, 303, (M::HEAD, false), (M::HEAD, false)),
        (M::POST, 307, (M::POST, true), (M::POST, true)),
        (M::PUT, 308, (M::PUT, true), (M::PUT, true)),
        (query.clone(), 301, (query.clone(), true), (query.clone(), true)),
        (query.clone(), 302, (query.clone(), true), (query.clone(), true)),
        (query.clone(), 303, (M::GET, false), (M::GET, false)),
    ] {
        let trail = trail(&method, "http://a/", Replay::Replayable);
        for (policy, wanted) in [(Policy::default(), &strict), (Policy::go(), &go)] {
            let hop = hop(&trail, status, "/b", &policy);
            assert_eq!((hop.method, hop.keep_body), wanted.clone(), "{method} {status}");
        }
    }
}

#[test]
fn what_is_no_redirect_is_the_answer() {
    let once = trail(&Method::POST, "http://a/", Replay::Once);
    let policy = Policy::default();
    for status in [200, 300, 304, 305, 306, 399, 404] {
        assert_eq!(step(&once, status, "/b", &policy), Step::Stop(Stop::NoRedirect));
    }
    assert_eq!(step(&once, 307, "/b", &policy), Step::Stop(Stop::NotReplayable));
    assert_eq!(step(&once, 302, "", &policy), Step::Stop(Stop::NoLocation));
    assert_eq!(once.step(Status::FOUND, None, &policy), Step::Stop(Stop::NoLocation));
    assert!(matches!(step(&once, 302, "/b", &policy), Step::Follow(_)));
}

#[test]
fn a_body_that_was_dropped_is_not_missed() {
    let mut trail = trail(&Method::POST, "http://a/", Replay::Once);
    let policy = Policy::default();
    let first = hop(&trail, 303, "/b", &policy);
    trail.took(&first);
    assert_eq!(hop(&trail, 307, "/c", &policy).method, Method::GET);
}

#[test]
fn what_leads_nowhere_is_an_error() {
    let trail = trail(&Method::GET, "http://u:secret@a/", Replay::NoBody);
    let policy = Policy::default();
    for (location, text) in [
        (
            "http://u:secret@a b/",
            "the Location of a redirect is not a URL: a byte that no host may have, at byte 17",
        ),
        ("http:///x", "the Location of a redirect is not a URL: there is no host, at byte 7"),
        ("mailto:me", "a redirect leads to mailto:, which is not HTTP"),
        ("javascript:alert(1)", "a redirect leads to javascript:, which is not HTTP"),
    ] {
        match step(&trail, 302, location, &policy) {
            Step::Fail(failure) => assert_eq!(failure.to_string(), text),
            other => panic!("{location}: {other:?}"),
        }
    }
}

#[test]
fn a_redirect_that_is_not_to_be_followed_is_the_answer_wherever_it_leads() {
    let trail = trail(&Method::GET, "http://a/x#f", Replay::NoBody);
    let never = Policy { follow: Follow::Never, ..Policy::default() };
    let saying = |verdict: Verdict| {
        let check = move |hop: &Hop, _: &[Url]| {
            assert!(!hop.url.is_http());
            verdict.clone()
        };
        Policy { follow: Follow::Check(Arc::new(check)), ..Policy::default() }
    };
    for (location, is_url) in [
        ("myapp://cb?code=1", true),
        ("mailto:me@a.test", true),
        ("intent:#Intent;end", true),
        ("/100%/x", false),
        ("http://a:99999/", false),
        ("http:///x", false),
        ("//a b/", false),
        ("\u{7f}", false),
    ] {
        assert_eq!(step(&trail, 302, location, &never), Step::Stop(Stop::UseLast), "{location}");
        let checked = |verdict| step(&trail, 302, location, &saying(verdict));
        assert_eq!(checked(Verdict::UseLast), Step::Stop(Stop::UseLast), "{location}");
        // What is no URL cannot be asked about.
        let refused = if is_url {
            Step::Fail(Failure::Refused("no".into()))
        } else {
            Step::Stop(Stop::UseLast)
        };
        assert_eq!(checked(Verdict::Error("no".into())), refused, "{location}");
        if is_url {
            let allowed = checked(Verdict::Allow);
            assert!(matches!(allowed, Step::Fail(Failure::NotHttp(_))), "{allowed:?}");
        }
    }
}

#[test]
fn credentials_stay_with_their_origin_and_do_not_come_back() {
    for (from, to, strict, go) in [
        ("http://a.com/", "/y", true, true),
        ("http://a.com/", "http://A.com:80/y", true, true),
        ("http://a.com/", "https://a.com/", false, true),
        ("https://a.com/", "http://a.com/", false, true),
        ("http://a.com/", "http://a.com:81/", false, true),
        ("http://a.com/", "http://b.a.com/", false, true),
        ("http://a.com/", "http://ba.com/", false, false),
        ("http://b.a.com/", "http://a.com/", false, false),
        ("http://a.com/", "http://a.com.b/", false, false),
        ("http://a.com/", "http://a.com./", false, false),
        ("http://[::1]/", "http://[::1%25.x]/", false, false),
    ] {
        let mut trail = trail(&Method::GET, from, Replay::NoBody);
        let always = Policy { credentials: Credentials::Always, ..Policy::default() };
        assert!(hop(&trail, 302, to, &always).keep_credentials);
        assert_eq!(hop(&trail, 302, to, &Policy::go()).keep_credentials, go, "{from} {to}");
        let first = hop(&trail, 302, to, &Policy::default());
        assert_eq!(first.keep_credentials, strict, "{from} {to}");
        trail.took(&first);
        let back = hop(&trail, 302, from, &Policy::default());
        assert_eq!(back.keep_credentials, strict, "{from} {to} and back");
    }
}

#[test]
fn fields_go_along_as_the_hop_says() {
    let mut all = Fields::new();
    for name in CREDENTIALS_AND_BODY {
        all.append(name, "x").unwrap();
    }
    all.append("X-Mine", "y").unwrap();
    all.append("Host", "virtual").unwrap();
    let mut trail = Trail::new(Method::POST, url("http://a/"), Replay::Replayable, &all);
    let kept = hop(&trail, 307, "/b", &Policy::default());
    let mut same = all.clone();
    kept.apply(&mut same);
    assert_eq!(same.len(), all.len() + 1, "Referer is all that is new");
    trail.took(&kept);

    let dropped = hop(&trail, 303, "http://b/", &Policy::default());
    dropped.apply(&mut same);
    let left: Vec<&str> = same.iter().map(|field| field.name).collect();
    assert_eq!(left, ["X-Mine", "Referer"]);
    assert_eq!(same.get("Referer"), Some("http://a/b"));
}

const CREDENTIALS_AND_BODY: [&str; 12] = [
    "authorization",
    "Cookie",
    "cookie2",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "WWW-Authenticate",
    "Content-Type",
    "Content-Encoding",
    "Content-Length",
    "Content-MD5",
    "Digest",
    "Expect",
];

#[test]
fn host_goes_along_only_where_the_location_names_none() {
    let trail = trail(&Method::GET, "http://a/x", Replay::NoBody);
    for (location, keep) in [
        ("/y", true),
        ("y", true),
        ("?q:r", true),
        ("./y:z", true),
        ("//b/y", false),
        ("//a/y", false),
        ("http://a/y", false),
    ] {
        assert_eq!(hop(&trail, 302, location, &Policy::go()).keep_host, keep, "{location}");
    }
}

#[test]
fn referer_tells_no_secret() {
    let given = |referer: &str| {
        let mut fields = Fields::new();
        fields.append("Referer", referer).unwrap();
        fields
    };
    let (own, secure, empty) = (given("http://mine/"), given("HTTPS://mine/"), given(""));
    for (from, to, fields, referer) in [
        ("http://u:p@a/x#f", "/y", Fields::new(), Referer::Set("http://a/x".into())),
        ("https://a/x", "https://b/", Fields::new(), Referer::Set("https://a/x".into())),
        ("http://a/x", "https://b/", Fields::new(), Referer::Set("http://a/x".into())),
        ("https://a/x", "http://a/", Fields::new(), Referer::Remove),
        ("https://a/x", "http://a/", own.clone(), Referer::Keep),
        ("https://a/x", "http://a/", secure.clone(), Referer::Remove),
        ("https://a/x", "https://b/", secure, Referer::Keep),
        ("http://a/x", "/y", empty, Referer::Set("http://a/x".into())),
        ("http://a/x", "/y", own.clone(), Referer::Keep),
        ("http://a/x", "/y", given("httpsx"), Referer::Keep),
    ] {
        let mut trail = Trail::new(Method::GET, url(from), Replay::NoBody, &fields);
        let first = hop(&trail, 302, to, &Policy::default());
        assert_eq!(first.referer, referer, "{from} {to}");
        trail.took(&first);
        let next = hop(&trail, 302, "/next", &Policy::default());
        assert_eq!(next.referer == Referer::Keep, referer == Referer::Keep);
    }
}

#[test]
fn a_fragment_is_inherited_but_by_go() {
    let trail = trail(&Method::GET, "http://a/x#f", Replay::NoBody);
    for (location, strict, go) in [
        ("/y", "http://a/y#f", "http://a/y"),
        ("/y#g", "http://a/y#g", "http://a/y#g"),
        ("http://b", "http://b#f", "http://b"),
    ] {
        assert_eq!(hop(&trail, 302, location, &Policy::default()).url.as_str(), strict);
        assert_eq!(hop(&trail, 302, location, &Policy::go()).url.as_str(), go);
    }
}

#[test]
fn the_policy_says_how_far() {
    let mut trail = trail(&Method::GET, "http://a/0", Replay::NoBody);
    let policy = Policy::default();
    for number in 1..10 {
        let next = hop(&trail, 302, &format!("/{number}"), &policy);
        trail.took(&next);
    }
    let ten = Step::Fail(Failure::TooMany(10));
    assert_eq!(step(&trail, 302, "/10", &policy), ten);
    assert_eq!(Failure::TooMany(10).to_string(), "stopped after 10 redirects");
    let never = Policy { follow: Follow::Never, ..Policy::default() };
    assert_eq!(step(&trail, 302, "/10", &never), Step::Stop(Stop::UseLast));

    let check = Follow::Check(Arc::new(|hop: &Hop, before: &[Url]| match hop.url.path() {
        "/ok" if before.len() == 10 => Verdict::Allow,
        "/last" => Verdict::UseLast,
        _ => Verdict::Error("no further".into()),
    }));
    let policy = Policy { follow: check, ..Policy::default() };
    assert!(matches!(step(&trail, 302, "/ok", &policy), Step::Follow(_)));
    assert_eq!(step(&trail, 302, "/last", &policy), Step::Stop(Stop::UseLast));
    let refused = Step::Fail(Failure::Refused("no further".into()));
    assert_eq!(step(&trail, 302, "/x", &policy), refused);
}
