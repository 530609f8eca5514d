//! What is read of a cookie is written so that the same is read again, and a jar sends what it took, within its limits.
//!
//! The input is lines: of each the first byte chooses the URL and the time that passes, the rest is a Set-Cookie value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::Url;
use purlin_core::policy::cookie::{Cookie, append_cookie, parse_cookies, read_cookies};
use purlin_core::policy::jar::{Jar, JarLimits};

const URLS: [&str; 8] = [
    "http://a.test/",
    "https://a.test/dir/file",
    "https://www.a.test/dir/",
    "http://www.a.test:8080/other",
    "http://localhost/",
    "http://[::1]:99/",
    "http://10.0.0.1/dir",
    "https://co.uk/",
];

fuzz_target!(|data: &[u8]| {
    let limits = JarLimits {
        cookies: 6,
        cookies_per_site: 4,
        cookie_bytes: 64,
        age: 50,
        ..JarLimits::default()
    };
    let mut jar = Jar::new().with_limits(limits);
    let mut unix = 1_000_000_000;
    for line in data.split(|byte| *byte == b'\n') {
        let Some((choice, line)) = line.split_first() else { continue };
        let url = Url::parse(URLS[usize::from(*choice) % URLS.len()]).unwrap();
        unix += u64::from(*choice) / 8;
        read_again(line);
        jar.set(&url, [line], unix);
        check(&mut jar, &url, unix, &limits);
    }
    restored(&jar, unix);
});

/// A cookie that is well formed is the same after it was written and read.
fn read_again(line: &[u8]) {
    let lenient = read_cookies([line].into_iter());
    if let Ok(strict) = parse_cookies(line) {
        assert_eq!(strict, lenient);
    }
    let Ok(cookie) = Cookie::parse(line) else { return };
    let mut field = String::new();
    append_cookie(&mut field, &cookie);
    assert!(purlin_core::Fields::new().append("Cookie", &field).is_ok());
    if !cookie.name.is_empty() {
        let sent = read_cookies([field.as_bytes()].into_iter());
        assert_eq!((&sent[0].name, &sent[0].value, sent[0].quoted), (&cookie.name, &cookie.value, cookie.quoted));
    }
    if cookie.check().is_ok() {
        let written = cookie.to_line().unwrap();
        assert!(written.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        let again = Cookie::parse(&written).unwrap();
        assert_eq!(again.value, cookie.value);
        assert_eq!((again.expires, again.max_age), (cookie.expires, cookie.max_age));
        assert_eq!(again.to_line(), Some(written));
    }
}

fn check(jar: &mut Jar, url: &Url, unix: u64, limits: &JarLimits) {
    assert!(jar.len() <= limits.cookies);
    assert_eq!(jar.len(), jar.iter().count());
    let sent = jar.matching(url, unix);
    assert!(sent.len() <= limits.cookies_per_site);
    for stored in &sent {
        let host = url.host();
        assert!(host == stored.domain || (!stored.host_only && host.ends_with(&stored.domain)));
        assert!(url.path().starts_with(&stored.path));
        assert!(stored.expires.is_none_or(|end| end > unix.try_into().unwrap()));
        assert!(!stored.secure || url.scheme() == "https" || host == "localhost" || host == "::1");
    }
    let count = sent.len();
    let field = jar.cookies(url, unix).unwrap_or_default();
    assert_eq!(read_cookies([field.as_bytes()].into_iter()).len(), count);
}

fn restored(jar: &Jar, unix: u64) {
    let mut again = Jar::new();
    jar.iter().for_each(|stored| again.restore(stored.clone(), unix));
    for stored in again.iter() {
        assert!(jar.iter().any(|other| other == stored));
    }
}
