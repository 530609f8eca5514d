//! What ends: HTTP, where an exchange becomes a raw stream; exchanges of clients that send
//! nothing more; connections, with or without lingering.

use super::*;

const UPGRADE: &str = "GET /u HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n";

impl Wire {
    /// A raw stream with output that nobody takes.
    fn raw() -> Wire {
        let mut wire = Wire::new();
        wire.send(UPGRADE).events();
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo").unwrap();
        wire.machine.respond(1, &head, Body::Empty, wire.now).unwrap();
        wire.look().expect(&["Upgraded { id: 1 }"]);
        wire.machine.send(1, &mut Bytes::from_static(b"echo"), wire.now).unwrap();
        wire
    }

    /// Offers what there is to a socket that takes nothing.
    fn look(&mut self) -> &mut Wire {
        let mut slices = [IoSlice::new(&[]); 4];
        assert!(self.machine.output(&mut slices, self.now) > 0);
        self
    }

    fn due(&self) -> Option<(u64, Why)> {
        let seconds = |at: Mono| at.since(self.now.mono).as_secs();
        self.machine.deadline().map(|(at, why)| (seconds(at), why))
    }
}

#[test]
fn the_rates_of_http_end_with_http() {
    let mut wire = Wire::raw();
    wire.look().wait(3600).look().expect(&[]);
    assert_eq!(wire.due(), None);
    wire.machine.finish(1, None, wire.now).unwrap();
    assert_eq!(wire.look().due(), None, "its application still reads");
    wire.machine.discard(1, wire.now).unwrap();
    wire.expect(&["Closed(Upgraded)"]);
    assert_eq!(wire.due(), Some((5, Why::Write)), "nobody else watches over the rest");
    wire.wait(5);
    assert_eq!(wire.close(), Some(Close::Abort));
}

#[test]
fn what_was_not_taken_before_a_hijack_is_no_affair_of_http_behind_it() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Length(3)).unwrap();
    assert_eq!(wire.look().due(), Some((5, Why::Write)));
    wire.machine.hijack(1, wire.now).unwrap();
    wire.wait(60).expect(&["Upgraded { id: 1 }"]);
    assert_eq!(wire.due(), None);
}

#[test]
fn an_exchange_outlives_the_end_of_its_client_for_a_while_without_output() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    assert_eq!(wire.due(), None, "the application has its time");
    wire.eof(Eof::Clean).expect(&["InputClosed"]);
    assert_eq!(wire.due(), Some((300, Why::HalfClosed)));
    wire.wait(200).respond(1, Status::OK, Body::Stream).unwrap();
    wire.output();
    assert_eq!(wire.due(), Some((300, Why::HalfClosed)), "something went out");
    wire.wait(300).expect(&["Closed(Fault(HalfClosedTimeout))"]);
    assert_eq!(wire.close(), Some(Close::Abort));

    // Also if the end came before its turn; and an answer ends the waiting.
    let mut wire = Wire::new();
    wire.send(&GET.repeat(2)).eof(Eof::Clean).expect(&["1 GET /", "InputClosed"]);
    wire.wait(299).ok(1, "x").expect(&["2 GET /", "InputClosed"]).output();
    assert_eq!(wire.due(), Some((300, Why::HalfClosed)));
    wire.ok(2, "y").expect(&["Closed(PeerClosed)"]).output();
    assert_eq!(wire.due(), None);
}

#[test]
fn an_exchange_of_which_something_is_still_to_be_taken_is_not_without_output() {
    let mut config = ServerConfig::default();
    config.timeouts.write = crate::time::Rate::UNLIMITED;
    let mut wire = Wire::with(config);
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    wire.eof(Eof::Clean).expect(&["InputClosed"]);
    wire.look().wait(300).expect(&[]);
    assert_eq!(wire.due(), Some((300, Why::HalfClosed)));
    wire.output();
    wire.wait(300).expect(&["Closed(Fault(HalfClosedTimeout))"]);
}

#[test]
fn a_raw_stream_may_be_half_closed_without_end() {
    let mut wire = Wire::raw();
    wire.output();
    wire.eof(Eof::Clean);
    assert_eq!(wire.due(), None);
}

#[test]
fn a_shutdown_waits_for_nothing_that_is_not_known_to_come() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.machine.shutdown(wire.now);
    wire.ok(1, "x").expect(&["Closed(Shutdown)"]).output();
    assert_eq!(wire.close(), Some(Close::Graceful));

    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\nabc").events();
    wire.machine.shutdown(wire.now);
    wire.ok(1, "x").expect(&["Closed(BodyUnread)"]).output();
    assert_eq!((wire.close(), wire.due()), (Some(Close::Linger), Some((1, Why::Linger))));
}

#[test]
fn a_shutdown_cuts_a_lingering_short() {
    let mut wire = Wire::new();
    wire.send("BAD\r\n\r\n").events();
    wire.output();
    assert_eq!((wire.close(), wire.due()), (Some(Close::Linger), Some((5, Why::Linger))));
    wire.machine.shutdown(wire.now);
    assert_eq!(wire.due(), Some((1, Why::Linger)));
    wire.wait(1);
    assert_eq!(wire.close(), Some(Close::Graceful));
}

#[test]
fn an_answer_to_a_fault_that_panics_is_the_plain_one_and_the_panic_is_told() {
    let answer = crate::config::FaultAnswer::new(|_| {
        std::panic::resume_unwind(Box::new("as asked for"));
    });
    let mut wire = Wire::with(ServerConfig { fault_answer: Some(answer), ..Default::default() });
    wire.send("GET / HTTP/1.1\r\n\r\n").expect(&[
        "Panicked(\"as asked for\")",
        "failed MissingHost",
        "Closed(Fault(MissingHost))",
    ]);
    assert!(wire.output().starts_with("HTTP/1.1 400 Bad Request\r\n"));
}
