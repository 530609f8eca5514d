//! What a machine has to tell, and what becomes of an exchange.
//! Holds the words; in which order they come, each machine decides.

use super::{BodyLength, Id};
use crate::error::{CloseReason, ErrorCode, PeerError};
use crate::head::{RequestHead, ResponseHead, Status};
use crate::time::Mono;

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
    /// followed ([`ServerMachine::follow`](crate::ServerMachine::follow)).
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
    /// that [`Machine::flush`](crate::Machine::flush) said it had not.
    Flushed {
        /// The exchange.
        id: Id,
    },
    /// The peer gave up on the exchange: nothing more comes of it, and what is sent goes
    /// nowhere. It stays open until the application has let go of it ([`Machine`](crate::Machine) says how).
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
