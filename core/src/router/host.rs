//! Decides which host a request is for, and when two hosts are the same.
//!
//! It does not check that a host is one: that is the head's matter.

/// The host without its port, as Go's `net.SplitHostPort` has it: whatever does
/// not look like a host with a port is a host as it stands.
pub(super) fn without_port(host: &[u8]) -> &[u8] {
    let Some(colon) = host.iter().rposition(|&b| b == b':') else { return host };
    let (name, after) = if host.starts_with(b"[") {
        match host.iter().position(|&b| b == b']') {
            Some(close) if close + 1 == colon => (&host[1..close], &host[close + 1..]),
            _ => return host,
        }
    } else {
        let name = &host[..colon];
        if name.contains(&b':') {
            return host;
        }
        (name, host)
    };
    let stray = name.contains(&b'[') || after.iter().any(|b| b"[]".contains(b));
    if stray { host } else { name }
}

/// The host without the dot that ends a fully qualified name (RFC 3986 §3.2.2).
pub(super) fn without_dot(host: &[u8]) -> &[u8] {
    match host.strip_suffix(b".") {
        Some(name) if !name.is_empty() => name,
        _ => host,
    }
}

/// The form in which a pattern's host is kept: lower case, no dot at its end.
pub(super) fn canonical(host: &str) -> Vec<u8> {
    without_dot(host.as_bytes()).to_ascii_lowercase()
}

/// Whether two patterns name the same host.
pub(super) fn same(a: &str, b: &str) -> bool {
    without_dot(a.as_bytes()).eq_ignore_ascii_case(without_dot(b.as_bytes()))
}
