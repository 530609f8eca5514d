//! Extended CONNECT (RFC 8441): a raw stream on a connection that carries others.

use super::client::head;
use super::*;
use crate::error::Misuse;
use crate::head::{Method, RequestHead};
use crate::machine::{ClientMachine, Recv};

/// A client, and a server that takes CONNECT with a protocol or does not.
fn both(extended: bool) -> (Connection, Connection) {
    let mut config = config(9);
    config.http2.extended_connect = extended;
    let mut client = Connection::client(Arc::new(client_config(9)), false, NOW);
    let mut server = Connection::new(Arc::new(config), NOW);
    carry(&mut client, &mut server);
    (client, server)
}

/// Carries what each has to say until nothing moves.
fn carry(one: &mut Connection, other: &mut Connection) {
    loop {
        let (up, down) = (output(one), output(other));
        if up.is_empty() && down.is_empty() {
            return;
        }
        feed(other, &up);
        feed(one, &down);
    }
}

fn websocket() -> RequestHead {
    let mut head = RequestHead::extended_connect("websocket", "/chat?room=1").unwrap();
    head.fields_mut().append("Host", "a.test").unwrap();
    head
}

#[test]
fn a_websocket_is_a_raw_stream_beside_other_exchanges() {
    let (mut client, mut server) = both(true);
    let id = client.request(&websocket(), Body::Empty, NOW).unwrap();
    let plain = client.request(&head(Method::GET), Body::Empty, NOW).unwrap();
    carry(&mut client, &mut server);
    let Some(Event::Request { head, .. }) = server.poll_event(NOW) else { panic!() };
    assert_eq!((head.method(), head.protocol()), (&Method::CONNECT, Some("websocket")));
    assert_eq!((head.path(), head.query()), ("/chat", Some("room=1")));
    assert_eq!(head.authority(), Some("a.test"));
    let Some(Event::Request { head: other, .. }) = server.poll_event(NOW) else { panic!() };
    assert_eq!(other.protocol(), None);

    let ok = ResponseHead::new(Status::OK);
    server.respond(id, &ok, Body::Stream, NOW).unwrap();
    assert!(matches!(server.poll_event(NOW), Some(Event::Upgraded { id: 1 })));
    server.send(id, &mut Bytes::from_static(b"frames"), NOW).unwrap();
    server.respond(plain, &ok, Body::Empty, NOW).unwrap();
    carry(&mut client, &mut server);
    let told = events(&mut client);
    assert!(told.iter().any(|event| event.starts_with("Upgraded")), "{told:?}");
    assert_eq!(client.recv(id, NOW), Recv::Data("frames".into()));

    client.send(id, &mut Bytes::from_static(b"more"), NOW).unwrap();
    client.finish(id, None, NOW).unwrap();
    carry(&mut client, &mut server);
    assert_eq!(server.recv(id, NOW), Recv::Data("more".into()));
    assert_eq!(server.recv(id, NOW), Recv::End(None));
    server.finish(id, None, NOW).unwrap();
    carry(&mut client, &mut server);
    assert_eq!(client.recv(id, NOW), Recv::End(None));
    assert!(!client.in_exchange() && !server.in_exchange());
}

#[test]
fn a_protocol_is_asked_for_only_where_the_server_takes_it() {
    let (mut client, _) = both(false);
    let asked = client.request(&websocket(), Body::Empty, NOW);
    assert_eq!(asked, Err(Misuse::ProtocolNotOffered));
    assert_eq!(output(&mut client), b"");
    // HTTP/1 has no such request either.
    let mut plain = crate::client::Connection::new(Arc::default(), NOW);
    let asked = plain.request(&websocket(), Body::Empty, NOW);
    assert_eq!(asked, Err(Misuse::ProtocolNotOffered));
}

#[test]
fn a_refused_protocol_is_an_answer_and_the_connection_goes_on() {
    let (mut client, mut server) = both(true);
    let id = client.request(&websocket(), Body::Empty, NOW).unwrap();
    carry(&mut client, &mut server);
    let _ = events(&mut server);
    let no = ResponseHead::new(Status::NOT_FOUND);
    server.respond(id, &no, Body::Full("no".into()), NOW).unwrap();
    carry(&mut client, &mut server);
    let told = events(&mut client);
    assert!(!told.iter().any(|event| event.starts_with("Upgraded")), "{told:?}");
    assert_eq!(client.recv(id, NOW), Recv::Data("no".into()));
    assert_eq!(client.recv(id, NOW), Recv::End(None));
    assert!(client.slots() > 0 && !client.in_exchange());
}
