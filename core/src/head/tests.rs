use super::*;

#[test]
fn dates_agree_with_known_ones() {
    for (unix, text) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (u64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        assert_eq!(std::str::from_utf8(&imf_fixdate(unix)).unwrap(), text);
    }
}

#[test]
fn the_cached_date_changes_with_the_second() {
    let mut cache = DateCache::new();
    assert_eq!(cache.line(784_111_777), b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    assert_eq!(cache.line(784_111_778), b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
}

#[test]
fn what_breaks_the_wire_cannot_be_constructed() {
    let mut fields = Fields::new();
    for name in ["", "X Y", "X:", "Ä", "X\r", "X\0", "(x)"] {
        assert_eq!(fields.append(name, "v"), Err(InvalidField::Name), "{name:?}");
    }
    for value in ["a\rb", "a\nb", "a\0b", "a\x7fb", " a", "a\t", "\u{1}"] {
        assert_eq!(fields.append("X", value), Err(InvalidField::Value), "{value:?}");
        assert_eq!(fields.set("X", value), Err(InvalidField::Value), "{value:?}");
    }
    assert!(fields.is_empty());
    fields.append("X", b"caf\xe9").unwrap();
    assert_eq!(fields.get("x"), None, "not UTF-8");
    assert_eq!(fields.get_bytes("x"), Some(&b"caf\xe9"[..]));
}

#[test]
fn set_replaces_every_field_of_the_name() {
    let mut fields = Fields::new();
    fields.append("A", "1").unwrap();
    fields.append("B", "2").unwrap();
    fields.append("a", "3").unwrap();
    fields.set("A", "4").unwrap();
    let all: Vec<_> = fields.iter().map(|field| (field.name, field.value)).collect();
    assert_eq!(all, [("B", &b"2"[..]), ("A", b"4")]);
}

#[test]
fn a_built_request_head_names_its_authority() {
    let mut head = RequestHead::new(Method::GET, "http://example.test:81/x?y").unwrap();
    head.fields_mut().append("Host", "other").unwrap();
    assert_eq!(head.authority(), Some("example.test:81"));
    assert_eq!((head.path(), head.query()), ("/x", Some("y")));
    let mut origin = RequestHead::new(Method::GET, "/x").unwrap();
    origin.fields_mut().append("Host", "h").unwrap();
    assert_eq!(origin.authority(), Some("h"));
    assert!(RequestHead::new(Method::GET, "/a b").is_err());
    assert!(RequestHead::new(Method::GET, "x\r\n").is_err());
}

#[test]
fn what_signs_in_is_not_shown() {
    let mut request = RequestHead::new(Method::GET, "/").unwrap();
    let mut response = ResponseHead::new(Status::OK);
    let mut shown = String::new();
    for name in ["Authorization", "proxy-authorization", "COOKIE", "Set-Cookie", "Set-Cookie2"] {
        request.fields_mut().append(name, "hunter2").unwrap();
        response.fields_mut().append(name, "hunter2").unwrap();
        shown += &format!("{name}: ***, ");
    }
    let list = format!("[{}]", shown.trim_end_matches(", "));
    assert_eq!(format!("{:?}", request.fields()), list);
    assert_eq!(format!("{request:?}"), format!("GET / HTTP/1.1 {list}"));
    assert_eq!(format!("{response:?}"), format!("HTTP/1.1 200 OK {list}"));
    assert!(format!("{request:#?}{response:#?}").matches("***").count() == 10);
}

#[test]
fn a_password_in_a_url_is_not_shown() {
    assert_eq!(without_password("ftp://ada:hunter2@a.test/it's"), "ftp://ada:***@a.test/it's");
    assert_eq!(without_password("/it's"), "/it's");
    let show = |value: &str| {
        let mut fields = Fields::new();
        fields.append("Location", value).unwrap();
        format!("{fields:?}")
    };
    for (value, shown) in [
        ("https://ada:hunter2@a.test/x?y", "https://ada:***@a.test/x?y"),
        ("https://ada:hu@nter2@a.test", "https://ada:***@a.test"),
        ("0; url=http://:pw@a/", "0; url=http://:***@a/"),
        ("https://ada@a.test/", "https://ada@a.test/"),
        ("https://a.test:80/@:b", "https://a.test:80/@:b"),
        ("https://a.test/?u=b:c@d", "https://a.test/?u=b:c@d"),
        ("://", "://"),
        ("/plain", "/plain"),
    ] {
        assert_eq!(show(value), format!("[Location: {shown}]"));
    }
}
