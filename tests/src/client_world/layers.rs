//! The machines of servers, with TLS around them or without, and what a client trusts.
//! Keys and signatures have one size each, so that a run with TLS is replayed
//! exactly although its bytes are others.

use crate::tls::Raw;
use purlin_core::exchange::Route;
use purlin_core::{Machine, Now, ServerConfig, server};
use purlin_tls::{ClientTls, Roots, ServerTls, Tls};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ED25519, SerialNumber,
};
use std::sync::{Arc, OnceLock};

/// What servers show, and the authority behind it, in PEM.
struct Shown {
    server: ServerTls,
    authority: String,
}

/// It takes a while to make, and no seed needs another.
fn shown() -> &'static Result<Shown, String> {
    static SHOWN: OnceLock<Result<Shown, String>> = OnceLock::new();
    SHOWN.get_or_init(|| make().map_err(|error| error.to_string()))
}

fn make() -> Result<Shown, Box<dyn std::error::Error>> {
    let params = |names: &[&str], serial| -> Result<_, rcgen::Error> {
        let mut params = CertificateParams::new(
            names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(),
        )?;
        params.distinguished_name.push(DnType::CommonName, "client world");
        params.serial_number = Some(SerialNumber::from(serial));
        Ok(params)
    };
    let mut authority = params(&[], 1)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let pem = authority.self_signed(&key)?.pem();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let chain = params(&["a.test", "b.test", "proxy.test"], 2)?.signed_by(&key, &issuer)?.pem();
    let server = ServerTls::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes())?;
    Ok(Shown { server, authority: pem })
}

/// A client's TLS, whose sessions no other world knows.
///
/// # Errors
/// The certificates cannot be made.
pub(crate) fn client() -> Result<ClientTls, String> {
    let shown = shown().as_ref().map_err(Clone::clone)?;
    let roots = Roots::from_pem(shown.authority.as_bytes()).map_err(|error| error.to_string())?;
    ClientTls::new(roots).map_err(|error| error.to_string())
}

/// The TLS of a server that goes by all names that are known here.
///
/// # Errors
/// The certificates cannot be made.
pub(crate) fn server() -> Result<&'static ServerTls, String> {
    shown().as_ref().map(|shown| &shown.server).map_err(Clone::clone)
}

/// Whether what is on the wire of this route is TLS, once a tunnel is made.
pub(super) fn is_secret(route: &Route) -> bool {
    route.is_secure() || route.is_proxy_secure()
}

/// A good server's machine.
///
/// # Errors
/// The certificates cannot be made.
pub(super) fn good(
    config: ServerConfig,
    route: &Route,
    now: Now,
) -> Result<server::Connection, String> {
    if !is_secret(route) {
        return Ok(server::Connection::new(Arc::new(config), now));
    }
    let shown = shown().as_ref().map_err(Clone::clone)?;
    let config = ServerConfig { secure: route.is_secure(), ..config };
    Ok(shown.server.connection(Arc::new(config), now).0)
}

/// The machine of a server that says what it likes.
///
/// # Errors
/// The certificates cannot be made.
pub(super) fn bad(route: &Route, now: Now) -> Result<Box<dyn Machine + Send>, String> {
    let raw = Raw::new(1 << 20);
    if !is_secret(route) {
        return Ok(Box::new(raw));
    }
    let shown = shown().as_ref().map_err(Clone::clone)?;
    Ok(Box::new(Tls::server(&shown.server, raw, now)))
}
