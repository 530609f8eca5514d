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
    // What the system takes at once, for a peer that takes nothing, says nothing of the peer.
    for kib in [64, 64, 64, 64, 64, 128, 256, 512, 512] {
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

const KIB: usize = 1024;

/// A connection that may hold so much beyond its share.
fn allowed(surplus: usize) -> Wire {
    let mut wire = Wire::new();
    wire.machine.allow_surplus(surplus);
    wire
}

#[test]
fn input_is_taken_as_far_as_it_is_allowed() {
    // A body that nobody asks for; one that is asked for, in one read after the other.
    for (surplus, unasked, asked) in [
        (0, 16, 16),
        (8 * KIB, 24, 24),
        (48 * KIB, 64, 64),
        (100 * KIB, 64, 116),
        (usize::MAX, 64, 512),
    ] {
        let mut wire = allowed(surplus);
        wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n").events();
        let ahead = fill(&mut wire);
        let most = unasked * KIB;
        assert!((most - 4 * KIB..=most).contains(&ahead), "{ahead} of {unasked} KiB");
        assert!(wire.machine.surplus() <= surplus, "{}", wire.machine.surplus());
        let mut most = 0;
        for _ in 0..8 {
            while let Recv::Data(_) = wire.body(1) {}
            let room = wire.machine.read_buf().len();
            wire.machine.filled(room, wire.now);
            most = most.max(room);
            assert!(wire.machine.surplus() <= surplus, "{}", wire.machine.surplus());
        }
        assert_eq!(most / KIB, asked, "{surplus}");
    }
}

#[test]
fn output_is_queued_as_far_as_it_is_allowed() {
    for (surplus, queues) in [
        (0, [64, 64, 64, 64]),
        (10 * KIB, [64, 74, 74, 74]),
        (100 * KIB, [64, 128, 164, 164]),
        (448 * KIB, [64, 128, 256, 512]),
    ] {
        let mut wire = allowed(surplus);
        wire.send(GET).events();
        wire.respond(1, Status::OK, Body::Length(1 << 30)).unwrap();
        for _ in 0..4 {
            stuff(&mut wire);
            take(&mut wire, usize::MAX);
            wire.expect(&["Writable { id: 1 }"]);
        }
        for kib in queues {
            let queued = stuff(&mut wire);
            let most = kib * KIB;
            assert!((most - 200..=most).contains(&queued), "{queued} of {kib} KiB");
            assert!(wire.machine.surplus() <= surplus);
            take(&mut wire, usize::MAX);
            wire.expect(&["Writable { id: 1 }"]);
        }
    }
}

#[test]
fn both_directions_are_allowed_one_surplus() {
    let mut wire = allowed(200 * KIB);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n";
    wire.send(head).events();
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    for _ in 0..8 {
        stuff(&mut wire);
        take(&mut wire, usize::MAX);
        wire.events();
    }
    stuff(&mut wire);
    let out = wire.machine.surplus();
    assert!((190 * KIB..200 * KIB + 20).contains(&out), "{out}");
    // Its own output leaves no more than the share to its input.
    while let Recv::Data(_) = wire.body(1) {}
    assert!(fill(&mut wire) <= 24 * KIB);
    assert!(wire.machine.surplus() < 200 * KIB + 20, "but for what frames a chunk");
    // And what is allowed no more is taken no more, until less is there.
    wire.machine.allow_surplus(0);
    assert!(!wire.machine.want().read);
    assert!(wire.machine.surplus() >= out, "what is queued stays");
    for _ in 0..100 {
        take(&mut wire, 10_000);
        wire.events();
        assert!(stuff_some(&mut wire) == 0 || wire.machine.surplus() <= 8 * KIB);
    }
}

/// Gives a piece of a body; says how much of it was taken.
fn stuff_some(wire: &mut Wire) -> usize {
    let mut piece = Bytes::from_static(&[b'x'; 5000]);
    wire.machine.send(1, &mut piece, wire.now).unwrap();
    5000 - piece.len()
}

#[test]
fn room_for_input_is_given_back_where_less_is_allowed() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n").events();
    while wire.machine.held() < 500 * KIB {
        while let Recv::Data(_) = wire.body(1) {}
        let room = wire.machine.read_buf().len();
        wire.machine.filled(room, wire.now);
    }
    while let Recv::Data(_) = wire.body(1) {}
    wire.machine.receive(b"and a little more", wire.now);
    wire.machine.allow_surplus(100 * KIB);
    assert_eq!(wire.machine.held(), 116 * KIB);
    wire.machine.allow_surplus(0);
    assert_eq!(wire.machine.held(), 16 * KIB);
    assert!(matches!(wire.body(1), Recv::Data(data) if data == "and a little more"));
}

/// Sends what has to be whole in drops of a hundred bytes. Of what had come by then, so many
/// hundredths were held at the most, beyond the share of a connection that sends little.
fn drip(wire: &mut Wire, text: &[u8], mut look: impl FnMut(&mut Wire)) -> usize {
    let (mut greatest, mut came) = (0, 0);
    for drop in text.chunks(100) {
        assert!(wire.machine.want().read, "no room at {came}");
        assert_eq!(wire.machine.receive(drop, wire.now), drop.len());
        look(wire);
        came += drop.len();
        let held = wire.machine.held();
        assert!(held <= 68 * KIB, "{held}");
        greatest = greatest.max(held.saturating_sub(16 * KIB) * 100 / came);
    }
    greatest
}

#[test]
fn a_share_is_enough_for_any_head_and_any_trailers_and_they_cost_what_they_are() {
    let long = format!("X: {}\r\n\r\n", "x".repeat(60_000));
    let mut wire = allowed(0);
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{long}");
    let cost = drip(&mut wire, head.as_bytes(), |_| {});
    assert!(cost <= 100, "{cost} %");
    wire.expect(&["1 GET /"]);

    let mut wire = allowed(0);
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n").events();
    assert!(matches!(wire.body(1), Recv::Pending));
    let read = |wire: &mut Wire| match wire.body(1) {
        Recv::Pending => {}
        Recv::End(Some(trailers)) => assert_eq!(trailers.get("x").unwrap().len(), 60_000),
        other => panic!("{other:?}"),
    };
    let cost = drip(&mut wire, long.as_bytes(), read);
    assert!(cost <= 100, "{cost} %");

    // Whoever looks ahead of a handler is not left to wait for what there is no room for.
    for surplus in [0, 10 * KIB] {
        let mut wire = allowed(surplus);
        wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n").events();
        while !wire.machine.prefetch(1, usize::MAX, wire.now) {
            assert!(wire.machine.want().read);
            fill(&mut wire);
        }
        assert!(wire.machine.held() <= 80 * KIB);
    }
}

#[test]
fn what_was_read_is_taken_though_less_is_allowed_by_then() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n").events();
    assert!(matches!(wire.body(1), Recv::Pending));
    let read = vec![b'x'; 200 * KIB];
    wire.machine.allow_surplus(0);
    assert_eq!(wire.machine.receive(&read, wire.now), read.len());
    let mut got = 0;
    while let Recv::Data(data) = wire.body(1) {
        got += data.len();
    }
    assert_eq!(got, read.len());
}
