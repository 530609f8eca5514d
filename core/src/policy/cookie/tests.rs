//! Tables of cases; the vectors of the kind `cookies_parse` hold the rest.

use super::*;

#[test]
fn dates_are_read_as_rfc_6265_says() {
    const NOV: i64 = 2_015_190_760;
    for (text, unix) in [
        ("Wed, 09 Nov 2033 23:12:40 GMT", Some(NOV)),
        ("Wednesday, 09-Nov-33 23:12:40 GMT", Some(NOV)),
        ("Wed Nov  9 23:12:40 2033", Some(NOV)),
        ("wed, 9 nov 2033 23:12:40 +0100", Some(NOV)),
        ("2033 November 09 23:12:40", Some(NOV)),
        ("09 2033 November 23:12:40", Some(NOV)),
        ("23:12:40x 9th NOVELTY 2033y", Some(NOV)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("01 Jan 70 0:0:0", Some(0)),
        ("31 Dec 69 23:59:59", Some(3_155_759_999)),
        ("Mon, 01 Jan 1601 00:00:00 GMT", Some(-11_644_473_600)),
        ("31 Dec 1600 23:59:59", None),
        ("29 Feb 2032 00:00:00", Some(1_961_625_600)),
        ("29 Feb 2033 00:00:00", None),
        ("31 Feb 2033 23:12:40", None),
        ("00 Nov 2033 23:12:40", None),
        ("09 Nov 2033 24:00:00", None),
        ("09 Nov 2033 23:60:00", None),
        ("09 Nov 2033 23:00:60", None),
        ("09 Nov 2033 23:12", None),
        ("09 Nov 20333 23:12:40", None),
        ("09 Now 2033 23:12:40", None),
        ("\"Wed, 09 Nov 2033 23:12:40 GMT\"", Some(NOV)),
        ("\\09\\Nov\\2033\\23:12:40\\", Some(NOV)),
        ("", None),
    ] {
        assert_eq!(date::parse(text.as_bytes()), unix, "{text}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let all = Cookie::new("n", "a b")
        .with_path("/x")
        .with_domain("a.test")
        .with_expires(-1)
        .with_max_age(Duration::ZERO)
        .with_secure()
        .with_http_only()
        .with_same_site(SameSite::Strict)
        .with_partitioned();
    assert_eq!(all.check(), Ok(()));
    let line = all.to_line().unwrap();
    let date = "Wed, 31 Dec 1969 23:59:59 GMT";
    assert_eq!(
        line,
        format!(
            "n=\"a b\"; Path=/x; Domain=a.test; Expires={date}; Max-Age=0; HttpOnly; Secure; \
             SameSite=Strict; Partitioned"
        )
    );
    let read = Cookie { quoted: true, raw_expires: Some(date.to_owned()), ..all };
    assert_eq!(Cookie::parse(line), Ok(read));
}

/// Name, value and whether it stood in quotes.
type Pair<'a> = (&'a str, &'a str, bool);

fn pair(cookie: &Cookie) -> Pair<'_> {
    (&cookie.name, &cookie.value, cookie.quoted)
}

#[test]
fn a_user_agent_takes_nearly_everything_as_it_came() {
    for (line, wanted) in [
        ("s=a,b", Ok(("s", "a,b", false))),
        ("s=a b", Ok(("s", "a b", false))),
        (r#"p={"a":1}"#, Ok(("p", r#"{"a":1}"#, false))),
        (r#"k="e\054f""#, Ok(("k", r"e\054f", true))),
        (r#"s=a"b"#, Ok(("s", r#"a"b"#, false))),
        (r#"s=""#, Ok(("s", "\"", false))),
        (r#"s="""#, Ok(("s", "", true))),
        (r#"s=" a ""#, Ok(("s", " a ", true))),
        (r"s=ab\c", Ok(("s", r"ab\c", false))),
        ("s=a=b==", Ok(("s", "a=b==", false))),
        ("s=caf\u{e9}", Ok(("s", "caf\u{e9}", false))),
        ("(n) @/=v", Ok(("(n) @/", "v", false))),
        ("n\u{e9}=v", Ok(("n\u{e9}", "v", false))),
        ("a=b\tc", Ok(("a", "b\tc", false))),
        ("a=\tb", Ok(("a", "b", false))),
        ("a= b", Ok(("a", "b", false))),
        (" a\t =\t b ;x", Ok(("a", "b", false))),
        ("a=", Ok(("a", "", false))),
        ("a= ; Path=/", Ok(("a", "", false))),
        ("v", Ok(("", "v", false))),
        ("=v", Ok(("", "v", false))),
        (" = v", Ok(("", "v", false))),
        ("\"v\"", Ok(("", "v", true))),
        ("=a=b", Err(CookieError::Name)),
        ("", Err(CookieError::Blank)),
        (" \t", Err(CookieError::Blank)),
        ("=", Err(CookieError::Blank)),
        (" = ; Path=/", Err(CookieError::Blank)),
        ("; a=b", Err(CookieError::Blank)),
        ("a=b\0", Err(CookieError::Control)),
        ("a=b\r\nSet-Cookie: c=d", Err(CookieError::Control)),
        ("a\u{1f}=b", Err(CookieError::Control)),
        ("a=b; Path=/\u{7f}", Err(CookieError::Control)),
    ] {
        let read = Cookie::parse(line);
        assert_eq!(read.as_ref().map(pair).map_err(|error| *error), wanted, "{line:?}");
        let Ok(cookie) = read else { continue };
        // What is sent is what stood there.
        let mut field = String::new();
        append_cookie(&mut field, &cookie);
        let (name, value) = line.split_once('=').unwrap_or(("", line));
        let value = value.split(';').next().unwrap().trim();
        let name = if name.trim().is_empty() { "" } else { &format!("{}=", name.trim()) };
        assert_eq!(field, format!("{name}{value}"), "{line:?}");
        assert!(crate::Fields::new().append("Cookie", &field).is_ok(), "{field:?}");
    }
    assert_eq!(Cookie::parse(b"a=\xe9"), Err(CookieError::Value));
    assert_eq!(Cookie::parse(b"\xe9=a"), Err(CookieError::Name));
}

#[test]
fn a_server_sees_what_browsers_send() {
    let line = "p={\"a\":1}; q = 1 ;\tr=\"x,y\"; (s)=\\; t=caf\u{e9}; alone; =none; ; u=a=b";
    let read = read_cookies([line.as_bytes(), b"v=1\x01; w=\xe9; x=\ty\t"].into_iter());
    let wanted = [
        ("p", "{\"a\":1}", false),
        ("q", "1", false),
        ("r", "x,y", true),
        ("(s)", "\\", false),
        ("t", "caf\u{e9}", false),
        ("alone", "", false),
        ("u", "a=b", false),
        ("x", "y", false),
    ];
    assert_eq!(read.iter().map(pair).collect::<Vec<_>>(), wanted);
    let all = parse_cookies("p={\"a\":1}; q = 1").unwrap();
    assert_eq!(all.iter().map(pair).collect::<Vec<_>>(), wanted[..2]);
    for (line, error) in [
        ("a=1; b", CookieError::NoEqual),
        ("a=1; =b", CookieError::Name),
        ("a=1; b=\u{1}", CookieError::Control),
        (" ", CookieError::Blank),
    ] {
        assert_eq!(parse_cookies(line), Err(error), "{line:?}");
    }
}

#[test]
fn attributes_are_trimmed_and_read_as_rfc_6265bis_says() {
    const NOV: i64 = 2_015_190_760;
    let path = |path: &str| Cookie::new("a", "b").with_path(path);
    let plain = Cookie::new("a", "b");
    let aged = |age| Cookie { max_age: Some(age), ..plain.clone() };
    let long = "/".repeat(1025);
    for (attributes, wanted) in [
        ("Secure =1", plain.clone().with_secure()),
        ("\tSECURE\t", plain.clone().with_secure()),
        ("HttpOnly = \"x\"", plain.clone().with_http_only()),
        ("Path= /x", path("/x")),
        ("Path\t=\t/x y\t", path("/x y")),
        ("Path=/x; Path=", plain.clone()),
        (&format!("Path={}", &long[1..]), path(&long[1..])),
        ("Domain = example.org", plain.clone().with_domain("example.org")),
        ("SameSite = lax", plain.clone().with_same_site(SameSite::Lax)),
        ("Max-Age= 0", aged(0)),
        ("Max-Age =007", aged(7)),
        ("Max-Age=-5", aged(0)),
        ("Max-Age=99999999999999999999999", aged(u64::MAX)),
        ("Max-Age=5; Max-Age=x", aged(5)),
    ] {
        let mut cookie = Cookie::parse(format!("a=b; {attributes}")).unwrap();
        cookie.unparsed.clear();
        assert_eq!(cookie, wanted, "{attributes}");
    }
    for attribute in [
        &format!("Path={long}"),
        &format!("Domain=a.{}", &long[1..]),
        "Max-Age",
        "Max-Age=-",
        "Max-Age=+5",
        "Max-Age=\"0\"",
        "Max-Age=1.5",
        "Max-Age=1 2",
        "x",
    ] {
        let cookie = Cookie::parse(format!("a=b; {attribute}")).unwrap();
        let unparsed = vec![attribute.as_bytes().to_vec()];
        assert_eq!(cookie, Cookie { unparsed, ..plain.clone() }, "{attribute}");
    }
    let of = |expires: &str| Cookie::parse(format!("a=b; {expires}")).unwrap().expires;
    assert_eq!(of("Expires=\"Thu, 01 Jan 1970 00:00:00 GMT\""), Some(0));
    assert_eq!(of("expires = \\Wed\\09-Nov-33\\23:12:40\\"), Some(NOV));
    assert_eq!(of("Expires=Wed, 09 Nov 2033 23:12:40 GMT; Expires=never"), Some(NOV));
}

#[test]
fn what_is_sent_ends_no_pair_and_no_field() {
    for (name, value, quoted, sent) in [
        ("a", "b;c\r\nd\0e", false, "a=bcde"),
        ("a;\r\n=x", "b", false, "a----x=b"),
        (" a\t", " b", false, "a=\" b\""),
        ("", "b", false, "b"),
        ("", "", false, ""),
        ("", "", true, "\"\""),
        ("a", "b\t", true, "a=\"b\t\""),
        ("a", "b\tc", false, "a=b\tc"),
        ("\u{e9}", "\u{85}", false, "\u{e9}=\u{85}"),
    ] {
        let mut field = String::new();
        append_cookie(&mut field, &Cookie { quoted, ..Cookie::new(name, value) });
        assert_eq!(field, sent, "{name:?} {value:?}");
        assert!(crate::Fields::new().append("Cookie", &field).is_ok(), "{field:?}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(Cookie::parse("=").unwrap_err().to_string(), "a cookie is blank");
    let wrong = Cookie::new("a b", "").check().unwrap_err();
    assert_eq!(wrong.to_string(), "a cookie's name is not a token");
}
