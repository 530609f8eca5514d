//! Which protocol a connection becomes, and that nothing is lost on the way there.

use super::*;
use crate::config::Timeouts;
use crate::error::{CloseReason, Fault};
use crate::h2::frame::PREFACE;
use crate::h2::frame::write;
use crate::status::Status;
use std::time::Duration;

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn server(protocols: Protocols) -> Connection {
    Connection::new(Arc::new(Config { protocols, ..Config::default() }), NOW)
}

fn events(machine: &mut Connection, now: Now) -> Vec<String> {
    let mut events = Vec::new();
    while let Some(event) = machine.poll_event(now) {
        match event {
            Event::Request { id, head, .. } => {
                events.push(format!("{} {}", head.method(), head.version()));
                machine.respond(id, &ResponseHead::new(Status::OK), Body::Empty, now).unwrap();
            }
            event => events.push(format!("{event:?}")),
        }
    }
    events
}

fn output(machine: &mut Connection, now: Now) -> Vec<u8> {
    let mut out = Vec::new();
    machine.transmit(&mut out, usize::MAX, now);
    out
}

/// The preface, SETTINGS and a request by literal fields (RFC 7541 §6.2.2).
fn http2() -> Vec<u8> {
    let mut text = PREFACE.to_vec();
    write::settings(&mut text, []);
    let block = b"\x82\x86\x84\x41\x01a"; // GET, http, "/", :authority: a
    write::headers(&mut text, 1, block, true, 16_384);
    text
}

#[test]
fn the_first_bytes_tell_what_is_spoken_however_they_are_split() {
    for (text, many, told) in [(GET, false, "GET HTTP/1.1"), (&http2()[..], true, "GET HTTP/2.0")] {
        for cut in 0..=text.len() {
            let mut machine = server(Protocols::Both);
            let mut seen = Vec::new();
            for part in [&text[..cut], &text[cut..]] {
                assert_eq!(machine.receive(part, NOW), part.len());
                seen.extend(events(&mut machine, NOW));
            }
            assert_eq!((machine.carries_many(), seen), (many, vec![told.to_owned()]), "{cut}");
        }
    }
}

#[test]
fn what_only_begins_as_the_preface_is_a_request_of_http1() {
    for cut in 0..PREFACE.len() {
        let mut machine = server(Protocols::Both);
        let mut plain = server(Protocols::Http1);
        for machine in [&mut machine, &mut plain] {
            let text = [&PREFACE[..cut], GET].concat();
            for byte in text.chunks(1) {
                machine.receive(byte, NOW);
            }
        }
        assert_eq!(events(&mut machine, NOW), events(&mut plain, NOW), "{cut}");
        assert_eq!(output(&mut machine, NOW), output(&mut plain, NOW), "{cut}");
        assert!(!machine.carries_many());
    }
}

#[test]
fn who_says_too_little_is_treated_as_by_http1() {
    let late = Now { mono: NOW.mono + Timeouts::default().head, ..NOW };
    for said in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nS"] {
        let ends: [fn(&mut Connection, Now); 3] = [
            |machine, now| machine.eof(Eof::Clean, now),
            |machine, now| machine.shutdown(now),
            |machine, now| machine.tick(now),
        ];
        for end in ends {
            let (mut machine, mut plain) = (server(Protocols::Both), server(Protocols::Http1));
            for machine in [&mut machine, &mut plain] {
                machine.receive(said, NOW);
                machine.tick(NOW);
            }
            assert_eq!(machine.deadline(), plain.deadline());
            assert_eq!(machine.want(), plain.want());
            for machine in [&mut machine, &mut plain] {
                end(machine, late);
            }
            assert_eq!(events(&mut machine, late), events(&mut plain, late), "{said:?}");
            assert_eq!(output(&mut machine, late), output(&mut plain, late), "{said:?}");
            assert_eq!(machine.want(), plain.want(), "{said:?}");
        }
    }
}

#[test]
fn a_preface_that_drips_has_the_time_of_a_head() {
    let mut machine = server(Protocols::Both);
    let half = NOW.mono + Timeouts::default().head / 2;
    machine.receive(PREFACE, Now { mono: half, ..NOW });
    assert!(machine.carries_many());
    let (at, why) = machine.deadline().unwrap();
    let (due, settings) = (NOW.mono + Timeouts::default().head, half + Duration::from_secs(10));
    assert!((at, why) == (due, Why::Head) || (at, why) == (settings, Why::Settings), "{at:?}");
}

#[test]
fn inside_tls_the_two_sides_have_agreed_and_nothing_is_guessed() {
    for (alpn, many) in [(None, false), (Some(&b"http/1.1"[..]), false), (Some(b"h2"), true)] {
        let mut machine = server(Protocols::Both);
        machine.negotiated(alpn, NOW);
        assert_eq!(machine.carries_many(), many);
        let other = if many { GET.to_vec() } else { http2() };
        machine.receive(&other, NOW);
        let seen = events(&mut machine, NOW);
        assert!(seen.iter().any(|event| event.starts_with("Failed")), "{seen:?}");
    }
}

#[test]
fn one_protocol_alone_is_not_left() {
    let mut machine = server(Protocols::Http1);
    machine.receive(&http2(), NOW);
    assert!(!machine.carries_many());
    assert_eq!(events(&mut machine, NOW).len(), 2, "it fails, and ends");
    assert!(output(&mut machine, NOW).starts_with(b"HTTP/1.1 505 "));

    let mut machine = server(Protocols::Http2);
    assert!(machine.carries_many());
    machine.receive(GET, NOW);
    let seen = events(&mut machine, NOW);
    let reason = CloseReason::Fault(Fault::Http2Violation);
    assert_eq!(seen[1..], [format!("{:?}", Event::Closed(reason))]);
}

#[test]
fn what_may_be_held_is_known_to_whom_it_becomes() {
    let mut machine = server(Protocols::Both);
    machine.allow_surplus(0);
    machine.receive(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", NOW);
    let Some(Event::Request { .. }) = machine.poll_event(NOW) else { panic!() };
    while machine.receive(&[b'x'; 4096], NOW) > 0 {}
    let mut plain = server(Protocols::Http1);
    plain.allow_surplus(0);
    plain.receive(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", NOW);
    let Some(Event::Request { .. }) = plain.poll_event(NOW) else { panic!() };
    while plain.receive(&[b'x'; 4096], NOW) > 0 {}
    assert_eq!(machine.held(), plain.held());
}
