//! Settings and limits of ours that the peer does not know yet, or that come late, and what holds until then.

use super::client::{answer, client, head};
use super::*;
use crate::head::Method;
use crate::machine::ClientMachine;

/// A server whose windows and table are small.
fn small() -> Connection {
    let mut config = config(9);
    (config.http2.stream_window, config.http2.header_table) = (10, 0);
    let mut server = Connection::new(Arc::new(config), NOW);
    let mut hello = PREFACE.to_vec();
    write::settings(&mut hello, []);
    feed(&mut server, &hello);
    server
}

/// A head that goes into the encoder's table, or comes from there.
fn head_of(encoder: &mut Encoder, id: u32) -> Vec<u8> {
    let fields = [
        (&b":method"[..], &b"POST"[..]),
        (b":scheme", b"http"),
        (b":path", b"/"),
        (b"host", b"a"),
        (b"x-a", b"b"),
    ];
    let (mut block, mut out) = (Vec::new(), Vec::new());
    encoder.encode(fields, &mut block);
    write::headers(&mut out, id, &block, false, 16_384);
    out
}

#[test]
fn until_our_settings_are_acknowledged_what_holds_without_them_may_be_used() {
    let mut server = small();
    let mut encoder = Encoder::default();
    for id in [1, 3] {
        let octets = [head_of(&mut encoder, id), data(id, &[b'x'; 60], false)].concat();
        feed(&mut server, &octets);
    }
    assert_eq!(events(&mut server).len(), 2);
    for id in [1, 3] {
        assert!(matches!(server.recv(id, NOW), Recv::Data(data) if data.len() == 60));
    }
    let _ = output(&mut server);

    // From here on the windows are 10, of which 60 were used and given back.
    let mut ack = Vec::new();
    write::settings_ack(&mut ack);
    feed(&mut server, &ack);
    encoder.allow(0);
    feed(&mut server, &[head_of(&mut encoder, 5), data(5, &[b'x'; 10], false)].concat());
    feed(&mut server, &[data(1, &[b'x'; 10], false), data(3, &[b'x'; 11], false)].concat());
    assert_eq!(frames(&output(&mut server)), ["RST_STREAM 3 FLOW_CONTROL_ERROR"]);
}

/// Begins streams; how many of them were refused, and all that was said.
fn refused(server: &mut Connection, ids: std::ops::Range<u32>) -> (usize, Vec<String>) {
    for id in ids {
        server.receive(&request(2 * id + 1, true), NOW);
    }
    let out = frames(&output(server));
    (out.iter().filter(|frame| frame.ends_with("REFUSED_STREAM")).count(), out)
}

#[test]
fn refusals_cost_a_client_nothing_until_it_knows_how_many_streams_there_may_be() {
    let mut server = Connection::new(Arc::new(config(1)), NOW);
    let mut hello = PREFACE.to_vec();
    write::settings(&mut hello, []);
    feed(&mut server, &hello);
    feed(&mut server, &request(1, true));
    let (count, _) = refused(&mut server, 1..201);
    assert_eq!((count, server.reason), (200, None));
    let mut ack = Vec::new();
    write::settings_ack(&mut ack);
    feed(&mut server, &ack);
    let (count, out) = refused(&mut server, 201..401);
    assert_eq!(count, 100, "{out:?}");
    assert!(out.last().is_some_and(|last| last.contains("ENHANCE_YOUR_CALM resets_sent")));
}

#[test]
fn a_handler_that_still_runs_for_a_closed_stream_costs_its_client_nothing() {
    let mut server = server(1);
    feed(&mut server, &request(1, true));
    assert_eq!(events(&mut server), ["Request 1"]);
    feed(&mut server, &rst(1));
    let (count, _) = refused(&mut server, 1..201);
    assert_eq!((count, server.reason), (200, None));
    server.let_go(1, NOW);
    let (count, out) = refused(&mut server, 201..401);
    assert_eq!(count, 100, "{out:?}");
    assert!(out.last().is_some_and(|last| last.contains("ENHANCE_YOUR_CALM resets_sent")));
}

#[test]
fn whoever_has_acknowledged_a_smaller_table_begins_with_saying_so() {
    let mut server = small();
    let mut ack = Vec::new();
    write::settings_ack(&mut ack);
    feed(&mut server, &ack);
    feed(&mut server, &head_of(&mut Encoder::default(), 1));
    let said = frames(&output(&mut server));
    assert!(said.last().unwrap().starts_with("GOAWAY 0 COMPRESSION_ERROR"), "{said:?}");
}

#[test]
fn a_limit_holds_for_what_came_before_a_reset_too() {
    let mut client = client(9);
    let id = client.request(&head(Method::GET), Body::Empty, NOW).unwrap();
    let came = [answer(1, "200", false), data(1, b"abc", false), rst(1)];
    feed(&mut client, &came.concat());
    assert_eq!(client.limit_body(id, 2), Ok(()));
    assert!(matches!(client.recv(id, NOW), Recv::Failed(_)));
}
