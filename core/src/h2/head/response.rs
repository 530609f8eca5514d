//! Responses of HTTP/2 (RFC 9113 §8.3.2): `:status` and fields to a head, and back.
//! Decides what is malformed; what a status means for the exchange, others do.

use super::{Gathered, Malformed, fields, once, outgoing, pseudo_fields};
use crate::body::framing::{self, Lengths};
use crate::h2::hpack::List;
use crate::head::{ResponseHead, Status, Version};

/// A response, final or interim, and how long its content is said to be.
#[derive(Clone, Debug)]
pub struct Response {
    /// The head.
    pub head: ResponseHead,
    /// How long the content is, or would be if there were some.
    pub content_length: Option<u64>,
}

/// Makes a response of a list of fields.
///
/// # Errors
/// It is malformed.
pub fn read(list: &List) -> Result<Response, Malformed> {
    let mut status = None;
    for (name, value) in pseudo_fields(list) {
        match name {
            b"status" => once(&mut status, value)?,
            _ => return Err(Malformed::Unknown),
        }
    }
    let status = status_of(status.ok_or(Malformed::Missing)?)?;
    let mut gathered = Gathered::behind(&[], list.len(), list.octets() + 4 * list.len());
    for field in fields(list) {
        let (name, value) = field?;
        gathered.push(name, value)?;
    }
    let fields = gathered.finish();
    let mut lengths = Lengths::default();
    fields
        .raw()
        .filter(|(name, _)| *name == b"content-length")
        .for_each(|(_, value)| lengths.add_content_length(value));
    let content_length = match lengths.content_length {
        Some(_) => Some(
            framing::length_of_response(&fields, lengths).map_err(|_| Malformed::ContentLength)?,
        ),
        None => None,
    };
    let head = ResponseHead::from_wire(status, Version::Http2, b"", fields);
    Ok(Response { head, content_length })
}

/// Three digits, and no 101: there is nothing to switch to (RFC 9113 §8.6).
fn status_of(text: &[u8]) -> Result<Status, Malformed> {
    let [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = text else {
        return Err(Malformed::Status);
    };
    let digit = |digit: &u8| u16::from(digit - b'0');
    let status = Status::from_code(digit(a) * 100 + digit(b) * 10 + digit(c));
    status.filter(|status| *status != Status::SWITCHING_PROTOCOLS).ok_or(Malformed::Status)
}

/// The fields of a response's block, `:status` first; `status` is its text.
pub fn write<'a>(
    head: &'a ResponseHead,
    status: &'a [u8; 3],
) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    [(&b":status"[..], &status[..])].into_iter().chain(outgoing(head.fields()))
}

/// A status as text.
pub fn digits(status: Status) -> [u8; 3] {
    let digit = |value: u16| b'0' + (value % 10).to_le_bytes()[0];
    let code = status.code();
    [digit(code / 100), digit(code / 10), digit(code)]
}
