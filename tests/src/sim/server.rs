//! The server's end: the loop that every driver has, around the machine under
//! test, with an application behind it and an observer beside it.
//!
//! It keeps when what happened, and judges nothing.

use super::app::App;
use super::bucket::Bucket;
use super::told::Told;
use super::trace::Trace;
use super::wire::{Carried, Pipe};
use crate::rng::Rng;
use purlin_core::config::Protocols;
use purlin_core::server::Connection;
use purlin_core::{Close, CloseReason, Eof, Event, Machine, Mono, Now, ServerConfig};
use std::sync::Arc;

/// The server's end of the connection.
pub(super) struct Server {
    pub(super) machine: Connection,
    pub(super) app: App,
    pub(super) told: Told,
    /// Bytes that had come by then, in all.
    pub(super) arrivals: Vec<(usize, Mono)>,
    pub(super) closed: Option<(Mono, CloseReason)>,
    pub(super) accepted: Mono,
    /// When it is told to shut down, and whether it was.
    pub(super) shutdown: Option<Mono>,
    pub(super) shut: bool,
    /// When the last byte of output went out.
    pub(super) emptied: Mono,
    /// When the writing half was shut.
    pub(super) write_shut: Option<Mono>,
    /// When the socket was closed.
    pub(super) socket_closed: Option<Mono>,
    /// The client broke the connection.
    pub(super) broken: bool,
    /// The connection was cut.
    pub(super) aborted: bool,
    /// When bytes or the application last moved.
    pub(super) moved: Mono,
    /// The waiting for body, and for output to be taken.
    pub(super) body: Bucket,
    pub(super) write: Bucket,
}

impl Server {
    pub(super) fn new(rng: Rng, most: usize, shutdown: Option<Mono>, now: Now) -> Server {
        let config = Arc::new(ServerConfig {
            general_options: false,
            trace: true,
            // What is due is told from HTTP/1's first byte, which alone is no preface yet.
            protocols: Protocols::Http1,
            ..ServerConfig::default()
        });
        Server {
            machine: Connection::new(config, now),
            app: App::new(rng, most),
            told: Told::new(now.mono),
            arrivals: Vec::new(),
            closed: None,
            accepted: now.mono,
            shutdown,
            shut: false,
            emptied: now.mono,
            write_shut: None,
            socket_closed: None,
            broken: false,
            aborted: false,
            moved: now.mono,
            body: Bucket::default(),
            write: Bucket::default(),
        }
    }

    /// How many bytes have come.
    pub(super) fn arrived(&self) -> usize {
        self.arrivals.last().map_or(0, |(bytes, _)| *bytes)
    }

    /// When the open exchange began, if one is open.
    pub(super) fn exchange_began(&self) -> Option<Mono> {
        self.app.began().filter(|_| self.machine.in_exchange())
    }

    /// The driver's loop, until nothing moves; says whether anything did.
    ///
    /// # Errors
    /// The machine refused what its contract allows.
    pub(super) fn run(
        &mut self,
        now: Now,
        input: &mut Pipe,
        out: &mut Pipe,
        trace: &mut Trace,
    ) -> Result<bool, String> {
        if self.socket_closed.is_some() {
            return Ok(self.answer_from_the_grave(now, input, out));
        }
        self.machine.tick(now);
        let mut any = self.shut_down(now, trace);
        loop {
            let read = self.read(now, input, trace);
            let mut moved = read | self.events(now, trace)?;
            moved |= self.app.run(&mut self.machine, now, trace)?;
            moved |= self.write(now, out, trace);
            if !moved {
                break;
            }
            (any, self.moved) = (true, now.mono);
        }
        any |= self.close(now, input, out, trace);
        let waits = self.app.waits_for_body() && self.machine.in_exchange();
        self.body.wait(waits, now.mono);
        // HTTP's limits end with HTTP.
        self.write.wait(self.machine.want().write && self.app.raw.is_none(), now.mono);
        self.machine.trim(now);
        Ok(any)
    }

    fn shut_down(&mut self, now: Now, trace: &mut Trace) -> bool {
        let due = self.shutdown.is_some_and(|at| at <= now.mono) && !self.shut;
        if due {
            trace.server(now, || "$ shutdown".to_owned());
            self.machine.shutdown(now);
            self.shut = true;
        }
        due
    }

    fn read(&mut self, now: Now, input: &mut Pipe, trace: &mut Trace) -> bool {
        let most = self.machine.read_buf().len();
        if most == 0 && !input.is_reset() {
            return false;
        }
        match input.read(most, now.mono) {
            None => return false,
            Some(Carried::Bytes(bytes)) => {
                trace.server(now, || format!("reads {} bytes", bytes.len()));
                self.machine.read_buf()[..bytes.len()].copy_from_slice(&bytes);
                self.machine.filled(bytes.len(), now);
                self.body.moved(bytes.len(), now.mono);
                self.arrivals.push((self.arrived() + bytes.len(), now.mono));
            }
            Some(Carried::Fin) => {
                trace.server(now, || "! end of input".to_owned());
                self.machine.eof(Eof::Clean, now);
            }
            Some(Carried::Reset) => {
                trace.server(now, || "! reset".to_owned());
                self.machine.eof(Eof::Reset, now);
                self.broken = true;
            }
        }
        true
    }

    fn events(&mut self, now: Now, trace: &mut Trace) -> Result<bool, String> {
        let mut any = false;
        while let Some(event) = self.machine.poll_event(now) {
            any = true;
            trace.server(now, || format!("! {}", describe(&event)));
            if self.closed.is_some() {
                return Err(format!("{event:?} follows Closed"));
            }
            self.told.event(&event, now.mono);
            match event {
                Event::Request { id, head, .. } => {
                    self.told.request(id, &head);
                    self.body = Bucket::default();
                    if !self.machine.want().write {
                        self.write = Bucket::default();
                    }
                    self.app.begin(&mut self.machine, id, &head, now);
                }
                Event::Closed(reason) => self.closed = Some((now.mono, reason)),
                _ => {}
            }
        }
        Ok(any)
    }

    fn write(&mut self, now: Now, out: &mut Pipe, trace: &mut Trace) -> bool {
        let mut any = false;
        while self.machine.want().write {
            // Also if the socket is full: the peer's time runs from the call of `output`.
            let mut slices = [std::io::IoSlice::new(&[]); 4];
            let used = self.machine.output(&mut slices, now);
            let mut all = Vec::new();
            for slice in &slices[..used] {
                let count = slice.len().min(out.room().saturating_sub(all.len()));
                all.extend_from_slice(&slice[..count]);
            }
            let count = out.write(&all, now.mono);
            if count == 0 {
                break;
            }
            trace.bytes(now, "<", &all[..count]);
            self.machine.wrote(count, now);
            self.write.moved(count, now.mono);
            self.emptied = now.mono;
            any = true;
        }
        any
    }

    fn close(&mut self, now: Now, input: &Pipe, out: &mut Pipe, trace: &mut Trace) -> bool {
        match self.machine.want().close {
            None => return false,
            Some(Close::Linger) if self.write_shut.is_some() => return false,
            Some(Close::Linger) => {
                trace.server(now, || "shuts its writing half".to_owned());
                out.fin(now.mono);
                self.write_shut = Some(now.mono);
            }
            Some(how) => {
                trace.server(now, || format!("closes: {how:?}"));
                // What was not read turns a close into a reset, as in TCP.
                let unread = input.next().is_some_and(|at| at <= now.mono) && input.is_open();
                match how {
                    Close::Graceful if !unread => out.fin(now.mono),
                    _ => out.reset(now.mono),
                }
                self.socket_closed = Some(now.mono);
                self.aborted = how == Close::Abort;
                self.told.closed(now.mono);
            }
        }
        true
    }

    /// Bytes that come to a closed socket are answered with a reset, as in TCP.
    fn answer_from_the_grave(&mut self, now: Now, input: &mut Pipe, out: &mut Pipe) -> bool {
        match input.read(usize::MAX, now.mono) {
            Some(Carried::Bytes(_)) => {
                out.reset(now.mono);
                true
            }
            other => other.is_some(),
        }
    }

    /// When it has something to do again, if nothing arrives.
    pub(super) fn next(&self, now: Mono, input: &Pipe) -> Option<Mono> {
        let open = self.socket_closed.is_none();
        let reads = !open || self.machine.want().read || input.is_reset();
        let arrives = input.next().filter(|_| reads);
        if !open {
            return arrives;
        }
        let deadline = self.machine.deadline().map(|(at, _)| at);
        let shutdown = self.shutdown.filter(|_| !self.shut);
        [arrives, self.app.next(now), deadline, shutdown].into_iter().flatten().min()
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Request { id, head, .. } => {
            format!("request {id}: {} {}", head.method(), head.target())
        }
        Event::Failed { error, .. } => format!("failed: {error}"),
        Event::Closed(reason) => format!("closed: {reason}"),
        other => format!("{other:?}"),
    }
}
