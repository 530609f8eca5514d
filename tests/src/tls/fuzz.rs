//! Garbage and broken records into a server's TLS, at any moment of its life.

use super::certs::{Authority, Valid};
use super::{Pair, Raw};
use bytes::Bytes;
use purlin_core::{Eof, Machine, Now};
use purlin_tls::{ClientTls, Roots, ServerTls, Tls};
use std::sync::OnceLock;

/// More than this no connection may hold, whatever comes.
const MOST_HELD: usize = 384 * 1024;

fn setting() -> &'static (ServerTls, ClientTls) {
    static SETTING: OnceLock<(ServerTls, ClientTls)> = OnceLock::new();
    SETTING.get_or_init(|| {
        let authority = Authority::new("fuzz");
        let pem = authority.issue(&["localhost"], Valid::Now);
        let server = ServerTls::from_pem(pem.chain.as_bytes(), pem.key.as_bytes());
        let roots = Roots::from_pem(authority.pem.as_bytes()).expect("roots");
        (server.expect("a certificate"), ClientTls::new(roots).expect("a client"))
    })
}

/// The first byte says how many turns of a proper conversation come first, the
/// second what is done to its next bytes; the rest is what comes then.
///
/// # Panics
/// If the machine does, if it holds too much, or does not come to an end.
pub fn run(input: &[u8]) {
    let [turns, how, rest @ ..] = input else { return };
    let (server, client) = setting();
    let now = Now::default();
    let client = Tls::client(client, "localhost", Raw::new(1 << 16), now).expect("a name");
    let server = Tls::server(server, Raw::new(1 << 16), now);
    let mut pair = Pair::new(client, server, 2048, u64::from(*how));
    let mut data = Bytes::from_static(&[7; 5000]);
    pair.client.send(1, &mut data, now).expect("it takes all");
    for _ in 0..turns % 32 {
        pair.turn();
    }
    let mut bytes = Vec::new();
    pair.client.transmit(&mut bytes, 20_000, now);
    broken(&mut bytes, *how, rest);
    let mut bytes = bytes.as_slice();
    let mut machine = pair.server;
    while !bytes.is_empty() {
        let taken = machine.receive(bytes, now);
        while machine.poll_event(now).is_some() {}
        // Somebody reads, unless the first bit says otherwise.
        if how & 1 == 0 {
            machine.recv(1, now);
        }
        assert!(machine.held() <= MOST_HELD, "{} bytes held", machine.held());
        if taken == 0 {
            break;
        }
        bytes = &bytes[taken..];
    }
    end(machine, now);
}

/// Changes bytes in their place, or puts others there.
fn broken(bytes: &mut Vec<u8>, how: u8, rest: &[u8]) {
    match how >> 1 & 3 {
        0 => bytes.clear(),
        1 => bytes.truncate(bytes.len() / 2),
        _ => {
            for change in rest.chunks_exact(3) {
                let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= change[2];
                }
            }
            return;
        }
    }
    bytes.extend_from_slice(rest);
}

/// Once its input has ended and its time is over, a machine closes.
fn end(mut machine: impl Machine, mut now: Now) {
    machine.eof(Eof::Clean, now);
    for _ in 0..8 {
        while machine.poll_event(now).is_some() {}
        machine.shutdown(now);
        let mut out = Vec::new();
        machine.transmit(&mut out, usize::MAX, now);
        if machine.want().close.is_some() {
            return;
        }
        machine.recv(1, now);
        if let Some((at, _)) = machine.deadline() {
            now.mono = now.mono.max(at);
            machine.tick(now);
        }
    }
    panic!("it does not end: {:?}", machine.want());
}
