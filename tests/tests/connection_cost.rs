//! What a connection costs: allocations for a request, bytes while it is idle.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use allocation_counter::measure;
use bytes::Bytes;
use purlin_core::observe::{Address, Peer};
use purlin_core::server::Connection;
use purlin_core::{
    Body, ClientConfig, ClientMachine, Event, Machine, Method, Mono, Now, Recv, RequestHead,
    ResponseHead, Reuse, ServerConfig, ServerMachine, Status, Values, client,
};
use std::cell::Cell;
use std::sync::Arc;

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);
const REQUEST: &[u8] = b"GET /hello HTTP/1.1\r\nHost: example.org\r\nUser-Agent: test\r\n\
    Accept: */*\r\nAccept-Encoding: gzip, br\r\n\r\n";

/// One keep-alive request, answered and written.
fn exchange(machine: &mut Connection, head: &ResponseHead, out: &mut Vec<u8>) {
    assert_eq!(machine.receive(REQUEST, NOW), REQUEST.len());
    let Some(Event::Request { id, .. }) = machine.poll_event(NOW) else {
        panic!("a request is there");
    };
    let body = Body::Full(Bytes::from_static(b"hello"));
    assert!(machine.respond(id, head, body, NOW).is_ok());
    out.clear();
    machine.transmit(out, usize::MAX, NOW);
    assert!(machine.poll_event(NOW).is_none());
}

fn connection() -> (Connection, ResponseHead, Vec<u8>) {
    let machine = Connection::new(Arc::new(ServerConfig::default()), NOW);
    let head = ResponseHead::new(Status::OK).with("Content-Type", "text/plain").unwrap();
    (machine, head, Vec::with_capacity(4096))
}

#[test]
fn a_keep_alive_request_costs_two_allocations() {
    let (mut machine, head, mut out) = connection();
    exchange(&mut machine, &head, &mut out);
    let many = measure(|| (0..100).for_each(|_| exchange(&mut machine, &head, &mut out)));
    // The head's text and the table of its fields: they go to the application.
    assert!(many.count_total <= 200, "{} for 100 requests", many.count_total);
    assert_eq!(many.count_current, 0, "nothing is left behind");
}

#[test]
fn a_request_after_a_trim_costs_four_allocations() {
    let (mut machine, head, mut out) = connection();
    exchange(&mut machine, &head, &mut out);
    let many = measure(|| {
        for _ in 0..100 {
            machine.trim(NOW);
            exchange(&mut machine, &head, &mut out);
        }
    });
    // And the two buffers, which an idle connection does not keep.
    assert!(many.count_total <= 400, "{} for 100 requests", many.count_total);
}

#[test]
fn an_idle_connection_holds_no_buffer() {
    let (mut machine, head, mut out) = connection();
    let config = Arc::new(ServerConfig::default());
    let held = measure(|| {
        let mut machine = Connection::new(config.clone(), NOW);
        exchange(&mut machine, &head, &mut out);
        machine.trim(NOW);
        assert_eq!(machine.held(), 0);
        std::mem::forget(machine); // what it holds stays counted
    });
    assert_eq!(held.bytes_current, 0, "bytes on the heap, the shared configuration apart");
    exchange(&mut machine, &head, &mut out);
    assert!(machine.held() > 0, "before a trim there are buffers");
}

#[test]
fn a_connection_is_less_than_a_kilobyte() {
    assert!(size_of::<Connection>() <= 1024, "{} bytes", size_of::<Connection>());
}

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: a\r\n\
    Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\nhello";

/// One GET on a kept connection.
fn get(machine: &mut client::Connection, head: &RequestHead, out: &mut Vec<u8>) {
    let id = machine.request(head, Body::Empty, NOW).unwrap();
    out.clear();
    machine.transmit(out, usize::MAX, NOW);
    assert_eq!(machine.receive(RESPONSE, NOW), RESPONSE.len());
    assert!(matches!(machine.poll_event(NOW), Some(Event::Response { .. })));
    assert!(matches!(machine.recv(id, NOW), Recv::Data(_)));
    assert!(matches!(machine.recv(id, NOW), Recv::End(None)));
    assert_eq!(machine.reuse(), Reuse::Now);
}

#[test]
fn a_get_costs_a_client_three_allocations() {
    let mut machine = client::Connection::new(Arc::new(ClientConfig::default()), NOW);
    let mut head = RequestHead::new(Method::GET, "/hello").unwrap();
    head.fields_mut().append("Host", "example.org").unwrap();
    let mut out = Vec::with_capacity(4096);
    get(&mut machine, &head, &mut out);
    let many = measure(|| (0..100).for_each(|_| get(&mut machine, &head, &mut out)));
    // The head's text, the table of its fields, and the body: they go to the application.
    assert!(many.count_total <= 300, "{} for 100 requests", many.count_total);
    assert_eq!(many.count_current, 0, "nothing is left behind");
    let idle = measure(|| machine.trim(NOW));
    assert!(idle.bytes_current < 0 && machine.held() == 0, "an idle connection holds no buffer");
    assert!(size_of::<client::Connection>() <= 1024, "{}", size_of::<client::Connection>());
}

#[test]
fn a_value_costs_one_allocation() {
    let base = Values::default().with("of the server");
    let (mut connection, found) = (Values::default(), Cell::new(0));
    let peer = Peer::new(7, Address::Memory, Address::Memory);
    let cost = measure(|| connection = base.with(peer));
    assert_eq!(cost.count_total, 1);
    let reading = measure(|| {
        let request = connection.clone();
        found.set(request.get::<Peer>().map_or(0, |peer| peer.number));
    });
    assert_eq!((reading.count_total, found.get()), (0, 7));
}
