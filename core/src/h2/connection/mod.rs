//! One HTTP/2 connection, seen by either side: frames in, messages out, messages in, frames out.
//! It keeps the state and asks the tables; it knows no socket and no clock.
//!
//! ```text
//!            read_buf/filled                             poll_event
//!   socket ------------------> frames --- field blocks -------------> Request, Response
//!                                 \------ DATA --- stream --- recv --> Data, End
//!            output/wrote                        request, respond, send, finish
//!   socket <------------------ frames <-- schedule <-- streams <----- application
//! ```
//!
//! Input is parsed as it comes, whatever the application does: a WINDOW_UPDATE must not wait
//! for it. What is unread is within the windows that were granted.

mod answer;
mod broken;
mod client;
mod content;
mod ending;
mod leaving;
mod over;
mod receive;
mod reply;
mod request;
mod role;
mod send;
mod stream;
mod telling;

use super::again::Again;
use super::buckets::{Buckets, Cap};
use super::credit::Credit;
use super::frame::settings::Values;
use super::frame::{PREFACE, write};
use super::head::request::Request;
use super::hpack::{Decoder, Encoder};
use super::schedule::Schedule;
use super::streams::Streams;
use super::window::{CONNECTION, Window};
use crate::buf::{InBuf, OutBuf};
use crate::config::{ClientConfig, Http2, ServerConfig};
use crate::error::{CloseReason, Fault, Misuse};
use crate::head::{DateCache, Fields};
use crate::machine::{Close, Eof, Event, Id, Machine, Recv, Want};
use crate::time::{AllDeadlines, Mono, Now, Taking, Why};
use broken::Broken;
use bytes::Bytes;
use role::Role;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use stream::{Asked, Stream};

/// So much input is here at the most: a whole frame, and a read.
const INPUT: usize = 64 * 1024;

/// How far the peer is with its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    /// The preface is not whole.
    Preface,
    /// Its SETTINGS are to follow.
    Settings,
    /// It has said both.
    Done,
}

/// What the first frame of a field block says.
#[derive(Clone, Copy, Debug)]
struct Begun {
    stream: u32,
    end_stream: bool,
    at: Mono,
}

/// A field block that has begun, and goes on.
#[derive(Debug)]
struct Block {
    begun: Begun,
    text: Vec<u8>,
    frames: u32,
}

/// One HTTP/2 connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    /// Its numbers, within their bounds.
    http2: Http2,
    theirs: Values,
    input: InBuf,
    out: OutBuf,
    greeting: Greeting,
    /// The peer has acknowledged our settings.
    knows_settings: bool,
    decoder: Decoder,
    encoder: Encoder,
    block: Option<Block>,
    streams: Streams<Stream>,
    credit: Credit,
    window: Window,
    schedule: Schedule,
    buckets: Buckets,
    timers: AllDeadlines,
    /// Answers that are due and not written.
    answers: u32,
    /// The exchanges that asked whether all of theirs is out.
    flushes: Vec<Id>,
    /// What there is to tell of the connection.
    events: VecDeque<Event>,
    /// The streams that have something to tell.
    ready: VecDeque<u32>,
    /// The requests that nobody was told of yet, in the order of their streams.
    asked: VecDeque<(u32, Asked)>,
    /// The last request that came again.
    again: Again<Request>,
    /// What the time is called.
    date: DateCache,
    /// No stream above this is taken any more.
    last: Option<u32>,
    /// The peer was told that we go, and may not have heard it: until when all is to end.
    leaving: Option<Mono>,
    peer_goes: bool,
    /// What GOAWAY said was looked at last.
    left_out: Option<u32>,
    /// Octets that were written, of all output.
    written: u64,
    /// Requests that are whole in the output, for those who want to know when they are out.
    sent: Vec<Id>,
    /// How fast the peer takes what is written.
    taking: Taking,
    /// The first time that is over for a stream, and whether it is to be looked for anew.
    due: Option<(Mono, Why)>,
    stale: bool,
    ending: Option<Close>,
    reason: Option<CloseReason>,
    /// The rule that the peer broke, or the limit.
    broken: Option<Fault>,
    eof: Option<Eof>,
}

impl Connection {
    /// A server's connection on which HTTP/2 was agreed, or is known to be spoken.
    pub fn new(config: Arc<ServerConfig>, now: Now) -> Connection {
        let mut server = Connection::of(Role::Server(config), now);
        server.timers.set(Why::Head, now.mono + server.role.head());
        server
    }

    /// A client's connection to a server that speaks HTTP/2, `secure` if within TLS.
    pub fn client(config: Arc<ClientConfig>, secure: bool, now: Now) -> Connection {
        let scheme = if secure { "https" } else { "http" };
        let mut client = Connection::of(Role::Client { config, scheme }, now);
        client.greeting = Greeting::Settings;
        client.timers.set(Why::Settings, now.mono + client.role.http2().settings_timeout);
        client
    }

    fn of(role: Role, now: Now) -> Connection {
        let http2 = role.http2();
        let mut out = OutBuf::default();
        let more = http2.connection_window.saturating_sub(CONNECTION);
        out.write(|text| {
            if role.is_client() {
                text.extend_from_slice(PREFACE);
            }
            write::settings(text, role.settings().told());
            if more > 0 {
                write::window_update(text, 0, more);
            }
        });
        Connection {
            theirs: Values::DEFAULT,
            input: InBuf::new(INPUT.max(2 * http2.max_frame as usize)),
            out,
            greeting: Greeting::Preface,
            knows_settings: false,
            decoder: Decoder::new(http2.header_table.max(Values::DEFAULT.header_table_size)),
            encoder: Encoder::default(),
            block: None,
            streams: Streams::new(role.side()),
            credit: Credit::new(http2.connection_window.max(CONNECTION)),
            window: Window::default(),
            schedule: Schedule::new(),
            buckets: Buckets::new(now.mono),
            timers: AllDeadlines::new(),
            answers: 0,
            flushes: Vec::new(),
            events: VecDeque::new(),
            ready: VecDeque::new(),
            last: None,
            leaving: None,
            peer_goes: false,
            left_out: None,
            written: 0,
            sent: Vec::new(),
            taking: Taking::new(role.rates().1),
            due: None,
            stale: false,
            ending: None,
            reason: None,
            broken: None,
            eof: None,
            http2,
            date: DateCache::new(),
            asked: VecDeque::new(),
            again: Again::default(),
            role,
        }
    }

    /// The stream of an exchange that is the application's.
    fn open(&mut self, id: Id) -> Result<(u32, &mut Stream), Misuse> {
        let number = u32::try_from(id).map_err(|_| Misuse::NoSuchExchange)?;
        match self.streams.get_mut(number) {
            Some(stream) if stream.is_open() => Ok((number, stream)),
            _ => Err(Misuse::NoSuchExchange),
        }
    }

    /// Whether input would be of use.
    fn wants_input(&self) -> bool {
        let full = self.answers >= Cap::Unanswered.most() && !self.out.is_empty();
        self.eof.is_none() && !matches!(self.ending, Some(Close::Graceful | Close::Abort)) && !full
    }
}

impl Machine for Connection {
    fn read_buf(&mut self) -> &mut [u8] {
        if self.wants_input() { self.input.spare() } else { &mut [] }
    }

    fn filled(&mut self, n: usize, now: Now) {
        if self.input.filled(n) > 0 {
            self.take_in(now);
        }
    }

    fn eof(&mut self, how: Eof, now: Now) {
        self.end_of_input(how, now);
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        self.take_in(now);
        // The end of all comes behind what came before it.
        let closes = matches!(self.events.front(), Some(Event::Closed(_)));
        if !closes {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
        }
        self.next_of_stream(now).or_else(|| self.events.pop_front())
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        if !self.out.is_empty() && !self.timers.is_set(Why::Write) {
            self.watch_writing(now);
        }
        self.out.slices(slices)
    }

    fn wrote(&mut self, n: usize, now: Now) {
        self.out.consume(n);
        self.written += n as u64;
        self.taking.wrote(n, now.mono);
        if self.out.is_empty() {
            self.taking.rest(now.mono);
            self.timers.clear(Why::Write);
            self.answers = 0;
            self.tell_written();
        }
        self.take_in(now);
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        self.timers.next().into_iter().chain(self.due).min()
    }

    fn untaken(&mut self, bytes: usize, now: Now) {
        self.taking.untaken(bytes, now.mono);
        if self.timers.is_set(Why::Write) {
            self.watch_writing(now);
        }
    }

    fn tick(&mut self, now: Now) {
        while let Some(why) = self.timers.take_expired(now.mono) {
            self.timed_out(why, now);
        }
        if self.due.is_some_and(|(at, _)| at <= now.mono) {
            self.streams_timed_out(now);
        }
    }

    fn want(&self) -> Want {
        let write = !self.out.is_empty();
        let close = if write { None } else { self.ending };
        Want { read: self.wants_input() && self.input.has_room(), write, close }
    }

    fn trim(&mut self, _now: Now) {
        self.input.trim();
        self.out.trim();
        self.decoder.trim();
        self.encoder.trim();
        self.again.forget();
        self.streams.trim();
        self.asked.shrink_to(0);
        self.ready.shrink_to(0);
    }

    fn in_exchange(&self) -> bool {
        self.streams.iter().any(|(_, _, stream)| stream.is_open())
    }

    fn is_open(&self, id: Id) -> bool {
        u32::try_from(id).is_ok_and(|number| self.streams.get(number).is_some_and(Stream::is_open))
    }

    fn held(&self) -> usize {
        let unread: usize = self.streams.iter().map(|(_, _, s)| s.inbox.unread as usize).sum();
        let block = self.block.as_ref().map_or(0, |block| block.text.capacity());
        let tables = self.decoder.held() + self.encoder.held() + self.again.held();
        self.input.held() + self.out.held() + unread + block + tables
    }

    /// All is taken that there is room for, though it may have been read while more was wanted.
    fn receive(&mut self, bytes: &[u8], now: Now) -> usize {
        self.receive_all(bytes, now)
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        self.send_data(id, data, now)
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        // Who gives a request of known length may say late that it has ended.
        let over = self.open(id).is_err() && trailers.is_none_or(Fields::is_empty);
        if over && matches!(self.recv_nothing(id), Recv::End(_)) {
            return Ok(());
        }
        self.finish_message(id, trailers, now)
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        match self.open(id) {
            Ok((number, _)) => self.recv_body(number, now),
            Err(_) => self.recv_nothing(id),
        }
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        match self.open(id) {
            Ok((number, _)) => self.prefetch_body(number, most, now),
            Err(_) => true,
        }
    }

    fn is_flushed(&self, id: Id) -> bool {
        let queued = u32::try_from(id).ok().and_then(|number| self.streams.get(number));
        self.out.is_empty() && queued.is_none_or(|stream| stream.outbox.pieces.is_empty())
    }

    fn flush(&mut self, id: Id) -> bool {
        let flushed = self.is_flushed(id);
        if !flushed && self.ending.is_none() {
            self.will_tell_flushed(id);
        }
        flushed
    }

    fn carries_many(&self) -> bool {
        true
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        let (number, _) = self.open(id)?;
        self.discard_body(number, now);
        Ok(())
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        let (number, _) = self.open(id)?;
        self.give_up(number, now);
        Ok(())
    }

    fn shutdown(&mut self, now: Now) {
        self.begin_shutdown(now);
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        self.open(id)?.1.inbox.limit = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
