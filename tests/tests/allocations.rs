//! Matching a route allocates nothing.

use allocation_counter::measure;
use purlin_core::router::{Routed, Router};
use serde_json::Value;

/// The routes of the benchmark: (method, pattern, path).
fn routes() -> Vec<(String, String, String)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/routing/bench_routes.json");
    let text = std::fs::read_to_string(file).expect("the routes can be read");
    let all: Value = serde_json::from_str(&text).expect("the routes are JSON");
    let field = |route: &Value, name: &str| route[name].as_str().expect("a string").to_owned();
    let read = |r: &Value| (field(r, "method"), field(r, "pattern"), field(r, "path"));
    all["routes"].as_array().expect("a list").iter().map(read).collect()
}

#[test]
fn matching_allocates_nothing() {
    let routes = routes();
    let mut router = Router::new();
    for (number, (_, pattern, _)) in routes.iter().enumerate() {
        router.insert(pattern, number).expect("the routes go together");
    }
    // Escapes, long paths, hosts and methods that fall back need no memory either.
    let long = format!("/long/{}/x", "/é%20".repeat(40).trim_start_matches('/'));
    router.insert("h.test/%C3%A9/{rest...}", 1000).expect("no conflict");
    router.insert("GET /long/{rest...}", 1001).expect("no conflict");
    let others = [
        ("GET", "H.TEST.:8080", "/%c3%a9/a%2Fb/c?q"),
        ("PUT", "h.test", "/é/"),
        ("HEAD", "[::1]:80", long.as_str()),
        ("CONNECT", "h.test", "/é/a"),
    ];
    let requests = routes.iter().map(|(method, _, path)| (&**method, "example.test", &**path));
    let requests: Vec<_> = requests.chain(others).collect();
    let mut found = 0;
    let allocations = measure(|| {
        for (method, host, path) in &requests {
            if let Routed::Found { value, params, .. } = router.route(method, *host, *path) {
                found += usize::from(*value < 2000);
                params.iter().for_each(|param| assert!(!param.name.is_empty()));
                assert!(params.raw("nobody").is_none());
            }
        }
    });
    assert_eq!(found, requests.len());
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn finding_nothing_allocates_nothing() {
    let mut router = Router::new();
    router.insert("GET /a/{x}/b", ()).expect("a pattern");
    let allocations = measure(|| {
        assert!(matches!(router.route("GET", "", "/a/b/c/d"), Routed::NotFound));
        assert!(matches!(router.route("GET", "", "*"), Routed::BadTarget(_)));
    });
    assert_eq!(allocations.count_total, 0);
}
