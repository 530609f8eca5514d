//! What a handshake settles, and what of it cannot be used: a session that
//! outlives its certificate, a protocol that nobody speaks.

#![cfg(feature = "ring")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use purlin_core::config::Protocols;
use purlin_core::{
    ClientMachine, Event, Fault, Machine, Mono, Now, PeerError, Retry, Secured, client, server,
};
use purlin_tls::{ClientTls, HTTP, Identity, Roots, ServerTls, Tls, TlsErrorKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use std::sync::Arc;

/// Two moments: certificates that end with the century end between them.
const EARLY: Now = Now::at(Mono::from_secs(1), 1_800_000_000);
const LATE: Now = Now::at(Mono::from_secs(9), 4_102_444_801);

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    fn roots(&self) -> Roots {
        Roots::from_pem(self.pem.as_bytes()).unwrap()
    }

    /// A certificate and its key in PEM, until the end of that year.
    fn issue(&self, name: &str, year: i32) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year + 1, 1, 1);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn identity(&self, name: &str, year: i32) -> Identity {
        let (chain, key) = self.issue(name, year);
        Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
    }
}

/// A connection whose bytes have all been carried.
struct Met {
    client: Tls<client::Connection>,
    server: Secured,
    fault: Option<PeerError>,
    /// The server speaks HTTP/2.
    many: bool,
}

impl Met {
    fn resumed(&self) -> (Option<bool>, Option<bool>) {
        let resumed = |secured: &Secured| secured.info().map(|info| info.resumed);
        (resumed(self.client.secured()), resumed(&self.server))
    }

    fn errors(&self) -> (Option<&str>, Option<&str>) {
        (self.client.secured().error(), self.server.error())
    }
}

fn meet(client: &ClientTls, server: &ServerTls, now: Now) -> Met {
    meet_speaking((client, Protocols::Http1), (server, Protocols::Http1), now)
}

/// The same, of two that speak these protocols.
fn meet_speaking(
    (client, ours): (&ClientTls, Protocols),
    (server, theirs): (&ServerTls, Protocols),
    now: Now,
) -> Met {
    let config = server::Config { protocols: theirs, ..server::Config::default() };
    let (mut server, secured) = server.connection(Arc::new(config), now);
    let config = client::Config { protocols: ours, ..client::Config::default() };
    let inner = client::Connection::secure(Arc::new(config), now);
    let mut client = Tls::client_of(client, ours, "localhost", inner, now).unwrap();
    let (mut up, mut down, mut fault) = (Vec::new(), Vec::new(), None);
    for _ in 0..20 {
        client.transmit(&mut up, usize::MAX, now);
        server.transmit(&mut down, usize::MAX, now);
        let taken = server.receive(&up, now);
        up.drain(..taken);
        let taken = client.receive(&down, now);
        down.drain(..taken);
        while server.poll_event(now).is_some() {}
        while let Some(event) = client.poll_event(now) {
            if let Event::Failed { error, .. } = event {
                fault = Some(error);
            }
        }
    }
    let many = server.carries_many();
    Met { client, server: secured, fault, many }
}

#[test]
fn a_session_does_not_outlive_the_certificate_of_its_server() {
    let authority = Authority::new();
    let server = ServerTls::builder().identity(authority.identity("localhost", 2099));
    let server = server.build().unwrap();
    let client = ClientTls::new(authority.roots()).unwrap();
    assert_eq!(meet(&client, &server, EARLY).resumed(), (Some(false), Some(false)));
    assert_eq!(meet(&client, &server, EARLY).resumed(), (Some(true), Some(true)));
    let late = meet(&client, &server, LATE);
    let error = late.client.error().unwrap();
    assert_eq!(error.kind(), TlsErrorKind::Session);
    assert!(error.to_string().contains("expired on Fri, 01 Jan 2100"), "{error}");
    assert!(late.fault.is_some_and(|fault| fault.retry == Retry::Safe), "{:?}", late.fault);
    // And what is tried again begins anew: rustls looks at the time by itself.
    assert_eq!(meet(&client, &server, LATE).resumed(), (Some(false), Some(false)));
}

#[test]
fn who_takes_any_certificate_takes_a_session_of_one_that_has_expired() {
    let authority = Authority::new();
    let server = ServerTls::builder().identity(authority.identity("localhost", 2099));
    let server = server.build().unwrap();
    let client = ClientTls::new(authority.roots()).unwrap().danger_accept_invalid();
    meet(&client, &server, EARLY);
    assert_eq!(meet(&client, &server, LATE).resumed(), (Some(true), Some(true)));
}

#[test]
fn a_server_that_verifies_clients_resumes_no_session_of_a_certificate_that_has_expired() {
    let authority = Authority::new();
    let builder = || ServerTls::builder().identity(authority.identity("localhost", 4000));
    let with = ClientTls::new(authority.roots()).unwrap().identity(authority.identity("me", 4000));
    let without = ClientTls::new(authority.roots()).unwrap();
    let ending = without.clone().identity(authority.identity("me", 2099));
    let required = builder().client_certificates_required(authority.roots()).build().unwrap();
    let optional = builder().client_certificates_optional(authority.roots()).build().unwrap();
    for _ in 0..3 {
        assert_eq!(meet(&with, &required, EARLY).resumed(), (Some(false), Some(false)));
    }
    for client in [&with, &without, &ending] {
        assert_eq!(meet(client, &optional, EARLY).resumed(), (Some(false), Some(false)));
        assert_eq!(meet(client, &optional, EARLY).resumed(), (Some(true), Some(true)));
    }
    for client in [&with, &without] {
        assert_eq!(meet(client, &optional, LATE).resumed(), (Some(true), Some(true)));
    }
    let late = meet(&ending, &optional, LATE);
    assert!(late.server.error().is_some_and(|why| why.contains("expired")), "{:?}", late.errors());
    assert_eq!(late.server.info(), None, "nobody is told that it was verified");
}

#[test]
fn a_session_does_not_outlive_the_certificate_of_its_client_whoever_set_rustls_up() {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let authority = Authority::new();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let roots = Arc::new(roots);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            roots.clone(),
            provider.clone(),
        );
        let (chain, key) = authority.issue("localhost", 4000);
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let server = ServerTls::from_rustls(Arc::new(config)).unwrap();
        let shown = authority.identity("me", 2099);
        let client = ClientTls::new(authority.roots()).unwrap().identity(shown);
        assert_eq!(meet(&client, &server, EARLY).resumed(), (Some(false), Some(false)));
        assert_eq!(meet(&client, &server, EARLY).resumed(), (Some(true), Some(true)));
        let late = meet(&client, &server, LATE);
        let why = late.server.error().unwrap();
        assert!(why.contains("expired on Fri, 01 Jan 2100"), "{why}");
        assert_eq!(late.server.info(), None, "nobody is told that it was verified");
    }
}

#[test]
fn what_is_agreed_on_and_not_spoken_fails_the_handshake() {
    let authority = Authority::new();
    let server = |offer: &[&[u8]]| {
        let builder = ServerTls::builder().identity(authority.identity("localhost", 4000));
        builder.alpn(offer).build().unwrap()
    };
    let client = |offer: &[&[u8]]| ClientTls::new(authority.roots()).unwrap().alpn(offer);
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    let why = "the two sides agreed on h2 (ALPN), which is not spoken here";
    let met = meet(&client(both), &server(both), EARLY);
    let (client_says, server_says) = met.errors();
    assert_eq!(client_says, Some(why));
    assert!(server_says.is_some(), "whoever is first");
    let fault = met.fault.unwrap();
    assert_eq!((fault.kind, fault.retry), (Fault::TlsHandshake, Retry::Never));
    assert_eq!(met.resumed(), (None, None));
    for (ours, theirs) in [(both, HTTP), (HTTP, both), (&[], both), (both, &[]), (&[], &[])] {
        let met = meet(&client(ours), &server(theirs), EARLY);
        assert_eq!(met.errors(), (None, None), "{ours:?} {theirs:?}");
        assert_eq!(met.resumed(), (Some(false), Some(false)));
    }
}

#[test]
fn what_both_speak_is_agreed_on_and_http2_is_preferred() {
    use Protocols::{Both, Http1, Http2};
    let authority = Authority::new();
    let server = ServerTls::builder().identity(authority.identity("localhost", 4000));
    let server = server.build().unwrap();
    let client = ClientTls::new(authority.roots()).unwrap();
    for (ours, theirs, agreed) in [
        (Both, Both, Some("h2")),
        (Both, Http2, Some("h2")),
        (Http2, Both, Some("h2")),
        (Http2, Http2, Some("h2")),
        (Both, Http1, Some("http/1.1")),
        (Http1, Both, Some("http/1.1")),
        // RFC 7301 §3.2: no_application_protocol
        (Http1, Http2, None),
        (Http2, Http1, None),
    ] {
        let met = meet_speaking((&client, ours), (&server, theirs), EARLY);
        let many = agreed == Some("h2");
        assert_eq!(met.client.alpn(), agreed.map(str::as_bytes), "{ours:?} {theirs:?}");
        assert_eq!(met.client.is_ready(), agreed.is_some(), "{ours:?} {theirs:?}");
        if agreed.is_some() {
            assert_eq!((met.client.carries_many(), met.many), (many, many), "{ours:?} {theirs:?}");
            assert_eq!(met.client.slots() > 1, many);
        } else {
            let fault = met.fault.unwrap();
            assert_eq!((fault.kind, fault.retry), (Fault::TlsAlert, Retry::Never));
        }
    }
}

#[test]
fn who_names_nothing_speaks_http1_and_is_refused_where_http2_alone_is_spoken() {
    use Protocols::{Both, Http1, Http2};
    let authority = Authority::new();
    let server = || ServerTls::builder().identity(authority.identity("localhost", 4000));
    let client = ClientTls::new(authority.roots()).unwrap();
    let (silent, mute) = (client.clone().alpn(&[]), server().alpn(&[]).build().unwrap());
    let server = server().build().unwrap();
    let why = "the two sides agreed on nothing (ALPN), and HTTP/2 alone is spoken here";

    let met = meet_speaking((&silent, Http1), (&server, Both), EARLY);
    assert!(met.client.is_ready() && !met.many);
    let met = meet_speaking((&client, Both), (&mute, Http1), EARLY);
    assert!(met.client.is_ready() && !met.client.carries_many());
    let met = meet_speaking((&silent, Http1), (&server, Http2), EARLY);
    assert_eq!(met.errors().1, Some(why));
    let met = meet_speaking((&client, Http2), (&mute, Http1), EARLY);
    assert_eq!(met.errors().0, Some(why));
}
