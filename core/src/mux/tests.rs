use super::*;
use crate::head::Method;
use crate::machine::BodyLength;
use crate::message::Content;

/// A handler that is only a name, and the layers around it.
#[derive(Debug, PartialEq)]
struct Named(String);

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

#[test]
fn groups_prefix_and_wrap_what_is_theirs() {
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("GET /plain", "plain").unwrap();
    mux.wrap(layer("log"));
    let mut api = mux.group("/api/");
    api.wrap(layer("auth"));
    api.handle("GET example.test/users", "users").unwrap();
    api.group("/v2").wrap(layer("new")).handle("/x", "x").unwrap();
    mux.handle("/after", "after").unwrap();
    let names: Vec<_> = mux
        .router()
        .routes()
        .map(|(_, r)| (r.pattern().as_str().to_owned(), r.value().0.clone()))
        .collect();
    let expected = [
        ("GET /plain", "plain"),
        ("GET example.test/api/users", "log(auth(users))"),
        ("/api/v2/x", "log(auth(new(x)))"),
        ("/after", "log(after)"),
    ];
    assert_eq!(names, expected.map(|(pattern, name)| (pattern.to_owned(), name.to_owned())));
}

#[test]
fn a_conflict_names_the_place_in_the_program() {
    let mut mux: Mux<Named> = Mux::new();
    mux.handle("/a/{x}", "one").unwrap();
    let error = mux.group("/a").handle("/{y}", "two").unwrap_err();
    assert!(error.to_string().contains("mux/tests.rs"), "{error}");
    assert!(mux.group("/a").handle("nopath", "three").is_err());
}
