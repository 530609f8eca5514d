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
