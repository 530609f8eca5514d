//! What an explanation looks like, to the character.

use crate::router::Router;

/// The explanation, without the places in this file.
fn drawn(old: &str, new: &str) -> String {
    let mut router = Router::new();
    router.insert(old, ()).unwrap();
    let error = router.insert(new, ()).unwrap_err().to_string();
    let line = |line: &str| line.split("  at ").next().unwrap_or_default().trim_end().to_owned();
    error.lines().map(|l| line(l) + "\n").collect()
}

#[test]
fn paths_that_overlap() {
    let expected = "\
these routes conflict: both match some requests, and neither is more specific
  new  GET /posts/latest/{action}
                  ------ narrower than `{id}`
                         ^^^^^^^^ wider than `edit`
  old  GET /posts/{id}/edit
                  ^^^^ wider than `latest`
                       ---- narrower than `{action}`
  both match  GET /posts/latest/edit
  only new    GET /posts/latest/action
  only old    GET /posts/id/edit
  help: `GET /posts/latest/by-action/{action}` would not conflict; \
a third route for GET /posts/latest/edit would not help
";
    assert_eq!(drawn("GET /posts/{id}/edit", "GET /posts/latest/{action}"), expected);
}

#[test]
fn methods_against_paths() {
    let expected = "\
these routes conflict: both match some requests, and neither is more specific
  new  GET h.test/{x}
       --- narrower than every method
                  ^^^ wider than `a`
  old  h.test/a
       ^ wider than `GET`: it takes every method
              - narrower than `{x}`
  both match  GET h.test/a
  only new    GET h.test/x
  only old    POST h.test/a
  help: `GET h.test/a` would not conflict; a third route for GET h.test/a would not help
";
    assert_eq!(drawn("h.test/a", "GET h.test/{x}"), expected);
}

#[test]
fn what_takes_all_that_follows() {
    let expected = "\
these routes conflict: both match some requests, and neither is more specific
  new  /{x}/b/c
        ^^^ wider than `a`
            --- narrower than `/`
  old  /a/
        - narrower than `{x}`
         ^ wider than `b/c`
  both match  GET /a/b/c
  only new    GET /x/b/c
  only old    GET /a/
  help: `/by-x/{x}/b/c` would not conflict; a third route for GET /a/b/c would not help
";
    assert_eq!(drawn("/a/", "/{x}/b/c"), expected);
}

#[test]
fn patterns_that_match_the_same() {
    let expected = "\
these routes conflict: both match the same requests
  new  /{名}/
  old  /{b}/
  both match  GET /%E5%90%8D/
  help: keep one of them; the names of wildcards make no difference
";
    assert_eq!(drawn("/{b}/", "/{名}/"), expected);
}
