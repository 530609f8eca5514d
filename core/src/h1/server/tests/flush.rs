//! Who asks to be told that all output is out.

use super::*;

#[test]
fn who_asks_is_told_once_all_output_is_out_and_only_then() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]);
    assert!(wire.machine.flush(1), "there is nothing yet");
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    assert!(!wire.machine.flush(1) && !wire.machine.flush(1));
    wire.machine.transmit(&mut Vec::new(), 10, wire.now);
    wire.expect(&[]);
    wire.output();
    wire.expect(&["Flushed { id: 1 }"]).expect(&[]);
    // Nobody asked for what follows.
    wire.machine.send(1, &mut Bytes::from_static(b"abc"), wire.now).unwrap();
    wire.output();
    wire.expect(&[]);
    assert!(wire.machine.flush(1));
}

#[test]
fn who_asks_again_before_being_told_is_told_once_all_is_out() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]);
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    assert!(!wire.machine.flush(1));
    wire.output();
    wire.machine.send(1, &mut Bytes::from_static(b"abc"), wire.now).unwrap();
    assert!(!wire.machine.flush(1));
    wire.expect(&[]);
    wire.output();
    wire.expect(&["Flushed { id: 1 }"]).expect(&[]);
}

#[test]
fn who_asked_is_told_though_the_next_request_has_begun() {
    let mut wire = Wire::new();
    wire.send(GET).send(GET).expect(&["1 GET /"]).ok(1, "one");
    assert!(!wire.machine.flush(1));
    wire.expect(&["2 GET /"]).ok(2, "two");
    assert!(!wire.machine.flush(2));
    wire.output();
    let mut told = wire.events();
    told.sort();
    assert_eq!(told, ["Flushed { id: 1 }", "Flushed { id: 2 }"]);
}

#[test]
fn the_end_of_the_connection_is_told_in_place_of_it() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]);
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    assert!(!wire.machine.flush(1));
    wire.machine.reset(1, wire.now).unwrap();
    wire.expect(&["Closed(Aborted)"]);
    wire.output();
    wire.expect(&[]);
}
