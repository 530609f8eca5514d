//! What can go wrong, and whose fault it was: the caller's ([`Misuse`]), the
//! peer's ([`PeerError`], with its [`Phase`]), or nobody's (a [`CloseReason`]).
//! Holds no text of a peer and no allocation: all are `Copy` and name their rule.

mod code;
mod panic;

pub use code::ErrorCode;
pub(crate) use panic::panic_message;

use crate::head::Status;
use crate::time::Why;
use std::fmt;
use std::io::ErrorKind;

/// A command that the protocol does not allow.
///
/// A command that returns this has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// No exchange of that id is open: it ended, or never began.
    NoSuchExchange,
    /// The final head of this exchange has been given already.
    SecondResponse,
    /// Body or trailers before a head.
    NoResponseYet,
    /// The message has been finished or reset already.
    AlreadyFinished,
    /// The status is not one this command takes: `interim` takes 100 to 199
    /// without 101, `respond` takes 101 and 200 to 999.
    WrongStatus,
    /// A message of this status or to this method has no body (RFC 9110 §6.4.1).
    BodyNotAllowed,
    /// More body than was declared.
    TooMuchBody,
    /// Less body than was declared; use `reset` to give up on the message.
    TooLittleBody,
    /// Content-Length in the head and the body given disagree.
    LengthMismatch,
    /// Transfer-Encoding is the machine's to write (RFC 9112 §6.1).
    FramingField,
    /// Trailers go with a chunked body only (RFC 9112 §7.1.2).
    TrailersNotAllowed,
    /// A field that may not stand in a trailer section (RFC 9110 §6.5.1).
    ForbiddenTrailer,
    /// The peer did not ask for an upgrade, or its request body is unread (RFC 9110 §7.8).
    NotUpgradable,
    /// A 101 names a protocol that the request's Upgrade does not (RFC 9110 §7.8).
    UnaskedProtocol,
    /// A request of HTTP/1.1 needs exactly one Host, and none may have a malformed one (RFC 9112 §3.2).
    BadHost,
    /// A request of HTTP/1.0 needs a length for its body (RFC 9112 §6.3).
    LengthRequired,
    /// An exchange is open, and this connection carries one at a time.
    Busy,
    /// The connection takes no further request: [`Reuse`](crate::Reuse) says why.
    NotReusable,
    /// The rest of the request is not wanted: its final response has come, and the server
    /// refuses more, or nobody waits for what it makes of it.
    Answered,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misuse::NoSuchExchange => "no exchange of that id is open",
            Misuse::SecondResponse => "the exchange has its final response head already",
            Misuse::NoResponseYet => "the response head comes before its body",
            Misuse::AlreadyFinished => "the message has ended already",
            Misuse::WrongStatus => "the status does not fit the command",
            Misuse::BodyNotAllowed => "a message of this kind has no body",
            Misuse::TooMuchBody => "more body than was declared",
            Misuse::TooLittleBody => "less body than was declared",
            Misuse::LengthMismatch => "Content-Length in the head and the body given disagree",
            Misuse::FramingField => "Transfer-Encoding is written by the machine alone",
            Misuse::TrailersNotAllowed => "trailers go with a chunked body only",
            Misuse::ForbiddenTrailer => "this field may not stand in a trailer section",
            Misuse::NotUpgradable => "the request cannot be upgraded",
            Misuse::UnaskedProtocol => "the 101 names a protocol that was not asked for",
            Misuse::BadHost => "the request does not have exactly one valid Host field",
            Misuse::LengthRequired => "a body of unknown length cannot be sent with HTTP/1.0",
            Misuse::Busy => "an exchange is open already",
            Misuse::NotReusable => "the connection takes no further request",
            Misuse::Answered => "the response came before the request was whole",
        })
    }
}

impl std::error::Error for Misuse {}

/// Whether the request behind an error may be sent again.
///
/// There is no fourth case: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The peer cannot have processed it.
    Safe,
    /// The peer may have processed it: only if the method is idempotent.
    IfIdempotent,
    /// It makes no sense, or the body is gone.
    Never,
}

/// How far a request had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Finding the address of the host.
    Dns,
    /// Connecting to it.
    Connect,
    /// Asking a proxy for a tunnel: CONNECT, or SOCKS.
    Tunnel,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the first byte of the response.
    Wait,
    /// Receiving the response.
    Receive,
}

impl Phase {
    /// The phase in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Dns => "dns",
            Phase::Connect => "connect",
            Phase::Tunnel => "tunnel",
            Phase::Tls => "tls",
            Phase::Send => "send",
            Phase::Wait => "wait",
            Phase::Receive => "receive",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fault of a peer, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerError {
    /// The kind of fault.
    pub kind: Fault,
    /// The status that answers it, if one can still be sent.
    pub answer: Option<Status>,
    /// For a client: whether the request may be sent again.
    pub retry: Retry,
    /// For a client: how far the request had come. A server is always receiving.
    pub phase: Phase,
}

impl PeerError {
    /// A fault as a machine tells it: what it was, the status that answers it, whether
    /// the request may be sent again, and how far it had come.
    pub const fn new(kind: Fault, answer: Option<Status>, retry: Retry, phase: Phase) -> PeerError {
        PeerError { kind, answer, retry, phase }
    }

    /// A fault in what a client sent: its answer is the fault's own status.
    pub(crate) fn of_request(kind: Fault) -> PeerError {
        PeerError { kind, answer: kind.status(), retry: Retry::Never, phase: Phase::Receive }
    }

    /// A fault in what a server sent, or did not send: nothing answers it.
    pub(crate) fn of_response(kind: Fault, retry: Retry, phase: Phase) -> PeerError {
        PeerError { kind, answer: None, retry, phase }
    }

    /// The section the peer broke, such as `"RFC 9112 §6.3"`.
    pub fn rule(&self) -> &'static str {
        self.kind.rule()
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.text(), self.kind.rule())
    }
}

impl std::error::Error for PeerError {}

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $status:expr, $rule:literal, $text:literal;)*) => {
        /// The kinds of fault a peer can commit, each with its status and its rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $doc])* $name,)*
            /// A byte in a target that may not stand there, such as `"`; of the others
            /// `%` stands for an escape that is none.
            ByteInTarget(u8),
        }

        impl Fault {
            /// Every fault, for tables and tests.
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)* Fault::ByteInTarget(b'"')];

            /// The status a server answers with; `None` where no answer can be read.
            pub const fn status(self) -> Option<Status> {
                let code: u16 = match self {
                    $(Fault::$name => $status,)*
                    Fault::ByteInTarget(_) => 400,
                };
                if code == 0 { None } else { Some(Status::literal(code)) }
            }

            /// The section that was broken, or the limit of ours that was met.
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Fault::$name => $rule,)*
                    Fault::ByteInTarget(_) => "RFC 9112 §3.2",
                }
            }

            /// Whether something took too long.
            pub const fn is_timeout(self) -> bool {
                matches!(
                    self,
                    Fault::HeadTimeout
                        | Fault::BodyTimeout
                        | Fault::WriteTimeout
                        | Fault::DrainTimeout
                        | Fault::HalfClosedTimeout
                        | Fault::FirstByteTimeout
                        | Fault::TlsTimeout
                        | Fault::ProxyTimeout
                )
            }

            /// What kind of an [`std::io::Error`] it is to who reads or writes a stream.
            pub const fn io_kind(self) -> ErrorKind {
                match self {
                    Fault::Reset => ErrorKind::ConnectionReset,
                    Fault::Truncated | Fault::NoResponse => ErrorKind::UnexpectedEof,
                    _ if self.is_timeout() => ErrorKind::TimedOut,
                    _ => ErrorKind::InvalidData,
                }
            }

            /// One line of fixed text: no byte of the peer is in it.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Fault::$name => $text,)*
                    Fault::ByteInTarget(byte) => byte_in_target(byte),
                }
            }
        }
    };
}

/// Names the byte, in fixed text: an answer repeats nothing that a peer wrote.
const fn byte_in_target(byte: u8) -> &'static str {
    match byte {
        b'"' => "the request target holds a raw \", which is written %22",
        b'<' => "the request target holds a raw <, which is written %3C",
        b'>' => "the request target holds a raw >, which is written %3E",
        b'\\' => "the path of the request target holds a raw \\, which is written %5C",
        b'`' => "the path of the request target holds a raw `, which is written %60",
        b'%' => "the path of the request target holds a % without two hexadecimal digits",
        b'#' => "the request target holds a #: a fragment is not sent",
        b'\t' => "the request target holds a tab",
        0x80.. => "the request target holds a byte above 0x7F, which is written as %XX",
        _ => "the request target holds a control character",
    }
}

faults! {
    /// Empty lines before a request beyond the few that are skipped.
    TooManyEmptyLines = 400, "RFC 9112 §2.2", "too many empty lines before the request line";
    /// A line ended by LF alone.
    BareLf = 400, "RFC 9112 §2.2", "a line ends in LF without CR";
    /// A CR that no LF follows.
    BareCr = 400, "RFC 9112 §2.2", "a CR stands without its LF";
    /// Not `method SP target SP version`.
    BadRequestLine = 400, "RFC 9112 §3", "the request line is not method, target and version with single spaces";
    /// The method is not a token.
    BadMethod = 400, "RFC 9110 §9.1", "the method is not a token";
    /// The method is longer than any that is implemented.
    MethodTooLong = 501, "RFC 9112 §3", "the method is longer than any that is implemented";
    /// `PRI` is kept for the HTTP/2 preface.
    ReservedMethod = 400, "RFC 9113 §3.4", "the method PRI is reserved for the HTTP/2 preface";
    /// The target is none of the four forms, or not the form its method needs.
    BadTarget = 400, "RFC 9112 §3.2", "the request target has none of the four forms";
    /// An absolute target with a user name in front of its host.
    UserinfoInTarget = 400, "RFC 9110 §4.2.4", "the request target names a user in front of its host";
    /// The target is longer than the limit.
    TargetTooLong = 414, "limit: target", "the request target is longer than the limit";
    /// An absolute target of a scheme that is not served here.
    WrongScheme = 421, "RFC 9110 §7.4", "this server does not serve that scheme";
    /// Text that is not `HTTP/` digit `.` digit.
    BadVersion = 400, "RFC 9112 §2.3", "the protocol version is malformed";
    /// A major version other than 1.
    UnsupportedVersion = 505, "RFC 9110 §15.6.6", "this version of HTTP is not spoken here";
    /// A name that is not a token, or no colon.
    BadFieldName = 400, "RFC 9112 §5", "a field name is not a token followed by a colon";
    /// White space between name and colon.
    SpaceBeforeColon = 400, "RFC 9112 §5.1", "white space stands between a field name and its colon";
    /// A control character in a value.
    BadFieldValue = 400, "RFC 9110 §5.5", "a field value holds a control character";
    /// A field value continued on the next line.
    ObsFold = 400, "RFC 9112 §5.2", "a field value is folded onto a second line";
    /// Head longer than the limit.
    HeadTooLarge = 431, "limit: head", "the head is longer than the limit";
    /// More fields than the limit.
    TooManyFields = 431, "limit: fields", "there are more fields than the limit";
    /// HTTP/1.1 without Host.
    MissingHost = 400, "RFC 9112 §3.2", "an HTTP/1.1 request needs a Host field";
    /// More than one Host.
    ManyHosts = 400, "RFC 9112 §3.2", "there is more than one Host field";
    /// Host is not `uri-host [ \":\" port ]`.
    BadHost = 400, "RFC 9112 §3.2", "the Host field is not a host and an optional port";
    /// Content-Length is not a number that fits.
    BadContentLength = 400, "RFC 9112 §6.3", "Content-Length is not one decimal number";
    /// Several Content-Length values.
    ManyContentLengths = 400, "RFC 9112 §6.3", "there is more than one Content-Length";
    /// Content-Length and Transfer-Encoding together.
    BothLengths = 400, "RFC 9112 §6.1", "Content-Length and Transfer-Encoding stand together";
    /// Transfer-Encoding that does not end in a single `chunked`.
    BadTransferEncoding = 400, "RFC 9112 §6.3", "Transfer-Encoding does not end in exactly one chunked";
    /// A transfer coding that is not implemented.
    UnknownTransferCoding = 501, "RFC 9112 §6.1", "that transfer coding is not implemented";
    /// Transfer-Encoding in HTTP/1.0.
    TransferEncodingInHttp10 = 400, "RFC 9112 §6.1", "HTTP/1.0 has no Transfer-Encoding";
    /// Content with TRACE or CONNECT.
    ContentNotAllowed = 400, "RFC 9110 §9.3", "this method takes no content";
    /// An Expect that is not 100-continue.
    UnknownExpectation = 417, "RFC 9110 §10.1.1", "the expectation is not 100-continue";
    /// Body longer than the limit.
    BodyTooLarge = 413, "limit: body", "the body is longer than the limit";
    /// Chunk size is not 1 to 16 hexadecimal digits.
    BadChunkSize = 400, "RFC 9112 §7.1", "a chunk size is not 1 to 16 hexadecimal digits";
    /// Chunk extension outside the grammar.
    BadChunkExtension = 400, "RFC 9112 §7.1.1", "a chunk extension is malformed";
    /// Chunk line longer than the limit, or too much overhead in all.
    ChunkOverhead = 400, "limit: chunk overhead", "there is too much chunk overhead for so little data";
    /// Chunk data is not followed by CRLF.
    BadChunkEnd = 400, "RFC 9112 §7.1", "chunk data is not followed by CRLF";
    /// Trailer section longer than the limit.
    TrailersTooLarge = 431, "limit: head", "the trailer section is longer than the limit";
    /// The head did not arrive in time.
    HeadTimeout = 408, "limit: head timeout", "the head did not arrive in time";
    /// The body came slower than the minimum rate.
    BodyTimeout = 408, "limit: body rate", "the rest of the body does not come, or comes slower than the minimum rate";
    /// The peer took bytes slower than the minimum rate.
    WriteTimeout = 0, "limit: write rate", "the peer takes bytes slower than the minimum rate";
    /// The input ended inside a message.
    Truncated = 400, "RFC 9112 §8", "the connection ended inside a message";
    /// The connection was reset.
    Reset = 0, "RFC 9112 §9.5", "the connection was reset";
    /// Exchanges did not end within the drain time of a shutdown.
    DrainTimeout = 0, "limit: drain", "the exchange did not end within the drain time";
    /// The client sends nothing more, and for long nothing went out to it either.
    HalfClosedTimeout = 0, "limit: half closed", "the client has ended its half, and no answer went out in time";
    /// Not `version SP status [SP reason]`.
    BadStatusLine = 0, "RFC 9112 §4", "the status line is not version, three digits and a reason";
    /// Framing fields of a body in an interim response.
    InterimContent = 0, "RFC 9110 §15.2", "an interim response announces a body";
    /// More interim responses, or bytes of them, than the limit.
    TooManyInterims = 0, "limit: interim responses", "there are more interim responses than the limit";
    /// 101 to a request that was not whole, or that did not ask for it.
    UnaskedUpgrade = 0, "RFC 9110 §7.8", "the server switches protocols without being asked";
    /// 101 to another protocol than the request asks for.
    UnaskedProtocol = 0, "RFC 9110 §7.8", "the server switches to a protocol that was not asked for";
    /// Bytes where no response is due.
    UnaskedBytes = 0, "RFC 9112 §9.2", "the server sent bytes that no request asked for";
    /// The connection ended before a response began.
    NoResponse = 0, "RFC 9112 §9.3.1", "the connection ended before a response came";
    /// The response did not begin in time.
    FirstByteTimeout = 0, "limit: first byte timeout", "the response did not begin in time";
    /// Plain HTTP where TLS is spoken.
    PlainHttp = 400, "RFC 9110 §4.2.2", "plain HTTP was sent where TLS is spoken";
    /// TLS where plain HTTP is spoken.
    TlsSpoken = 400, "RFC 9110 §4.2.1", "TLS was sent where plain HTTP is spoken";
    /// The TLS handshake failed, or ended before its time.
    TlsHandshake = 0, "RFC 8446 §4", "the TLS handshake failed";
    /// The TLS handshake took too long.
    TlsTimeout = 0, "limit: TLS handshake", "the TLS handshake did not end in time";
    /// What came after the handshake is not what TLS allows.
    TlsRecord = 0, "RFC 8446 §5", "what came is not what TLS allows";
    /// The peer ended TLS with an alert that tells of an error.
    TlsAlert = 0, "RFC 8446 §6.2", "the peer ended TLS with an alert";
    /// A proxy refuses to make a tunnel; `Tunnel::refusal` tells with which status or code.
    ProxyRefused = 0, "RFC 9110 §9.3.6, RFC 1928 §6", "the proxy refuses to make a tunnel";
    /// What a proxy says is not SOCKS5, or comes before it was asked.
    ProxyProtocol = 0, "RFC 1928 §3", "the proxy does not speak the protocol it should";
    /// A proxy did not make its tunnel in time.
    ProxyTimeout = 0, "limit: proxy handshake", "the proxy did not make a tunnel in time";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// The reason why a connection ends. Every close has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed between messages.
    PeerClosed,
    /// The peer asked for it with `Connection: close`.
    PeerAsked,
    /// The peer speaks HTTP/1.0 and did not ask for keep-alive.
    Http10,
    /// The application asked for it with `Connection: close`.
    ApplicationAsked,
    /// Keep-alive is turned off by configuration.
    KeepAliveOff,
    /// The response is delimited by the close (RFC 9112 §6.3).
    CloseDelimited,
    /// The response came before a body that waits for 100 (Continue), so what
    /// the peer sends next cannot be told (RFC 9110 §10.1.1).
    BodyRefused,
    /// More of the body is unread than is worth reading.
    BodyUnread,
    /// The response came before the request was sent whole.
    BodyUnsent,
    /// A CONNECT was refused: what its client sends next may be meant for the
    /// tunnel that there is not.
    TunnelRefused,
    /// The application gave up on a message it had begun.
    Aborted,
    /// A fault of the peer.
    Fault(Fault),
    /// A deadline of this kind passed while nothing was in progress.
    Timeout(Why),
    /// A graceful shutdown.
    Shutdown,
    /// The connection became a tunnel or another protocol, and that ended.
    Upgraded,
}

impl CloseReason {
    /// What kind of an [`std::io::Error`] it is to who would go on to read or write: what
    /// ended the connection from this side is an abort, what the peer did is a
    /// reset or a broken pipe.
    pub const fn io_kind(self) -> ErrorKind {
        match self {
            CloseReason::Fault(fault) => fault.io_kind(),
            CloseReason::Timeout(_) => ErrorKind::TimedOut,
            CloseReason::Aborted | CloseReason::Shutdown => ErrorKind::ConnectionAborted,
            _ => ErrorKind::BrokenPipe,
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseReason::PeerClosed => f.write_str("the peer closed"),
            CloseReason::PeerAsked => f.write_str("the peer asked for the close"),
            CloseReason::Http10 => f.write_str("HTTP/1.0 without keep-alive"),
            CloseReason::ApplicationAsked => f.write_str("the application asked for the close"),
            CloseReason::KeepAliveOff => f.write_str("keep-alive is off"),
            CloseReason::CloseDelimited => f.write_str("the close ends the response"),
            CloseReason::BodyRefused => f.write_str("the expected body was refused"),
            CloseReason::BodyUnread => f.write_str("too much of the body is unread"),
            CloseReason::BodyUnsent => f.write_str("the request was answered before it was sent"),
            CloseReason::TunnelRefused => f.write_str("a tunnel was refused"),
            CloseReason::Aborted => f.write_str("the message was given up"),
            CloseReason::Fault(fault) => write!(f, "{fault}"),
            CloseReason::Timeout(why) => write!(f, "timeout: {why:?}"),
            CloseReason::Shutdown => f.write_str("shutdown"),
            CloseReason::Upgraded => f.write_str("the upgraded connection ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small_enough_to_pass_by_value() {
        assert!(size_of::<PeerError>() <= 16);
        assert!(size_of::<CloseReason>() <= 16);
        assert!(size_of::<Misuse>() <= 16);
    }

    #[test]
    fn ends_are_told_by_their_kind() {
        for (reason, kind) in [
            (CloseReason::Fault(Fault::Reset), ErrorKind::ConnectionReset),
            (CloseReason::Fault(Fault::Truncated), ErrorKind::UnexpectedEof),
            (CloseReason::Fault(Fault::WriteTimeout), ErrorKind::TimedOut),
            (CloseReason::Fault(Fault::BadChunkSize), ErrorKind::InvalidData),
            (CloseReason::Timeout(Why::Idle), ErrorKind::TimedOut),
            (CloseReason::Shutdown, ErrorKind::ConnectionAborted),
            (CloseReason::Aborted, ErrorKind::ConnectionAborted),
            (CloseReason::PeerClosed, ErrorKind::BrokenPipe),
        ] {
            assert_eq!(reason.io_kind(), kind, "{reason}");
        }
    }

    #[test]
    fn every_fault_names_a_rule_and_a_sane_status() {
        for fault in Fault::ALL {
            assert!(fault.rule().starts_with("RFC ") || fault.rule().starts_with("limit: "));
            assert!(fault.status().is_none_or(|status| status.code() >= 400), "{fault:?}");
            assert!(!fault.text().ends_with('.'));
        }
    }
}
