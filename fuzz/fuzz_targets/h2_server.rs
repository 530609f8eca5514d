//! Whatever frames a client sends after its greeting, and however they are split, nothing panics, what is held is bounded, and the end is told once.
//!
//! The first byte says where the input is cut and how the application behaves; the rest is frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::config::Http2;
use purlin_core::h2::connection::Connection;
use purlin_core::h2::frame::{PREFACE, settings, write};
use purlin_core::{
    Body, Eof, Event, Id, Machine, Mono, Now, Recv, ResponseHead, ServerConfig, ServerMachine,
    Status,
};
use std::sync::Arc;

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);

fuzz_target!(|data: &[u8]| {
    let Some((how, frames)) = data.split_first() else { return };
    let http2 = Http2 { max_concurrent: 5, extended_connect: how % 2 == 0, ..Http2::DEFAULT };
    let config = ServerConfig { http2, ..ServerConfig::default() };
    let mut server = Connection::new(Arc::new(config), NOW);
    let mut hello = PREFACE.to_vec();
    write::settings(&mut hello, [(settings::INITIAL_WINDOW_SIZE, u32::from(*how) * 100)]);
    let (mut open, mut closed): (Vec<Id>, usize) = (Vec::new(), 0);
    let cut = usize::from(*how).min(frames.len());
    for part in [&hello[..], &frames[..cut], &frames[cut..]] {
        let mut rest = part;
        while !rest.is_empty() {
            let taken = server.receive(rest, NOW);
            rest = &rest[taken..];
            go_on(&mut server, &mut open, &mut closed, *how);
            if taken == 0 {
                break;
            }
        }
    }
    // Nothing is read ahead of its window, and little is queued.
    assert!(server.held() < 400_000, "{}", server.held());
    server.eof(Eof::Clean, NOW);
    for id in &open {
        server.reset(*id, NOW).expect("it is open");
    }
    go_on(&mut server, &mut open, &mut closed, *how);
    assert_eq!(closed, 1, "everybody has let go");
    assert!(server.want().close.is_some());
});

/// Lets everything happen until nothing moves.
fn go_on(server: &mut Connection, open: &mut Vec<Id>, closed: &mut usize, how: u8) {
    let mut out = Vec::new();
    loop {
        let mut moved = server.transmit(&mut out, usize::MAX, NOW) > 0;
        while let Some(event) = server.poll_event(NOW) {
            moved = true;
            match event {
                Event::Request { id, .. } => open.push(id),
                Event::Reset { id, .. } | Event::Failed { id: Some(id), .. } => {
                    open.retain(|known| *known != id);
                    server.discard(id, NOW).expect("it is open until somebody lets go");
                }
                Event::Closed(_) => {
                    *closed += 1;
                    open.clear();
                }
                _ => {}
            }
        }
        assert!(open.len() <= 5);
        for id in std::mem::take(open) {
            match server.recv(id, NOW) {
                Recv::Pending => open.push(id),
                Recv::Data(data) => {
                    assert!(!data.is_empty());
                    open.push(id);
                    moved = true;
                }
                Recv::End(_) if how % 3 == 0 => open.push(id), // it never answers
                Recv::End(_) | Recv::Failed(_) => {
                    let body = Body::Full(vec![b'x'; usize::from(how) * 300].into());
                    let head = ResponseHead::new(Status::OK);
                    // A tunnel takes no body, and is given up.
                    if server.respond(id, &head, body, NOW).is_err() {
                        server.reset(id, NOW).expect("it is open");
                    }
                    moved = true;
                }
            }
        }
        if !moved {
            return;
        }
    }
}
