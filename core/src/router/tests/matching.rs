//! What requests come to, beyond the random sets and the vectors.

use super::{answer, router, with_options};
use crate::router::tree::VISITS;
use crate::router::{Params, Routed, Router, RouterOptions};

#[test]
fn redirects_keep_the_query_and_say_what_will_match() {
    let router = router(&["/a/", "/b"]);
    let Routed::Redirect(to) = router.route("POST", "", "/x/../a?q=1&r") else { panic!() };
    assert_eq!((to.status, to.location.as_str()), (307, "/a/?q=1&r"));
    assert_eq!(to.pattern.map(|pattern| pattern.as_str()), Some("/a/"));
    let Routed::Redirect(to) = router.route("GET", "", "//nowhere") else { panic!() };
    assert_eq!((to.location.as_str(), to.pattern), ("/nowhere", None));
}

#[test]
fn a_location_is_ascii_without_blanks_or_control_bytes() {
    let router = router(&["/{x}/"]);
    let cases: [(&[u8], &str); 6] = [
        ("/é?é".as_bytes(), "/%C3%A9/?%c3%a9"),
        (b"/a\"<>\\^`{|}b", "/a%22%3C%3E%5C%5E%60%7B%7C%7Db/"),
        (b"/a\r\nb: c?d\r\ne", "/a%0D%0Ab:%20c/?d%0d%0ae"),
        (b"/%c3%A9[x]!'()*", "/%c3%A9[x]!'()*/"),
        (b"/a?", "/a/"),
        (b"/a#b", "/a%23b/"),
    ];
    for (target, expected) in cases {
        let Routed::Redirect(to) = router.route("GET", "", target) else { panic!() };
        assert_eq!(to.location, expected);
    }
}

#[test]
fn a_location_never_names_another_host() {
    let options = RouterOptions { clean_path: false, ..RouterOptions::default() };
    let router = with_options(options, &["/{x}/{y}/"]);
    assert_eq!(answer(&router, "GET", "", "//evil.test"), "307 /.//evil.test/");
    assert_eq!(answer(&router, "CONNECT", "", "//evil.test"), "307 /evil.test/");
}

#[test]
fn redirects_can_be_turned_off() {
    let none =
        RouterOptions { clean_path: false, redirect_to_slash: false, ..RouterOptions::default() };
    let router = with_options(none, &["/a/", "PUT /b/", "/{$}", "/c"]);
    assert_eq!(answer(&router, "GET", "", "/a"), "404");
    assert_eq!(answer(&router, "GET", "", "/b"), "404");
    assert_eq!(answer(&router, "GET", "", "/b/"), "405 PUT");
    assert_eq!(answer(&router, "GET", "", "/a/../b"), "/a/");
    assert_eq!(answer(&router, "GET", "", "//c"), "404");
    assert_eq!(answer(&router, "GET", "", "http://h.test"), "/{$}");
}

#[test]
fn a_target_without_a_path_is_a_bad_one() {
    let router = router(&["/"]);
    let bad = ["*", "a", "mailto:x", "a/b", "%", "http:/a", "1://h/a", "/%", "/%4", "/%4x/a"];
    for target in bad {
        assert!(matches!(router.route("GET", "", target), Routed::BadTarget(_)), "{target}");
    }
    assert_eq!(answer(&router, "GET", "", "/?%zz"), "/", "queries are not looked at");
}

#[test]
fn connect_by_authority_has_no_path_and_no_route() {
    let router = router(&["/", "GET /{$}", "CONNECT h.test/x"]);
    assert_eq!(answer(&router, "CONNECT", "", "h.test:443"), "405 GET, HEAD");
    assert_eq!(answer(&router, "CONNECT", "", "h.test"), "405 GET, HEAD");
}

#[test]
fn connect_is_matched_with_its_port() {
    let router = router(&["h.test:80/a", "h.test/a", "/a/../b"]);
    assert_eq!(answer(&router, "CONNECT", "h.test:80", "/a"), "h.test:80/a");
    assert_eq!(answer(&router, "CONNECT", "h.test", "/a"), "h.test/a");
    assert_eq!(answer(&router, "GET", "h.test:80", "/a"), "h.test/a");
    assert_eq!(answer(&router, "CONNECT", "", "/a/../b"), "/a/../b");
}

#[test]
fn long_paths_are_matched_like_short_ones() {
    let mut router = Router::new();
    let long = "x".repeat(70);
    for length in 55..70 {
        let segment = "s".repeat(length);
        router.insert(&format!("/{segment}/{{a}}/{long}/{{b}}/{{c...}}"), length).unwrap();
    }
    for length in 55..70 {
        let target = format!("/{}/1/{long}/2/3/4", "s".repeat(length));
        assert_eq!(answer(&router, "GET", "", &target), format!("{length} a=1 b=2 c=3/4"));
        let escaped = target.replace("/x", "/%78");
        assert_eq!(answer(&router, "GET", "", &escaped), format!("{length} a=1 b=2 c=3/4"));
        let unclean = format!("{target}/../?q");
        assert_eq!(
            answer(&router, "GET", "", &unclean),
            format!("307 {}/?q", &target[..target.len() - 2])
        );
        assert_eq!(answer(&router, "GET", "", &target.replace("xx", "xy")), "404");
    }
}

#[test]
fn a_path_may_have_any_number_of_segments() {
    let deep = 5000;
    let mut router = Router::new();
    let wild: String = (0..deep).map(|n| format!("/{{w{n}}}")).collect();
    router.insert(&format!("{wild}/end"), "wild").unwrap();
    router.insert(&format!("{}/{{last}}", "/a".repeat(deep)), "literal").unwrap_err();
    router.insert(&format!("{}/{{last}}/x", "/a".repeat(deep)), "literal").unwrap();
    let path = "/a".repeat(deep);
    let target = format!("{path}/end");
    let Routed::Found { value, params, .. } = router.route("GET", "", &target) else { panic!() };
    assert_eq!(*value, "wild");
    assert_eq!(params.get("w4999").as_deref(), Some("a"));
    assert_eq!(answer(&router, "GET", "", &format!("{path}/end/x")), "literal last=end");
    assert_eq!(answer(&router, "GET", "", &format!("{path}/end/y")), "404");
    assert!(format!("{router:#}").lines().count() > 2 * deep);
}

/// All patterns of `a` and `{x}` of one length, told apart by what stands last.
fn every_choice(depth: usize) -> Router<usize> {
    let mut router = Router::new();
    for number in 0..1 << depth {
        let choice = |place: usize| match number >> place & 1 {
            0 => "/a".to_owned(),
            _ => format!("/{{w{place}}}"),
        };
        let path: String = (0..depth).map(choice).collect();
        router.insert(&format!("{path}/r{number}"), number).unwrap();
    }
    router
}

#[test]
fn a_search_comes_to_each_node_once_at_most() {
    let router = every_choice(10);
    let nodes = router.tree.nodes.len();
    let target = "/a".repeat(10);
    for (target, expected) in [
        (format!("{target}/r1023"), true),
        (format!("{target}/nothing"), false),
        (format!("{target}/a/a/a"), false),
    ] {
        VISITS.set(0);
        let found = matches!(router.route("GET", "", &target), Routed::Found { .. });
        assert_eq!(found, expected);
        // The path, and the path with a slash.
        assert!(VISITS.get() <= 2 * nodes, "{} visits to {nodes} nodes", VISITS.get());
    }
}

#[test]
fn parameters_outlive_the_router_if_the_pattern_is_kept() {
    let (pattern, path) = {
        let router = router(&["GET /users/{id}/{rest...}"]);
        let target = b"/users/7/a/b".to_vec();
        let Routed::Found { pattern, .. } = router.route("GET", "", &target) else { panic!() };
        (std::sync::Arc::clone(pattern), target.clone())
    };
    let params = Params::new(&pattern, &path);
    assert_eq!(params.get("id").as_deref(), Some("7"));
    assert_eq!(params.get("rest").as_deref(), Some("a/b"));
    assert_eq!(format!("{params:?}"), r#"{"id": "7", "rest": "a/b"}"#);
}

#[test]
fn values_that_are_not_utf_8_are_given_as_bytes() {
    let router = router(&["/{x}"]);
    let Routed::Found { params, .. } = router.route("GET", "", "/a%ffb") else { panic!() };
    assert_eq!(params.bytes("x").as_deref(), Some(&b"a\xffb"[..]));
    assert_eq!(params.get("x").as_deref(), Some("a\u{fffd}b"));
    assert_eq!(params.raw("x"), Some(&b"a%ffb"[..]));
}

#[test]
fn a_router_is_shared_by_threads_without_a_lock() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    shared(&router(&["/"]));
}

#[test]
fn a_clone_grows_while_the_router_serves() {
    let serving = router(&["/a"]);
    let mut next = serving.clone();
    next.insert("/b", "/b").unwrap();
    assert_eq!(answer(&serving, "GET", "", "/b"), "404");
    assert_eq!(answer(&next, "GET", "", "/b"), "/b");
}
