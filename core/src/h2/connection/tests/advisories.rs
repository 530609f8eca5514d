//! What was published against other implementations, each by its name, tried on this one.
//! Each attack is fed until the connection ends or so much has come that it would have hurt.

use super::*;
use crate::h2::frame::{Kind, flags};
use crate::machine::Recv;

/// How often an attack is tried.
const OFTEN: u32 = 20_000;

/// Feeds until the server ends; says why it does, by the debug data of GOAWAY. Handlers
/// run all the time, and what the server holds is little at any time.
fn attack(server: &mut Connection, mut wave: impl FnMut(u32) -> Vec<u8>) -> Option<String> {
    let (mut running, mut most) = (Vec::new(), 0);
    for number in 0..OFTEN {
        server.receive(&wave(number), NOW);
        while let Some(event) = server.poll_event(NOW) {
            match event {
                Event::Request { id, .. } => running.push(id),
                Event::Reset { id, .. } | Event::Failed { id: Some(id), .. } => {
                    running.retain(|known| *known != id);
                    server.discard(id, NOW).unwrap();
                }
                _ => {}
            }
            most = most.max(running.len());
        }
        assert!(server.held() < 1_500_000, "{} after {number}", server.held());
        if let Some(last) = frames(&output(server)).pop().filter(|last| last.starts_with("GOAWAY"))
        {
            assert!(most <= 100, "{most} handlers ran at once");
            return Some(last);
        }
    }
    assert!(most <= 100, "{most} handlers ran at once");
    None
}

/// What ends an attack, which is named in the goodbye.
fn ends_by(name: &str, wave: impl FnMut(u32) -> Vec<u8>) {
    let ended = attack(&mut server(100), wave).unwrap_or_default();
    assert!(ended.contains(name), "{ended} for {name}");
}

/// A frame of that type.
fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = write::header(payload.len(), kind, flags, stream).to_vec();
    frame.extend_from_slice(payload);
    frame
}

/// The number of the stream that is begun by that wave.
fn nth(number: u32) -> u32 {
    2 * number + 1
}

#[test]
fn cve_2023_44487_rapid_reset() {
    ends_by("resets_received", |n| [request(nth(n), true), rst(nth(n))].concat());
}

#[test]
fn cve_2023_26964_stacked_headers_and_resets_are_not_kept() {
    let mut server = server(100);
    for number in 0..150 {
        feed(&mut server, &[request(nth(number), true), rst(nth(number))].concat());
    }
    assert!(server.streams.is_empty() && server.poll_event(NOW).is_none());
}

#[test]
fn cve_2025_8671_made_you_reset() {
    // A window beyond its limit, no increment, DATA behind the end, a wrong length.
    let tricks: [fn(u32) -> Vec<u8>; 4] = [
        |id| frame(Kind::WindowUpdate, 0, id, &0x7fff_ffff_u32.to_be_bytes()),
        |id| frame(Kind::WindowUpdate, 0, id, &[0; 4]),
        |id| data(id, b"x", false),
        |id| frame(Kind::Priority, 0, id, &[0; 4]),
    ];
    for trick in tricks {
        ends_by("resets_sent", |n| [request(nth(n), true), trick(nth(n))].concat());
    }
}

#[test]
fn cve_2019_9514_resets_that_malformed_requests_cost() {
    let malformed = |id: u32| {
        let (mut block, mut out) = (Vec::new(), Vec::new());
        Encoder::new(0).encode([(&b":method"[..], &b"GET"[..])], &mut block);
        write::headers(&mut out, id, &block, true, 16_384);
        out
    };
    ends_by("resets_sent", |n| malformed(nth(n)));
}

#[test]
fn cve_2023_45288_continuation_without_an_end() {
    for octets in [0, 1, 900] {
        ends_by("field_block", |n| match n {
            0 => frame(Kind::Headers, 0, 1, &[]),
            _ => frame(Kind::Continuation, 0, 1, &vec![0; octets]),
        });
    }
    // And cut off by the end of input it holds nothing.
    let mut server = server(9);
    feed(&mut server, &frame(Kind::Headers, 0, 1, &[0x82; 1000]));
    server.eof(Eof::Clean, NOW);
    assert!(events(&mut server).last().unwrap().starts_with("Closed"));
}

#[test]
fn cve_2026_33871_continuation_of_no_length() {
    ends_by("field_block_frames", |n| match n {
        0 => frame(Kind::Headers, 0, 1, &[0x82]),
        _ => frame(Kind::Continuation, 0, 1, &[]),
    });
}

#[test]
fn cve_2019_9512_and_9515_pings_and_settings() {
    ends_by("pings", |_| frame(Kind::Ping, 0, 0, &[0; 8]));
    ends_by("settings", |_| frame(Kind::Settings, 0, 0, &[]));
    // Whose answers nobody takes, nothing more is read of.
    let mut server = server(9);
    for _ in 0..OFTEN {
        server.receive(&frame(Kind::Ping, 0, 0, &[0; 8]), NOW);
    }
    assert!(!server.want().read && server.out.len() <= 64 * 17);
    assert!(server.held() < 200_000, "{}", server.held());
}

#[test]
fn cve_2020_11080_settings_of_thousands_of_entries() {
    let entries = [0, 4, 0, 0, 0x10, 0].repeat(2000);
    ends_by("settings_entries", |_| frame(Kind::Settings, 0, 0, &entries));
}

#[test]
fn cve_2019_9518_frames_that_say_nothing() {
    ends_by("empty_data", |n| match n {
        0 => request(1, false),
        _ => data(1, b"", false),
    });
    ends_by("unknown_frames", |_| {
        let mut unknown = frame(Kind::Ping, 0, 0, &[0; 8]);
        unknown[3] = 0x0b;
        unknown
    });
    ends_by("control_frames", |_| frame(Kind::Ping, flags::ACK, 0, &[0; 8]));
    ends_by("control_frames", |_| frame(Kind::GoAway, 0, 0, &[0; 8]));
}

#[test]
fn cve_2019_9511_content_in_drops() {
    ends_by("tiny_data", |n| match n {
        0 => request(1, false),
        _ => data(1, b"x", false),
    });
}

#[test]
fn cve_2019_9517_windows_that_grow_in_drops() {
    ends_by("window_updates", |_| frame(Kind::WindowUpdate, 0, 0, &1_u32.to_be_bytes()));
}

#[test]
fn cve_2019_9513_priorities_cost_nothing_and_are_nothing() {
    let mut server = server(9);
    let ended = attack(&mut server, |n| {
        let dependency = nth(n + 1).to_be_bytes();
        frame(Kind::Priority, 0, nth(n), &[&dependency[..], &[7]].concat())
    });
    assert_eq!(ended, None);
    assert!(server.streams.is_empty() && server.held() < 100_000);
}

#[test]
fn cve_2026_49975_a_bomb_of_crumbs_of_cookies() {
    // One crumb in the table, and then its number as often as one likes.
    let mut block = vec![0x82, 0x86, 0x84, 0x41, 1, b'a'];
    block.extend_from_slice(b"\x40\x06cookie\x01a");
    block.extend_from_slice(&[0xbe; 40_000]);
    let mut server = server(100);
    let mut wave = Vec::new();
    write::headers(&mut wave, 1, &block, true, 16_384);
    server.receive(&wave, NOW);
    assert!(server.poll_event(NOW).is_none_or(|event| !matches!(event, Event::Request { .. })));
    assert!(server.held() < 200_000, "{}", server.held());
}

#[test]
fn hpack_bomb_a_large_field_by_its_number() {
    let value = [b'x'; 3900];
    let mut block = vec![0x40, 1, b'a', 0x7f];
    block.extend_from_slice(&[0xbd, 0x1d]); // 3900 - 127 in sevens of bits
    block.extend_from_slice(&value);
    block.extend_from_slice(&[0xbe; 10_000]);
    let mut server = server(100);
    let mut wave = Vec::new();
    write::headers(&mut wave, 1, &block, true, 16_384);
    server.receive(&wave, NOW);
    let sent = frames(&output(&mut server));
    assert!(sent.last().is_some_and(|last| last.contains("field_list_bytes")), "{sent:?}");
    assert!(server.held() < 200_000, "{}", server.held());
}

#[test]
fn cve_2026_26311_content_behind_a_reset_reaches_nobody() {
    let mut server = server(9);
    let both = [request(1, false), rst(1), data(1, b"late", true)].concat();
    feed(&mut server, &both);
    for event in events(&mut server) {
        assert!(!event.starts_with("Readable"), "{event}");
    }
    assert!(!matches!(server.recv(1, NOW), Recv::Data(_)));
}

#[test]
fn cve_2026_27141_types_that_nobody_knows_are_skipped() {
    for kind in 0x0a..=0x0f {
        let mut server = server(9);
        let mut unknown = frame(Kind::Ping, 0xff, 0, &[1; 20]);
        unknown[3] = kind;
        feed(&mut server, &[unknown, request(1, true)].concat());
        assert!(events(&mut server)[0].starts_with("Request"), "{kind}");
    }
}

#[test]
fn cve_2026_78663_credit_is_given_back_once() {
    let mut server = server(9);
    feed(&mut server, &request(1, false));
    assert_eq!(events(&mut server).len(), 1);
    for _ in 0..3 {
        feed(&mut server, &data(1, &[b'x'; 16_000], false));
    }
    assert!(matches!(server.recv(1, NOW), Recv::Data(_)));
    server.discard(1, NOW).unwrap();
    server.reset(1, NOW).unwrap();
    let given = frames(&output(&mut server));
    let credit = given.iter().filter_map(|frame| frame.strip_prefix("CREDIT 0 "));
    let credit: u32 = credit.map(|octets| octets.parse::<u32>().unwrap()).sum();
    assert!(credit <= 48_000, "{given:?}");
}

#[test]
fn cve_2021_44716_many_names_leave_nothing_behind() {
    let mut server = server(100);
    for number in 0..3000 {
        let name = format!("x-{number}");
        let fields = [
            (&b":method"[..], &b"GET"[..]),
            (b":scheme", b"http"),
            (b":path", b"/"),
            (b"host", b"a"),
            (name.as_bytes(), b"1"),
        ];
        let (mut block, mut out) = (Vec::new(), Vec::new());
        Encoder::new(0).encode(fields, &mut block);
        write::headers(&mut out, nth(number), &block, true, 16_384);
        feed(&mut server, &out);
        let Some(Event::Request { id, .. }) = server.poll_event(NOW) else { panic!("{number}") };
        server.respond(id, &ok(), Body::Empty, NOW).unwrap();
        let _ = output(&mut server);
    }
    server.trim(NOW);
    assert!(server.held() < 10_000, "{}", server.held());
}

#[test]
fn cve_2022_27664_a_graceful_end_comes_whatever_the_peer_does() {
    let mut server = server(9);
    feed(&mut server, &request(1, false));
    assert_eq!(events(&mut server).len(), 1);
    server.shutdown(NOW);
    let mut now = NOW;
    while server.want().close.is_none() {
        let _ = output(&mut server);
        now.mono = server.deadline().expect("it is not left alone").0;
        server.tick(now);
        while server.poll_event(now).is_some() {}
    }
    assert!(now.mono <= NOW.mono + Duration::from_secs(60));
}
