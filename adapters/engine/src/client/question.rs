//! What a resolver is asked, and what it finds.
//! Who finds it, and when, others know.

use std::io;
use std::net::{IpAddr, SocketAddr};

pub(super) type ResolveFn = dyn Fn(&Question<'_>) -> io::Result<Resolved> + Send + Sync;

/// What a [`Resolver`](crate::Resolver) is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Question<'a> {
    /// The name of the host.
    pub host: &'a str,
    /// The port that is wanted there.
    pub port: u16,
    /// TLS is to be spoken there: the scheme is `https`, and HTTPS records are for it
    /// (RFC 9460 §9).
    pub secure: bool,
}

impl<'a> Question<'a> {
    /// The question where a host is; `secure` says that TLS is to be spoken there.
    pub fn new(host: &'a str, port: u16, secure: bool) -> Question<'a> {
        Question { host, port, secure }
    }
}

/// What a [`Resolver`](crate::Resolver) has found.
///
/// Clients connect to the addresses. What the services say is for what is to come
/// (HTTP/2 without a word of ALPN's before, encrypted client hellos): nothing of it is
/// used yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// Where to connect to, the best first. Ports may differ from the one that was asked for.
    pub addresses: Vec<SocketAddr>,
    /// The HTTPS records in ServiceMode (RFC 9460 §2.4.3), the best first; aliases
    /// have been followed.
    pub services: Vec<Service>,
}

impl From<Vec<SocketAddr>> for Resolved {
    fn from(addresses: Vec<SocketAddr>) -> Resolved {
        Resolved { addresses, services: Vec::new() }
    }
}

impl FromIterator<SocketAddr> for Resolved {
    fn from_iter<T: IntoIterator<Item = SocketAddr>>(addresses: T) -> Resolved {
        addresses.into_iter().collect::<Vec<_>>().into()
    }
}

/// One HTTPS record of a name: an endpoint, and what it offers (RFC 9460 §7, RFC 9848).
///
/// ```
/// use purlin_engine::Service;
/// let mut service = Service::new(1, "pool.example.test");
/// service.alpn.push(b"h2".to_vec());
/// service.port = Some(8443);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Service {
    /// SvcPriority: the lowest is tried first.
    pub priority: u16,
    /// TargetName, the host that serves; empty for the name that was asked for.
    pub target: String,
    /// `port`: the port there, if it is another one.
    pub port: Option<u16>,
    /// `alpn`: the protocols beside the default one, HTTP/1.1.
    pub alpn: Vec<Vec<u8>>,
    /// `no-default-alpn`: HTTP/1.1 is not spoken there unless `alpn` names it.
    pub no_default_alpn: bool,
    /// `ech`: the ECHConfigList for encrypted client hellos, as it came.
    pub ech: Option<Vec<u8>>,
    /// `ipv4hint` and `ipv6hint`: addresses of the target.
    pub hints: Vec<IpAddr>,
    /// Other parameters by their numbers, as they came.
    pub others: Vec<(u16, Vec<u8>)>,
}

impl Service {
    /// A record of this priority and target, and without parameters.
    pub fn new(priority: u16, target: impl Into<String>) -> Service {
        Service { priority, target: target.into(), ..Service::default() }
    }
}
