//! Which host a request is for.

use super::{answer, router};
use crate::router::host::without_port;

#[test]
fn case_and_a_dot_at_the_end_make_no_difference() {
    let router = router(&["Example.COM/a", "b.test./a", "/a"]);
    for host in ["example.com", "EXAMPLE.com", "example.com.", "example.com.:8080"] {
        assert_eq!(answer(&router, "GET", host, "/a"), "Example.COM/a", "{host}");
    }
    assert_eq!(answer(&router, "GET", "B.test", "/a"), "b.test./a");
    for host in ["", ".", "example.com..", "xexample.com", "é.test"] {
        assert_eq!(answer(&router, "GET", host, "/a"), "/a", "{host}");
    }
}

#[test]
fn a_port_is_taken_off_as_go_does_it() {
    let cases = [
        ("h", "h"),
        ("h:80", "h"),
        ("h:", "h"),
        (":80", ""),
        ("[::1]:80", "::1"),
        ("[::1]", "[::1]"),
        ("::1", "::1"),
        ("a:b:c", "a:b:c"),
        ("[::1]x:80", "[::1]x:80"),
        ("[::1:80", "[::1:80"),
        ("a]:80", "a]:80"),
        ("[a[]:80", "[a[]:80"),
    ];
    for (host, expected) in cases {
        assert_eq!(without_port(host.as_bytes()), expected.as_bytes(), "{host}");
    }
}

#[test]
fn a_host_before_a_path_wins_over_none() {
    let router = router(&["h.test/{x...}", "/a/b"]);
    assert_eq!(answer(&router, "GET", "h.test", "/a/b"), "h.test/{x...} x=a/b");
    assert_eq!(answer(&router, "GET", "g.test", "/a/b"), "/a/b");
}

#[test]
fn a_request_falls_back_to_patterns_without_a_host() {
    let router = router(&["POST h.test/a", "GET /a", "h.test/only"]);
    assert_eq!(answer(&router, "GET", "h.test", "/a"), "GET /a");
    assert_eq!(answer(&router, "PUT", "h.test", "/a"), "405 GET, HEAD, POST");
    assert_eq!(answer(&router, "PUT", "g.test", "/a"), "405 GET, HEAD");
}

#[test]
fn a_target_that_names_a_host_is_routed_by_it() {
    let router = router(&["h.test/a", "/a", "h.test/"]);
    assert_eq!(answer(&router, "GET", "other", "http://h.test/a?q"), "h.test/a");
    assert_eq!(answer(&router, "GET", "other", "HTTPS://user:pw@H.test:443/a"), "h.test/a");
    assert_eq!(answer(&router, "GET", "h.test", "http://other/a"), "/a");
    assert_eq!(answer(&router, "GET", "h.test", "http:///a"), "h.test/a");
    assert_eq!(answer(&router, "GET", "h.test", "http://h.test?q"), "307 /?q");
}
