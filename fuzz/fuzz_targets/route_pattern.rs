//! Any text is a pattern or an error that points into it; a pattern conflicts with itself, and matches what it says it matches.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::router::{InsertError, Pattern, Relation, Router, Segment};

fuzz_target!(|text: &str| {
    match Pattern::parse(text) {
        Ok(pattern) => check_pattern(text, &pattern),
        Err(error) => {
            assert!(text.get(error.span()).is_some(), "{:?} is not in the text", error.span());
            assert_eq!(error.to_string().lines().count(), 4);
        }
    }
});

fn check_pattern(text: &str, pattern: &Pattern) {
    assert_eq!(pattern.as_str(), text);
    assert!(text.ends_with(&format!("{}{}", pattern.host(), pattern.path())));
    assert_eq!(pattern.segments().len(), pattern.path().matches('/').count());
    let names = pattern.segments().filter_map(Segment::name);
    assert!(names.eq(pattern.names()));

    let mut router = Router::new();
    assert!(router.insert(text, ()).is_ok());
    let Err(InsertError::Conflict(conflict)) = router.insert(text, ()) else {
        panic!("the same pattern twice")
    };
    assert_eq!(conflict.relation(), Relation::Equivalent);
    assert!(conflict.to_string().contains("help: "));
    assert!(conflict.both().path().starts_with('/'));
}
