//! The decisions of an HTTP/1 client as pure functions of plain data: how a
//! request is framed, how its response is, and whether the connection goes on.
//! They hold no state; the machine calls them and obeys.

use crate::body::framing::{self, Framing};
use crate::error::{CloseReason, Fault, Misuse};
use crate::h1::decide::Sent;
use crate::h1::request::{Expects, Ruling};
use crate::head::{Method, RequestHead, ResponseHead, Status, Version, names};
use crate::machine::Body;
use crate::target::Authority;

/// What the machine remembers of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) version: Version,
    pub(super) head: bool,
    pub(super) connect: bool,
    /// It carries Upgrade (RFC 9110 §7.8).
    pub(super) upgrade: bool,
    /// It says `Connection: close`.
    pub(super) close: bool,
    /// It says `Connection: keep-alive`, which HTTP/1.0 needs.
    pub(super) keep_alive: bool,
    pub(super) sent: Sent,
    /// Its body waits for 100 (Continue).
    pub(super) expects: bool,
    /// An Expect field has no place in it.
    pub(super) expects_nothing: bool,
}

impl Asked {
    /// Before any request.
    pub(super) const NOTHING: Asked = Asked {
        version: Version::Http11,
        head: false,
        connect: false,
        upgrade: false,
        close: false,
        keep_alive: false,
        sent: Sent::None,
        expects: false,
        expects_nothing: false,
    };
}

/// Checks a request and decides how its body is delimited.
///
/// # Errors
/// The head or the body given contradicts the method, the version or itself.
pub(super) fn request(head: &RequestHead, body: &Body) -> Result<Asked, Misuse> {
    let ruling = Ruling::of(head.fields());
    if ruling.lengths.transfer_encoding.is_some() {
        return Err(Misuse::FramingField);
    }
    let http10 = head.version() == Version::Http10;
    let host_ok = match ruling.host {
        Some(host) => ruling.hosts == 1 && Authority::parse(host).is_some(),
        None => http10,
    };
    if !host_ok {
        return Err(Misuse::BadHost);
    }
    let sent = request_framing(head, declared_length(&ruling)?, body)?;
    let content = matches!(sent, Sent::Length(1..) | Sent::Chunked);
    // RFC 9110 §10.1.1: not without content, and not in HTTP/1.0.
    let wanted = match ruling.expects {
        Expects::Nothing => false,
        Expects::Continue => true,
        Expects::Other => head.fields().list_has(names::EXPECT, "100-continue"),
    };
    let expects = wanted && content && !http10;
    Ok(Asked {
        version: if http10 { Version::Http10 } else { Version::Http11 },
        head: *head.method() == Method::HEAD,
        connect: *head.method() == Method::CONNECT,
        upgrade: ruling.upgrade && !http10,
        close: ruling.close,
        keep_alive: ruling.keep_alive,
        sent,
        expects,
        expects_nothing: ruling.expects == Expects::Continue && !expects,
    })
}

fn declared_length(ruling: &Ruling<'_>) -> Result<Option<u64>, Misuse> {
    match ruling.lengths.content_length {
        None => Ok(None),
        Some(_) if ruling.lengths.content_lengths > 1 => Err(Misuse::LengthMismatch),
        Some(value) => framing::content_length(value).map(Some).map_err(|_| Misuse::LengthMismatch),
    }
}

fn request_framing(head: &RequestHead, declared: Option<u64>, body: &Body) -> Result<Sent, Misuse> {
    let given = match body {
        Body::Empty => Some(0),
        Body::Full(bytes) => Some(bytes.len() as u64),
        Body::Length(length) => Some(*length),
        Body::Stream => None,
    };
    let length = match (declared, given) {
        (Some(declared), Some(given)) if declared != given => return Err(Misuse::LengthMismatch),
        (declared, given) => declared.or(given),
    };
    let method = head.method();
    // RFC 9110 §9.3.6, §9.3.8.
    let bodiless = *method == Method::CONNECT || *method == Method::TRACE;
    if bodiless && (length != Some(0) || !matches!(body, Body::Empty | Body::Full(_))) {
        return Err(Misuse::BodyNotAllowed);
    }
    match length {
        // RFC 9110 §8.6: a length of 0 is told where the method gives content a meaning.
        Some(0) if declared.is_none() && !expects_content(method) => Ok(Sent::None),
        Some(_) if *method == Method::CONNECT => Ok(Sent::None),
        Some(length) => Ok(Sent::Length(length)),
        None if head.version() == Version::Http10 => Err(Misuse::LengthRequired),
        None => Ok(Sent::Chunked),
    }
}

fn expects_content(method: &Method) -> bool {
    *method == Method::POST || *method == Method::PUT || *method == Method::PATCH
}

/// What a head answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is an interim response.
    Interim,
    /// It makes the exchange a raw stream.
    Upgrade,
    /// It is the final response: how its body is delimited, and whether the
    /// connection may go on behind it.
    Final(Framing, Result<(), CloseReason>),
}

/// Decides what a response is (RFC 9112 §6.3), strictly: what two readers could
/// read differently is refused. `whole` says that the request is.
///
/// # Errors
/// The framing is faulty, or nobody asked for this.
pub(super) fn response(asked: &Asked, head: &ResponseHead, whole: bool) -> Result<Answer, Fault> {
    let status = head.status();
    let ruling = Ruling::of(head.fields());
    if status.is_informational() {
        let switches = status == Status::SWITCHING_PROTOCOLS;
        if switches && !(asked.upgrade && whole && head.version() == Version::Http11) {
            return Err(Fault::UnaskedUpgrade);
        }
        // RFC 9112 §6.1, RFC 9110 §8.6: neither field has a place here; a length of 0 does no harm.
        let lengths = ruling.lengths;
        let none = lengths.transfer_encoding.is_none()
            && lengths.content_lengths <= 1
            && lengths.content_length.is_none_or(|value| value.iter().all(|byte| *byte == b'0'));
        return match none {
            false => Err(Fault::InterimContent),
            true if switches => Ok(Answer::Upgrade),
            true => Ok(Answer::Interim),
        };
    }
    if asked.connect && status.is_success() {
        return Ok(Answer::Upgrade);
    }
    let lengths = ruling.lengths;
    let told = framing::of_response(head.version(), head.fields(), lengths);
    // RFC 9112 §6.3: no body, whatever the fields say.
    let bodiless = asked.head || status == Status::NO_CONTENT || status == Status::NOT_MODIFIED;
    if bodiless {
        if lengths.content_length.is_some() {
            framing::length_of_response(head.fields(), lengths)?;
        }
        let persists = match told {
            Ok(Framing::UntilClose) => persistence(&ruling, head.version(), Framing::None),
            Ok(framing) => persistence(&ruling, head.version(), framing),
            Err(fault) => Err(CloseReason::Fault(fault)),
        };
        return Ok(Answer::Final(Framing::None, persists));
    }
    let framing = told?;
    Ok(Answer::Final(framing, persistence(&ruling, head.version(), framing)))
}

/// Whether the server keeps the connection open (RFC 9112 §9.3).
fn persistence(ruling: &Ruling<'_>, version: Version, framing: Framing) -> Result<(), CloseReason> {
    if framing == Framing::UntilClose {
        return Err(CloseReason::CloseDelimited);
    }
    if ruling.close {
        return Err(CloseReason::PeerAsked);
    }
    if version == Version::Http10 && !ruling.keep_alive {
        return Err(CloseReason::Http10);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
