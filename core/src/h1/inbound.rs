//! The body of one message that comes in: what is taken of it, waited for and
//! thrown away. Both sides of HTTP/1 have one. Heads, states, and what follows
//! from an end or a fault, are the machine's affair.

use crate::body::framing::Framing;
use crate::body::incoming::{Incoming, Taken};
use crate::buf::InBuf;
use crate::config::Limits;
use crate::error::Fault;
use crate::head::Fields;
use crate::machine::{BodyLength, Eof};
use crate::time::{MessageDeadlines, Mono, Pace, Rate, Why};
use bytes::Bytes;
use std::time::Duration;

/// A body that comes in, and who waits for it.
#[derive(Debug)]
pub(super) struct Inbound {
    body: Incoming,
    /// How much of it the application takes, in bytes.
    limit: u64,
    pace: Pace,
    /// `recv` found nothing, and waits.
    waits: bool,
    /// The application has all of it.
    told: bool,
    /// Too much of it is unread to keep the connection.
    unread: bool,
    /// Bytes thrown away so far.
    discarded: u64,
}

/// What there is of a body when it is asked for.
#[derive(Debug)]
pub(super) enum Found {
    /// Bytes; never none.
    Data(Bytes),
    /// Its end, with trailers.
    End(Option<Fields>),
    /// Nothing, and more may come.
    Nothing,
    /// A fault: it will not come to its end.
    Broken(Fault),
}

/// What came of throwing a body away.
#[derive(Debug)]
pub(super) enum Drained {
    /// It was the rest.
    All,
    /// More is to come.
    Part,
    /// It is too much: a new connection is cheaper.
    TooMuch,
    /// A fault: where it ends cannot be known.
    Broken(Fault),
}

impl Inbound {
    pub(super) fn new(rate: Rate) -> Inbound {
        Inbound {
            body: Incoming::new(Framing::None),
            limit: 0,
            pace: Pace::new(rate),
            waits: false,
            told: true,
            unread: false,
            discarded: 0,
        }
    }

    /// A message is due, of which the application takes `limit` bytes of body.
    pub(super) fn await_message(&mut self, limit: u64) {
        self.body = Incoming::new(Framing::None);
        self.limit = limit;
        self.told = false;
        self.unread = false;
        self.discarded = 0;
    }

    /// The head is here, and says how the body ends.
    pub(super) fn begin(&mut self, framing: Framing) -> BodyLength {
        self.body = Incoming::new(framing);
        self.pace.restart();
        let length = match framing {
            Framing::None | Framing::Length(0) => BodyLength::Empty,
            Framing::Length(length) => BodyLength::Known(length),
            Framing::Chunked | Framing::UntilClose => BodyLength::Unknown,
        };
        self.told = length == BodyLength::Empty;
        length
    }

    /// What follows is not HTTP.
    pub(super) fn become_raw(&mut self) {
        self.body = Incoming::raw();
        self.told = false;
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    pub(super) fn set_limit(&mut self, bytes: u64) {
        self.limit = bytes;
    }

    /// Bytes still to come, where that is known.
    pub(super) fn left(&self) -> Option<u64> {
        self.body.left()
    }

    /// Bytes taken or thrown away so far.
    pub(super) fn count(&self) -> u64 {
        self.body.taken()
    }

    /// Whether the application waits for it.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Whether the application has all of it.
    pub(super) fn is_told(&self) -> bool {
        self.told
    }

    /// Whether too much of it is unread to keep the connection.
    pub(super) fn is_unread(&self) -> bool {
        self.unread
    }

    /// Whether the input has all that is left of it.
    pub(super) fn is_here(&mut self, input: &InBuf, limits: &Limits) -> bool {
        self.body.is_here(input, limits)
    }

    /// The application waits.
    pub(super) fn wait(&mut self) {
        self.waits = true;
    }

    /// The application waits no more; says whether it did.
    pub(super) fn wake(&mut self) -> bool {
        std::mem::take(&mut self.waits)
    }

    /// So many bytes came; says whether the peer's time is running.
    pub(super) fn moved(&mut self, count: usize, timers: &MessageDeadlines, now: Mono) -> bool {
        self.pace.moved(count, now);
        timers.is_set(Why::Body)
    }

    /// The peer is waited for: its time runs.
    pub(super) fn watch(&mut self, timers: &mut MessageDeadlines, now: Mono) {
        if let Some(at) = self.pace.wait(now) {
            timers.set(Why::Body, at);
        }
    }

    /// The peer is there, though nothing comes of it: it is waited for so long at least.
    pub(super) fn grant(&mut self, time: Duration, timers: &mut MessageDeadlines, now: Mono) {
        if timers.is_set(Why::Body) {
            self.pace.grant(time, now);
            self.watch(timers, now);
        }
    }

    /// Nothing is waited for.
    pub(super) fn rest(&mut self, timers: &mut MessageDeadlines, now: Mono) {
        self.waits = false;
        if timers.is_set(Why::Body) {
            self.suspend(timers, now);
        }
    }

    /// The peer's time stands still, whoever waits.
    pub(super) fn suspend(&mut self, timers: &mut MessageDeadlines, now: Mono) {
        self.pace.rest(now);
        timers.clear(Why::Body);
    }

    /// Takes what the input has.
    pub(super) fn take(&mut self, input: &mut InBuf, limits: &Limits, eof: Option<Eof>) -> Found {
        match (self.body.take(input, limits, self.limit), eof) {
            (Ok(Taken::Data(data)), _) => Found::Data(data),
            (Ok(Taken::End(trailers)), _) => {
                self.told = true;
                Found::End(trailers)
            }
            (Ok(Taken::More), None) => Found::Nothing,
            (Ok(Taken::More), Some(Eof::Clean)) if self.body.ends_with_input() => {
                self.told = true;
                Found::End(None)
            }
            (Ok(Taken::More), Some(how)) => Found::Broken(cut_by(how)),
            (Err(fault), _) => Found::Broken(fault),
        }
    }

    /// Whether all of it is here, or `most` bytes are, or waiting changes nothing. Takes nothing.
    pub(super) fn prefetch(&mut self, input: &InBuf, limits: &Limits, most: usize) -> bool {
        self.body.prefetch(input, limits, self.limit, most)
    }

    /// Nobody reads it, and it is not worth reading: no more of it is taken in.
    pub(super) fn leave(&mut self, timers: &mut MessageDeadlines) {
        self.unread = true;
        timers.clear(Why::Body);
    }

    /// Throws away what the input has, as long as that is cheaper than a new connection.
    pub(super) fn drain(
        &mut self,
        input: &mut InBuf,
        limits: &Limits,
        timers: &mut MessageDeadlines,
    ) -> Drained {
        let before = self.body.taken();
        match self.body.skip(input, limits) {
            Ok(true) => {
                timers.clear(Why::Body);
                return Drained::All;
            }
            Ok(false) => {}
            Err(fault) => return Drained::Broken(fault),
        }
        self.discarded += self.body.taken() - before;
        if self.discarded > limits.discard_bytes {
            self.leave(timers);
            return Drained::TooMuch;
        }
        Drained::Part
    }
}

/// What an end of the input inside a message is.
pub(super) fn cut_by(how: Eof) -> Fault {
    if how == Eof::Reset { Fault::Reset } else { Fault::Truncated }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Option<Eof> = None;

    fn input(text: &[u8]) -> InBuf {
        let mut input = InBuf::new(64 * 1024);
        input.spare()[..text.len()].copy_from_slice(text);
        input.filled(text.len());
        input
    }

    fn begun(framing: Framing) -> Inbound {
        let mut inbound = Inbound::new(Rate::UNLIMITED);
        inbound.await_message(100);
        inbound.begin(framing);
        inbound
    }

    #[test]
    fn the_end_of_the_input_ends_what_nothing_else_does_and_breaks_the_rest() {
        for (framing, eof, broken) in [
            (Framing::UntilClose, Some(Eof::Clean), None),
            (Framing::UntilClose, Some(Eof::Truncated), Some(Fault::Truncated)),
            (Framing::UntilClose, Some(Eof::Reset), Some(Fault::Reset)),
            (Framing::Length(5), Some(Eof::Clean), Some(Fault::Truncated)),
            (Framing::Length(5), Some(Eof::Reset), Some(Fault::Reset)),
            (Framing::Chunked, Some(Eof::Clean), Some(Fault::Truncated)),
        ] {
            let found = begun(framing).take(&mut input(b""), &Limits::SERVER, eof);
            match (found, broken) {
                (Found::End(None), None) => {}
                (Found::Broken(fault), Some(expected)) => assert_eq!(fault, expected),
                (found, _) => panic!("{framing:?} {eof:?}: {found:?}"),
            }
            let open = begun(framing).take(&mut input(b""), &Limits::SERVER, NOTHING);
            assert!(matches!(open, Found::Nothing), "{framing:?}: {open:?}");
        }
    }

    #[test]
    fn what_was_taken_before_an_end_comes_first_and_the_end_is_told_once() {
        let mut inbound = begun(Framing::Length(3));
        let mut input = input(b"abcGET");
        let found = inbound.take(&mut input, &Limits::SERVER, Some(Eof::Clean));
        assert!(matches!(found, Found::Data(data) if data == "abc"));
        assert!(!inbound.is_told());
        assert!(matches!(inbound.take(&mut input, &Limits::SERVER, NOTHING), Found::End(None)));
        assert!(inbound.is_told());
        assert_eq!((inbound.count(), input.bytes()), (3, &b"GET"[..]));
    }

    #[test]
    fn a_new_message_knows_nothing_of_the_last() {
        let mut inbound = begun(Framing::Length(3));
        let mut timers = MessageDeadlines::new();
        assert!(matches!(
            inbound.take(&mut input(b"abc"), &Limits::SERVER, NOTHING),
            Found::Data(_)
        ));
        inbound.leave(&mut timers);
        inbound.await_message(7);
        assert_eq!((inbound.count(), inbound.limit(), inbound.left()), (0, 7, Some(0)));
        assert!(!inbound.is_unread() && !inbound.is_told());
    }

    #[test]
    fn so_much_is_thrown_away_and_no_more() {
        let limits = Limits { discard_bytes: 4, ..Limits::SERVER };
        let mut timers = MessageDeadlines::new();
        for (text, unread) in [(&b"abcd"[..], false), (b"abcde", true)] {
            let mut inbound = begun(Framing::Length(10));
            let drained = inbound.drain(&mut input(text), &limits, &mut timers);
            assert_eq!(matches!(drained, Drained::TooMuch), unread, "{text:?}: {drained:?}");
            assert_eq!(inbound.is_unread(), unread, "{text:?}");
        }
        let all = begun(Framing::Length(3)).drain(&mut input(b"abc"), &limits, &mut timers);
        assert!(matches!(all, Drained::All), "{all:?}");
        let broken = begun(Framing::Chunked).drain(&mut input(b"x\r\n"), &limits, &mut timers);
        assert!(matches!(broken, Drained::Broken(Fault::BadChunkSize)), "{broken:?}");
    }
}
