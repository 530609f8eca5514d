use super::{Url, UrlProblem};
use proptest::prelude::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn problem(text: &str) -> UrlProblem {
    Url::parse(text).expect_err(text).problem()
}

#[test]
fn parts_are_found() {
    let full = url("HTTPS://me%40x:p%3Aw@Example.test:8443/a/b?c=d?e#f?g");
    assert_eq!((full.scheme(), full.host(), full.port()), ("https", "Example.test", Some(8443)));
    assert_eq!((full.path(), full.query(), full.fragment()), ("/a/b", Some("c=d?e"), Some("f?g")));
    assert_eq!(full.user().as_deref(), Some(&b"me@x"[..]));
    assert_eq!(full.password().as_deref(), Some(&b"p:w"[..]));
    assert_eq!((&*full.authority(), &*full.target()), ("Example.test:8443", "/a/b?c=d?e"));
    assert_eq!(full.without_userinfo().as_str(), "https://Example.test:8443/a/b?c=d?e#f?g");
    assert_eq!(full.without_fragment().fragment(), None);

    let bare = url("http://a");
    assert_eq!((bare.path(), bare.query(), bare.fragment(), bare.user()), ("", None, None, None));
    assert_eq!((&*bare.target(), bare.port_or_default()), ("/", 80));
    assert_eq!(url("http://a?q").target(), "/?q");
    assert_eq!(url("http://a/?").target(), "/?");
    assert_eq!(url("http://a:/y").authority(), "a");
    assert_eq!(url("http://@a/").user().as_deref(), Some(&b""[..]));
    assert_eq!(url("http://u@a/").password(), None);
    assert_eq!(url("http://u:@a/").password().as_deref(), Some(&b""[..]));
    assert_eq!(url("unix:///run/x.sock").path(), "/run/x.sock");
    assert_eq!((url("mailto:a@b").host(), url("mailto:a@b").path()), ("", "a@b"));
}

#[test]
fn addresses_keep_their_brackets_only_where_they_belong() {
    let address = url("http://[fe80::1%25eth0]:81/");
    assert_eq!(
        (address.host(), address.zone(), address.port()),
        ("fe80::1", Some("eth0"), Some(81))
    );
    assert_eq!(address.authority(), "[fe80::1]:81");
    assert_eq!(address.as_str(), "http://[fe80::1%25eth0]:81/");
    assert_eq!(address.origin().as_str(), "http://[fe80::1%25eth0]:81");
    assert_eq!(url("http://[::1]").origin().as_str(), "http://[::1]:80");
    assert_eq!(url("http://[::1]").authority(), "[::1]");
}

#[test]
fn a_password_is_never_shown() {
    let secret = url("http://u:secret@a/");
    assert_eq!(secret.redacted(), "http://u:***@a/");
    assert_eq!(format!("{secret:?}"), "http://u:***@a/");
    for text in ["http://u:secret@a b/", "http://u:sec<ret@a/", "http://u:secret@[x/"] {
        assert!(!Url::parse(text).unwrap_err().to_string().contains("sec"), "{text}");
    }
}

#[test]
fn origins_disregard_case_and_default_ports() {
    for (a, b, same) in [
        ("http://a", "http://A:80/x", true),
        ("https://a", "https://a:443", true),
        ("http://a", "https://a", false),
        ("http://a", "http://a:81", false),
        ("http://a", "http://a.", false),
        ("http://u:p@a", "http://a", true),
        ("http://[::1]", "http://[::1]:80", true),
        ("http://[fe80::1%25a]", "http://[fe80::1%25b]", false),
    ] {
        assert_eq!(url(a).same_origin(&url(b)), same, "{a} {b}");
        assert_eq!(url(a).origin() == url(b).origin(), same, "{a} {b}");
    }
}

#[test]
fn what_may_not_stand_raw_is_escaped() {
    for (given, kept) in [
        ("http://a/b c", "http://a/b%20c"),
        ("http://a/é", "http://a/%C3%A9"),
        ("http://a/\\<>\"`{}|^", "http://a/%5C%3C%3E%22%60%7B%7D%7C%5E"),
        ("http://a/!$&'()*+,;=:@~", "http://a/!$&'()*+,;=:@~"),
        ("http://a/[x]?[y]#[z]", "http://a/%5Bx%5D?[y]#[z]"),
        ("http://a/#50%", "http://a/#50%25"),
        ("http://a/?50%#%zz%4%41", "http://a/?50%25#%25zz%254%41"),
        ("http://a#\u{1}\r\n\u{7f}\"#", "http://a#%01%0D%0A%7F%22%23"),
        ("http://a/?b c&d=100%&é=[{|}]^\"", "http://a/?b%20c&d=100%25&%C3%A9=[{|}]^%22"),
        ("http://a/%2f%zz", ""),
        ("http://a/#é %41", "http://a/#%C3%A9%20%41"),
        ("http://u@v:w@a/", "http://u%40v:w@a/"),
    ] {
        match Url::parse(given) {
            Ok(url) => assert_eq!(url.as_str(), kept),
            Err(error) => assert_eq!((error.problem(), kept), (UrlProblem::BadEscape, "")),
        }
    }
    assert_eq!(url("http://a").join(b"/\xe9").unwrap().as_str(), "http://a/%E9");
}

#[test]
fn what_is_wrong_is_named() {
    for (text, wrong) in [
        ("", UrlProblem::NoScheme),
        ("a.com", UrlProblem::NoScheme),
        ("//a.com/", UrlProblem::NoScheme),
        (":x", UrlProblem::NoScheme),
        (" http://a", UrlProblem::ColonInFirstSegment),
        ("1:2", UrlProblem::ColonInFirstSegment),
        ("http:", UrlProblem::NoHost),
        ("http:y", UrlProblem::NoHost),
        ("http:///y", UrlProblem::NoHost),
        ("http://:80/", UrlProblem::NoHost),
        ("http://u@/", UrlProblem::NoHost),
        ("http://a b/", UrlProblem::BadHost),
        ("http://a%20b/", UrlProblem::BadHost),
        ("http://bücher.test/", UrlProblem::NotAscii),
        ("http://[::1", UrlProblem::BadAddress),
        ("http://[a]/", UrlProblem::BadAddress),
        ("http://[::1%eth0]/", UrlProblem::BadAddress),
        ("http://[::1%25]/", UrlProblem::BadAddress),
        ("http://[::1]x/", UrlProblem::BadPort),
        ("http://::1/", UrlProblem::BadPort),
        ("http://a:port/", UrlProblem::BadPort),
        ("http://a:-1/", UrlProblem::BadPort),
        ("http://a:65536/", UrlProblem::BadPort),
        ("http://a:80:80/", UrlProblem::BadPort),
        ("http://u<:p@a/", UrlProblem::BadUserinfo),
        ("http://u%:p@a/", UrlProblem::BadEscape),
        ("http://a/%4", UrlProblem::BadEscape),
        ("http://a/\n#", UrlProblem::ControlByte),
        ("http://a/\n", UrlProblem::ControlByte),
        ("http://a/?\u{7f}", UrlProblem::ControlByte),
    ] {
        assert_eq!(problem(text), wrong, "{text}");
    }
    assert_eq!(Url::parse("http://a/b%zz").unwrap_err().at(), 10);
    assert_eq!(url("http://a/x/y").join("b/%zz").unwrap_err().at(), 2);
    assert_eq!(problem(&format!("http://a/{}", "x".repeat(65_536))), UrlProblem::TooLong);
    let long = url(&format!("http://a/#{}", "x".repeat(100_000)));
    assert_eq!((&*long.target(), long.fragment().unwrap().len()), ("/", 100_000));
}

#[test]
fn references_resolve_as_in_rfc_3986_section_5_4() {
    let base = url("http://a/b/c/d;p?q");
    for (reference, target) in [
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g#s/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
    ] {
        assert_eq!(base.join(reference).unwrap().as_str(), target, "{reference}");
    }
    // "for strict parsers" it is `http:g`, which has no host.
    assert_eq!(base.join("http:g").unwrap_err().problem(), UrlProblem::NoHost);
}

#[test]
fn references_resolve_as_go_has_it() {
    for (base, reference, target) in [
        ("http://a", "y", "http://a/y"),
        ("http://a?q", "", "http://a?q"),
        ("http://a/b#f", "", "http://a/b#f"),
        ("http://a/b#f", "?q", "http://a/b?q"),
        ("http://a/b?q", "//", "http://a/b?q"),
        ("http://a/b", "///y", "http://a///y"),
        ("http://u:p@a/b", "c", "http://u:p@a/c"),
        ("http://u:p@a/b", "//c", "http://c"),
        ("http://a/b", "http://c/../y", "http://c/y"),
        ("http://a/b", "/c/./d/../e", "http://a/c/e"),
        ("http://a/b", "?", "http://a/b?"),
        ("http://a/b", "#50%", "http://a/b#50%25"),
        ("http://a/b", "c#\t", "http://a/c#%09"),
        ("http://a/[b]/c", "d[e]?[f]", "http://a/%5Bb%5D/d%5Be%5D?[f]"),
        ("http://a/b/", "*", "http://a/b/*"),
        ("foo:/a", "/.//b", "foo:/.//b"),
    ] {
        assert_eq!(url(base).join(reference).unwrap().as_str(), target, "{base} {reference}");
    }
}

/// Texts that are often URLs.
fn text() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(vec![
        "http://",
        "https:",
        "foo:",
        "//",
        "/",
        "a",
        "B.test",
        ":80",
        ":",
        "@",
        "u:p@",
        "[::1]",
        "[",
        "]",
        "#",
        "\n",
        "[fe80::1%25e]",
        "?",
        "#",
        "%41",
        "%",
        ".",
        "..",
        "/./",
        "/../",
        " ",
        "é",
        "{",
        "\\",
        "~",
    ]);
    (prop::bool::ANY, prop::collection::vec(bits, 0..9)).prop_map(|(whole, bits)| {
        format!("{}{}", if whole { "http://h" } else { "" }, bits.concat())
    })
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_the_same(base in text(), reference in text()) {
        let Ok(base) = Url::parse(&base) else { return Ok(()) };
        prop_assert_eq!(&Url::parse(base.as_str()), &Ok(base.clone()));
        prop_assert!(base.without_userinfo().user().is_none());
        if base.is_http() {
            let head = crate::RequestHead::new(crate::Method::GET, &base.target());
            prop_assert!(head.is_ok(), "{}", base);
        }
        let Ok(joined) = base.join(&reference) else { return Ok(()) };
        prop_assert_eq!(&Url::parse(joined.as_str()), &Ok(joined.clone()));
        prop_assert_eq!(&base.join(joined.as_str()), &Ok(joined.clone()));
        prop_assert!(!joined.is_http() || !joined.path().contains("/../"), "{}", joined);
    }
}

#[test]
fn the_short_way_and_the_careful_one_find_the_same() {
    for text in [
        "http://a.test",
        "https://a.test:8443/b/c?d=e&f",
        "http://a:1?q",
        "http://a:80/",
        "http://a/?",
        "http://a/b@c:de?{x}|^[?]",
        "http://A-b_c~!$&'()*+,;=/",
        "http://a:65535/x",
    ] {
        // A fragment makes it take the careful way.
        let careful = url(&format!("{text}#f")).without_fragment();
        let short = url(text);
        assert_eq!(short, careful, "{text}");
        assert_eq!(short.authority(), careful.authority());
        assert_eq!((short.port(), short.target()), (careful.port(), careful.target()), "{text}");
    }
    for bad in ["http://", "http:///x", "http://a:x/", "http://a b/", "http://a:99999/"] {
        assert!(Url::parse(bad).is_err(), "{bad}");
    }
}
