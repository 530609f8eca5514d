//! What becomes of exchanges when the TLS around them fails.

#![cfg(feature = "ring")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use purlin_core::config::Protocols;
use purlin_core::{
    Body, ClientMachine, Event, Fault, Id, Machine, Method, Now, RequestHead, Retry, client, server,
};
use purlin_tls::{ClientTls, Roots, ServerTls, Tls};
use std::io::IoSlice;
use std::sync::Arc;

type Client = Tls<client::Connection>;

/// A client whose server has greeted it.
fn client(protocols: Protocols, now: Now) -> Client {
    let made = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let server = ServerTls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let trusting = ClientTls::new(Roots::from_pem(chain.as_bytes()).unwrap()).unwrap();
    let (mut server, _) = server.connection(Arc::new(server::Config::default()), now);
    let config = client::Config { protocols, ..client::Config::default() };
    let inner = client::Connection::secure(Arc::new(config), now);
    let mut client = Tls::client_of(&trusting, protocols, "localhost", inner, now).unwrap();
    for _ in 0..10 {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        client.transmit(&mut up, usize::MAX, now);
        assert_eq!(server.receive(&up, now), up.len());
        server.transmit(&mut down, usize::MAX, now);
        assert_eq!(client.receive(&down, now), down.len());
        while client.poll_event(now).is_some() || server.poll_event(now).is_some() {}
    }
    assert!(client.is_ready());
    client
}

fn get(client: &mut Client, now: Now) -> Id {
    let mut head = RequestHead::new(Method::GET, "/").unwrap();
    head.fields_mut().append("Host", "localhost").unwrap();
    client.request(&head, Body::Empty, now).unwrap()
}

/// A record that nobody could have encrypted.
const FORGED: &[u8] = b"\x17\x03\x03\x00\x20................................";

/// What is told of exchanges and of the connection.
fn told(client: &mut Client, now: Now) -> Vec<(Option<Id>, Fault, Retry)> {
    let events = std::iter::from_fn(|| client.poll_event(now));
    let failed = events.filter_map(|event| match event {
        Event::Failed { id, error } => Some((id, error.kind, error.retry)),
        _ => None,
    });
    failed.collect()
}

#[test]
fn each_exchange_is_told_of_with_what_is_known_of_it() {
    let now = Now::default();
    let mut client = client(Protocols::Both, now);
    assert!(client.carries_many());
    let written = get(&mut client, now);
    client.transmit(&mut Vec::new(), usize::MAX, now);
    let sealed = get(&mut client, now);
    assert_eq!(client.output(&mut [IoSlice::new(&[])], now), 1);
    let unsaid = get(&mut client, now);
    client.receive(FORGED, now);
    let fault = Fault::TlsRecord;
    assert_eq!(
        told(&mut client, now),
        [
            (Some(written), fault, Retry::IfIdempotent),
            // It still goes out.
            (Some(sealed), fault, Retry::IfIdempotent),
            (Some(unsaid), fault, Retry::Safe),
        ]
    );
    assert!(client.want().write);
}

#[test]
fn what_http_1_asked_is_told_of_and_what_was_not_asked_is_the_connections() {
    let now = Now::default();
    let mut one = client(Protocols::Http1, now);
    let id = get(&mut one, now);
    assert_eq!(one.output(&mut [IoSlice::new(&[])], now), 1);
    one.receive(FORGED, now);
    assert_eq!(told(&mut one, now), [(Some(id), Fault::TlsRecord, Retry::IfIdempotent)]);
    let mut idle = client(Protocols::Http1, now);
    idle.receive(FORGED, now);
    let mut events = Vec::new();
    events.extend(std::iter::from_fn(|| idle.poll_event(now)));
    assert!(
        matches!(
            events[..],
            [Event::Failed { id: None, .. }, Event::Closed(purlin_core::CloseReason::Fault(_))]
        ),
        "{events:?}"
    );
}
