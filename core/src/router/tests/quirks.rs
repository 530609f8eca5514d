//! Where Go is at odds with itself, Purlin does what its own rules say: see
//! `docs/coming-from-go.md`.

use super::{answer, conflict, router, with_options};
use crate::router::RouterOptions;

#[test]
fn an_escaped_slash_alone_is_a_segment_and_no_end_of_the_path() {
    let router = router(&["/{$}", "/{x}", "/d/{y}", "/e/%2F", "/e/{z}"]);
    assert_eq!(answer(&router, "GET", "", "/%2F"), "/{x} x=/");
    assert_eq!(answer(&router, "GET", "", "/d/%2f"), "/d/{y} y=/");
    assert_eq!(answer(&router, "GET", "", "/e/%2f"), "/e/%2F");
    assert_eq!(answer(&router, "GET", "", "/e/%2f%2f"), "/e/{z} z=//");
    assert!(!conflict("/%2F", "/{$}"));
}

#[test]
fn an_empty_segment_in_a_pattern_is_a_literal_beside_wildcards() {
    let router = router(&["/a/{x}/b", "/a//b", "/c//", "/c/{x}/"]);
    assert_eq!(answer(&router, "CONNECT", "", "/a//b"), "/a//b");
    assert_eq!(answer(&router, "CONNECT", "", "/a/q/b"), "/a/{x}/b x=q");
    assert_eq!(answer(&router, "CONNECT", "", "/c//d"), "/c//");
    assert_eq!(answer(&router, "CONNECT", "", "/c/q/d"), "/c/{x}/ x=q");
    assert_eq!(answer(&router, "GET", "", "/a//b"), "307 /a/b");
}

#[test]
fn a_wildcard_that_matches_an_empty_segment_has_an_empty_value() {
    let router = router(&["CONNECT /a/{x}/b/{y}"]);
    assert_eq!(answer(&router, "CONNECT", "", "/a//b/c"), "CONNECT /a/{x}/b/{y} x= y=c");
}

#[test]
fn a_wildcard_never_matches_the_end_of_the_path() {
    let options = RouterOptions { clean_path: false, ..RouterOptions::default() };
    let router = with_options(options, &["/a/{x}", "/b/{x}/c"]);
    assert_eq!(answer(&router, "GET", "", "/a/"), "404");
    assert_eq!(answer(&router, "GET", "", "/b//c"), "/b/{x}/c x=");
}
