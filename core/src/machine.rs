//! The contract of every connection machine: verbs for bytes, events, time and
//! interest, and commands for messages.
//! Holds no protocol: HTTP/1, HTTP/2 and TLS implement these traits.

mod boxed;

use crate::error::{CloseReason, ErrorCode, Misuse, PeerError, Phase};
use crate::head::{Fields, RequestHead, ResponseHead, Status};
use crate::secure::Secured;
use crate::time::{Mono, Now, Why};
use bytes::Bytes;
use std::io::IoSlice;
use std::time::Duration;

/// Names an exchange (one request and its response) on its connection.
pub type Id = u64;

/// The verbs that every machine has, so that one driver loop serves all.
///
/// Any order of calls is legal. Nothing panics, and no byte is lost.
///
/// # How long an exchange is open
/// A server's exchange is open until its response is whole; what is unread of its request
/// is thrown away then. A client's is open until its response was read to the end, or
/// discarded, and its request is whole, or not wanted any more. So it is over without a
/// word more from an application that does what it owes, and [`Machine::reset`] ends it
/// at any time.
///
/// A peer ends none: one that gives it up ([`Event::Reset`], [`Event::Failed`] with its id)
/// leaves it open until the application has let go of it, by [`Machine::discard`] or
/// [`Machine::reset`], and until then it counts among those that the connection carries at
/// once. Who begins requests only to give them up has no more handlers running by that
/// than who waits for them. [`Event::Closed`] ends all exchanges; over HTTP/1 a peer
/// gives one up with its connection, and so by that alone.
///
/// The trait is open, and so are [`ServerMachine`] and [`ClientMachine`]: whoever has a
/// layer of their own writes a machine around a machine, as TLS and a proxy's tunnel are.
/// A method that is added later has a default, which is right for a machine with nothing
/// inside. A layer hands every method on, those with a default too.
pub trait Machine {
    /// Room for input: at least 4 KiB, or empty, which says "do not read".
    fn read_buf(&mut self) -> &mut [u8];

    /// The first `n` bytes of the room now hold input. 0 does nothing.
    fn filled(&mut self, n: usize, now: Now);

    /// No more input will come.
    fn eof(&mut self, how: Eof, now: Now);

    /// What happened, one at a time; call it until it gives `None`. It parses on demand.
    fn poll_event(&mut self, now: Now) -> Option<Event>;

    /// Fills `slices` with what is to be written and says how many it used.
    /// Called again without [`Machine::wrote`], it gives the same bytes first.
    ///
    /// Call it while [`Want::write`] is true, also when the socket is known to be
    /// full: the time that the peer has to take the bytes runs from there.
    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize;

    /// The first `n` bytes of the output have been written.
    fn wrote(&mut self, n: usize, now: Now);

    /// When to call [`Machine::tick`] at the latest, and why.
    fn deadline(&self) -> Option<(Mono, Why)>;

    /// So many bytes of what was written are still with the system that takes
    /// them for the peer: the peer has not taken them. Nothing else shows how a
    /// slow one does, for a system takes megabytes at once; until it is told,
    /// what was written counts as taken.
    ///
    /// A driver that can ask its system tells it once a deadline has come, before
    /// [`Machine::tick`], and where much was written at once. By default it does nothing.
    fn untaken(&mut self, bytes: usize, now: Now) {
        let _ = (bytes, now);
    }

    /// Time has passed. Early, late and spurious ticks are harmless.
    ///
    /// Once a deadline has come, a driver first reads and writes what it can
    /// without waiting: the peer was in time, if it was the driver that was late.
    fn tick(&mut self, now: Now);

    /// What the machine wants of its socket. The driver asks nothing else.
    fn want(&self) -> Want;

    /// Gives back buffers that hold nothing. Call it before every wait.
    fn trim(&mut self, now: Now);

    /// Whether an exchange is open: one whose message the application owes, or is still reading.
    fn in_exchange(&self) -> bool;

    /// Bytes of memory held for input and output; the application's own `Bytes` are not counted.
    fn held(&self) -> usize;

    /// Bytes held beyond the share of this connection: what each one may hold whatever others
    /// do. The application's own pieces are counted, as long as they are queued.
    ///
    /// By default there are none: a machine of which this says nothing keeps to its limits.
    fn surplus(&self) -> usize {
        0
    }

    /// Holds no more than so many bytes beyond its share from now on, and gives back room that
    /// holds nothing. What it holds already stays; it takes no more until that is less.
    /// Without it the limits alone count. A share is enough for any message, in smaller steps.
    ///
    /// Which connections may hold how much, [`budget`](crate::budget) decides.
    fn allow_surplus(&mut self, bytes: usize) {
        let _ = bytes;
    }

    /// Input by value, for machines behind a lock and for tests: takes what
    /// there is room for and says how much that was.
    fn receive(&mut self, bytes: &[u8], now: Now) -> usize {
        let mut taken = 0;
        while taken < bytes.len() {
            let room = self.read_buf();
            let count = room.len().min(bytes.len() - taken);
            if count == 0 {
                break;
            }
            room[..count].copy_from_slice(&bytes[taken..taken + count]);
            self.filled(count, now);
            taken += count;
        }
        taken
    }

    /// Output by value: appends at most `max` bytes to `out`, and says how many.
    fn transmit(&mut self, out: &mut Vec<u8>, max: usize, now: Now) -> usize {
        let before = out.len();
        while out.len() - before < max {
            let mut slices = [IoSlice::new(&[]); 16];
            let used = self.output(&mut slices, now);
            let start = out.len();
            for slice in &slices[..used] {
                let count = slice.len().min(max - (out.len() - before));
                out.extend_from_slice(&slice[..count]);
            }
            let count = out.len() - start;
            if count == 0 {
                break;
            }
            self.wrote(count, now);
        }
        out.len() - before
    }

    /// Sends body bytes: takes what there is room for out of `data` and leaves
    /// the rest; [`Event::Writable`] follows once there is room again.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse>;

    /// Ends the message being sent, with trailers if there are any.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse>;

    /// Takes body bytes. They stay in the machine until asked for; that is the
    /// flow control. The first call sends 100 (Continue) if the peer waits for it.
    fn recv(&mut self, id: Id, now: Now) -> Recv;

    /// Takes in body ahead of `recv`, so that whoever reads it later need not
    /// wait: says whether all of it is here, or `most` bytes of it or as many as
    /// are held, or whether waiting is of no use because it has failed or the
    /// peer waits to be asked for it. A body that fits into `most`, or that may, is asked
    /// for with 100 (Continue), as `recv` does with any. Until then [`Event::Readable`] follows
    /// input, and the peer's time runs.
    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool;

    /// Whether all that was given to this exchange has left the machine.
    fn is_flushed(&self, id: Id) -> bool {
        let _ = id;
        !self.want().write
    }

    /// Says the same, and has it told if it is not so yet: [`Event::Flushed`] follows once
    /// all of this exchange's output is out, whatever others have to send, or
    /// [`Event::Closed`] if the connection ends before.
    ///
    /// By default it tells nothing, which is right for a machine without output.
    fn flush(&mut self, id: Id) -> bool {
        self.is_flushed(id)
    }

    /// What the two sides agreed to speak inside TLS (ALPN), told before the first byte
    /// of it; `None` if they did not say. A machine of one protocol has no use for it.
    fn negotiated(&mut self, alpn: Option<&[u8]>, now: Now) {
        let _ = (alpn, now);
    }

    /// Nobody will read the rest of this message. It lets go of an exchange that the peer
    /// has given up.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse>;

    /// Gives up on the exchange in a way the peer can tell from a regular end, and lets go
    /// of it.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse>;

    /// Begins a graceful end: what is in progress is finished, nothing new begins.
    fn shutdown(&mut self, now: Now);

    /// Changes how much body this exchange may bring, in bytes. It counts from the next `recv`.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse>;
}

/// The commands of a server's machine, beside the verbs of every machine.
pub trait ServerMachine: Machine {
    /// Sends the final head, and with [`Body::Full`] and [`Body::Empty`] the whole response.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn respond(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse>;

    /// Answers with a value that has nothing behind it. It is [`ServerMachine::respond`],
    /// but for a head that makes the exchange a raw stream (101, or 2xx to
    /// CONNECT): since nobody will use that, it is over at once.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn answer(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse> {
        self.respond(id, head, body, now)?;
        // It is refused for every response that is whole.
        if self.finish(id, None, now).is_ok() {
            // An exchange that is over by now has nothing to be thrown away.
            let _ = self.discard(id, now);
        }
        Ok(())
    }

    /// Makes the exchange a raw stream as it is, without a word: whatever the
    /// peer is to be told, the application writes. Body that has not been read
    /// is part of the stream. [`Event::Upgraded`] follows.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn hijack(&mut self, id: Id, now: Now) -> Result<(), Misuse>;

    /// Sends an interim response (1xx, but not 101). It is left out for a peer
    /// that speaks HTTP/1.0 (RFC 9110 §15.2).
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn interim(&mut self, id: Id, head: &ResponseHead, now: Now) -> Result<(), Misuse>;

    /// Has what becomes of this exchange told, whatever the configuration says:
    /// [`Event::Answered`] once its final head is given, if it has not been, and
    /// [`Event::Done`] once it is over. A machine that tells nothing of that
    /// refuses.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn follow(&mut self, id: Id) -> Result<(), Misuse> {
        let _ = id;
        Err(Misuse::NoSuchExchange)
    }
}

/// The commands of a client's machine, beside the verbs of every machine.
///
/// [`Event::Interim`], any number of times, and [`Event::Response`] answer a
/// request; the response's body is taken with [`Machine::recv`]. A request that
/// gets no response ends with [`Event::Failed`]; a body that does not come to
/// its end, with [`Recv::Failed`].
///
/// A driver calls [`Machine::wrote`] as soon as bytes have left: what comes
/// before any byte of the request went out is not taken for its response. When
/// a write fails there may still be a response to read, so it writes no more and
/// reads until that ends or fails too, and then says [`Eof::Reset`].
pub trait ClientMachine: Machine {
    /// Sends a request's head, and with [`Body::Full`] and [`Body::Empty`] the whole request.
    ///
    /// The machine writes what frames the body. `Expect: 100-continue` in the
    /// head holds the body back until the server says 100 (Continue), or a while
    /// has passed (RFC 9110 §10.1.1). A body of known length ends with its last byte;
    /// [`Machine::finish`] need not follow.
    ///
    /// A final response that comes before the request is whole does not end it: what
    /// is sent goes on beside the response (RFC 9112 §9.3 has the server read it).
    /// It stops, and `send` and `finish` then give [`Misuse::Answered`], when the server
    /// refuses it (a status other than 2xx, and the connection closes), closes or is
    /// lost; when the response breaks a rule; and when [`Machine::discard`] says that
    /// nobody waits for the response.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse>;

    /// How long the first byte of this exchange's final head may take once the
    /// request is sent, instead of what the configuration says.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse>;

    /// Whether the connection takes a request, or will take one.
    fn reuse(&self) -> Reuse;

    /// Whether what lies around it, TLS or a proxy's tunnel, is set up: until
    /// then a request waits inside. A machine with nothing around it is ready.
    fn is_ready(&self) -> bool {
        true
    }

    /// What is being set up, while [`is_ready`](ClientMachine::is_ready) says no: a
    /// proxy's tunnel ([`Phase::Tunnel`]), or TLS ([`Phase::Tls`]).
    fn setting_up(&self) -> Option<Phase> {
        None
    }

    /// How many requests it takes at once: one if [`reuse`](ClientMachine::reuse) says
    /// [`Reuse::Now`], more where exchanges share a connection.
    fn slots(&self) -> u32 {
        u32::from(self.reuse() == Reuse::Now)
    }

    /// Whether this exchange's body waits for 100 (Continue): until it may go, or is
    /// not wanted, there is no need to have any of it.
    fn is_held(&self, id: Id) -> bool {
        let _ = id;
        false
    }

    /// Why a layer around it has failed, in that layer's own words: what an
    /// [`Event::Failed`] has no room for.
    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        None
    }

    /// The TLS that the server is spoken to in, if it is.
    fn tls(&self) -> Option<Secured> {
        None
    }
}

/// Whether a client's connection takes a further request.
///
/// There is no fourth case: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It is idle, as far as is known: the server may be closing it at this moment.
    Now,
    /// An exchange is open that would leave it so.
    Later,
    /// It does not, and why.
    Never(CloseReason),
}

/// How the input ended.
///
/// There is no fourth way: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eof {
    /// In order: FIN, or close_notify inside TLS.
    Clean,
    /// TLS without close_notify: someone may have cut it.
    Truncated,
    /// The socket failed.
    Reset,
}

/// The body that goes with a head.
///
/// There is no fifth case: it may be matched without a wildcard.
#[derive(Clone, Debug)]
pub enum Body {
    /// None.
    Empty,
    /// All of it.
    Full(Bytes),
    /// So many bytes, given by `send`.
    Length(u64),
    /// Given by `send`, the length not known before; or the one in the head's Content-Length.
    Stream,
}

/// How long a received body is.
///
/// There is no fourth case: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none.
    Empty,
    /// So many bytes.
    Known(u64),
    /// Told by its end.
    Unknown,
}

/// What [`Machine::recv`] gives.
///
/// A driver does something about each, so one more would be another contract: it may be
/// matched without a wildcard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recv {
    /// Bytes of the body; never empty.
    Data(Bytes),
    /// The body ended, with these trailers. Given again without them if asked again.
    End(Option<Fields>),
    /// Nothing yet; [`Event::Readable`] follows.
    Pending,
    /// The body will not come to its end.
    Failed(PeerError),
}

/// What a machine has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request's head arrived.
    Request {
        /// Names the exchange in commands and events.
        id: Id,
        /// The head.
        head: RequestHead,
        /// How long its body is.
        body: BodyLength,
        /// The peer waits for 100 (Continue) before it sends the body.
        expects_continue: bool,
    },
    /// A final response's head arrived.
    Response {
        /// The exchange.
        id: Id,
        /// The head.
        head: ResponseHead,
        /// How long its body is.
        body: BodyLength,
    },
    /// An interim response arrived.
    Interim {
        /// The exchange.
        id: Id,
        /// The head.
        head: ResponseHead,
    },
    /// The first byte of a message's head came. Told only if the configuration asks for traces.
    Begun,
    /// A request has been written whole. Told only if the configuration asks for traces.
    Sent {
        /// The exchange.
        id: Id,
    },
    /// The final head of an exchange was given. Told only of one that is
    /// followed ([`ServerMachine::follow`]).
    Answered {
        /// The exchange.
        id: Id,
        /// The head as it was given, without what the machine adds to it.
        head: ResponseHead,
    },
    /// An exchange is over. Told only if the configuration asks for traces, or if
    /// the exchange is followed.
    Done {
        /// The exchange.
        id: Id,
        /// What became of it.
        facts: Facts,
    },
    /// `recv` has something again.
    Readable {
        /// The exchange.
        id: Id,
    },
    /// `send` has room again.
    Writable {
        /// The exchange.
        id: Id,
    },
    /// All that the exchange had to send has left the machine. Told once for each time
    /// that [`Machine::flush`] said it had not.
    Flushed {
        /// The exchange.
        id: Id,
    },
    /// The peer gave up on the exchange: nothing more comes of it, and what is sent goes
    /// nowhere. It stays open until the application has let go of it ([`Machine`] says how).
    Reset {
        /// The exchange.
        id: Id,
        /// Why, if the protocol has a word for that.
        code: Option<ErrorCode>,
    },
    /// The peer sends nothing more, but may still read.
    InputClosed,
    /// The peer begins nothing more.
    GoAway,
    /// From here the exchange carries raw bytes both ways.
    Upgraded {
        /// The exchange.
        id: Id,
    },
    /// The peer broke a rule or a limit; the answer to it is queued already.
    Failed {
        /// The exchange that fails, or none if it is the connection that does.
        id: Option<Id>,
        /// What was broken, and what that means for a request.
        error: PeerError,
    },
    /// The application's own code that the machine called, to make the answer to a fault,
    /// panicked with this message; the default answer is queued.
    Panicked(String),
    /// The connection ends, once its output is written. Nothing follows.
    Closed(CloseReason),
}

/// What became of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The status of the final head, if there was one.
    pub status: Option<Status>,
    /// When the first byte of the message that was received came: of a request,
    /// to a server; of the last head, to a client. The end, if none came.
    pub first_byte: Mono,
    /// When that head was whole. The end, if it never was.
    pub head: Mono,
    /// When the exchange was complete, or given up.
    pub end: Mono,
    /// Bytes of body that were read or thrown away.
    pub received: u64,
    /// Bytes of body that were given to be sent.
    pub sent: u64,
    /// Whether the connection goes on.
    pub keep_alive: bool,
}

impl Facts {
    /// An exchange that began and ended at this instant, without an answer and without
    /// bodies: what a machine or a test begins with.
    pub const fn at(instant: Mono) -> Facts {
        Facts {
            status: None,
            first_byte: instant,
            head: instant,
            end: instant,
            received: 0,
            sent: 0,
            keep_alive: false,
        }
    }
}

/// What a machine wants of its socket.
///
/// A driver heeds all three, so one more would be another contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// To be given input.
    pub read: bool,
    /// To have its output written.
    pub write: bool,
    /// To be closed, in this way. Never given while `write` is true.
    pub close: Option<Close>,
}

/// How to close.
///
/// A driver does each, so one more would be another contract: it may be matched without a
/// wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// Close the socket.
    Graceful,
    /// Shut down the writing half, once, and go on: the peer may still be
    /// sending, and closing now would destroy what it has not read yet (RFC 9112 §9.6).
    Linger,
    /// Close so that the peer sees a reset.
    Abort,
}
