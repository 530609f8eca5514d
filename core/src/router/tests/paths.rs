//! What a pass over a path finds out is what a slow look at it finds.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::router::path::{clean, escapes_are_valid, find, needs_cleaning, scan};

fn path() -> impl Strategy<Value = Vec<u8>> {
    let piece = select(vec!["a", "/", "/", ".", "..", "%2F", "?", "$", "bcdefgh", "é", "\0", ">"]);
    vec(piece, 0..60).prop_map(|pieces| format!("/{}", pieces.concat()).into_bytes())
}

fn check(text: &[u8], end: usize, scan: crate::router::path::Scan) {
    let path = &text[..end];
    assert_eq!(scan.end, end);
    assert_eq!(scan.escaped, path.contains(&b'%'));
    assert_eq!(scan.unclean, clean(path) != path);
    for at in 0..64 {
        let ends = path.get(at) == Some(&b'/') || at == end;
        assert_eq!(scan.ends >> at & 1 == 1, ends, "byte {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_pass_finds_what_a_slow_look_finds(text in path()) {
        let query = text.iter().position(|&b| b == b'?').unwrap_or(text.len());
        check(&text, query, scan::<true>(&text));
        check(&text, text.len(), scan::<false>(&text));
        prop_assert_eq!(find(&text, b'?'), query);
    }

    #[test]
    fn cleaning_once_is_enough(text in path()) {
        let once = clean(&text);
        prop_assert!(!needs_cleaning(&once));
        prop_assert_eq!(clean(&once), once);
    }
}

#[test]
fn cleaning_is_that_of_go() {
    let cases = [
        ("", "/"),
        ("/", "/"),
        ("//", "/"),
        ("/a//b", "/a/b"),
        ("/a/.", "/a"),
        ("/a/./", "/a/"),
        ("/a/..", "/"),
        ("/a/../", "/"),
        ("/../a", "/a"),
        ("/a/b/../../../c/", "/c/"),
        ("/...", "/..."),
        ("/a/%2e%2e/b", "/a/%2e%2e/b"),
    ];
    for (path, expected) in cases {
        assert_eq!(clean(path.as_bytes()), expected.as_bytes(), "{path}");
    }
}

#[test]
fn an_escape_has_two_hexadecimal_digits() {
    for good in ["", "/a", "/%2f%2F%00", "%ff"] {
        assert!(escapes_are_valid(good.as_bytes()), "{good}");
    }
    for bad in ["%", "/%2", "/%zz", "/%%20", "/%2g", "/%20%"] {
        assert!(!escapes_are_valid(bad.as_bytes()), "{bad}");
    }
}
