//! Errors in patterns point at what is wrong.

use crate::router::ParseErrorKind as Kind;
use crate::router::Pattern;

#[test]
fn errors_point_at_the_bytes_that_are_wrong() {
    let cases = [
        ("", Kind::Empty, ""),
        ("GE(T /a", Kind::BadMethod, "GE(T"),
        ("GET", Kind::MissingSlash, ""),
        ("GET   a{x}/", Kind::BraceInHost, "{"),
        ("GET /a/../b", Kind::UncleanPath, "/.."),
        ("GET /a//b", Kind::UncleanPath, "/"),
        ("/a{x}", Kind::WildcardNotWhole, "{"),
        ("/{x}a", Kind::WildcardNotClosed, ""),
        ("/{$}/a", Kind::EndNotLast, "{$}"),
        ("/{a...}/b", Kind::RestNotLast, "{a...}"),
        ("/a/{}", Kind::EmptyName, "{}"),
        ("/{...}", Kind::EmptyName, "{...}"),
        ("/{a-b}", Kind::BadName, "a-b"),
        ("/é/{1}", Kind::BadName, "1"),
        ("/{ⅷ}", Kind::BadName, "ⅷ"),
        ("/{a}/{b}/{a...}", Kind::DuplicateName, "a"),
    ];
    for (text, kind, part) in cases {
        let error = Pattern::parse(text).unwrap_err();
        assert_eq!(error.kind(), kind, "{text}");
        assert_eq!(&text[error.span()], part, "{text}");
        assert_eq!(error.offset(), error.span().start);
        assert_eq!(error.pattern(), text);
    }
}

#[test]
fn of_two_equal_names_the_later_one_is_wrong() {
    let error = Pattern::parse("/{b}/{a}/{b}/{a}").unwrap_err();
    assert_eq!(error.span(), 10..11);
}

#[test]
fn the_caret_stands_under_the_character_that_is_wrong() {
    let error = Pattern::parse("/日本/{x").unwrap_err();
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines[1], "  /日本/{x");
    assert_eq!(lines[2], "        ^");
}

#[test]
fn letters_and_digits_are_those_of_go() {
    let good = ["a", "_", "é", "名", "a1", "a٣", "ªb", "𐐀", "ǅ"];
    let bad = ["1", "٣", "ⅷ", "Ⓐ", "\u{345}", "℘", "a²", "a-b", "a b", "½"];
    let name = |name: &str| Pattern::parse(&format!("/{{{name}}}")).is_ok();
    for text in good {
        assert!(name(text), "{text}");
    }
    for text in bad {
        assert!(!name(text), "{text}");
    }
}

#[test]
fn blanks_after_the_method_may_be_many_or_alone() {
    for (text, method) in [("GET  \t /a", Some("GET")), (" /a", None), ("\t/a", None)] {
        let pattern: Pattern = text.parse().unwrap();
        assert_eq!((pattern.method(), pattern.host(), pattern.path()), (method, "", "/a"));
    }
}
