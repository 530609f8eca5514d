//! The rules that RFC 6265bis adds, and the limits; the vectors of the kind `cookiejar` hold the rest.

use super::hosts::{default_path, path_matches};
use super::*;

const NOW: u64 = 1_000_000;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn store(jar: &mut Jar, from: &str, line: &str) -> Result<(), Rejected> {
    jar.store(&url(from), &Cookie::parse(line).unwrap(), NOW)
}

fn sent(jar: &mut Jar, to: &str) -> String {
    jar.cookies(&url(to), NOW).unwrap_or_default()
}

struct Io;

impl PublicSuffixes for Io {
    fn public_suffix<'a>(&self, host: &'a str) -> &'a str {
        if host.ends_with("github.io") { "github.io" } else { host.rsplit('.').next().unwrap() }
    }
}

#[test]
fn what_is_not_allowed_is_refused() {
    let mut jar = Jar::new().with_suffixes(Arc::new(Io));
    for (from, line, refusal) in [
        ("ftp://a.test/", "a=1", Rejected::Scheme),
        ("http://a.test/", "a=1; Domain=b.test", Rejected::ForeignDomain),
        ("http://a.test/", "a=1; Domain=x.a.test", Rejected::ForeignDomain),
        ("http://xa.test/", "a=1; Domain=a.test", Rejected::ForeignDomain),
        ("http://a.github.io/", "a=1; Domain=github.io", Rejected::ForeignDomain),
        ("http://10.0.0.1/", "a=1; Domain=0.0.1", Rejected::ForeignDomain),
        ("http://a.test/", "a=1; Domain=.", Rejected::MalformedDomain),
        ("http://a.test/", "a=1; Domain=..a.test", Rejected::MalformedDomain),
        ("http://a.test/", "a=1; Domain=a.test.", Rejected::MalformedDomain),
        ("http://a.test/", "a=1; Secure", Rejected::Insecure),
        ("https://a.test/", "__Secure-a=1", Rejected::Prefix),
        ("https://a.test/", "__Host-a=1; Path=/", Rejected::Prefix),
        ("https://a.test/", "__Host-a=1; Secure", Rejected::Prefix),
        ("https://a.test/", "__Host-a=1; Secure; Path=/x", Rejected::Prefix),
        ("https://a.test/", "__host-a=1; Secure; Path=/; Domain=a.test", Rejected::Prefix),
        ("https://a.test/", "__Http-a=1; Secure", Rejected::Prefix),
        ("https://a.test/", "__http-a=1; HttpOnly", Rejected::Prefix),
        ("https://a.test/", "__Host-Http-a=1; Secure; Path=/", Rejected::Prefix),
        ("https://a.test/", "__Host-Http-a=1; Secure; HttpOnly", Rejected::Prefix),
        ("https://a.test/", "__Host-a; Secure; Path=/", Rejected::Prefix),
        ("https://a.test/", "=__secure-a; Secure", Rejected::Prefix),
        ("https://a.test/", "a=1; Domain=\"a.test\"", Rejected::ForeignDomain),
    ] {
        assert_eq!(store(&mut jar, from, line), Err(refusal), "{line} from {from}");
    }
    assert!(jar.is_empty());
    let long = format!("a={}", "x".repeat(4096));
    assert_eq!(store(&mut jar, "http://a.test/", &long), Err(Rejected::TooLong));
    assert_eq!(store(&mut jar, "http://a.test/", &long[..4097]), Ok(()));
    let quoted = format!("a=\"{}\"", "x".repeat(4094));
    assert_eq!(store(&mut jar, "http://a.test/", &quoted), Err(Rejected::TooLong));
}

#[test]
fn what_is_made_by_hand_cannot_break_a_field() {
    let mut jar = Jar::new();
    for (name, value) in [
        ("a", "b; c=d"),
        ("a;", "b"),
        ("a=b", "c"),
        ("a", "b\r\nX: y"),
        ("a\n", "b"),
        ("", ""),
        ("", "a=b"),
        ("a", "\0"),
    ] {
        let stored = jar.store(&url("http://a.test/"), &Cookie::new(name, value), NOW);
        assert_eq!(stored, Err(Rejected::Malformed), "{name:?} {value:?}");
    }
    // What was written to disk may have been changed there.
    store(&mut jar, "http://a.test/", "a=1").unwrap();
    let mut changed = jar.iter().next().unwrap().clone();
    changed.value = "1\r\nX: y; b=2".into();
    jar.restore(changed, NOW);
    assert_eq!(sent(&mut jar, "http://a.test/"), "a=1X: y b=2");
}

#[test]
fn a_server_gets_back_what_it_set() {
    for pair in [
        "s=a,b",
        "s=a b",
        r#"prefs={"a":1}"#,
        r#"k="e\054f""#,
        r#"s="a b""#,
        r#"s=a"b"#,
        r"s=ab\c",
        "s=caf\u{e9}",
        "(n)=v",
        "s=",
        "s=a=b",
        "nameless",
        "\"\"",
    ] {
        let mut jar = Jar::new();
        assert_eq!(store(&mut jar, "http://a.test/", &format!(" {pair}\t; Path=/")), Ok(()));
        assert_eq!(sent(&mut jar, "http://a.test/x"), pair);
        // And with others around it.
        jar.set(&url("http://a.test/"), ["z=1; Path=/x", "y=2"], NOW);
        assert_eq!(sent(&mut jar, "http://a.test/x"), format!("z=1; {pair}; y=2"));
    }
}

#[test]
fn blanks_are_no_part_of_an_attribute() {
    let mut jar = Jar::new();
    store(&mut jar, "https://a.test/", "a=b; Secure =1").unwrap();
    assert_eq!(sent(&mut jar, "http://a.test/"), "");
    assert_eq!(sent(&mut jar, "https://a.test/"), "a=b");
    store(&mut jar, "https://a.test/", "a=; Max-Age= 0").unwrap();
    assert!(jar.is_empty());
    store(&mut jar, "http://x.a.test/y/z", "a=b; Domain= a.test; Path= /y").unwrap();
    assert_eq!(sent(&mut jar, "http://a.test/y"), "a=b");
    store(&mut jar, "http://a.test/", "a=b; Domain=a.test; Path=/y; Expires=\"1 Jan 1970 0:0:0\"")
        .unwrap();
    assert!(jar.is_empty());
}

#[test]
fn brackets_in_a_path_are_as_a_url_has_them() {
    let mut jar = Jar::new();
    store(&mut jar, "http://a.test/[x]/y", "a=1; Path=/[x]").unwrap();
    store(&mut jar, "http://a.test/[x]/y", "b=2").unwrap();
    for path in ["/[x]/z", "/%5Bx%5D"] {
        assert_eq!(sent(&mut jar, &format!("http://a.test{path}")), "a=1; b=2");
    }
}

#[test]
fn long_attributes_are_not_kept_however_they_come() {
    let mut jar = Jar::new();
    let long = format!("/{}", "p".repeat(60_000));
    jar.set(&url("http://a.test/"), [format!("a=1; Path={long}")], NOW);
    jar.set(&url("http://a.test/"), [format!("b=1; Domain=a.test{}", "x".repeat(1024))], NOW);
    let kept: Vec<_> = jar.iter().map(|s| (&*s.path, &*s.domain, s.host_only)).collect();
    assert_eq!(kept, [("/", "a.test", true); 2]);
    // A path that the URL gives is kept too.
    let far = format!("http://a.test{long}/x");
    assert_eq!(store(&mut jar, &far, "c=1"), Err(Rejected::TooLong));
    assert_eq!(store(&mut jar, &far, "c=1; Path=/"), Ok(()));
    let many = format!("http://{}.test/", "x.".repeat(600));
    assert_eq!(store(&mut jar, &many, "d=1"), Err(Rejected::TooLong));
}

#[test]
fn a_cookie_for_a_host_alone_is_another_than_one_for_its_domain() {
    let mut jar = Jar::new();
    jar.set(&url("http://shop.test/"), ["a=own", "a=all; Domain=shop.test"], NOW);
    assert_eq!(sent(&mut jar, "http://shop.test/"), "a=own; a=all");
    assert_eq!(sent(&mut jar, "http://www.shop.test/"), "a=all");
    store(&mut jar, "http://shop.test/", "a=; Max-Age=0").unwrap();
    assert_eq!(sent(&mut jar, "http://shop.test/"), "a=all");
    store(&mut jar, "http://www.shop.test/", "a=2; Domain=shop.test").unwrap();
    assert_eq!(sent(&mut jar, "http://shop.test/"), "a=2");
    assert_eq!(jar.len(), 1);
}

#[test]
fn what_keeps_its_promise_is_taken() {
    let mut jar = Jar::new().with_suffixes(Arc::new(Io));
    for (from, line) in [
        ("https://a.test/", "__Host-a=1; Secure; Path=/"),
        ("https://a.test/", "__Secure-b=2; Secure; Domain=a.test"),
        ("https://b.test/", "__Host-Http-a=1; Secure; Path=/; HttpOnly"),
        ("https://b.test/", "__Http-b=2; Secure; HttpOnly; Domain=b.test"),
        ("http://localhost:8080/", "c=3; Secure"),
        ("http://127.0.0.1/", "d=4; Secure; Domain=127.0.0.1"),
        ("http://github.io/", "e=5; Domain=github.io"),
    ] {
        assert_eq!(store(&mut jar, from, line), Ok(()), "{line} from {from}");
    }
    assert_eq!(sent(&mut jar, "https://a.test/"), "__Host-a=1; __Secure-b=2");
    assert_eq!(sent(&mut jar, "https://x.a.test/"), "__Secure-b=2");
    assert_eq!(sent(&mut jar, "https://b.test/"), "__Host-Http-a=1; __Http-b=2");
    assert_eq!(sent(&mut jar, "http://a.test/"), "");
    assert_eq!(sent(&mut jar, "http://localhost/"), "c=3");
    assert_eq!(sent(&mut jar, "http://127.0.0.1/"), "d=4");
    assert_eq!(sent(&mut jar, "http://b.github.io/"), "");
}

#[test]
fn an_address_in_another_zone_is_another_host() {
    let mut jar = Jar::new();
    store(&mut jar, "http://[fe80::1%25eth0]:81/", "a=1").unwrap();
    assert_eq!(sent(&mut jar, "http://[fe80::1%25eth0]/"), "a=1", "a cookie is for every port");
    for other in ["http://[fe80::1%25eth1]/", "http://[fe80::1]/"] {
        assert_eq!(sent(&mut jar, other), "", "{other}");
    }
    let foreign = store(&mut jar, "http://[fe80::1%25eth0]/", "b=1; Domain=fe80::1");
    assert_eq!(foreign, Err(Rejected::ForeignDomain));
}

#[test]
fn a_plain_connection_leaves_secure_cookies_alone() {
    let mut jar = Jar::new();
    assert_eq!(store(&mut jar, "https://a.test/", "s=1; Secure; Path=/login"), Ok(()));
    for line in
        ["s=2; Path=/login", "s=; Max-Age=0; Path=/login", "s=2; Path=/login/x; Domain=a.test"]
    {
        assert_eq!(store(&mut jar, "http://a.test/", line), Err(Rejected::OverSecure), "{line}");
    }
    assert_eq!(store(&mut jar, "http://x.a.test/", "s=2; Path=/login"), Err(Rejected::OverSecure));
    // Where both are not sent together, and by TLS, it may.
    assert_eq!(store(&mut jar, "http://a.test/", "s=3; Path=/"), Ok(()));
    assert_eq!(store(&mut jar, "https://a.test/", "s=4; Path=/login"), Ok(()));
    assert_eq!(sent(&mut jar, "http://a.test/login"), "s=4; s=3");
}

#[test]
fn cookies_end_in_time_and_no_later_than_the_limit() {
    let mut jar = Jar::new();
    let from = url("http://a.test/");
    jar.set(&from, ["a=1; Max-Age=10", "b=2; Max-Age=99999999999", "c=3"], NOW);
    assert_eq!(jar.cookies(&from, NOW + 9).as_deref(), Some("a=1; b=2; c=3"));
    assert_eq!(jar.cookies(&from, NOW + 10).as_deref(), Some("b=2; c=3"));
    assert_eq!(jar.len(), 2);
    assert_eq!(jar.cookies(&from, NOW + 400 * 86_400).as_deref(), Some("c=3"));
}

#[test]
fn what_is_used_least_makes_room() {
    let limits = JarLimits { cookies: 3, cookies_per_site: 2, ..JarLimits::default() };
    let mut jar = Jar::new().with_limits(limits);
    let (a, b) = (url("https://a.test/"), url("https://b.test/"));
    jar.set(&a, ["a=1; Path=/a", "b=2; Path=/b; Secure"], NOW);
    assert_eq!(jar.cookies(&url("https://a.test/a"), NOW + 1).as_deref(), Some("a=1"));
    // Of one site, what is not Secure goes first, however much it is used.
    jar.set(&a, ["c=3; Path=/c; Secure"], NOW + 2);
    let names = |jar: &Jar| jar.iter().map(|stored| stored.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&jar), ["b", "c"]);
    jar.set(&b, ["d=4"], NOW + 3);
    assert_eq!(jar.cookies(&url("https://a.test/b"), NOW + 4).as_deref(), Some("b=2"));
    jar.set(&b, ["e=5"], NOW + 5);
    assert_eq!(names(&jar), ["b", "d", "e"]);
    assert_eq!(jar.len(), 3);
    // What has expired goes before all else.
    jar.set(&b, ["d=; Max-Age=0", "f=6; Max-Age=1"], NOW + 6);
    jar.set(&url("https://c.test/"), ["g=7"], NOW + 7);
    assert_eq!(names(&jar), ["b", "e", "g"]);
}

#[test]
fn a_jar_is_restored_from_its_data() {
    let mut jar = Jar::new();
    jar.set(
        &url("http://a.test/x/"),
        ["a=1", "b=\"2\"; Domain=a.test; Max-Age=10; SameSite=Lax"],
        NOW,
    );
    jar.set(&url("http://b.test/"), ["c=3; Expires=Thu, 01 Jan 2099 00:00:00 GMT; HttpOnly"], NOW);
    let data: Vec<Stored> = jar.iter().cloned().collect();
    let mut again = Jar::new();
    data.iter().for_each(|stored| again.restore(stored.clone(), NOW + 1));
    assert_eq!(again.iter().cloned().collect::<Vec<_>>(), data);
    assert_eq!(sent(&mut again, "http://a.test/x/y"), "a=1; b=\"2\"");
    let mut late = Jar::new();
    data.into_iter().for_each(|stored| late.restore(stored, NOW + 10));
    assert_eq!(late.len(), 2);
    late.clear();
    assert!(late.is_empty());
}

#[test]
fn a_jar_does_not_show_values() {
    let mut jar = Jar::new();
    jar.set(&url("http://a.test/"), ["a=secret"], NOW);
    assert_eq!(format!("{jar:?}"), "Jar { cookies: 1, .. }");
}

#[test]
fn paths_match_at_slashes() {
    for (path, cookie, matches) in [
        ("/", "/", true),
        ("/a", "/a", true),
        ("/a/b", "/a", true),
        ("/a/b", "/a/", true),
        ("/ab", "/a", false),
        ("/a", "/a/", false),
        ("/", "/a", false),
    ] {
        assert_eq!(path_matches(path, cookie), matches, "{path} {cookie}");
    }
    for (path, default) in
        [("", "/"), ("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("x", "/")]
    {
        assert_eq!(default_path(path), default, "{path}");
    }
}
