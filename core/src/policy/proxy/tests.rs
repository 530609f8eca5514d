use super::*;

fn env<'a>(values: &'a [(&'a str, &'a str)]) -> ProxyEnv {
    ProxyEnv::from_values(|name| {
        values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

fn proxy(values: &[(&str, &str)], url: &str) -> Result<Option<String>, ProxyError> {
    let url = Url::parse(url).unwrap();
    env(values).for_url(&url).map(|proxy| proxy.map(|proxy| proxy.url.as_str().to_owned()))
}

#[test]
fn a_value_is_a_url_or_a_host_and_port() {
    for (value, kind, url) in [
        ("p", Kind::Http, "http://p"),
        ("p:1", Kind::Http, "http://p:1"),
        ("user:pw@p:1", Kind::Http, "http://user:pw@p:1"),
        ("http://p/x?q", Kind::Http, "http://p/x?q"),
        ("https://p", Kind::Https, "https://p"),
        ("socks5://p:9", Kind::Socks5, "socks5://p:9"),
        ("SOCKS5H://p", Kind::Socks5h, "socks5h://p"),
        ("[::1]:80", Kind::Http, "http://[::1]:80"),
    ] {
        let found = env(&[("HTTP_PROXY", value)]).for_url(&Url::parse("http://a/").unwrap());
        let found = found.unwrap().unwrap();
        assert_eq!((found.kind, found.url.as_str()), (kind, url), "{value}");
    }
}

#[test]
fn a_value_that_makes_no_sense_is_an_error_without_its_password() {
    for (value, text) in [
        ("socks4://p", "the scheme of a proxy is one of http, https, socks5 and socks5h"),
        ("unix:///p", "the scheme of a proxy is one of http, https, socks5 and socks5h"),
        ("http://", "the proxy is not a URL: there is no host, at byte 7"),
        ("socks5:///x", "the proxy has no host"),
        ("host:port", "the proxy is not a URL: the port is not a number up to 65535, at byte 11"),
        ("http://u:secret@a b", "the proxy is not a URL: a byte that no host may have, at byte 17"),
        ("%zz", "the proxy is not a URL: a byte that no host may have, at byte 7"),
    ] {
        let error = proxy(&[("HTTPS_PROXY", value)], "https://a/").unwrap_err();
        assert_eq!(error.to_string(), text, "{value}");
        assert_eq!(proxy(&[("HTTPS_PROXY", value)], "http://a/"), Ok(None));
    }
    let debug = format!("{:?}", env(&[("HTTP_PROXY", "http://u:secret@p")]));
    assert!(debug.contains("u:***@p") && !debug.contains("secret"), "{debug}");
}

#[test]
fn http_proxy_is_not_trusted_in_cgi() {
    let values = [("http_proxy", "p"), ("HTTPS_PROXY", "q"), ("REQUEST_METHOD", "GET")];
    assert_eq!(proxy(&values, "http://a/"), Err(ProxyError::Cgi));
    assert_eq!(proxy(&values, "https://a/"), Ok(Some("http://q".to_owned())));
    assert_eq!(proxy(&values[2..], "http://a/"), Ok(None));
}

#[test]
fn what_is_local_goes_straight() {
    for (host, straight) in [
        ("localhost", true),
        ("LocalHost:80", true),
        ("127.1.2.3", true),
        ("[::1]", true),
        ("[::ffff:127.0.0.1]", true),
        ("x.localhost", true),
        ("localhost.", true),
        ("a.b.LOCALHOST.:80", true),
        ("xlocalhost", false),
        ("localhost.test", false),
        ("localhost..", false),
        ("127.0.0.1.", true),
        ("0.0.0.0", false),
        ("[::2]", false),
    ] {
        let found = proxy(&[("HTTP_PROXY", "p")], &format!("http://{host}/")).unwrap();
        assert_eq!(found.is_none(), straight, "{host}");
    }
}

/// A list, a host, and whether that is reached without a proxy.
fn hold(rows: &[(&str, &str, bool)]) {
    for (list, host, straight) in rows {
        let values = [("HTTP_PROXY", "p"), ("NO_PROXY", *list)];
        let found = proxy(&values, &format!("http://{host}/")).unwrap();
        assert_eq!(found.is_none(), *straight, "{list} {host}");
    }
}

#[test]
fn no_proxy_lists_the_names_that_are_reached_without_one() {
    hold(&[
        ("*", "a.com", true),
        ("b.com, *", "a.com", true),
        ("a.com", "A.com", true),
        ("A.COM", "x.a.com", true),
        ("a.com", "xa.com", false),
        (".a.com", "a.com", false),
        (".a.com", "x.a.com", true),
        ("*.a.com", "x.a.com", true),
        ("*.a.com", "a.com", false),
        ("a.com:80", "a.com", true),
        ("a.com:81", "a.com", false),
        ("a.com:x", "a.com", false),
        ("b.com a.com", "a.com", true),
        ("b.com\ta.com\n", "x.a.com", true),
        ("b.com *", "a.com", true),
        (".foo.test", "x.foo.test.", true),
        (".foo.test", "foo.test.", false),
        ("foo.test.", "foo.test", true),
        ("foo.test.:80", "x.foo.test.", true),
        ("*.foo.test.", "x.foo.test", true),
        (".", "a.com.", false),
        ("..", "a.com.", false),
        ("a.com:", "x.a.com:81", true),
        (":", "a.com", false),
        ("a.com:+80", "a.com", false),
        ("a.com:080", "a.com", false),
        (",, ,", "a.com", false),
        (":80", "a.com", false),
    ]);
}

#[test]
fn no_proxy_lists_the_addresses_that_are_reached_without_one() {
    hold(&[
        ("1.2.3.4", "1.2.3.4:99", true),
        ("1.2.3.4:99", "1.2.3.4", false),
        ("::ffff:1.2.3.4", "1.2.3.4", true),
        ("[::2]:80", "[::2]", true),
        ("[::2]", "[::2]", true),
        ("[::2]", "[::2]:80", true),
        ("[::2]", "[::2]:8080", true),
        ("[::2]", "[::3]", false),
        ("[::2", "[::2]", false),
        ("[::2]x", "[::2]", false),
        ("[::2]:81", "[::2]", false),
        ("[2001:db8::]/33", "[2001:db8::1]", true),
        ("[2001:db8::]/33", "[2001:db8:8000::1]", false),
        ("[2001:db8::/33]", "[2001:db8::1]:8080", true),
        ("2001:DB8::/33", "[2001:db8::1]", true),
        ("[2001:db8::]/129", "[2001:db8::1]", false),
        ("[10.0.0.0]/8", "10.9.9.9", false),
        ("[::ffff:10.0.0.0]/104", "10.9.9.9", true),
        ("fe80::1%eth0", "[fe80::1%25eth0]", true),
        ("[fe80::1%eth0]:80", "[fe80::1]", true),
        ("b.com, , .a.com 10.0.0.0/8", "10.9.9.9", true),
        ("1.2.3.4.", "1.2.3.4", true),
        ("10.0.0.0/8", "10.9.9.9", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("0.0.0.0/0", "[::2]", false),
        ("1.2.3.0/33", "1.2.3.4", false),
        ("fe80::/10", "[fe80::1%25eth0]", true),
        ("::/0", "[2001::1]", true),
        ("::ffff:10.0.0.0/104", "10.9.9.9", true),
        ("::ffff:10.0.0.0/104", "11.0.0.0", false),
        ("::ffff:0:0/96", "[2001::1]", false),
        ("::ffff:0:0/95", "10.9.9.9", false),
        ("::ffff:10.0.0.0/129", "10.9.9.9", false),
        ("10.0.0.0/08", "10.9.9.9", true),
        ("10.0.0.0/+8", "10.9.9.9", false),
        ("[::2]:", "[::2]:81", true),
    ]);
}

#[test]
fn upper_case_comes_before_lower() {
    let both = [("HTTP_PROXY", "upper"), ("http_proxy", "lower")];
    assert_eq!(proxy(&both, "http://a/").unwrap().as_deref(), Some("http://upper"));
    let empty = [("HTTP_PROXY", ""), ("http_proxy", "lower")];
    assert_eq!(proxy(&empty, "http://a/").unwrap().as_deref(), Some("http://lower"));
    assert_eq!(proxy(&[("ALL_PROXY", "p")], "http://a/"), Ok(None));
}
