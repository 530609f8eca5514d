//! What an application asks of a machine that the protocol does not allow.
//! Says what; who asked is not known here.

use std::fmt;

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
    /// The peer did not ask for an upgrade, or its request body is unread (RFC 9110 §7.8); or
    /// a request asks for one, and HTTP/2 carries it (RFC 9113 §8.6).
    NotUpgradable,
    /// A 101 names a protocol that the request's Upgrade does not (RFC 9110 §7.8).
    UnaskedProtocol,
    /// A request of HTTP/1.1 needs exactly one Host, and none may have a malformed one (RFC 9112 §3.2).
    BadHost,
    /// A request of HTTP/1.0 needs a length for its body (RFC 9112 §6.3).
    LengthRequired,
    /// The connection carries as many exchanges as it can at once, or it is not known yet
    /// what is spoken on it.
    Busy,
    /// The connection takes no further request: [`Reuse`](crate::Reuse) says why.
    NotReusable,
    /// A CONNECT asks for a protocol, and the server has not said that it takes those
    /// (RFC 8441 §3), or speaks HTTP/1.
    ProtocolNotOffered,
    /// The request's fields are more than the server takes (RFC 9113 §6.5.2).
    HeadTooLarge,
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
            Misuse::Busy => "the connection carries no more exchanges now",
            Misuse::NotReusable => "the connection takes no further request",
            Misuse::ProtocolNotOffered => "the server takes no CONNECT that asks for a protocol",
            Misuse::HeadTooLarge => "the fields are more than the server takes",
            Misuse::Answered => "the response came before the request was whole",
        })
    }
}

impl std::error::Error for Misuse {}
