//! Serves requests out of a `Vec<u8>`: no socket, no clock, no runtime.
//!
//! Run it with `cargo run -p purlin-core --example drive_by_hand`. You will see
//! two pipelined requests go in, the events they become, and the bytes that
//! answer them; then half a request, and what time does to it.

use purlin_core::{
    Body, Event, Machine, Misuse, Mono, Now, ResponseHead, ServerMachine, Status, server,
};
use std::{sync::Arc, time::Duration};

/// Steps 2 to 4 of the loop: events, commands, output, until nothing moves.
fn step(machine: &mut server::Connection, now: Now) -> Result<(), Misuse> {
    while let Some(event) = machine.poll_event(now) {
        println!("  ! {event:?}");
        if let Event::Request { id, head, .. } = event {
            let text = format!("{} {}\n", head.method(), head.path());
            let head = ResponseHead::new(Status::OK)
                .with("Content-Type", "text/plain")
                .unwrap_or_else(|e| panic!("{e}"));
            machine.respond(id, &head, Body::Full(text.into()), now)?;
        }
    }
    let mut out = Vec::new();
    machine.transmit(&mut out, usize::MAX, now);
    show('<', &out);
    println!("  = {:?}, deadline {:?}\n", machine.want(), machine.deadline());
    Ok(())
}

fn show(mark: char, bytes: &[u8]) {
    for line in String::from_utf8_lossy(bytes).lines() {
        println!("  {mark} {line}");
    }
}

fn main() -> Result<(), Misuse> {
    let mut now = Now::at(Mono::ZERO, 784_111_777);
    let mut machine = server::Connection::new(Arc::new(server::Config::default()), now);

    println!("two requests at once:");
    let wire = b"GET /one HTTP/1.1\r\nHost: a\r\n\r\nHEAD /two HTTP/1.1\r\nHost: a\r\n\r\n";
    show('>', wire);
    machine.receive(wire, now);
    step(&mut machine, now)?;

    println!("half a request, and nothing more for 30 seconds:");
    let half = b"GET /three HTTP/1.1\r\nHos";
    show('>', half);
    machine.receive(half, now);
    step(&mut machine, now)?;
    now = now.later(Duration::from_secs(30));
    machine.tick(now);
    println!("  @ {} s", now.mono.as_nanos() / 1_000_000_000);
    step(&mut machine, now)
}
