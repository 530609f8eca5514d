//! A runtime of your own: the core's server on one thread, in a poll loop over `mio`.
//!
//! Run `cargo run -p purlin-core --example custom_runtime -- [ADDR [SECONDS]]` (default
//! 127.0.0.1:8080 30). You will see its URL; then `curl http://127.0.0.1:8080/hello/gopher` prints
//! `hello, gopher`, with `--http2-prior-knowledge` by HTTP/2, and a connection that says nothing is
//! closed after SECONDS. The numbers in the comments are those of the six steps on the core's first
//! page.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a runtime has a clock")]

use mio::{Events, Interest, Poll, Token, net::TcpListener, net::TcpStream};
use purlin_core::*;
use std::io::{ErrorKind::WouldBlock, IoSlice, Read, Result, Write};
use std::time::{Duration, Instant, SystemTime};
use std::{convert::Infallible, error::Error, net::Shutdown, sync::Arc};

/// This runtime's handlers see no body, and give whole answers only.
pub type Handler = fn(&Request<()>) -> Response<Infallible>;

/// A machine and its socket. mio reports edges: what is ready stays so until a try is in vain, or
/// gets less than there is room for, as long as no end is to be read behind that.
struct Conn {
    machine: server::Connection,
    socket: TcpStream,
    readable: bool,
    ended: bool,
    writable: bool,
    shut: bool,
}

impl Conn {
    /// Steps 1 to 5 until nothing moves: when to come back at the latest, or `None` to drop it.
    fn turn(&mut self, mux: &Mux<Handler>, now: Now) -> Option<Mono> {
        self.machine.tick(now);
        for _ in 0..16 {
            let mut moved = self.readable && self.machine.want().read; // 1.
            if moved {
                self.read(now);
            }
            while let Some(event) = self.machine.poll_event(now) {
                self.answer(event, mux, now); // 2.
            }
            while self.writable && self.machine.want().write {
                let mut slices = [IoSlice::new(&[]); 8]; // 3.
                let used = self.machine.output(&mut slices, now);
                match self.socket.write_vectored(&slices[..used]) {
                    Ok(count @ 1..) => self.machine.wrote(count, now),
                    Err(error) if error.kind() == WouldBlock => self.writable = false,
                    _ => self.machine.eof(Eof::Reset, now),
                }
                moved = true;
            }
            match self.machine.want().close {
                // 5. A dropped socket sends a reset if it has unread input: near enough to `Abort`.
                Some(Close::Graceful | Close::Abort) => return None,
                Some(Close::Linger) if !std::mem::replace(&mut self.shut, true) => {
                    let _ = self.socket.shutdown(Shutdown::Write); // It may be gone already.
                }
                _ if moved => {} // 4. Again.
                _ => return Some(self.machine.deadline().map_or(FAR, |(at, _)| at)), // 6.
            }
        }
        Some(now.mono) // There is more to do here, but others have their turn before.
    }

    fn read(&mut self, now: Now) {
        let room = self.machine.read_buf();
        let most = room.len();
        let moved = self.socket.read(room);
        self.readable = matches!(moved, Ok(count @ 1..) if count == most || self.ended);
        match moved {
            Ok(0) => self.machine.eof(Eof::Clean, now),
            Ok(count) => self.machine.filled(count, now),
            Err(error) if error.kind() == WouldBlock => {}
            Err(_) => self.machine.eof(Eof::Reset, now),
        }
    }

    /// Nobody reads bodies here, and no route upgrades: no other event asks for anything.
    fn answer(&mut self, event: Event, mux: &Mux<Handler>, now: Now) {
        let Event::Request { id, head, body, .. } = event else { return };
        let mut request = Request::new(head, body, ());
        let found = mux.dispatch(&mut request);
        let (head, content) = found.map_or_else(|no| no, |yes| yes(&request)).into_parts();
        let body = if let Content::Full(all) = content { Body::Full(all) } else { Body::Empty };
        let _ = self.machine.discard(id, now);
        let _ = self.machine.answer(id, &head, body, now).or_else(|_| self.machine.reset(id, now));
    }
}

const FAR: Mono = Mono::from_nanos(u64::MAX);
const LISTENER: Token = Token(usize::MAX - 1);

/// Serves until the poll fails.
pub fn serve(mut listener: TcpListener, mux: &Mux<Handler>, config: ServerConfig) -> Result<()> {
    let (mut poll, mut events, mut now) = (Poll::new()?, Events::with_capacity(64), Now::default());
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut conns, mut turns, origin) = (slab::Slab::<Conn>::new(), Vec::new(), Instant::now());
    let (mut accepting, mut next, config) = (true, FAR, Arc::new(config));
    loop {
        // 6. One wait for all, as no deadline is before `next`; a short one if accepting failed.
        let most = Duration::from_millis(if accepting { 50 } else { 60_000 });
        let _ = poll.poll(&mut events, Some(next.since(now.mono).min(most)));
        let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        now = Now::at(Mono::ZERO + origin.elapsed(), unix);
        for event in &events {
            accepting |= event.token() == LISTENER;
            if let Some(conn) = conns.get_mut(event.token().0) {
                conn.ended |= event.is_read_closed();
                conn.readable |= event.is_readable() || conn.ended;
                conn.writable |= event.is_writable();
                turns.push(event.token().0);
            }
        }
        while accepting {
            let failed = |error: std::io::Error| accepting = error.kind() != WouldBlock;
            let Ok((mut socket, _)) = listener.accept().map_err(failed) else { break };
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut socket, Token(conns.vacant_key()), both)?;
            let machine = server::Connection::new(Arc::clone(&config), now);
            let (readable, ended, writable, shut) = (true, false, true, false);
            turns.push(conns.insert(Conn { machine, socket, readable, ended, writable, shut }));
        }
        if next <= now.mono {
            // Once a second, or when a deadline has come: all, and what holds nothing is given back.
            next = if conns.is_empty() { FAR } else { now.mono + Duration::from_secs(1) };
            conns.iter_mut().for_each(|(_, conn)| conn.machine.trim(now));
            turns.extend(conns.iter().map(|(at, _)| at));
        }
        for at in turns.drain(..) {
            match conns.get_mut(at).map(|conn| conn.turn(mux, now)) {
                Some(Some(due)) => next = next.min(due),
                Some(None) => drop(conns.remove(at)),
                None => {}
            }
        }
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().as_deref().unwrap_or("127.0.0.1:8080").parse()?;
    let mut config = ServerConfig { protocols: config::Protocols::Both, ..ServerConfig::default() };
    config.timeouts.head = Duration::from_secs(args.next().map_or(Ok(30), |text| text.parse())?);
    let mut mux = Mux::new();
    let hello: Handler = |r| Response::text(format!("hello, {}\n", r.param("name")));
    mux.handle("GET /hello/{name}", hello)?;
    let listener = TcpListener::bind(address)?;
    println!("listening on http://{}/", listener.local_addr()?);
    Ok(serve(listener, &mux, config)?)
}
