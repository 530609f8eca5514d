//! What is said about patterns that do not go together, beyond the random sets.

use super::{conflict, router};
use crate::router::{InsertError, Pattern, Relation, Router};

#[test]
fn a_refused_pattern_leaves_the_router_as_it_was() {
    let mut router = router(&["/a/{x}"]);
    assert!(router.insert("/{y}/b", "refused").is_err());
    assert!(router.insert("/{y", "no pattern").is_err());
    assert_eq!(router.len(), 1);
    assert_eq!(super::answer(&router, "GET", "", "/c/b"), "404");
    router.insert("/c/b", "/c/b").unwrap();
    assert_eq!(super::answer(&router, "GET", "", "/c/b"), "/c/b");
}

#[test]
fn both_sites_are_those_of_the_callers() {
    let mut router = Router::new();
    let first = line!() + 1;
    router.insert("/a", ()).unwrap();
    let error = router.insert("/{$}", ()).and_then(|_| router.insert("/a", ())).unwrap_err();
    let InsertError::Conflict(conflict) = error else { panic!("{error}") };
    assert_eq!(conflict.old_site().line(), first);
    assert_eq!(conflict.new_site().line(), first + 1);
    assert!(conflict.new_site().file().ends_with("conflicts.rs"));
}

#[test]
fn the_first_of_several_conflicting_patterns_is_named() {
    // More than one block of 64, so that blocks are gone through in order.
    let mut router = Router::new();
    for n in 0..200 {
        router.insert(&format!("/r{n}/{{a}}"), n).unwrap();
    }
    let Err(InsertError::Conflict(conflict)) = router.insert("/{b}/x", 200) else { panic!() };
    assert_eq!(conflict.old_pattern().as_str(), "/r0/{a}");
    assert_eq!(conflict.relation(), Relation::Overlaps);
}

#[test]
fn hosts_that_differ_do_not_conflict() {
    assert!(!conflict("a.test/{x}/b", "b.test/a/{y}"));
    assert!(!conflict("/{x}/b", "b.test/a/{y}"));
    assert!(conflict("a.test/{x}/b", "A.TEST./a/{y}"));
}

#[test]
fn get_and_head_relate_as_more_and_fewer_methods() {
    assert!(!conflict("GET /a", "HEAD /a"));
    assert!(conflict("GET /a", "HEAD /{x}"));
    assert!(!conflict("GET /{x}", "HEAD /a"));
    assert!(!conflict("HEAD /", "GET /"));
    assert!(conflict("HEAD /", "/a"));
}

#[test]
fn patterns_far_apart_in_the_numbering_still_conflict() {
    let mut router = Router::new();
    router.insert("/{a}/x/{c}", 0).unwrap();
    for n in 0..1000 {
        router.insert(&format!("h{n}/{{a}}/x/{{c}}"), n).unwrap();
        router.insert(&format!("M{n} /l{n}/x/y"), n).unwrap();
    }
    assert!(router.insert("/{a}/{b}/y", 0).is_err());
    assert!(router.insert("M7 /{a}/{b}/y", 0).is_err());
    assert!(router.insert("h999/q/{b}/y", 0).is_err());
    assert!(router.insert("h1000/q/{b}/y", 0).is_ok());
}

#[test]
fn a_way_out_that_is_offered_is_one() {
    let pairs = [
        ("/posts/{id}/edit", "/posts/latest/{action}"),
        ("/a", "GET /{x}"),
        ("GET /", "/a/b"),
        ("/a/{x...}", "/{y}/b"),
        ("/{x}/{y}/", "/a/"),
    ];
    for (old, new) in pairs {
        let mut router = Router::new();
        router.insert(old, ()).unwrap();
        let error = router.insert(new, ()).unwrap_err().to_string();
        let offered = error.split("help: `").nth(1).and_then(|rest| rest.split('`').next());
        let offered = Pattern::parse(offered.expect("an offer")).unwrap();
        let other = |text| !offered.conflicts_with(&Pattern::parse(text).unwrap());
        assert!(other(old) || other(new), "{offered}");
    }
}
