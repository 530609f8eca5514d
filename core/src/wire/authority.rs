//! Hosts and ports (RFC 3986 §3.2): a Host field's value, or what stands in front of a path.
//! Decides what is well formed; looks nothing up, and compares nothing.

use super::uri::{REG_NAME, is_made_of, is_unreserved_or_sub_delim};
use super::{find_byte, host_length};
use std::net::Ipv6Addr;

/// `host [ ":" port ]`, without userinfo.
pub(crate) struct Authority<'a> {
    /// Brackets included; may be empty.
    pub(crate) host: &'a [u8],
    /// Digits up to 65535; may be empty.
    pub(crate) port: Option<&'a [u8]>,
}

impl Authority<'_> {
    /// Checks and splits a Host value or a URI's authority.
    pub(crate) fn parse(text: &[u8]) -> Option<Authority<'_>> {
        let split = match text {
            [b'[', ..] => text.iter().position(|byte| *byte == b']')? + 1,
            _ => host_length(text),
        };
        if text.get(split) == Some(&b'%') {
            return Authority::parse_escaped(text);
        }
        let (host, rest) = text.split_at(split);
        let port = match rest {
            [] => None,
            [b':', port @ ..] => Some(port),
            _ => return None,
        };
        let host_ok = host.first() != Some(&b'[') || is_ip_literal(host);
        (host_ok && port.is_none_or(is_port)).then_some(Authority { host, port })
    }

    /// Whether no label of the host but the last is empty. RFC 3986 allows it, and
    /// no name is like that; but `..` would be a way out of a folder that is
    /// named after the host. An address in brackets has no labels.
    pub(crate) fn is_named(&self) -> bool {
        match self.host.first() {
            Some(b'.') => false,
            Some(b'[') => true,
            _ => !self.host.windows(2).any(|two| two == b".."),
        }
    }

    /// Whether it is an address with a zone.
    pub(crate) fn has_zone(&self) -> bool {
        self.host.first() == Some(&b'[') && self.host.contains(&b'%')
    }

    /// The slower way, for a host with escapes.
    #[cold]
    fn parse_escaped(text: &[u8]) -> Option<Authority<'_>> {
        let (host, port) = match find_byte(text, b':') {
            Some(colon) => (&text[..colon], Some(&text[colon + 1..])),
            None => (text, None),
        };
        let ok = is_made_of(host, REG_NAME) && port.is_none_or(is_port);
        ok.then_some(Authority { host, port })
    }
}

fn is_port(port: &[u8]) -> bool {
    let mut value = 0_u32;
    for digit in port {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        value = value * 10 + digit;
        if digit > 9 || value > 65_535 {
            return false;
        }
    }
    true
}

fn is_ip_literal(host: &[u8]) -> bool {
    let Some(inner) = host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) else {
        return false;
    };
    match inner {
        // IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
        [b'v' | b'V', rest @ ..] => rest.iter().position(|byte| *byte == b'.').is_some_and(|dot| {
            let (version, address) = (&rest[..dot], &rest[dot + 1..]);
            !version.is_empty()
                && version.iter().all(u8::is_ascii_hexdigit)
                && !address.is_empty()
                && address.iter().all(|byte| is_unreserved_or_sub_delim(*byte) || *byte == b':')
        }),
        _ => {
            let (address, zone) = match inner.iter().position(|byte| *byte == b'%') {
                Some(at) => (&inner[..at], Some(&inner[at + 1..])),
                None => (inner, None),
            };
            // A zone is a name of the client's own (RFC 4007 §6), and says nothing to
            // anybody else: some write it, nobody routes by it.
            zone.is_none_or(is_zone)
                && std::str::from_utf8(address).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
        }
    }
}

/// `1*unreserved`, which `%25` in front of the name is too (RFC 6874 §2).
fn is_zone(zone: &[u8]) -> bool {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    !zone.is_empty() && zone.iter().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_follow_the_grammar() {
        for good in [
            "",
            "a",
            "a:",
            "a:80",
            "[::1]",
            "[::1]:8080",
            "[v1.x]",
            "a%41",
            "a_b!$&'()*+,;=",
            ":80",
            "[::1%lo]:80",
            "[fe80::1%25eth0]",
        ] {
            assert!(Authority::parse(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "a b",
            "a:x",
            "a:99999",
            "::1",
            // The address ::1:8080, or ::1 and a port.
            "::1:8080",
            "[::1%]",
            "[::1%a%b]",
            "[::1%a]b",
            "[%lo]",
            "[::1",
            "[]",
            "[::1]x",
            "[1.2.3.4]",
            "a%zz",
            "u@a",
            "a/b",
            "é",
        ] {
            assert!(Authority::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
