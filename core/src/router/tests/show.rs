//! Routers as lists, trees and graphs.

use super::{router, with_options};
use crate::router::RouterOptions;

const PATTERNS: [&str; 9] = [
    "/",
    "GET /users/{id}",
    "PUT /users/{id}",
    "/users/{id}/files/{path...}",
    "GET /users/me",
    "/{$}",
    "GET h.test/a",
    "/b/",
    "/b/{$}",
];

#[test]
fn the_list_is_in_the_order_of_registration() {
    assert_eq!(router(&PATTERNS).to_string().lines().collect::<Vec<_>>(), PATTERNS);
}

#[test]
fn the_tree_shows_methods_and_places() {
    let tree = format!("{:#}", router(&PATTERNS));
    let place = |line: &str| line.matches(" at core/src/router/tests/mod.rs:").count();
    assert_eq!(tree.lines().map(place).sum::<usize>(), PATTERNS.len());
    let lines: Vec<&str> = tree.lines().map(|l| l.split(" at ").next().unwrap()).collect();
    let expected = [
        "every host",
        "├─ /{$}  every method",
        "├─ /b",
        "│  ├─ /{$}  every method",
        "│  └─ /  every method",
        "├─ /users",
        "│  ├─ /me  GET",
        "│  └─ /{id}  GET",
        "│     └─ /files",
        "│        └─ /{path...}  every method",
        "└─ /  every method",
        "h.test",
        "└─ /a  GET",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn the_graph_has_an_edge_into_all_but_the_first_nodes() {
    let graph = router(&PATTERNS).dot().to_string();
    let nodes = graph.matches("[label=").count();
    assert_eq!(graph.matches(" -> ").count(), nodes - 2, "{graph}");
    assert!(graph.contains(r#"label="/{id}", style=bold, tooltip="GET at "#), "{graph}");
}

#[test]
fn before_go_1_22_there_is_a_list_and_no_tree() {
    let options = RouterOptions { go121: true, ..RouterOptions::default() };
    assert_eq!(format!("{:#}", with_options(options, &["/b", "/a/"])), "/b\n/a/\n");
}
