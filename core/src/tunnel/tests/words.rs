//! What is told of a proxy that makes no tunnel.

use super::*;

#[test]
fn a_refusal_tells_what_the_proxy_said() {
    for (answer, status) in [
        (
            &b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"[..],
            407,
        ),
        (b"HTTP/1.0 503 \r\n\r\n", 503),
        (b"HTTP/1.1 302 \r\nLocation: http://x/\r\n\r\n", 302),
        (b"HTTP/1.1 101 \r\n\r\n", 101),
    ] {
        let mut tunnel = through("http://p", "a.test", &[(CONNECT, answer)]);
        let status = Status::from_code(status).unwrap();
        assert_eq!(tunnel.refusal(), Some(Refusal::Status(status)));
        assert_eq!(failure(&mut tunnel), (Fault::ProxyRefused, Retry::Never));
    }
    let greeting = &b"\x05\x02\x00\x02"[..];
    let login = &b"\x01\x01u\x00"[..];
    let name = &b"\x05\x01\x00\x03\x06a.test\x01\xbb"[..];
    for (talk, refusal, text) in [
        (&[(greeting, &b"\x05\xff"[..])][..], Refusal::Method, "another kind"),
        (
            &[(greeting, b"\x05\x02"), (login, b"\x01\x01")],
            Refusal::Credentials,
            "user and password",
        ),
        (
            &[(greeting, b"\x05\x00"), (name, b"\x05\x05")],
            Refusal::Reply(5),
            "5: connection refused",
        ),
    ] {
        let mut tunnel = through("socks5://u@p", "a.test", talk);
        assert_eq!(tunnel.refusal(), Some(refusal));
        assert!(refusal.to_string().contains(text), "{refusal}");
        assert_eq!(failure(&mut tunnel), (Fault::ProxyRefused, Retry::Never));
    }
}

const LOGIN_CONNECT: &[u8] = b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\
    Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n";

/// What a tunnel says of its failure.
fn words(url: &str, talk: &[(&[u8], &[u8])], end: Option<Eof>) -> String {
    let mut tunnel = tunnel(url, "a.test");
    for (words, answer) in talk {
        assert_eq!(said(&mut tunnel), *words);
        tunnel.receive(answer, NOW);
    }
    if let Some(how) = end {
        said(&mut tunnel);
        tunnel.eof(how, NOW);
    }
    tunnel.trouble().unwrap().to_string()
}

#[test]
fn a_proxy_is_named_and_its_own_words_are_told() {
    let long = format!("HTTP/1.1 500 {}\r\n\r\n", "x".repeat(500));
    for (answer, told) in [
        (
            &b"HTTP/1.0 502 CONNECT error: Connection refused\r\n\r\n"[..],
            "answers 502 CONNECT error: Connection refused",
        ),
        (b"HTTP/1.1 403 \r\n\r\n", "answers 403"),
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "answers 407 Proxy Authentication Required",
        ),
        (b"HTTP/1.1 500 a \"b\" \\ \xc3\xa4\r\n\r\n", "answers 500 a \\\"b\\\" \\\\ \\xc3\\xa4"),
        (long.as_bytes(), &format!("answers 500 {}...", "x".repeat(100))),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            "answers \"SSH-2.0-OpenSSH_9.2\": the status line is not version, three digits and a reason",
        ),
    ] {
        let text = words("http://me:secret@p:3128", &[(LOGIN_CONNECT, answer)], None);
        assert_eq!(text, format!("the proxy http://me:***@p:3128 {told}"));
    }
    for (how, told) in [
        (Eof::Clean, "closed without an answer"),
        (Eof::Reset, "reset the connection and gave no answer"),
    ] {
        for url in ["http://p", "socks5://p"] {
            assert_eq!(words(url, &[], Some(how)), format!("the proxy {url} {told}"));
        }
    }
    let half = &[(CONNECT, &b"HTTP/1.1 2"[..])];
    let text = words("http://p", half, Some(Eof::Clean));
    assert_eq!(text, "the proxy http://p closed in the middle of its answer");
    let mut late = tunnel("http://p", "a.test");
    said(&mut late);
    late.tick(NOW.later(Duration::from_secs(30)));
    assert_eq!(late.trouble().unwrap().to_string(), "the proxy http://p made no tunnel in time");
}

#[test]
fn the_head_of_a_refusal_can_be_had() {
    let answer = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
    let tunnel = through("http://p", "a.test", &[(CONNECT, answer)]);
    let trouble = tunnel.trouble().unwrap();
    let head = trouble.downcast_ref::<Trouble>().unwrap().head().unwrap();
    assert_eq!(head.fields().get("Proxy-Authenticate"), Some("Basic realm=\"x\""));
    assert_eq!(head.reason(), Some(&b"No"[..]));
}

#[test]
fn every_reply_of_socks_has_its_words() {
    let greeting = &b"\x05\x01\x00"[..];
    let name = &b"\x05\x01\x00\x03\x06a.test\x01\xbb"[..];
    for (code, told) in [
        (1, "1: general SOCKS server failure"),
        (2, "2: connection not allowed by ruleset"),
        (3, "3: network unreachable"),
        (4, "4: host unreachable"),
        (5, "5: connection refused"),
        (6, "6: TTL expired"),
        (7, "7: command not supported"),
        (8, "8: address type not supported"),
        (9, "9: unassigned"),
        (0xF0, "0xF0: the onion service's descriptor cannot be found"),
        (0xF1, "0xF1: the onion service's descriptor is invalid"),
        (0xF2, "0xF2: the introduction to the onion service failed"),
        (0xF3, "0xF3: the rendezvous with the onion service failed"),
        (0xF4, "0xF4: the onion service wants client authorization"),
        (0xF5, "0xF5: the onion service refuses this client authorization"),
        (0xF6, "0xF6: the onion address is invalid"),
        (0xF7, "0xF7: the introduction to the onion service timed out"),
        (0xFF, "255: unassigned"),
    ] {
        let answer = [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
        let text = words("socks5://p", &[(greeting, b"\x05\x00"), (name, &answer)], None);
        assert_eq!(text, format!("the proxy socks5://p answers {told}"));
    }
    let with = &b"\x05\x02\x00\x02"[..];
    let login = &b"\x01\x01u\x02pw"[..];
    for (url, talk, told) in [
        ("socks5://p", &[(greeting, &b"\x05\xff"[..])][..], "wants user and password"),
        ("socks5://u:pw@p", &[(with, b"\x05\xff")], "wants another kind of authentication"),
        (
            "socks5://u:pw@p",
            &[(with, b"\x05\x02"), (login, b"\x01\x02")],
            "refuses these credentials (user and password)",
        ),
        (
            "socks5://p",
            &[(greeting, b"HTTP/1.0 501 Tor is not an HTTP Proxy\r\n")],
            "does not speak SOCKS5; it says \"HTTP/1.0 501 Tor is not an HTTP Proxy\"",
        ),
    ] {
        let shown = proxy(url).url.redacted().to_string();
        assert_eq!(words(url, talk, None), format!("the proxy {shown} {told}"));
    }
}
