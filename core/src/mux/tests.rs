use super::*;
use crate::head::Method;
use crate::machine::BodyLength;
use crate::message::Content;

/// A handler that is only a name, and the layers around it.
#[derive(Clone, Debug, PartialEq)]
struct Named(String);

impl Refusing for Named {
    fn refusing() -> Named {
        Named("refuse".into())
    }
}

impl FromHandler<&'static str> for Named {
    fn from_handler(name: &'static str) -> Named {
        Named(name.into())
    }
}

fn layer(name: &'static str) -> impl Fn(Named) -> Named + Send + Sync {
    move |inner| Named(format!("{name}({})", inner.0))
}

fn request(method: &str, target: &str) -> Request<()> {
    let head = RequestHead::new(Method::from_bytes(method.as_bytes()).unwrap(), target).unwrap();
    Request::new(head, BodyLength::Empty, ())
}

fn answer(mux: &Mux<Named>, method: &str, target: &str) -> Response<()> {
    mux.dispatch(&mut request(method, target)).unwrap_err()
}

fn text(response: &Response<()>) -> &str {
    match response.content() {
        Content::Full(bytes) => std::str::from_utf8(bytes).unwrap(),
        _ => "",
    }
}

#[test]
fn a_request_learns_its_pattern_and_values() {
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("GET /users/{id}/{rest...}", "user").unwrap();
    let mut request = request("GET", "/users/J%C3%BC%2F/a/b?q=1");
    assert_eq!(mux.dispatch::<_, ()>(&mut request).unwrap(), &Named("user".into()));
    assert_eq!(request.pattern(), Some("GET /users/{id}/{rest...}"));
    assert_eq!(
        (&*request.param("id"), &*request.param("rest"), &*request.param("no")),
        ("Jü/", "a/b", "")
    );
}

#[test]
fn refusals_are_answered_as_go_answers_them() {
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("GET /tree/", "tree").unwrap();
    let missing = answer(&mux, "GET", "/none");
    assert_eq!((missing.status(), text(&missing)), (Status::NOT_FOUND, "404 page not found\n"));
    let method = answer(&mux, "POST", "/tree/");
    assert_eq!(
        (method.status(), method.fields().get("allow")),
        (Status::METHOD_NOT_ALLOWED, Some("GET, HEAD"))
    );
    let slash = answer(&mux, "GET", "/tree?a=1&b=2");
    assert_eq!(
        (slash.status().code(), slash.fields().get("location")),
        (307, Some("/tree/?a=1&b=2"))
    );
    assert_eq!(text(&slash), "<a href=\"/tree/?a=1&amp;b=2\">Temporary Redirect</a>.\n\n");
    assert_eq!(answer(&mux, "OPTIONS", "*").status(), Status::BAD_REQUEST);
}

#[test]
fn an_application_may_answer_refusals_its_own_way() {
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("GET /x", "x").unwrap();
    mux.otherwise("mine");
    let mut request = request("POST", "/x");
    assert_eq!(mux.dispatch::<_, ()>(&mut request).unwrap().0, "mine");
    assert_eq!(request.refusal(), Some(&Refusal::MethodNotAllowed { allow: "GET, HEAD".into() }));
    assert_eq!(request.pattern(), None);
}

fn routes(mux: &Mux<Named>) -> Vec<(&str, &str)> {
    mux.router().routes().map(|(_, r)| (r.pattern().as_str(), &*r.value().0)).collect()
}

#[test]
fn groups_prefix_and_wrap_what_is_theirs() {
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("GET /plain", "plain").unwrap();
    mux.wrap(layer("log"));
    let mut api = mux.group("/api/");
    api.handle("/open", "open").unwrap();
    api.wrap(layer("auth"));
    api.handle("GET example.test/users", "users").unwrap();
    api.group("/v2").wrap(layer("new")).handle("/x", "x").unwrap();
    mux.handle("/after", "after").unwrap();
    mux.wrap(layer("time"));
    mux.group("").wrap(layer("matched")).handle("/y", "y").unwrap();
    let expected = [
        ("GET /plain", "log(time(plain))"),
        ("/api/open", "log(time(open))"),
        ("GET example.test/api/users", "log(time(auth(users)))"),
        ("/api/v2/x", "log(time(auth(new(x))))"),
        ("/after", "log(time(after))"),
        ("/y", "log(time(matched(y)))"),
    ];
    assert_eq!(routes(&mux), expected);
}

#[test]
fn what_wraps_a_mux_wraps_its_refusals() {
    let refused = |mux: &Mux<Named>, method: &str, target: &str| {
        let mut request = request(method, target);
        let found = mux.dispatch::<_, ()>(&mut request).ok().map(|found| found.0.clone());
        let answer: Response<()> = refuse(&request);
        (found.unwrap_or_default(), answer.status().code())
    };
    let all = |mux: &Mux<Named>, expected: &str| {
        for (method, target, code) in
            [("GET", "/no", 404), ("PUT", "/a/", 405), ("GET", "/a", 307), ("OPTIONS", "*", 400)]
        {
            assert_eq!(refused(mux, method, target), (expected.to_owned(), code), "{target}");
        }
    };
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("GET /a/", "a").unwrap();
    mux.group("/no").wrap(layer("group")).handle("/x", "x").unwrap();
    mux.wrap(layer("one"));
    all(&mux, "one(refuse)");
    mux.wrap(layer("two"));
    all(&mux, "one(two(refuse))");
    mux.otherwise("mine");
    all(&mux, "one(two(mine))");
    mux.wrap(layer("three"));
    all(&mux, "one(two(three(mine)))");
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("GET /a/", "a").unwrap();
    mux.otherwise("early").wrap(layer("late"));
    all(&mux, "late(early)");
}

#[test]
fn a_mux_inside_a_mux_tells_what_it_found_itself() {
    let mut inner: Mux<Named> = Mux::new();
    inner.handle("/found", "found").unwrap();
    let mut request = request("GET", "/found");
    request.refused(Refusal::NotFound);
    inner.dispatch::<_, ()>(&mut request).unwrap();
    assert_eq!((request.pattern(), request.refusal()), (Some("/found"), None));
}

#[test]
fn a_pattern_without_a_path_is_the_prefix_of_its_group() {
    let mut mux: Mux<Named> = Mux::new();
    let mut notes = mux.group("/notes/");
    for pattern in ["", "GET", "POST ", "/", "GET /{$}"] {
        notes.handle(pattern, "x").unwrap();
    }
    notes.group("/{id}").handle("GET", "x").unwrap();
    notes.group("").handle("PUT", "x").unwrap();
    let patterns: Vec<_> = routes(&mux).into_iter().map(|(pattern, _)| pattern).collect();
    assert_eq!(
        patterns,
        ["/notes", "GET /notes", "POST /notes", "/notes/", "GET /notes/{$}", "GET /notes/{id}"]
            .into_iter()
            .chain(["PUT /notes"])
            .collect::<Vec<_>>()
    );
    for (prefix, pattern) in [("", ""), ("", "GET"), ("/", "GET"), ("/notes", "users")] {
        let error = mux.group(prefix).handle(pattern, "x").unwrap_err();
        assert!(matches!(error, InsertError::Parse(_)), "{prefix} {pattern}: {error}");
    }
}

#[test]
fn a_slip_that_makes_a_host_is_told() {
    use crate::router::ParseErrorKind::{MethodInHost, SchemeInHost};
    let mut mux: Mux<Named> = Mux::new();
    for (pattern, kind, part) in [
        ("GET/users", MethodInHost, "GET"),
        ("GET  POST/users", MethodInHost, "POST"),
        ("http://a.test/users", SchemeInHost, "http:"),
        ("GET https://a.test:1/{x}", SchemeInHost, "https:"),
    ] {
        let Err(InsertError::Parse(error)) = mux.handle(pattern, "x") else { panic!("{pattern}") };
        assert_eq!((error.kind(), &pattern[error.span()]), (kind, part), "{pattern}");
        assert!(mux.group("/in").handle(pattern, "x").is_err(), "{pattern}");
    }
    for (at, host) in ["get", "GETS", "a.test:80", "[::1]:80", "a:"].iter().enumerate() {
        mux.handle(&format!("{host}/{at}"), "x").unwrap();
    }
}

#[test]
fn a_prefix_that_is_no_path_is_told() {
    use crate::router::ParseErrorKind::{self, EndNotLast, PrefixWithoutSlash, RestNotLast};
    let fault = |prefixes: &[&str]| -> Option<(ParseErrorKind, String)> {
        let mut mux: Mux<Named> = Mux::new();
        let tried = match *prefixes {
            [one] => mux.group(one).handle("GET /users", "users"),
            [one, two] => mux.group(one).group(two).handle("GET /users", "users"),
            _ => unreachable!(),
        };
        match tried {
            Ok(_) => None,
            Err(InsertError::Parse(error)) => {
                Some((error.kind(), error.pattern()[error.span()].to_owned()))
            }
            Err(error) => panic!("{error}"),
        }
    };
    let unclean = ParseErrorKind::UncleanPath;
    for (prefixes, expected) in [
        (&["api"][..], Some((PrefixWithoutSlash, "api"))),
        (&["api/v1"], Some((PrefixWithoutSlash, "api"))),
        (&["GET /api"], Some((PrefixWithoutSlash, "GET "))),
        (&["a.test/"], Some((PrefixWithoutSlash, "a.test"))),
        (&["{id}"], Some((PrefixWithoutSlash, "{id}"))),
        (&[" /api"], Some((PrefixWithoutSlash, " "))),
        (&["/api", "v1"], Some((PrefixWithoutSlash, "v1"))),
        (&["api", "/v1"], Some((PrefixWithoutSlash, "api"))),
        (&["//"], Some((unclean, "/"))),
        (&["/api//"], Some((unclean, "/"))),
        (&["/a/../b"], Some((unclean, "/.."))),
        (&["/a", "//b"], Some((unclean, "/"))),
        (&["/{$}"], Some((EndNotLast, "{$}"))),
        (&["/{rest...}"], Some((RestNotLast, "{rest...}"))),
        (&["/{id}"], None),
        (&["/"], None),
        (&["", "/v1/"], None),
        (&["/api/", "/v1/"], None),
    ] {
        let expected = expected.map(|(kind, part)| (kind, part.to_owned()));
        assert_eq!(fault(prefixes), expected, "{prefixes:?}");
    }
}

#[test]
fn a_conflict_names_the_place_in_the_program() {
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("/a/{x}", "one").unwrap();
    let error = mux.group("/a").handle("/{y}", "two").unwrap_err();
    assert!(error.to_string().contains("mux/tests.rs"), "{error}");
    assert!(mux.group("/a").handle("nopath", "three").is_err());
}
