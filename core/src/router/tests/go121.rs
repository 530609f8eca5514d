//! The rules before Go 1.22, beyond the vectors.

use super::{answer, with_options};
use crate::router::{InsertError, Relation, Router, RouterOptions};

fn go121() -> RouterOptions {
    RouterOptions { go121: true, ..RouterOptions::default() }
}

#[test]
fn the_longest_beginning_wins() {
    let router = with_options(go121(), &["/", "/a/", "/a/b", "/a/b/c/", "h.test/a/"]);
    assert_eq!(answer(&router, "GET", "", "/a/b"), "/a/b");
    assert_eq!(answer(&router, "GET", "", "/a/b/c"), "301 /a/b/c/");
    assert_eq!(answer(&router, "GET", "", "/a/b/d"), "/a/");
    assert_eq!(answer(&router, "PUT", "H.test:80", "/a/b"), "h.test/a/");
    assert_eq!(answer(&router, "GET", "h.test", "/x"), "/");
}

#[test]
fn braces_and_methods_are_text() {
    let router = with_options(go121(), &["/{x}", "GET /a"]);
    assert_eq!(answer(&router, "GET", "", "/%7Bx%7D"), "/{x}");
    assert_eq!(answer(&router, "GET", "", "/a"), "404");
    assert_eq!(answer(&router, "GET", "", "/b"), "404");
}

#[test]
fn the_same_text_twice_is_a_conflict() {
    let mut router = Router::with_options(go121());
    router.insert("h.test/a", ()).unwrap();
    router.insert("/a", ()).unwrap();
    let Err(InsertError::Conflict(conflict)) = router.insert("h.test/a", ()) else { panic!() };
    assert_eq!(conflict.relation(), Relation::Equivalent);
    assert_eq!(conflict.both().to_string(), "GET h.test/a");
    assert!(matches!(router.insert("", ()), Err(InsertError::Parse(_))));
}

#[test]
fn redirects_can_be_turned_off() {
    let options =
        RouterOptions { clean_path: false, redirect_to_slash: false, go121: true, _more: () };
    let router = with_options(options, &["/a/", "/b"]);
    assert_eq!(answer(&router, "GET", "", "/a"), "404");
    assert_eq!(answer(&router, "GET", "", "/a//b"), "/a/");
    assert_eq!(answer(&router, "GET", "", "/../b"), "404");
}
