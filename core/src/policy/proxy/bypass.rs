//! Which hosts are reached without a proxy: the list in `NO_PROXY`, as Go reads it,
//! and in the other forms in which people write it.

use crate::url::Url;
use std::net::IpAddr;

/// The members of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Bypass {
    all: bool,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// An address, maybe at one port only.
    Address(IpAddr, Option<u16>),
    /// Addresses that begin with these bits.
    Network(IpAddr, u32),
    /// The names below `.suffix`, and the suffix itself if `itself`; maybe at one port only.
    Names { suffix: String, itself: bool, port: Option<u16> },
}

impl Bypass {
    /// Reads a list separated by commas or blanks; what makes no sense in it is
    /// passed over, as in Go.
    pub(super) fn parse(list: &str) -> Bypass {
        let members: Vec<String> = list
            .split(|letter: char| letter == ',' || letter.is_whitespace())
            .map(str::to_lowercase)
            .collect();
        if members.iter().any(|member| member == "*") {
            return Bypass { all: true, rules: Vec::new() };
        }
        Bypass { all: false, rules: members.iter().filter_map(|member| rule(member)).collect() }
    }

    /// Whether the URL's host and port are among the members.
    pub(super) fn holds(&self, url: &Url) -> bool {
        let host = without_dot(url.host()).to_ascii_lowercase();
        let address = address(&host);
        let port = url.port_or_default();
        self.all
            || self.rules.iter().any(|rule| match rule {
                Rule::Address(one, at) => Some(*one) == address && at.is_none_or(|at| at == port),
                Rule::Network(network, bits) => {
                    address.is_some_and(|address| begins_with(address, *network, *bits))
                }
                Rule::Names { suffix, itself, port: at } => {
                    at.is_none_or(|at| at == port)
                        && (host.ends_with(suffix.as_str()) || *itself && host == suffix[1..])
                }
            })
    }
}

fn rule(member: &str) -> Option<Rule> {
    if let Some((network, bits)) = network(member) {
        return range(network, bits);
    }
    let (host, port) = host_and_port(member)?;
    let host = without_dot(host);
    if let Some(address) = address(host) {
        return Some(Rule::Address(address, port));
    }
    if host.is_empty() {
        return None;
    }
    // `*.x` is `.x`: the names below. A plain name is itself, and those below it.
    let below = host.strip_prefix('*').filter(|rest| rest.starts_with('.'));
    let below = below.or_else(|| host.starts_with('.').then_some(host));
    Some(match below {
        Some(suffix) => Rule::Names { suffix: suffix.to_owned(), itself: false, port },
        None => Rule::Names { suffix: format!(".{host}"), itself: true, port },
    })
}

/// The same name without the dot that says that nothing follows.
fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// An address and how many bits of it count: `10.0.0.0/8`, `2001:db8::/33`, the
/// latter in brackets too, around all of it or the address alone.
fn network(member: &str) -> Option<(IpAddr, u16)> {
    let inside = |text| -> Option<&str> { str::strip_suffix(str::strip_prefix(text, '[')?, ']') };
    let (network, bits) = inside(member).unwrap_or(member).split_once('/')?;
    let network = match inside(network) {
        Some(six) => IpAddr::V6(six.parse().ok()?),
        None => network.parse().ok()?,
    };
    Some((network, digits(bits)?))
}

/// The addresses that begin with so many bits of this one.
fn range(network: IpAddr, bits: u16) -> Option<Rule> {
    let bits = u32::from(bits);
    match (network, network.to_canonical()) {
        (IpAddr::V6(_), plain @ IpAddr::V4(_)) if (96..=128).contains(&bits) => {
            Some(Rule::Network(plain, bits - 96))
        }
        (IpAddr::V4(_), _) if bits > 32 => None,
        _ => (bits <= 128).then_some(Rule::Network(network, bits)),
    }
}

/// A number without a sign.
fn digits(text: &str) -> Option<u16> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// The port behind a colon: none if nothing stands there. Go compares ports as
/// texts, so that one with zeros before it is nobody's.
fn port_of(text: &str) -> Option<Option<u16>> {
    if text.is_empty() {
        return Some(None);
    }
    digits(text).filter(|_| text == "0" || !text.starts_with('0')).map(Some)
}

/// Splits a port off; `None` if there is something that is not one.
fn host_and_port(member: &str) -> Option<(&str, Option<u16>)> {
    if address(member).is_some() {
        return Some((member, None));
    }
    if let Some(rest) = member.strip_prefix('[') {
        let (inside, port) = rest.split_once(']')?;
        return Some(match port.strip_prefix(':') {
            Some(port) => (inside, port_of(port)?),
            None => (inside, port.is_empty().then_some(None)?),
        });
    }
    match member.split_once(':') {
        Some((host, port)) => Some((host, port_of(port)?)),
        None => Some((member, None)),
    }
}

/// The address a host is, if it is one. One that stands for an IPv4 address is that;
/// a zone says by which interface it is reached, not whether by a proxy.
fn address(host: &str) -> Option<IpAddr> {
    let plain = match host.split_once('%') {
        Some((six, _)) if six.contains(':') => six,
        _ => host,
    };
    plain.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether a host is this machine: `localhost` and the names below it (RFC 6761
/// §6.3), or a loopback address.
pub(super) fn is_local(host: &str) -> bool {
    let host = without_dot(host);
    host.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
        || address(host).is_some_and(|address| address.is_loopback())
}

/// Whether the first `bits` bits are the same.
fn begins_with(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differ = u32::from(address) ^ u32::from(network);
            differ.leading_zeros() >= bits
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differ = u128::from(address) ^ u128::from(network);
            differ.leading_zeros() >= bits
        }
        _ => false,
    }
}
