//! Cookies of an exchange: for which URL a store keeps them, and what becomes
//! of those that the caller gave itself. Keeps none.

use super::RequestParts;
use crate::head::{Fields, names};
use crate::policy::cookie::Cookie;
use crate::url::Url;
use crate::wire::token;
use std::borrow::Cow;

/// The URL that cookies are kept and looked up for: of the host that the request
/// names, if its caller gave another than the URL's.
pub(super) fn url_of(parts: &RequestParts) -> Cow<'_, Url> {
    let given = parts.fields.get(names::HOST).filter(|host| !host.is_empty());
    let named = given.and_then(|host| {
        Url::parse(format!("{}://{host}{}", parts.url.scheme(), parts.url.target())).ok()
    });
    named.map_or(Cow::Borrowed(&parts.url), Cow::Owned)
}

/// Takes those out of the caller's own cookies that a response has set or
/// deleted: from now on they are the store's to send.
pub(super) fn supersede<'a>(fields: &mut Fields, lines: impl Iterator<Item = &'a [u8]>) {
    let Some(own) = fields.get_bytes(names::COOKIE) else { return };
    let set: Vec<String> = lines.filter_map(|line| Some(Cookie::parse(line).ok()?.name)).collect();
    let stays = |pair: &&[u8]| {
        // RFC 6265bis §5.6: without `=` it is a value that has no name.
        let name = pair.iter().position(|byte| *byte == b'=').map_or(0, |at| at);
        !set.iter().any(|set| set.as_bytes() == token::trim(&pair[..name]))
    };
    let pairs = || own.split(|byte| *byte == b';').map(token::trim);
    if pairs().all(|pair| stays(&pair)) {
        return;
    }
    let rest = pairs().filter(stays).collect::<Vec<_>>().join(&b"; "[..]);
    fields.remove(names::COOKIE);
    if !rest.is_empty() {
        fields.push(names::COOKIE, &rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Method;

    #[test]
    fn what_a_response_sets_is_no_longer_the_callers() {
        for (own, set, left) in [
            ("a=1; b=2", &["b=3"][..], Some("a=1")),
            ("a=1;b=2 ; c=3", &["b=; Max-Age=0", "x=1"], Some("a=1; c=3")),
            ("a=1; a=2", &["a=3; Path=/x"], None),
            ("a=1; b", &["A=1", "b=2", "a b=3"], Some("a=1; b")),
            ("a=1; b", &["c"], Some("a=1")),
            ("a b=1; c=\"2\"", &["a b = 2", "c = 3"], None),
            ("a=1", &[], Some("a=1")),
        ] {
            let mut fields = Fields::new();
            fields.append("Cookie", own).unwrap();
            supersede(&mut fields, set.iter().map(|line| line.as_bytes()));
            assert_eq!(fields.get("cookie"), left, "{own} and {set:?}");
        }
    }

    #[test]
    fn cookies_are_those_of_the_host_that_is_named() {
        let url = Url::parse("https://a.test:8443/x?q").unwrap();
        let mut parts = RequestParts::new(Method::GET, url.clone());
        assert_eq!(*url_of(&parts), url);
        parts.fields.append("Host", "virtual.test").unwrap();
        assert_eq!(url_of(&parts).as_str(), "https://virtual.test/x?q");
        parts.fields.set("Host", "no host").unwrap();
        assert_eq!(*url_of(&parts), url);
    }
}
