//! The decisions of an HTTP/1 server as pure functions of plain data: Host,
//! Expect, keep-alive, and how a response is framed.
//! They hold no state; the machine calls them and obeys.

use super::control::{ControlFields, Expects};
use crate::body::chunked;
use crate::body::framing::{self, Framing};
use crate::error::{CloseReason, Fault, Misuse};
use crate::head::{Fields, Method, RequestHead, ResponseHead, Status, Version};
use crate::machine::Body;
use crate::target::Form;
use crate::wire::Authority;
use crate::wire::token;

/// What the machine remembers of a request while it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) version: Version,
    pub(crate) head: bool,
    pub(crate) connect: bool,
    /// It carries Upgrade and `Connection: upgrade` (RFC 9110 §7.8).
    pub(crate) upgrade: bool,
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) framing: Framing,
    /// The peer waits for 100 (Continue).
    pub(crate) expects_continue: bool,
}

impl Asked {
    /// Before any request: what an error reply goes by.
    pub(crate) const NOTHING: Asked = Asked {
        version: Version::Http11,
        head: false,
        connect: false,
        upgrade: false,
        close: false,
        keep_alive: false,
        framing: Framing::None,
        expects_continue: false,
    };
}

/// Checks the fields that rule the connection.
///
/// # Errors
/// Host (RFC 9112 §3.2), framing (§6.3) or expectation (RFC 9110 §10.1.1) is faulty.
#[inline]
pub(crate) fn examine(head: &RequestHead) -> Result<Asked, Fault> {
    let control = ControlFields::of(head.fields());
    check_host(head, control.host, control.hosts)?;
    let framing = framing::of_request(head.method(), head.version(), control.lengths)?;
    Ok(Asked {
        version: head.version(),
        head: *head.method() == Method::HEAD,
        connect: head.form() == Form::Authority,
        upgrade: control.upgrade && control.upgrade_option && head.version() == Version::Http11,
        close: control.close,
        keep_alive: control.keep_alive,
        framing,
        expects_continue: expectation(head.version(), control.expects, framing)?,
    })
}

fn check_host(head: &RequestHead, host: Option<&[u8]>, hosts: usize) -> Result<(), Fault> {
    let is_named = |authority: &[u8]| Authority::parse(authority).is_some_and(|a| a.is_named());
    // Parsed already; but a name it need not be by the grammar.
    if head.target_authority_bytes().is_some_and(|authority| !is_named(authority)) {
        return Err(Fault::BadHost);
    }
    match host {
        _ if hosts > 1 => Err(Fault::ManyHosts),
        Some(host) if is_named(host) => Ok(()),
        Some(_) => Err(Fault::BadHost),
        None if head.version() == Version::Http10 => Ok(()),
        // Its target is the authority, so nothing is left to be read in two ways.
        None if head.form() == Form::Authority => Ok(()),
        None => Err(Fault::MissingHost),
    }
}

/// Whether the peer waits for 100 (Continue).
fn expectation(version: Version, expects: Expects, framing: Framing) -> Result<bool, Fault> {
    match expects {
        // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored.
        _ if version == Version::Http10 => Ok(false),
        Expects::Nothing => Ok(false),
        Expects::Other => Err(Fault::UnknownExpectation),
        Expects::Continue => Ok(!matches!(framing, Framing::None | Framing::Length(0))),
    }
}

/// What is left of the request body when the fate of the connection is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLeft {
    /// Nothing, or the application still reads it.
    Nothing,
    /// It waits for a 100 (Continue) that will not come.
    Refused,
    /// More than is worth reading.
    TooMuch,
    /// It broke a rule.
    Broken(Fault),
}

impl BodyLeft {
    /// What is left of a body that nobody reads: whether it waits to be asked for, whether too
    /// much of it was thrown away already, and its bytes to come, if that was said; `most` are
    /// worth reading to keep what they come on.
    pub(crate) fn unread(expects: bool, too_much: bool, left: Option<u64>, most: u64) -> BodyLeft {
        match left {
            _ if expects => BodyLeft::Refused,
            _ if too_much => BodyLeft::TooMuch,
            Some(left) if left >= most => BodyLeft::TooMuch,
            _ => BodyLeft::Nothing,
        }
    }
}

/// What decides whether a connection outlives its exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    pub(crate) asked: Asked,
    pub(crate) application_closes: bool,
    pub(crate) close_delimited: bool,
    pub(crate) keep_alive: bool,
    pub(crate) shutdown: bool,
    pub(crate) body: BodyLeft,
}

/// Whether the connection goes on after this exchange (RFC 9112 §9.3); if not, why.
///
/// An input that has ended does not count: requests that came before the end
/// are still answered.
pub(crate) fn keep_alive(on: &Circumstances) -> Result<(), CloseReason> {
    match on.body {
        BodyLeft::Broken(fault) => return Err(CloseReason::Fault(fault)),
        BodyLeft::Refused => return Err(CloseReason::BodyRefused),
        BodyLeft::TooMuch => return Err(CloseReason::BodyUnread),
        BodyLeft::Nothing => {}
    }
    if on.asked.connect {
        return Err(CloseReason::TunnelRefused);
    }
    if on.close_delimited {
        return Err(CloseReason::CloseDelimited);
    }
    if on.asked.close {
        return Err(CloseReason::PeerAsked);
    }
    if on.application_closes {
        return Err(CloseReason::ApplicationAsked);
    }
    if on.asked.version == Version::Http10 && !on.asked.keep_alive {
        return Err(CloseReason::Http10);
    }
    if !on.keep_alive {
        return Err(CloseReason::KeepAliveOff);
    }
    if on.shutdown { Err(CloseReason::Shutdown) } else { Ok(()) }
}

/// What decides how a connection is closed once our last byte is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parting {
    pub(crate) reason: CloseReason,
    /// The peer sends nothing more.
    pub(crate) ended: bool,
    /// It has sent something that was not read, or is in the middle of a message.
    pub(crate) unread: bool,
    /// The response to its last request was its last.
    pub(crate) answered: bool,
    pub(crate) shutdown: bool,
}

/// Whether the close has to linger (RFC 9112 §9.6): what comes to a socket that is closed
/// is answered with a reset, which can destroy what the peer has not read yet.
pub(crate) fn lingers(on: &Parting) -> bool {
    match on.reason {
        _ if on.ended => false,
        _ if on.unread => true,
        // A peer that wants the close sends nothing more.
        CloseReason::PeerAsked | CloseReason::Http10 => false,
        // What else it may be sending is no HTTP, and of no known end.
        CloseReason::Upgraded => on.answered,
        // Behind a close for a reason of ours the next request may be under way; but a
        // shutdown does not wait for what may not come.
        _ => on.answered && !on.shutdown,
    }
}

/// Whether a body that waits for 100 (Continue) is asked for before anybody reads it: if it
/// is known that all of it may be taken in ahead, as it would be without the expectation.
/// Any other waits for its reader, who may not want it: a client that cannot send it
/// twice asks for just that (RFC 9110 §10.1.1).
pub(crate) fn asks_ahead(left: Option<u64>, limit: u64, most: usize) -> bool {
    left.is_some_and(|left| left <= limit && left <= most as u64)
}

/// How the body of a response is delimited on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// No body and no length: 1xx, 204, 304, and a tunnel's head.
    None,
    /// As many bytes as Content-Length says.
    Length(u64),
    /// The length is told but the bytes are not sent: HEAD, and 304 with a length.
    Omitted(Option<u64>),
    /// Chunked.
    Chunked,
    /// To the close of the connection.
    UntilClose,
    /// What follows is no HTTP.
    Upgrade,
}

/// Decides the framing of a response (RFC 9112 §6, RFC 9110 §6.4.1).
///
/// # Errors
/// The head or the body given contradicts the status, the request or itself.
pub(crate) fn response(
    asked: &Asked,
    status: Status,
    declared: Option<u64>,
    body: &Body,
) -> Result<Sent, Misuse> {
    let length = match body {
        Body::Empty => Some(0),
        Body::Full(bytes) => Some(bytes.len() as u64),
        Body::Length(length) => Some(*length),
        Body::Stream => None,
    };
    let has_body = length.is_some_and(|length| length > 0);
    if status == Status::SWITCHING_PROTOCOLS || (asked.connect && status.is_success()) {
        return upgrade(asked, status, has_body);
    }
    if status.is_informational() {
        return Err(Misuse::WrongStatus);
    }
    if status == Status::NO_CONTENT
        || status == Status::NOT_MODIFIED
        || status == Status::RESET_CONTENT
    {
        return match status {
            _ if has_body => Err(Misuse::BodyNotAllowed),
            // RFC 9110 §8.6: 204 carries no Content-Length; §15.4.5: 304 may tell the 200's.
            Status::NO_CONTENT => Ok(Sent::None),
            Status::NOT_MODIFIED => Ok(Sent::Omitted(declared)),
            // RFC 9110 §15.3.6: 205 has no content, and says so.
            _ => Ok(Sent::Length(0)),
        };
    }
    if asked.head {
        // An empty body may stand for the one that HEAD leaves out: what the head declares wins.
        let empty = matches!(body, Body::Empty);
        if !empty && declared.is_some() && length.is_some() && declared != length {
            return Err(Misuse::LengthMismatch);
        }
        return Ok(Sent::Omitted(declared.or(length)));
    }
    match (declared, length) {
        (Some(declared), Some(length)) if declared != length => Err(Misuse::LengthMismatch),
        (_, Some(length)) | (Some(length), None) => Ok(Sent::Length(length)),
        (None, None) if asked.version == Version::Http10 => Ok(Sent::UntilClose),
        (None, None) => Ok(Sent::Chunked),
    }
}

fn upgrade(asked: &Asked, status: Status, has_body: bool) -> Result<Sent, Misuse> {
    if has_body {
        return Err(Misuse::BodyNotAllowed);
    }
    let asked_for =
        if status == Status::SWITCHING_PROTOCOLS { asked.upgrade } else { asked.connect };
    if asked_for { Ok(Sent::Upgrade) } else { Err(Misuse::NotUpgradable) }
}

/// Whether these trailers may end a response that is framed like this
/// (RFC 9110 §6.5.1, RFC 9112 §7.1.2).
///
/// # Errors
/// [`Misuse::ForbiddenTrailer`] and [`Misuse::TrailersNotAllowed`].
pub(crate) fn trailers(sent: Sent, trailers: Option<&Fields>) -> Result<(), Misuse> {
    let Some(trailers) = trailers else {
        return Ok(());
    };
    if trailers.iter().any(|field| chunked::is_forbidden_trailer(field.name)) {
        return Err(Misuse::ForbiddenTrailer);
    }
    if matches!(sent, Sent::Length(_)) { Err(Misuse::TrailersNotAllowed) } else { Ok(()) }
}

/// What the application wrote into a response's head that rules the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Content-Length.
    pub(crate) length: Option<u64>,
    /// `Connection: close`.
    pub(crate) close: bool,
}

impl Declared {
    /// Gathers it in one pass.
    ///
    /// # Errors
    /// The head tries to frame the message itself, or gives two lengths.
    pub(crate) fn of(head: &ResponseHead) -> Result<Declared, Misuse> {
        let mut declared = Declared::default();
        for (name, value) in head.fields().raw() {
            match name.len() {
                10 if name.eq_ignore_ascii_case(b"connection") => {
                    declared.close |=
                        token::list(value).any(|option| option.eq_ignore_ascii_case(b"close"));
                }
                14 if name.eq_ignore_ascii_case(b"content-length") => {
                    let length =
                        framing::content_length(value).map_err(|_| Misuse::LengthMismatch)?;
                    if declared.length.replace(length).is_some_and(|other| other != length) {
                        return Err(Misuse::LengthMismatch);
                    }
                }
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    return Err(Misuse::FramingField);
                }
                _ => {}
            }
        }
        Ok(declared)
    }
}

#[cfg(test)]
mod tests;
