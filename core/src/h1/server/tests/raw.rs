//! Upgrades and tunnels: where HTTP ends.

use super::*;

#[test]
fn an_upgrade_hands_out_what_came_too_early() {
    let mut wire = Wire::new();
    wire.send("GET /u HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nearly")
        .events();
    let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo").unwrap();
    wire.machine.respond(1, &head, Body::Empty, wire.now).unwrap();
    wire.expect(&["Upgraded { id: 1 }"]);
    assert_eq!(
        wire.output(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"
    );
    assert_eq!(wire.body(1), data("early"));
    assert_eq!(wire.body(1), Recv::Pending);
    wire.machine.send(1, &mut Bytes::from_static(b"echo"), wire.now).unwrap();
    assert_eq!(wire.output(), "echo");
    wire.machine.finish(1, None, wire.now).unwrap();
    assert_eq!(wire.close(), Some(Close::Linger), "half closed");
    wire.send("late").expect(&["Readable { id: 1 }"]);
    assert_eq!(wire.body(1), data("late"));
    wire.eof(Eof::Clean);
    assert_eq!(wire.body(1), Recv::End(None));
    wire.expect(&["Closed(Upgraded)"]);
    assert_eq!(wire.close(), Some(Close::Graceful));
}

#[test]
fn connect_becomes_a_tunnel() {
    let mut wire = Wire::new();
    wire.send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n\x16\x03").expect(&["1 CONNECT a:443"]);
    wire.respond(1, Status::OK, Body::Empty).unwrap();
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\n\r\n");
    wire.expect(&["Upgraded { id: 1 }"]);
    assert_eq!(wire.body(1), data("\x16\x03"));
}

#[test]
fn what_follows_a_refused_tunnel_is_no_request() {
    let mut wire = Wire::new();
    wire.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").send(GET).expect(&["1 CONNECT a:1"]);
    wire.respond(1, Status::FORBIDDEN, Body::Empty).unwrap();
    wire.expect(&["Closed(TunnelRefused)"]);
    assert!(wire.output().contains("Connection: close"));
    assert_eq!(wire.close(), Some(Close::Linger));
}

#[test]
fn the_end_of_a_tunnel_lingers() {
    let mut wire = Wire::new();
    wire.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").events();
    wire.respond(1, Status::OK, Body::Empty).unwrap();
    wire.machine.send(1, &mut Bytes::from_static(b"bye"), wire.now).unwrap();
    wire.machine.finish(1, None, wire.now).unwrap();
    wire.machine.discard(1, wire.now).unwrap();
    assert!(wire.output().ends_with("bye"));
    assert_eq!(wire.close(), Some(Close::Linger));
}

#[test]
fn upgrade_goes_with_its_connection_option() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    let head = ResponseHead::new(Status::UPGRADE_REQUIRED).with("Upgrade", "h2c").unwrap();
    let head = head.with("Connection", "close, Upgrade").unwrap();
    let hints = ResponseHead::new(Status::EARLY_HINTS).with("Connection", "close").unwrap();
    wire.machine.interim(1, &hints, wire.now).unwrap();
    wire.machine.respond(1, &head, Body::Empty, wire.now).unwrap();
    assert_eq!(
        wire.output(),
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\n\
         Content-Length: 0\r\nConnection: upgrade, close\r\n\r\n"
    );
}
