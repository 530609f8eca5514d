use super::*;

fn read(text: &str) -> Result<Option<(RequestHead, usize)>, Fault> {
    HeadScan::default().read(text.as_bytes(), &ServerConfig::default())
}

fn read_with(text: &[u8], limits: Limits) -> Result<Option<(RequestHead, usize)>, Fault> {
    let config = ServerConfig { limits, ..ServerConfig::default() };
    HeadScan::default().read(text, &config)
}

#[test]
fn a_head_is_read_with_its_fields_in_order_and_case() {
    let (head, length) =
        read("\r\nGET /a?b HTTP/1.1\r\nhOST: h\r\nX:1\r\nx: 2 \r\n\r\nrest").unwrap().unwrap();
    assert_eq!(length, 44);
    assert_eq!(
        (head.method().as_str(), head.target(), head.version()),
        ("GET", "/a?b", Version::Http11)
    );
    let fields: Vec<_> =
        head.fields().iter().map(|field| (field.name, field.text().unwrap())).collect();
    assert_eq!(fields, [("hOST", "h"), ("X", "1"), ("x", "2")]);
}

#[test]
fn request_lines_have_two_spaces_and_a_version() {
    for (line, fault) in [
        ("GET", Fault::BadRequestLine),
        ("GET /", Fault::BadRequestLine),
        ("GET  / HTTP/1.1", Fault::BadRequestLine),
        ("GET / HTTP/1.1 ", Fault::BadRequestLine),
        (" GET / HTTP/1.1", Fault::BadRequestLine),
        ("GET\t/ HTTP/1.1", Fault::BadRequestLine),
        ("GET / http/1.1", Fault::BadVersion),
        ("GET / HTTP/1.10", Fault::BadVersion),
        ("GET / HTTP/2.0", Fault::UnsupportedVersion),
        ("GET / HTTP/0.9", Fault::UnsupportedVersion),
        ("PRI / HTTP/1.1", Fault::ReservedMethod),
        ("G(T / HTTP/1.1", Fault::BadMethod),
        ("GET /\u{e9} HTTP/1.1", Fault::ByteInTarget(0xc3)),
    ] {
        assert_eq!(read(&format!("{line}\r\n\r\n")).unwrap_err(), fault, "{line:?}");
    }
    assert!(read("GET / HTTP/1.7\r\nHost: a\r\n\r\n").unwrap().is_some());
}

#[test]
fn each_limit_has_its_fault_at_its_byte_however_it_arrives() {
    let limits = Limits {
        head_bytes: 200,
        target_bytes: 50,
        method_bytes: 8,
        fields: 3,
        empty_lines: 2,
        ..Limits::default()
    };
    let long = "y".repeat(300);
    for (text, fault) in [
        (format!("GET /{long}"), Fault::TargetTooLong),
        (format!("GET /{} HTTP/1.1\r\n", "y".repeat(51)), Fault::TargetTooLong),
        (format!("{} / HTTP/1.1\r\n", "M".repeat(9)), Fault::MethodTooLong),
        (format!("GET / HTTP/1.1\r\nX: {long}"), Fault::HeadTooLarge),
        ("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n".into(), Fault::TooManyFields),
        ("\r\n\r\n\r\n".into(), Fault::TooManyEmptyLines),
        ("GET / HTTP/1.1\n".into(), Fault::BareLf),
    ] {
        let config = ServerConfig { limits, ..ServerConfig::default() };
        assert_eq!(read_with(text.as_bytes(), limits).unwrap_err(), fault, "{text:?} at once");
        let mut scan = HeadScan::default();
        let found =
            (1..=text.len()).find_map(|end| scan.read(&text.as_bytes()[..end], &config).err());
        assert_eq!(found, Some(fault), "{text:?} byte by byte");
    }
}

#[test]
fn raw_bytes_in_a_target_are_escaped_where_that_is_allowed() {
    let mut limits = Limits::default();
    let text = b"GET /caf\xe9?\xff HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(read_with(text, limits).unwrap_err(), Fault::ByteInTarget(0xe9));
    limits.leniency.raw_target = true;
    let (head, _) = read_with(text, limits).unwrap().unwrap();
    assert_eq!((head.target(), head.path(), head.query()), ("/caf%E9?%FF", "/caf%E9", Some("%FF")));
    assert_eq!(head.fields().get("host"), Some("a"));
    let text = b"\r\nGET http://a/\"<>`\\?\"\\ HTTP/1.1\r\nHost: a\r\n\r\n";
    let (head, length) = read_with(text, limits).unwrap().unwrap();
    assert_eq!((head.path(), head.query()), ("/%22%3C%3E%60%5C", Some("%22\\")));
    assert_eq!((head.authority(), length), (Some("a"), text.len()));
    for target in ["/#", "/%zz", "/\t", "/\u{1}", "http://a\\b/", "http://a\"/", "\\"] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(read_with(text.as_bytes(), limits).is_err(), "{target:?}");
    }
}
