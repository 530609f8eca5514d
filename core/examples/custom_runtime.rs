//! A runtime of your own: the core's server on one thread, in a poll loop over `mio`.
//!
//! Run `cargo run -p purlin-core --example custom_runtime -- [ADDR [SECONDS]]` (default
//! 127.0.0.1:8080 30). You will see its URL; then `curl http://127.0.0.1:8080/hello/gopher` prints
//! `hello, gopher`, and a connection that says nothing is closed after SECONDS. The numbers in the
//! comments are those of the six steps on the core's first page.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a runtime has a clock")]

use mio::{Events, Interest, Poll, Token, net::TcpListener, net::TcpStream};
use purlin_core::{mux::FromHandler, *};
use std::io::{ErrorKind::WouldBlock, IoSlice, Read, Result, Write};
use std::time::{Duration, Instant, SystemTime};
use std::{collections::BTreeMap, convert::Infallible, error::Error, net::Shutdown, sync::Arc};

/// This runtime's handlers see no body, and give whole answers only.
struct Handler(fn(&Request<()>) -> Response<Infallible>);

impl FromHandler<Handler> for Handler {
    fn from_handler(handler: Handler) -> Handler {
        handler
    }
}

/// A machine and its socket. mio reports edges: what is ready stays so until a try is in vain.
struct Conn {
    machine: server::Connection,
    socket: TcpStream,
    readable: bool,
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
                let mut slices = [IoSlice::new(&[]); 16]; // 3.
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
                _ => {
                    self.machine.trim(now); // 6. The rest of it is in `serve`.
                    return Some(self.machine.deadline().map_or(FAR, |(at, _)| at));
                }
            }
        }
        Some(now.mono) // There is more to do here, but others have their turn before.
    }

    fn read(&mut self, now: Now) {
        match self.socket.read(self.machine.read_buf()) {
            Ok(0) => self.machine.eof(Eof::Clean, now),
            Ok(count) => return self.machine.filled(count, now),
            Err(error) if error.kind() == WouldBlock => {}
            Err(_) => self.machine.eof(Eof::Reset, now),
        }
        self.readable = false;
    }

    /// Nobody reads bodies here, and no route upgrades: no other event asks for anything.
    fn answer(&mut self, event: Event, mux: &Mux<Handler>, now: Now) {
        let Event::Request { id, head, body, .. } = event else { return };
        let mut request = Request::new(head, body, ());
        let found = mux.dispatch(&mut request);
        let (head, content) = found.map_or_else(|no| no, |yes| (yes.0)(&request)).into_parts();
        let body = if let Content::Full(all) = content { Body::Full(all) } else { Body::Empty };
        let _ = self.machine.discard(id, now);
        let _ = self.machine.respond(id, &head, body, now).or_else(|_| self.machine.reset(id, now));
    }
}

const FAR: Mono = Mono::from_nanos(u64::MAX);

fn serve(mut listener: TcpListener, mux: &Mux<Handler>, config: ServerConfig) -> Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
    let (mut conns, mut turns, origin) = (BTreeMap::<_, Conn>::new(), Vec::new(), Instant::now());
    let (mut accepting, mut accepted, mut next, config) = (true, 0, FAR, Arc::new(config));
    loop {
        // 6. One wait for all, as no deadline is before `next`; a short one if accepting failed.
        let most = Duration::from_millis(if accepting { 50 } else { 60_000 });
        let _ = poll.poll(&mut events, Some(next.since(Mono::ZERO + origin.elapsed()).min(most)));
        let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let now = Now::at(Mono::ZERO + origin.elapsed(), unix);
        for event in &events {
            accepting |= event.token() == Token(0);
            if let Some(conn) = conns.get_mut(&event.token()) {
                conn.readable |= event.is_readable() || event.is_read_closed();
                conn.writable |= event.is_writable();
                turns.push(event.token());
            }
        }
        while accepting {
            let failed = |error: std::io::Error| accepting = error.kind() != WouldBlock;
            let Ok((mut socket, _)) = listener.accept().map_err(failed) else { break };
            accepted += 1;
            let (token, both) = (Token(accepted), Interest::READABLE | Interest::WRITABLE);
            poll.registry().register(&mut socket, token, both)?;
            let machine = server::Connection::new(Arc::clone(&config), now);
            let conn = Conn { machine, socket, readable: true, writable: true, shut: false };
            conns.insert(token, conn);
            turns.push(token);
        }
        if next <= now.mono {
            next = FAR;
            turns.extend(conns.keys());
        }
        for token in turns.drain(..) {
            match conns.get_mut(&token).and_then(|conn| conn.turn(mux, now)) {
                Some(at) => next = next.min(at),
                None => drop(conns.remove(&token)),
            }
        }
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().as_deref().unwrap_or("127.0.0.1:8080").parse()?;
    let mut config = ServerConfig::default();
    config.timeouts.head = Duration::from_secs(args.next().map_or(Ok(30), |text| text.parse())?);
    let mut mux = Mux::new();
    let hello = |r: &Request<()>| Response::text(format!("hello, {}\n", r.param("name")));
    mux.handle("GET /hello/{name}", Handler(hello))?;
    let listener = TcpListener::bind(address)?;
    println!("listening on http://{}/", listener.local_addr()?);
    Ok(serve(listener, &mux, config)?)
}
