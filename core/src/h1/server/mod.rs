//! The HTTP/1 server machine: bytes in, requests out, responses in, bytes out.
//! It keeps the state; [`super::states`] says which moves are legal, and
//! `decide` what to do. It knows no socket and no clock.
//!
//! ```text
//!            read_buf/filled                       poll_event
//!   socket ------------------> input --- head ---------------> Request
//!                                  \---- body --- recv ------> Data, End
//!            output/wrote                          respond, send, finish
//!   socket <------------------ output <----------------------- application
//! ```
//!
//! One exchange is open at a time. The next head is read once the response is
//! whole and the request body is read or thrown away, so pipelined requests
//! are answered in order, and what arrived together leaves together.

mod ending;
mod receive;
mod reply;
mod share;

use super::decide::Asked;
use super::inbound::Inbound;
use super::notices::Notices;
use super::outbound::Outbound;
use super::protocols::Protocols;
use super::request::HeadScan;
use super::states::{ReadStep, Reader, WriteStep, Writer};
use crate::buf::{InBuf, OutBuf};
use crate::config::ServerConfig;
use crate::error::{CloseReason, Fault, Misuse, PeerError};
use crate::head::{DateCache, Fields, ResponseHead, Status};
use crate::machine::{Body, Close, Eof, Event, Facts, Id, Machine, Recv, ServerMachine, Want};
use crate::time::{MessageDeadlines, Mono, Now, Why};
use bytes::Bytes;
use receive::Turn;
use std::io::IoSlice;
use std::sync::Arc;

/// One HTTP/1 connection, seen by the server.
#[derive(Debug)]
pub struct Connection {
    config: Arc<ServerConfig>,
    input: InBuf,
    out: OutBuf,
    timers: MessageDeadlines,
    date: DateCache,

    reader: Reader,
    head: HeadScan,
    /// The time for the head is over: what has come of it is looked at once more.
    head_due: bool,
    inbound: Inbound,
    /// Why the reader is [`Reader::Broken`].
    fault: Option<Fault>,

    writer: Writer,
    outbound: Outbound,
    /// So much output may be queued now, of what is allowed.
    most_queued: usize,
    /// So many bytes may be held beyond the share.
    spare: usize,

    /// The open exchange, or the last one.
    id: Id,
    asked: Asked,
    /// What it asks to be switched to.
    protocols: Protocols,
    application_closes: bool,
    /// The close that the response's head announced.
    announced: Option<CloseReason>,
    trace: Trace,

    ending: Ending,
    eof: Option<Eof>,
    shutdown: bool,
    /// The end of the exchange is to be told.
    done: bool,
    notices: Notices,
}

/// How far the connection is with closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Not at all.
    Open,
    /// Output is written, the writing half shut, and input thrown away until the peer closes.
    Linger,
    /// Output is written, then the socket is closed.
    Done(Close),
}

/// What an exchange is remembered by.
#[derive(Debug, Default)]
struct Trace {
    /// When the request that is being read began.
    began: Mono,
    /// The same, of the open exchange.
    first_byte: Mono,
    head: Mono,
    end: Mono,
    status: Option<Status>,
    keep_alive: bool,
    /// The exchange's head and end are told, whatever the configuration says.
    followed: bool,
    /// The head that is to be told.
    answered: Option<Box<ResponseHead>>,
}

impl Connection {
    /// A connection that was accepted just now.
    pub fn new(config: Arc<ServerConfig>, now: Now) -> Connection {
        let mut timers = MessageDeadlines::new();
        timers.set(Why::Head, now.mono + config.timeouts.head);
        Connection {
            input: InBuf::new(config.limits.most_input()),
            out: OutBuf::default(),
            timers,
            date: DateCache::new(),
            reader: Reader::Idle,
            head: HeadScan::default(),
            head_due: false,
            inbound: Inbound::new(config.timeouts.body),
            fault: None,
            writer: Writer::Idle,
            outbound: Outbound::new(config.timeouts.write),
            most_queued: reply::FIRST_QUEUED.min(config.limits.output_bytes),
            spare: usize::MAX,
            id: 0,
            asked: Asked::NOTHING,
            protocols: Protocols::default(),
            application_closes: false,
            announced: None,
            trace: Trace::default(),
            ending: Ending::Open,
            eof: None,
            shutdown: false,
            done: false,
            notices: Notices::default(),
            config,
        }
    }

    /// A connection that was accepted at that time, and of which this has come by now.
    pub(crate) fn begun(
        config: Arc<ServerConfig>,
        input: InBuf,
        accepted: Now,
        now: Now,
    ) -> Connection {
        let mut machine = Connection::new(config, accepted);
        machine.input = input;
        if !machine.input.is_empty() {
            machine.begin_head(now);
        }
        machine
    }

    #[inline]
    fn read_step(&mut self, step: ReadStep) {
        if let Some(state) = self.reader.after(step) {
            self.reader = state;
        } else {
            debug_assert!(false, "{:?} has no {step:?}", self.reader);
        }
    }

    #[inline]
    fn write_step(&mut self, step: WriteStep) {
        if let Some(state) = self.writer.after(step) {
            self.writer = state;
        } else {
            debug_assert!(false, "{:?} has no {step:?}", self.writer);
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            status: self.trace.status,
            first_byte: self.trace.first_byte,
            head: self.trace.head,
            end: self.trace.end,
            received: self.inbound.count(),
            sent: self.outbound.count(),
            keep_alive: self.trace.keep_alive,
        }
    }

    fn next_event(&mut self, now: Now) -> Option<Event> {
        loop {
            self.advance(now);
            if let Some(head) = self.trace.answered.take() {
                return Some(Event::Answered { id: self.id, head: *head });
            }
            if std::mem::take(&mut self.done) {
                return Some(Event::Done { id: self.id, facts: self.facts() });
            }
            if let Some(event) = self.notices.take(self.id) {
                return Some(event);
            }
            match self.read_head(now) {
                Turn::Nothing => return None,
                Turn::Request(event) => return Some(event),
                Turn::Answered => {}
            }
        }
    }

    /// The exchange of that id is open.
    #[inline]
    fn check(&self, id: Id) -> Result<(), Misuse> {
        if id == self.id && self.in_exchange() { Ok(()) } else { Err(Misuse::NoSuchExchange) }
    }
}

impl Machine for Connection {
    #[inline]
    fn read_buf(&mut self) -> &mut [u8] {
        if !self.wants_input() {
            return &mut [];
        }
        // Mostly there is room for the next request already.
        if self.input.is_blank(share::SHARE) { self.input.blank() } else { self.room() }
    }

    #[inline]
    fn filled(&mut self, n: usize, now: Now) {
        self.take_input(n, now);
    }

    fn eof(&mut self, how: Eof, now: Now) {
        self.end_of_input(how, now);
    }

    #[inline]
    fn poll_event(&mut self, now: Now) -> Option<Event> {
        if self.is_quiet() { None } else { self.next_event(now) }
    }

    #[inline]
    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        if !self.out.is_empty() && !self.timers.is_set(Why::Write) {
            self.watch_writing(now);
        }
        self.out.slices(slices)
    }

    #[inline]
    fn wrote(&mut self, n: usize, now: Now) {
        self.output_written(n, now);
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        self.timers.next()
    }

    fn untaken(&mut self, bytes: usize, now: Now) {
        self.output_untaken(bytes, now);
    }

    fn tick(&mut self, now: Now) {
        while let Some(why) = self.timers.take_expired(now.mono) {
            self.timed_out(why, now);
        }
    }

    #[inline]
    fn want(&self) -> Want {
        let write = !self.out.is_empty();
        let close = match self.ending {
            _ if write => None,
            // An upgraded exchange that has sent its last byte may still be read.
            Ending::Open => (self.writer == Writer::RawEnd).then_some(Close::Linger),
            Ending::Linger => Some(Close::Linger),
            Ending::Done(how) => Some(how),
        };
        Want { read: self.wants_input() && self.has_room(), write, close }
    }

    fn trim(&mut self, _now: Now) {
        // In the middle of a body the buffer will be filled again at once.
        if !matches!(self.reader, Reader::Body | Reader::Drain) {
            self.input.trim();
        }
        self.out.trim();
    }

    fn in_exchange(&self) -> bool {
        !matches!(self.writer, Writer::Idle | Writer::Closed)
    }

    fn held(&self) -> usize {
        self.input.held() + self.out.held()
    }

    fn surplus(&self) -> usize {
        self.surplus_in() + self.surplus_out()
    }

    fn allow_surplus(&mut self, bytes: usize) {
        self.allow(bytes);
    }

    /// All is taken that the limits have room for, however little may be held: it may
    /// have been read while there was more room.
    fn receive(&mut self, bytes: &[u8], now: Now) -> usize {
        self.receive_all(bytes, now)
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.send_data(data, now)
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.finish_response(trailers, now)
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        match self.check(id) {
            Ok(()) => self.recv_body(now),
            Err(_) if id == self.id => self.recv_nothing(),
            // That the body of another exchange has ended says nothing of this one's.
            Err(_) => Recv::Failed(PeerError::of_request(Fault::Truncated)),
        }
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        self.check(id).is_err() || self.prefetch_body(most, now)
    }

    fn flush(&mut self, id: Id) -> bool {
        let out = self.out.is_empty();
        // At the end of the connection that is what is told.
        if !out && self.ending == Ending::Open {
            self.notices.unflushed(id);
            self.outbound.flush(id);
        }
        out
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.discard_body(now);
        self.advance(now);
        Ok(())
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.give_up(now);
        Ok(())
    }

    fn shutdown(&mut self, now: Now) {
        self.begin_shutdown(now);
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        self.check(id)?;
        self.inbound.set_limit(bytes);
        Ok(())
    }
}

impl ServerMachine for Connection {
    fn respond(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.send_head(head, body, now)
    }

    fn hijack(&mut self, id: Id, _now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.become_raw()
    }

    fn interim(&mut self, id: Id, head: &ResponseHead, now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.send_interim(head, now)
    }

    fn follow(&mut self, id: Id) -> Result<(), Misuse> {
        self.check(id)?;
        self.trace.followed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
