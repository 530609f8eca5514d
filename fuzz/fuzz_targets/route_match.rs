//! Registered patterns never conflict, the order of registration changes no answer, and an answer is one that can be sent.
//!
//! The input is text: a line each for method, host and target, then a pattern on each line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::router::{InsertError, Routed, Router, RouterOptions};

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|&b| b == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (method, host, target) = (next(), next(), next());
    let Ok(method) = std::str::from_utf8(method) else { return };
    let patterns: Vec<&str> = lines.filter_map(|line| std::str::from_utf8(line).ok()).collect();
    for options in all_options() {
        check(options, &patterns, method, host, target);
    }
});

fn all_options() -> impl Iterator<Item = RouterOptions> {
    (0..8).map(|bits| RouterOptions {
        clean_path: bits & 1 == 0,
        redirect_to_slash: bits & 2 == 0,
        go121: bits & 4 != 0,
        ..RouterOptions::default()
    })
}

fn check(options: RouterOptions, patterns: &[&str], method: &str, host: &[u8], target: &[u8]) {
    let mut router = Router::with_options(options);
    let mut kept: Vec<&str> = Vec::new();
    for pattern in patterns {
        match router.insert(pattern, *pattern) {
            Ok(_) => kept.push(pattern),
            Err(InsertError::Conflict(conflict)) => {
                assert!(kept.contains(&conflict.old_pattern().as_str()));
                assert!(conflict.to_string().contains("both match"));
            }
            Err(_) => {}
        }
    }
    let mut backwards = Router::with_options(options);
    for pattern in kept.iter().rev() {
        assert!(backwards.insert(pattern, *pattern).is_ok(), "{pattern} goes with the others");
    }
    let answer = told(&router.route(method, host, target));
    assert_eq!(answer, told(&backwards.route(method, host, target)));
}

/// The answer as text; one that could not be sent is a failure.
fn told(routed: &Routed<'_, &str>) -> String {
    match routed {
        Routed::Found { value, pattern, params, .. } => {
            assert_eq!(pattern.as_str(), **value);
            params.iter().for_each(|param| drop(param.text()));
            format!("{value} {params:?}")
        }
        Routed::Redirect(to) => {
            assert!(to.location.bytes().all(|b| b.is_ascii_graphic()));
            assert!(to.location.starts_with('/') && !to.location.starts_with("//"));
            to.location.clone()
        }
        Routed::MethodNotAllowed(allow) => {
            assert!(!allow.methods().is_empty());
            allow.to_string()
        }
        Routed::NotFound => "not found".into(),
        Routed::BadTarget(why) => why.to_string(),
    }
}
