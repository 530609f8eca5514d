//! What is given to a machine's verbs, and what they give back.
//! Holds values; [`Machine`](super::Machine) says what is done with them.

use crate::error::{CloseReason, PeerError};
use crate::head::Fields;
use bytes::Bytes;

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

/// What [`Machine::recv`](crate::Machine::recv) gives.
///
/// A driver does something about each, so one more would be another contract: it may be
/// matched without a wildcard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recv {
    /// Bytes of the body; never empty.
    Data(Bytes),
    /// The body ended, with these trailers. Given again without them if asked again.
    End(Option<Fields>),
    /// Nothing yet; [`Event::Readable`](crate::Event::Readable) follows.
    Pending,
    /// The body will not come to its end.
    Failed(PeerError),
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
