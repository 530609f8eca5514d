//! For random sets of patterns the router does what a simple idea of it says.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::naive::{METHODS, Naive, all_paths};
use super::told;
use crate::router::{Conflict, InsertError, Pattern, Relation, RouteInput, Router, Witness};

/// A pattern of up to three segments over two letters.
fn pattern() -> impl Strategy<Value = String> {
    let method = select(vec!["", "", "GET ", "HEAD ", "POST "]);
    let host = select(vec!["", "", "", "h"]);
    let segment = select(vec!["a", "b", "{}"]);
    let end = select(vec!["", "", "/", "/{$}", "/{rest...}"]);
    (method, host, vec(segment, 0..=3), end).prop_map(|(method, host, segments, end)| {
        let named = |(at, segment): (usize, &&str)| segment.replace("{}", &format!("{{w{at}}}"));
        let path: String = segments.iter().enumerate().map(|s| format!("/{}", named(s))).collect();
        let end = if segments.is_empty() && end.is_empty() { "/" } else { end };
        format!("{method}{host}{path}{end}")
    })
}

fn parsed(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The relation of two sets, told by their members.
fn by_members<M>(
    members: impl Iterator<Item = M>,
    a: &dyn Fn(&M) -> bool,
    b: &dyn Fn(&M) -> bool,
) -> Relation {
    let (mut both, mut only_a, mut only_b) = (false, false, false);
    for member in members {
        match (a(&member), b(&member)) {
            (true, true) => both = true,
            (true, false) => only_a = true,
            (false, true) => only_b = true,
            (false, false) => {}
        }
    }
    match (both, only_a, only_b) {
        (false, _, _) => Relation::Disjoint,
        (true, false, false) => Relation::Equivalent,
        (true, true, false) => Relation::MoreGeneral,
        (true, false, true) => Relation::MoreSpecific,
        (true, true, true) => Relation::Overlaps,
    }
}

fn check_relation(a: &str, b: &str, paths: &[String]) {
    let (first, second) = (Naive::new(a), Naive::new(b));
    let by_path =
        by_members(paths.iter(), &|path| first.takes_path(path), &|path| second.takes_path(path));
    assert_eq!(parsed(a).path_relation_to(&parsed(b)), by_path, "paths of {a} and {b}");
    let requests = METHODS.iter().flat_map(|method| paths.iter().map(move |path| (*method, path)));
    let whole =
        by_members(requests, &|(method, path)| first.takes(method, path), &|(method, path)| {
            second.takes(method, path)
        });
    assert_eq!(parsed(a).relation_to(&parsed(b)), whole, "{a} and {b}");
    assert_eq!(parsed(b).relation_to(&parsed(a)), whole.inverse(), "{b} and {a}");
}

fn check_witnesses(conflict: &Conflict) {
    let new = Naive::new(conflict.new_pattern().as_str());
    let old = Naive::new(conflict.old_pattern().as_str());
    let check = |witness: &Witness, by_new, by_old| {
        assert_eq!(new.takes(witness.method(), witness.path()), by_new, "{witness}: {conflict}");
        assert_eq!(old.takes(witness.method(), witness.path()), by_old, "{witness}: {conflict}");
    };
    check(conflict.both(), true, true);
    let only = (conflict.only_new(), conflict.only_old());
    match (conflict.relation(), only) {
        (Relation::Equivalent, (None, None)) => {}
        (Relation::Overlaps, (Some(only_new), Some(only_old))) => {
            check(only_new, true, false);
            check(only_old, false, true);
        }
        other => panic!("{other:?}"),
    }
}

/// Registers all that go together; the indexes of those that were accepted.
fn accepted(patterns: &[String]) -> (Router<&str>, Vec<&str>) {
    let mut router = Router::new();
    let mut accepted: Vec<&str> = Vec::new();
    for new in patterns {
        let conflicting = |old: &&str| parsed(old).conflicts_with(&parsed(new));
        let expected = accepted.iter().copied().find(conflicting);
        match (router.insert(new, new.as_str()), expected) {
            (Ok(_), None) => accepted.push(new),
            (Err(InsertError::Conflict(conflict)), Some(old)) => {
                assert_eq!(conflict.old_pattern().as_str(), old, "the first one is named");
                check_witnesses(&conflict);
            }
            (got, expected) => panic!("{new} among {accepted:?}: {got:?}, not {expected:?}"),
        }
    }
    (router, accepted)
}

/// What a request comes to, found by looking at every pattern.
fn by_looking(patterns: &[&str], method: &str, host: &str, path: &str) -> String {
    let here = |host: &str, path: &str| -> Option<String> {
        let fits = |p: &&&str| Naive::new(p).host == host && Naive::new(p).takes(method, path);
        let found: Vec<&&str> = patterns.iter().filter(fits).collect();
        let most_specific = |p: &&&&str| {
            let relation = |other| parsed(p).relation_to(&parsed(other));
            found
                .iter()
                .all(|q| matches!(relation(q), Relation::Equivalent | Relation::MoreSpecific))
        };
        found.iter().find(most_specific).map(ToString::to_string)
    };
    let best = |path: &str| here(host, path).or_else(|| here("", path));
    let exact = |path: &str| best(path).filter(|p| Naive::new(p).takes_exactly(path));
    let slashed = format!("{path}/");
    if let Some(pattern) = exact(path) {
        return pattern;
    }
    if !path.ends_with('/') && exact(&slashed).is_some() {
        return format!("307 {slashed}");
    }
    if let Some(pattern) = best(path) {
        return pattern;
    }
    let others = patterns.iter().map(|p| Naive::new(p)).filter(|p| {
        p.takes_host(host) && (p.takes_path(path) || !path.ends_with('/') && p.takes_path(&slashed))
    });
    let mut allow: Vec<&str> = others.map(|p| p.method).filter(|m| !m.is_empty()).collect();
    allow.extend(allow.contains(&"GET").then_some("HEAD"));
    allow.sort_unstable();
    allow.dedup();
    if allow.is_empty() { "404".into() } else { format!("405 {}", allow.join(", ")) }
}

/// A path with some of its letters percent-encoded.
fn encoded(path: &str, choices: &[bool]) -> String {
    let mut choices = choices.iter().cycle();
    path.chars()
        .map(|c| match (c, choices.next()) {
            ('/', _) | (_, Some(false) | None) => c.to_string(),
            _ => format!("%{:02x}", u32::from(c)),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_relation_is_that_of_the_sets_of_requests(patterns in vec(pattern(), 4)) {
        let paths = all_paths(4);
        for a in &patterns {
            for b in &patterns {
                check_relation(a, b, &paths);
            }
        }
    }

    #[test]
    fn a_pattern_is_refused_if_and_only_if_it_conflicts_with_an_earlier_one(
        patterns in vec(pattern(), 1..120)
    ) {
        accepted(&patterns);
    }

    #[test]
    fn the_order_of_registration_changes_nothing(
        (patterns, shuffled) in vec(pattern(), 1..30)
            .prop_map(|patterns| accepted(&patterns).1.into_iter().map(str::to_owned).collect())
            .prop_flat_map(|kept: Vec<String>| (Just(kept.clone()), Just(kept).prop_shuffle()))
    ) {
        let (first, kept) = accepted(&patterns);
        prop_assert_eq!(kept.len(), patterns.len());
        let (second, kept) = accepted(&shuffled);
        prop_assert_eq!(kept.len(), patterns.len(), "what goes together does so in any order");
        for path in all_paths(3) {
            for method in METHODS {
                for host in ["h", "other"] {
                    let (a, b) = (first.route(method, host, &path), second.route(method, host, &path));
                    prop_assert_eq!(told(&a), told(&b));
                }
            }
        }
    }

    #[test]
    fn two_patterns_are_refused_in_either_order_or_in_none(a in pattern(), b in pattern()) {
        prop_assert_eq!(super::conflict(&a, &b), super::conflict(&b, &a));
    }

    #[test]
    fn routing_agrees_with_looking_at_every_pattern(
        patterns in vec(pattern(), 1..40), choices in vec(any::<bool>(), 1..9)
    ) {
        let (router, kept) = accepted(&patterns);
        for path in all_paths(3) {
            for method in METHODS {
                for host in ["h", "H:80", "other", ""] {
                    let name = if host == "H:80" { "h" } else { host };
                    let expected = by_looking(&kept, method, name, &path);
                    let found = told(&router.route(method, host, &path));
                    let first = |text: &str| text.split(" w").next().map(|t| t.split(" rest").next().map(str::to_owned));
                    prop_assert_eq!(first(&found), first(&expected), "{} {}{} in {:?}", method, host, path, kept);
                    let other = encoded(&path, &choices);
                    let same = told(&router.route(method, host, &other));
                    prop_assert_eq!(same.replace(&other, &path), found, "{}", other);
                }
            }
        }
    }

    #[test]
    fn nothing_that_is_sent_makes_routing_panic(
        patterns in vec(pattern(), 0..20), method in "\\PC{0,8}", host in vec(any::<u8>(), 0..20),
        target in vec(prop_oneof![any::<u8>(), select(b"/.%?*:ab".to_vec())], 0..100)
    ) {
        let (router, _) = accepted(&patterns);
        told(&router.route(&method, &host, &target));
        told(&router.route("CONNECT", &host, &target));
        let input = RouteInput { query: &host, target_host: &target, ..RouteInput::new(&method, &host, &target) };
        told(&router.route_input(input));
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "([GET ]{0,4})[h.{]{0,3}(/[a%2F{}$.é_1]{0,6}){0,4}") {
        match Pattern::parse(&text) {
            Ok(pattern) => prop_assert_eq!(pattern.as_str(), &text),
            Err(error) => {
                prop_assert!(error.span().end <= text.len());
                prop_assert!(error.to_string().lines().count() == 4);
            }
        }
    }
}
