//! The decisions of an HTTP/1 client as pure functions of plain data: how a
//! request is framed, how its response is, and whether the connection goes on.
//! They hold no state; the machine calls them and obeys.

use crate::body::framing::{self, Framing};
use crate::config::Leniency;
use crate::error::{CloseReason, Fault, Misuse};
use crate::h1::control::{ControlFields, Expects};
use crate::h1::decide::Sent;
use crate::h1::protocols::Protocols;
use crate::head::{Fields, Method, RequestHead, ResponseHead, Status, Version, names};
use crate::machine::Body;
use crate::time::Mono;
use crate::wire::Authority;

/// What the machine remembers of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(super) version: Version,
    pub(crate) head: bool,
    pub(crate) connect: bool,
    /// It carries Upgrade (RFC 9110 §7.8).
    pub(crate) upgrade: bool,
    /// It says `Connection: close`.
    pub(super) close: bool,
    /// It says `Connection: keep-alive`, which HTTP/1.0 needs.
    pub(super) keep_alive: bool,
    pub(crate) sent: Sent,
    /// Its body waits for 100 (Continue).
    pub(crate) expects: bool,
    /// An Expect field has no place in it.
    pub(crate) expects_nothing: bool,
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

/// Checks a request and decides how its body is delimited in this version.
///
/// # Errors
/// The head or the body given contradicts the method, the version or itself.
pub(crate) fn request(head: &RequestHead, version: Version, body: &Body) -> Result<Asked, Misuse> {
    let control = control(head);
    if control.lengths.transfer_encoding.is_some() {
        return Err(Misuse::FramingField);
    }
    let http10 = version == Version::Http10;
    let host_ok = match control.host {
        // A zone is nobody else's, so it is not sent (RFC 6874 §3).
        Some(host) => control.hosts == 1 && Authority::parse(host).is_some_and(|at| !at.has_zone()),
        None => http10 || head.is_plain(),
    };
    if !host_ok {
        return Err(Misuse::BadHost);
    }
    let sent = request_framing(head, version, declared_length(&control)?, body)?;
    let content = matches!(sent, Sent::Length(1..) | Sent::Chunked);
    // RFC 9110 §10.1.1: not without content, and not in HTTP/1.0.
    let wanted = match control.expects {
        Expects::Nothing => false,
        Expects::Continue => true,
        Expects::Other => head.fields().list_has(names::EXPECT, "100-continue"),
    };
    let expects = wanted && content && !http10;
    Ok(Asked {
        version: if http10 { Version::Http10 } else { Version::Http11 },
        head: *head.method() == Method::HEAD,
        connect: *head.method() == Method::CONNECT,
        upgrade: control.upgrade && !http10,
        close: control.close,
        keep_alive: control.keep_alive,
        sent,
        expects,
        expects_nothing: control.expects == Expects::Continue && !expects,
    })
}

/// What the fields control, the Host of a plain head left out: it is well formed.
fn control(head: &RequestHead) -> ControlFields<'_> {
    if !head.is_plain() {
        return ControlFields::of(head.fields());
    }
    debug_assert!(head.fields().raw().all(|(name, value)| match Authority::parse(value) {
        Some(at) if name == b"Host" => !at.has_zone(),
        _ => !names::controls(crate::wire::token::ascii(name)),
    }));
    ControlFields::default()
}

fn declared_length(control: &ControlFields<'_>) -> Result<Option<u64>, Misuse> {
    match control.lengths.content_length {
        None => Ok(None),
        Some(_) if control.lengths.content_lengths > 1 => Err(Misuse::LengthMismatch),
        Some(value) => framing::content_length(value).map(Some).map_err(|_| Misuse::LengthMismatch),
    }
}

fn request_framing(
    head: &RequestHead,
    version: Version,
    declared: Option<u64>,
    body: &Body,
) -> Result<Sent, Misuse> {
    let (method, http10) = (head.method(), version == Version::Http10);
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
    // RFC 9110 §9.3.6, §9.3.8.
    let bodiless = *method == Method::CONNECT || *method == Method::TRACE;
    if bodiless {
        if length != Some(0) || !matches!(body, Body::Empty | Body::Full(_)) {
            return Err(Misuse::BodyNotAllowed);
        }
        // RFC 8441: HTTP/1 asks for a protocol by Upgrade.
        if version != Version::Http2 && head.protocol().is_some() {
            return Err(Misuse::ProtocolNotOffered);
        }
    }
    match length {
        // RFC 9110 §8.6: a length of 0 is told where the method gives content a meaning.
        Some(0) if declared.is_none() && !expects_content(method) => Ok(Sent::None),
        Some(_) if *method == Method::CONNECT => Ok(Sent::None),
        Some(length) => Ok(Sent::Length(length)),
        None if http10 => Err(Misuse::LengthRequired),
        None => Ok(Sent::Chunked),
    }
}

fn expects_content(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH, Method::QUERY].contains(method)
}

/// What a head answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is an interim response: whether the connection may go on behind the final one.
    Interim(Result<(), CloseReason>),
    /// It makes the exchange a raw stream.
    Upgrade,
    /// It is the final response: how its body is delimited, and whether the
    /// connection may go on behind it.
    Final(Framing, Result<(), CloseReason>, Length),
}

/// What is to be done about the Content-Length of a final head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// Nothing: it is told once, or not at all.
    Keep,
    /// It is told again and again: once will do.
    Collapse,
    /// It says something else than the coding, which counts.
    Drop,
}

impl Length {
    /// Rewrites the fields, so that nobody behind this reads them differently.
    #[cold]
    pub(super) fn settle(self, fields: &mut Fields, framing: Framing) {
        fields.remove(names::CONTENT_LENGTH);
        if let (Length::Collapse, Framing::Length(length)) = (self, framing) {
            fields.push(names::CONTENT_LENGTH, length.to_string().as_bytes());
        }
    }
}

/// How much interim responses may say: every one fills it by its bytes, and time
/// empties it, within a minute if it was full.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    level: usize,
    at: Mono,
}

impl Bucket {
    /// Takes in so many bytes more; says whether they fit, if it holds `most`.
    pub(crate) fn takes(&mut self, bytes: usize, most: usize, now: Mono) -> bool {
        let micros = now.since(self.at).as_micros();
        let gone = (most as u128).saturating_mul(micros) / 60_000_000;
        let left = self.level.saturating_sub(usize::try_from(gone).unwrap_or(usize::MAX));
        self.level = left.saturating_add(bytes);
        self.at = now;
        self.level <= most
    }
}

/// Decides what a response is (RFC 9112 §6.3), strictly: what two readers could
/// read differently is refused. `whole` says that the request is.
///
/// # Errors
/// The framing is faulty, or nobody asked for this.
pub(super) fn response(
    asked: &Asked,
    protocols: &Protocols,
    head: &ResponseHead,
    whole: bool,
    leniency: Leniency,
) -> Result<Answer, Fault> {
    let status = head.status();
    let control = ControlFields::of(head.fields());
    let lengths = control.lengths;
    if status.is_informational() {
        let switches = status == Status::SWITCHING_PROTOCOLS;
        if switches && !(asked.upgrade && whole && head.version() == Version::Http11) {
            return Err(Fault::UnaskedUpgrade);
        }
        if switches && !protocols.admit(head.fields()) {
            return Err(Fault::UnaskedProtocol);
        }
        if switches {
            return Ok(Answer::Upgrade);
        }
        // RFC 9112 §6.3, 1: it ends at its empty line, whatever its fields say. But
        // what forwards it may have taken them at their word, and then stands
        // somewhere else: no further request goes there. A length of 0 does no harm.
        let bare = lengths.transfer_encoding.is_none()
            && lengths.content_lengths <= 1
            && lengths.content_length.is_none_or(|value| value.iter().all(|byte| *byte == b'0'));
        let persists = if bare { Ok(()) } else { Err(CloseReason::Fault(Fault::InterimContent)) };
        return Ok(Answer::Interim(persists));
    }
    if asked.connect && status.is_success() {
        return Ok(Answer::Upgrade);
    }
    // A CONNECT that is refused leaves the connection as any response does: nothing was
    // sent behind it that the proxy could take for a request (RFC 9931 asks for a close of
    // those who do not wait for the answer), and 407 wants the same request once more.
    let told = framing::of_response(head.version(), head.fields(), lengths);
    let length = if lengths.is_told_once() { Length::Keep } else { Length::Collapse };
    // RFC 9112 §6.3: no body, whatever the fields say.
    let bodiless = asked.head || status == Status::NO_CONTENT || status == Status::NOT_MODIFIED;
    if bodiless {
        if lengths.content_length.is_some() {
            // Nothing of that length follows: it is the application that reads it.
            framing::length_of_response(head.fields(), lengths)?;
        }
        let persists = match told {
            Ok(Framing::UntilClose) => persistence(&control, head.version(), Framing::None),
            Ok(framing) => persistence(&control, head.version(), framing),
            Err(fault) => Err(CloseReason::Fault(fault)),
        };
        return Ok(Answer::Final(Framing::None, persists, Length::Keep));
    }
    match told {
        Ok(framing) => {
            let persists = persistence(&control, head.version(), framing);
            Ok(Answer::Final(framing, persists, length))
        }
        Err(fault) => match framing::forgiven(head.version(), lengths, leniency) {
            // Another reader may see the end elsewhere, so nothing is read behind it.
            Some(framing) => {
                let length =
                    if lengths.content_length.is_some() { Length::Drop } else { Length::Keep };
                Ok(Answer::Final(framing, Err(CloseReason::Fault(fault)), length))
            }
            None => Err(fault),
        },
    }
}

/// Whether the server refuses what is not sent yet of a request when its final response
/// begins: it fails it and closes the connection, so it will not read it (RFC 9112 §9.5,
/// §9.6). Any other goes on reading: echoes, proxies and gRPC answer a body while it
/// comes, and who keeps the connection must get to the next request.
pub(super) fn refuses_rest(status: Status, persists: Result<(), CloseReason>) -> bool {
    !status.is_success() && persists.is_err()
}

/// Whether the server keeps the connection open (RFC 9112 §9.3).
fn persistence(
    control: &ControlFields<'_>,
    version: Version,
    framing: Framing,
) -> Result<(), CloseReason> {
    if framing == Framing::UntilClose {
        return Err(CloseReason::CloseDelimited);
    }
    if control.close {
        return Err(CloseReason::PeerAsked);
    }
    if version == Version::Http10 && !control.keep_alive {
        return Err(CloseReason::Http10);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
