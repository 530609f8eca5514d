use super::*;

fn form(method: &str, target: &str) -> Result<Form, Fault> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let allow = Strictness { http: true, https: false, any: false };
    Parts::parse(&method, target.as_bytes(), allow).map(|parts| parts.form)
}

#[test]
fn each_form_goes_with_its_methods() {
    assert_eq!(form("GET", "/a?b/c?d"), Ok(Form::Origin));
    assert_eq!(form("GET", "http://a:80/x"), Ok(Form::Absolute));
    assert_eq!(form("GET", "HTTP://[::1]"), Ok(Form::Absolute));
    assert_eq!(form("CONNECT", "a:443"), Ok(Form::Authority));
    assert_eq!(form("OPTIONS", "*"), Ok(Form::Asterisk));
    for (method, target) in [
        ("GET", "*"),
        ("GET", "a:80"),
        ("GET", "a"),
        ("GET", ""),
        ("GET", "?"),
        ("GET", "%2f"),
        ("CONNECT", "a"),
        ("CONNECT", "a:"),
        ("CONNECT", "/"),
        ("CONNECT", "*"),
        ("CONNECT", ":80"),
        ("CONNECT", "http://a:80/"),
        ("OPTIONS", "**"),
        ("GET", "http://"),
        ("GET", "http:///x"),
        ("GET", "http:a"),
    ] {
        assert_eq!(form(method, target), Err(Fault::BadTarget), "{method} {target}");
    }
    assert_eq!(form("GET", "http://u@a/"), Err(Fault::UserinfoInTarget));
}

#[test]
fn the_byte_that_is_refused_is_named() {
    for (target, byte) in [
        ("/#", b'#'),
        ("/?#", b'#'),
        ("/%41%4", b'%'),
        ("/%zz?%zz", b'%'),
        ("http://a/\"", b'"'),
        ("/a\\b", b'\\'),
        ("/`", b'`'),
        ("/?<", b'<'),
        ("/?a\u{7f}", 0x7f),
        ("/?a\tb", b'\t'),
        ("/\u{e9}", 0xc3),
        ("/?\u{e9}", 0xc3),
    ] {
        assert_eq!(form("GET", target), Err(Fault::ByteInTarget(byte)), "{target}");
    }
}

#[test]
fn a_query_may_hold_what_browsers_leave_in_it() {
    for target in ["/?q=a\\b", "/?`x`", "/?100%", "/?%", "/a?%u00e9&%zz", "http://a?%2"] {
        assert!(form("GET", target).is_ok(), "{target}");
    }
}

#[test]
fn a_forward_proxy_is_asked_for_any_scheme_and_user() {
    let proxied = |target: &str| {
        let allow = Strictness { http: true, https: false, any: true };
        let parts = Parts::parse(&Method::GET, target.as_bytes(), allow)?;
        Ok(String::from_utf8(parts.authority.of(target.as_bytes()).to_vec()).unwrap())
    };
    for (target, authority) in [
        ("ftp://a:21/x;type=i", "a:21"),
        ("https://a", "a"),
        ("http://u:p%40@a:80/@", "a:80"),
        ("ftp://@[::1]?x", "[::1]"),
    ] {
        assert_eq!(proxied(target), Ok(authority.to_owned()), "{target}");
    }
    for target in ["http://u@b@a/", "http://u\\@a/", "ftp://u@/x", "http://u[@a/", "ftp:///x"] {
        assert_eq!(proxied(target), Err(Fault::BadTarget), "{target}");
    }
    assert_eq!(proxied("urn:x:y"), Err(Fault::WrongScheme));
}

#[test]
fn what_a_leniency_lets_through_is_escaped() {
    let escaped =
        |target: &str| escape_raw(target.as_bytes()).map(|text| String::from_utf8(text).unwrap());
    for (target, text) in [
        ("/a\"<>\\`?\"<>\\`", "/a%22%3C%3E%5C%60?%22%3C%3E\\`"),
        ("/\u{e9}?\u{e9}", "/%C3%A9?%C3%A9"),
        ("http://\u{e9}/\\", "http://%C3%A9/%5C"),
        ("http://a?\"", "http://a?%22"),
    ] {
        assert_eq!(escaped(target).as_deref(), Some(text));
    }
    for target in ["/a?b", "http://a\\b", "http://a\"/", "\\", "/#", "/%zz", "/\t", "\u{7f}"] {
        assert_eq!(escaped(target), None, "{target}");
    }
}

#[test]
fn other_schemes_are_misdirected() {
    for target in ["https://a/", "ftp://a/x", "urn:x:y"] {
        assert_eq!(form("GET", target), Err(Fault::WrongScheme), "{target}");
    }
}
