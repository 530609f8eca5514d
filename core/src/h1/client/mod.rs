//! The HTTP/1 client machine: requests in, bytes out, bytes in, responses out.
//! It keeps the state; [`states`] says which moves are legal, and `decide` what
//! to do. It knows no socket and no clock.
//!
//! ```text
//!            request, send, finish                 output/wrote
//!   application ----------------------> output ---------------> socket
//!            poll_event                            read_buf/filled
//!   Response <------------ head --- input <-------------------- socket
//!   Data, End <--- recv --- body --/
//! ```
//!
//! One exchange is open at a time. It is over once the response is read or
//! thrown away, and the request is written as far as it is wanted; whether another
//! may follow is told by [`reuse`](crate::ClientMachine::reuse).

mod came;
pub(crate) mod decide;
mod ending;
mod receive;
mod send;
#[doc(hidden)] // for the diagrams in docs/
pub mod states;

pub use came::Came;

use super::inbound::Inbound;
use super::notices::Notices;
use super::outbound::Outbound;
use super::protocols::Protocols;
use super::response::HeadScan;
use crate::buf::{InBuf, OutBuf};
use crate::config::ClientConfig;
use crate::error::{CloseReason, Fault, Misuse, PeerError};
use crate::head::{Fields, RequestHead, Status};
use crate::machine::{
    Body, ClientMachine, Close, Eof, Event, Facts, Id, Machine, Recv, Reuse, Want,
};
use crate::time::{MessageDeadlines, Mono, Now, Why};
use bytes::Bytes;
use decide::{Asked, Bucket};
use receive::Turn;
use states::{ReadStep, Reader, WriteStep, Writer};
use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

/// One HTTP/1 connection, seen by the client.
#[derive(Debug)]
pub struct Connection {
    config: Arc<ClientConfig>,
    input: InBuf,
    out: OutBuf,
    timers: MessageDeadlines,

    reader: Reader,
    head: HeadScan,
    /// The time for the head is over: what has come of it is looked at once more.
    head_due: bool,
    /// How long the first byte of the final head may take.
    patience: Duration,
    /// An interim response has come.
    told: bool,
    interims: Bucket,
    inbound: Inbound,
    /// Why there is no response, or no end of it.
    failure: Option<PeerError>,
    /// What came in place of a status line.
    came: Option<Came>,
    /// The application wants no response body.
    unwanted: bool,

    writer: Writer,
    outbound: Outbound,
    /// The body ended with its last byte, and the application may say so still.
    ended: bool,
    /// The whole body, until the server asks for it.
    held: Option<Bytes>,
    /// A byte of this request has been written.
    begun: bool,

    /// The open exchange, or the last one.
    id: Id,
    asked: Asked,
    /// What it asks to be switched to.
    protocols: Protocols,
    /// Whether the server keeps the connection open behind its response.
    persists: Result<(), CloseReason>,
    /// The final response began before the request was written whole, and the rest
    /// goes on beside it.
    beside: bool,
    trace: Trace,

    /// How the connection ends, once its output is written, and why.
    ending: Option<(Close, CloseReason)>,
    eof: Option<Eof>,
    shutdown: bool,
    /// The ends of exchanges that are to be told: the next may begin, and fail, before one is.
    done: VecDeque<(Id, Facts)>,
    notices: Notices,
}

/// What an exchange is remembered by.
#[derive(Debug, Default)]
struct Trace {
    /// When the first byte of the last head came.
    first_byte: Option<Mono>,
    head: Option<Mono>,
    status: Option<Status>,
    /// That the request is written has been told.
    written: bool,
}

impl Connection {
    /// A connection that was opened just now.
    pub fn new(config: Arc<ClientConfig>, _now: Now) -> Connection {
        Connection {
            input: InBuf::new(config.limits.most_input()),
            out: OutBuf::default(),
            timers: MessageDeadlines::new(),
            reader: Reader::Idle,
            head: HeadScan::default(),
            head_due: false,
            patience: config.timeouts.first_byte,
            told: false,
            interims: Bucket::default(),
            inbound: Inbound::new(config.timeouts.body),
            failure: None,
            came: None,
            unwanted: false,
            writer: Writer::Idle,
            outbound: Outbound::new(config.timeouts.write),
            ended: false,
            held: None,
            begun: false,
            id: 0,
            asked: Asked::NOTHING,
            protocols: Protocols::default(),
            persists: Ok(()),
            beside: false,
            trace: Trace::default(),
            ending: None,
            eof: None,
            shutdown: false,
            done: VecDeque::new(),
            notices: Notices::default(),
            config,
        }
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

    fn next_event(&mut self, now: Now) -> Option<Event> {
        loop {
            self.advance(now);
            if let Some((id, facts)) = self.done.pop_front() {
                return Some(Event::Done { id, facts });
            }
            if let Some(event) = self.notices.take(self.id) {
                return Some(event);
            }
            match self.read_head(now) {
                Turn::Nothing => return None,
                Turn::Told(event) => return Some(event),
                Turn::Failed => {}
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
        if self.wants_input() { self.input.spare() } else { &mut [] }
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
            None => (self.writer == Writer::RawEnd).then_some(Close::Linger),
            Some((how, _)) => Some(how),
        };
        Want { read: self.wants_input() && self.input.has_room(), write, close }
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

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.send_data(data, now)
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        if id == self.id && self.ended {
            return self.finish_again(trailers);
        }
        self.check(id)?;
        self.finish_request(trailers, now)
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        match self.check(id) {
            Ok(()) => self.recv_body(now),
            Err(_) if id == self.id => self.recv_nothing(),
            // That the body of another exchange has ended says nothing of this one's.
            Err(_) => Recv::Failed(receive::broken(Fault::Truncated)),
        }
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        self.check(id).is_err() || self.prefetch_body(most, now)
    }

    fn flush(&mut self, id: Id) -> bool {
        let out = self.out.is_empty();
        // At the end of the connection that is what is told.
        if !out && self.ending.is_none() {
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

impl ClientMachine for Connection {
    fn request(&mut self, head: &RequestHead, body: Body, _now: Now) -> Result<Id, Misuse> {
        self.begin_exchange(head, body)
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        self.check(id)?;
        self.patience = limit;
        Ok(())
    }

    fn reuse(&self) -> Reuse {
        self.verdict()
    }

    fn is_held(&self, id: Id) -> bool {
        self.writer == Writer::Held && id == self.id
    }

    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        self.came.clone().map(Into::into)
    }
}

#[cfg(test)]
mod tests;
