//! How much is read that nobody has asked for.

use super::*;

/// Reads as long as that is wanted; says how much is here then.
fn fill(wire: &mut Wire) -> usize {
    let mut all = 0;
    while wire.machine.want().read {
        let room = wire.machine.read_buf();
        room.fill(b'x');
        let count = room.len();
        assert!(count >= 4096);
        wire.machine.filled(count, wire.now);
        all += count;
    }
    assert!(wire.machine.read_buf().is_empty());
    all
}

#[test]
fn a_body_that_nobody_asks_for_is_read_ahead_a_little() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n").events();
    let first = fill(&mut wire);
    assert!((60_000..=65_536).contains(&first), "{first}");
    assert!(wire.machine.held() <= 80 * 1024, "{}", wire.machine.held());
    // It is asked for: reads are large from here.
    let mut got = 0;
    loop {
        match wire.body(1) {
            Recv::Data(data) => got += data.len(),
            Recv::Pending => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(got, first);
    let room = wire.machine.read_buf().len();
    wire.machine.filled(room, wire.now);
    wire.events();
    assert!(fill(&mut wire) <= 65_536);
}

#[test]
fn requests_whose_turn_has_not_come_are_read_ahead_a_little() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]);
    let ahead = fill(&mut wire);
    assert!((60_000..=65_536).contains(&ahead), "{ahead}");
    // Now it has come, and a head may be as long as any.
    wire.ok(1, "x").output();
    wire.events();
}

/// Sends pieces of a body until one is not taken whole; says how many bytes were taken.
fn stuff(wire: &mut Wire) -> usize {
    static PIECE: [u8; 60_000] = [b'x'; 60_000];
    let mut all = 0;
    loop {
        let mut piece = Bytes::from_static(&PIECE);
        wire.machine.send(1, &mut piece, wire.now).unwrap();
        all += PIECE.len() - piece.len();
        if !piece.is_empty() {
            return all;
        }
    }
}

/// Takes so many bytes of output.
fn take(wire: &mut Wire, most: usize) -> usize {
    let mut out = Vec::new();
    wire.machine.transmit(&mut out, most, wire.now);
    out.len()
}

#[test]
fn a_response_is_queued_a_little_ahead_and_more_ahead_of_who_takes_it() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Length(1 << 30)).unwrap();
    for kib in [64, 128, 256, 512, 512] {
        let queued = stuff(&mut wire);
        let most = kib * 1024;
        assert!((most - 200..=most).contains(&queued), "{queued} of {kib} KiB");
        take(&mut wire, usize::MAX);
        wire.expect(&["Writable { id: 1 }"]);
    }
}

#[test]
fn no_more_is_queued_ahead_of_who_takes_a_part() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    let mut queued = stuff(&mut wire);
    for _ in 0..10 {
        queued -= take(&mut wire, 40_000).min(queued);
        wire.expect(&["Writable { id: 1 }"]);
        queued += stuff(&mut wire);
        assert!(queued <= 64 * 1024, "{queued}");
    }
}

#[test]
fn requests_are_begun_while_few_answers_are_queued() {
    let mut wire = Wire::new();
    wire.send(&GET.repeat(200));
    static TEXT: [u8; 1000] = [b'x'; 1000];
    let (mut id, mut events) = (0, wire.events());
    while !events.is_empty() {
        id += 1;
        let body = Body::Full(Bytes::from_static(&TEXT));
        wire.respond(id, Status::OK, body).unwrap();
        events = wire.events();
    }
    assert!((50..70).contains(&id), "{id}");
}
