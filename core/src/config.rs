//! Limits and timeouts, with their defaults. Everything is on.
//! Holds numbers; the machines enforce them. The reasons are in `docs/limits-and-defaults.md`.

mod http2;

pub use http2::{Http2, Protocols};

use crate::error::PeerError;
use crate::error::panic_message;
use crate::head::ResponseHead;
use crate::time::Rate;
use bytes::Bytes;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// A chunk line (size, extensions, CRLF) is at most this long.
pub(crate) const LINE_MOST: usize = 4096;

/// Limits of size: how much of a message is taken before it is refused.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head, request line and empty line included; also of a trailer
    /// section. A server answers more with 431.
    pub head_bytes: usize,
    /// Bytes of a request target. More is answered with 414.
    pub target_bytes: usize,
    /// Bytes of a method. More is answered with 501.
    pub method_bytes: usize,
    /// Fields of a head. More are answered with 431.
    pub fields: usize,
    /// Empty lines before a request line that are skipped (RFC 9112 §2.2).
    pub empty_lines: u8,
    /// Bytes of interim responses to one request that a client takes at once. What is
    /// used up comes back within a minute, so that a long job may go on telling of
    /// itself, and a flood ends the request.
    pub interim_bytes: usize,
    /// Bytes of a body, unless changed for one exchange. A server answers more with 413.
    pub body_bytes: u64,
    /// Bytes of an unread body that are read to keep the connection.
    pub discard_bytes: u64,
    /// Input held while nobody takes it; at least a head's limit.
    pub input_bytes: usize,
    /// Output held before `send` takes no more and no further request is begun. A server
    /// holds up to 64 KiB of a response at first, and behind 256 KiB of it twice as much each
    /// time its peer has taken all.
    pub output_bytes: usize,
    /// What is let through although the grammar forbids it.
    pub leniency: Leniency,
    #[doc(hidden)]
    pub _more: (),
}

/// Those of a server.
impl Default for Limits {
    fn default() -> Limits {
        Limits::SERVER
    }
}

impl Limits {
    /// The limits of a server.
    pub const SERVER: Limits = Limits {
        head_bytes: 64 * 1024,
        target_bytes: 16 * 1024,
        method_bytes: 64,
        fields: 100,
        empty_lines: 8,
        interim_bytes: 64 * 1024,
        body_bytes: 16 * 1024 * 1024,
        discard_bytes: 256 * 1024,
        input_bytes: 512 * 1024,
        output_bytes: 512 * 1024,
        leniency: Leniency::STRICT,
        _more: (),
    };

    /// The limits of a client: a body of any length, a folded field, which
    /// a user agent must read (RFC 9112 §5.2), and chunk lines as old servers write them.
    pub const CLIENT: Limits = Limits {
        body_bytes: u64::MAX,
        leniency: Leniency { obs_fold: true, chunk_lines: true, ..Leniency::STRICT },
        ..Limits::SERVER
    };

    /// The most input a machine holds: a whole head or chunk line and a read, or `input_bytes` if that is more.
    pub(crate) fn most_input(&self) -> usize {
        let line = self.head_bytes.max(LINE_MOST);
        self.input_bytes.max(line.saturating_add(crate::buf::LEAST_READ))
    }
}

/// Exceptions that old peers may need: each lets one thing through that is refused otherwise.
///
/// What is let through is rewritten before anyone sees it, so that nobody
/// behind this server can read it differently.
///
/// Three are for responses alone, and change nothing about requests: in those
/// two readers that differ are how requests are smuggled.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leniency {
    /// Lines of a head may end in LF alone (RFC 9112 §2.2). Chunk lines may not.
    pub bare_lf: bool,
    /// A field value may go on in a line that begins with white space; the fold
    /// becomes a space (RFC 9112 §5.2). Not one that frames the message.
    pub obs_fold: bool,
    /// Bytes above 0x7F, and `"`, `<`, `>`, `\` and `` ` `` in path and query, may
    /// stand raw in a target; they become `%XX`. Not control characters, which
    /// some take for the target's end, nor `#`, nor a `%` in the path that begins
    /// no escape (RFC 9112 §3.2).
    pub raw_target: bool,
    /// A chunk's size may have spaces and tabs behind it, and a `;` that no
    /// extension follows (RFC 9112 §7.1). Whoever reads such a line reads the same size.
    pub chunk_lines: bool,
    /// White space may stand between the name and the colon of a response's field,
    /// and is taken away (RFC 9112 §5.1). Not if the field frames the message.
    pub space_before_colon: bool,
    /// A response may have Content-Length beside `Transfer-Encoding: chunked`: the
    /// coding counts, Content-Length is taken away, and the connection is not used
    /// again (RFC 9112 §6.1, §6.3).
    pub both_lengths: bool,
    /// A response in HTTP/1.0 may be chunked, and the connection is not used again
    /// (RFC 9112 §6.1).
    pub chunked_http10: bool,
    #[doc(hidden)]
    pub _more: (),
}

impl Leniency {
    /// No exception: nothing outside the grammar.
    pub const STRICT: Leniency = Leniency {
        bare_lf: false,
        obs_fold: false,
        raw_target: false,
        chunk_lines: false,
        space_before_colon: false,
        both_lengths: false,
        chunked_http10: false,
        _more: (),
    };

    /// Whether it lets nothing through in the head of a request.
    pub(crate) const fn is_strict(self) -> bool {
        !(self.bare_lf | self.obs_fold | self.raw_target)
    }
}

/// Time limits of a server's connection.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a head (for the first one: from the start of the
    /// connection) to its last.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// How fast a body must come.
    pub body: Rate,
    /// How fast a response must be taken.
    pub write: Rate,
    /// From a graceful shutdown to the end of the last exchange.
    pub drain: Duration,
    /// For the peer to close, after our last byte. In a shutdown it is a second at most.
    pub linger: Duration,
    /// How long an exchange goes on whose client has ended its half of the connection,
    /// while nothing goes out to it: it may wait for the answer, or be gone.
    pub half_closed: Duration,
    #[doc(hidden)]
    pub _more: (),
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            head: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            body: Rate::DEFAULT,
            write: Rate::DEFAULT,
            drain: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            half_closed: Duration::from_secs(300),
            _more: (),
        }
    }
}

/// A maker of answers to faults that are found before any handler runs.
///
/// It is given the fault and gives a head and a body, or nothing for the
/// default answer, which is also given if it panics. The connection closes in any case; Date, Content-Length and
/// Connection are added.
///
/// ```
/// use purlin_core::config::FaultAnswer;
/// use purlin_core::{ResponseHead, ServerConfig};
///
/// let as_json = FaultAnswer::new(|error| {
///     let head = ResponseHead::new(error.answer?).with("Content-Type", "application/problem+json").ok()?;
///     Some((head, format!("{{\"title\":\"{}\"}}", error.kind).into()))
/// });
/// let config = ServerConfig { fault_answer: Some(as_json), ..ServerConfig::default() };
/// # let _ = config;
/// ```
#[derive(Clone)]
pub struct FaultAnswer(Arc<AnswerFn>);

type AnswerFn = dyn Fn(&PeerError) -> Option<(ResponseHead, Bytes)> + Send + Sync;

impl FaultAnswer {
    /// Answers made by this function.
    pub fn new(
        make: impl Fn(&PeerError) -> Option<(ResponseHead, Bytes)> + Send + Sync + 'static,
    ) -> FaultAnswer {
        FaultAnswer(Arc::new(make))
    }

    /// # Errors
    /// What it panicked with.
    pub(crate) fn make(&self, error: &PeerError) -> Result<Option<(ResponseHead, Bytes)>, String> {
        // Nothing is shared with it but the fault.
        let made = catch_unwind(AssertUnwindSafe(|| (self.0)(error)));
        made.map_err(|payload| panic_message(&*payload).to_owned())
    }
}

/// Equal if they are clones of one.
impl PartialEq for FaultAnswer {
    fn eq(&self, other: &FaultAnswer) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for FaultAnswer {}

impl fmt::Debug for FaultAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultAnswer")
    }
}

/// The configuration of a server's connection.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Sizes.
    pub limits: Limits,
    /// Durations.
    pub timeouts: Timeouts,
    /// Which versions of HTTP are spoken: both. A driver that has one exchange at a time says
    /// [`Protocols::Http1`].
    pub protocols: Protocols,
    /// Numbers of HTTP/2.
    pub http2: Http2,
    /// Whether a connection serves more than one request.
    pub keep_alive: bool,
    /// Whether a Date field is added to responses that have none (RFC 9110 §6.6.1).
    pub date: bool,
    /// Whether the bytes travel inside TLS: then `https` is the scheme that is served.
    pub secure: bool,
    /// Whether `OPTIONS *` is answered with an empty 200, as a question about the
    /// server as a whole (RFC 9110 §9.3.7); without that it reaches the application.
    pub general_options: bool,
    /// Whether the application is a forward proxy: absolute targets of any scheme
    /// reach it, also with user and password in front of the host (RFC 9112 §3.2.2).
    /// [`RequestHead::authority`](crate::RequestHead::authority) is host and port
    /// alone then; its target has the password, also in a log. Without this a scheme
    /// that is not served is answered with 421, and a user with 400.
    pub forward_proxy: bool,
    /// Whether [`Event::Begun`](crate::Event::Begun) and [`Event::Done`](crate::Event::Done) are told.
    pub trace: bool,
    /// Makes the answers to faults that are found before any handler runs;
    /// without it they are plain text that names the rule.
    pub fault_answer: Option<FaultAnswer>,
    #[doc(hidden)]
    pub _more: (),
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            protocols: Protocols::Both,
            http2: Http2::DEFAULT,
            keep_alive: true,
            date: true,
            secure: false,
            general_options: true,
            forward_proxy: false,
            trace: false,
            fault_answer: None,
            _more: (),
        }
    }
}

/// Time limits of a client's connection.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// From the last byte of the request to the first of the final head; an
    /// interim response starts it anew.
    pub first_byte: Duration,
    /// From the first byte of a head to its last.
    pub head: Duration,
    /// How fast a body must come, while the application waits for it.
    pub body: Rate,
    /// How fast a request must be taken.
    pub write: Rate,
    /// For 100 (Continue), after which the body is sent without it (RFC 9110 §10.1.1).
    pub expect: Duration,
    /// From a graceful shutdown to the end of the exchange.
    pub drain: Duration,
    #[doc(hidden)]
    pub _more: (),
}

impl Default for ClientTimeouts {
    fn default() -> ClientTimeouts {
        ClientTimeouts {
            first_byte: Duration::from_secs(60),
            head: Duration::from_secs(30),
            body: Rate::DEFAULT,
            write: Rate::DEFAULT,
            expect: Duration::from_secs(1),
            drain: Duration::from_secs(30),
            _more: (),
        }
    }
}

/// The configuration of a client's connection.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// Sizes; [`Limits::CLIENT`] unless changed.
    pub limits: Limits,
    /// Durations.
    pub timeouts: ClientTimeouts,
    /// Which versions of HTTP are spoken. Both unless something else is asked for: inside TLS
    /// what is agreed on there, and HTTP/1.1 elsewhere.
    pub protocols: Protocols,
    /// Numbers of HTTP/2.
    pub http2: Http2,
    /// Whether a connection carries more than one request. Without it each
    /// request says `Connection: close`.
    pub keep_alive: bool,
    /// Whether [`Event::Sent`](crate::Event::Sent), [`Event::Begun`](crate::Event::Begun)
    /// and [`Event::Done`](crate::Event::Done) are told.
    pub trace: bool,
    #[doc(hidden)]
    pub _more: (),
}

impl ClientConfig {
    /// Whether a connection carries more than one request.
    pub fn set_reuse(&mut self, again: bool) {
        self.keep_alive = again;
    }
}

impl Default for ClientConfig {
    fn default() -> ClientConfig {
        ClientConfig {
            limits: Limits::CLIENT,
            timeouts: ClientTimeouts::default(),
            protocols: Protocols::Both,
            http2: Http2::DEFAULT,
            keep_alive: true,
            trace: false,
            _more: (),
        }
    }
}
