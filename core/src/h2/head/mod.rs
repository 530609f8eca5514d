//! Heads and trailers of HTTP/2 (RFC 9113 §8.2, §8.3): lists of fields to heads, and back.
//! Decides what is malformed; frames, streams and codes it does not know, so that HTTP/3 can share it.
//!
//! | module | holds |
//! |---|---|
//! | [`request`] | `:method`, `:scheme`, `:authority`, `:path`, `:protocol` and a request's head |
//! | [`response`] | `:status` and a response's head |
//! | [`trailers`] | fields behind the content |

pub mod request;
pub mod response;
pub mod trailers;

use super::hpack::List;
use crate::error::Fault;
use crate::head::{Fields, names};
use crate::wire::token;

/// Why a message is malformed (RFC 9113 §8.1.1): nothing of it may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A pseudo-field is missing that the message needs (§8.3.1, §8.3.2).
    Missing,
    /// A pseudo-field comes twice (§8.3).
    Twice,
    /// A pseudo-field stands behind a field (§8.3).
    Late,
    /// A pseudo-field that is not known, or not in this kind of message (§8.3).
    Unknown,
    /// A pseudo-field that CONNECT must not have, or `:protocol` without CONNECT or
    /// without leave (§8.5, RFC 8441 §4).
    NotHere,
    /// A method that is not a token.
    Method,
    /// A scheme outside its grammar.
    Scheme,
    /// A path that is none, or one that the grammar does not have.
    Path,
    /// `:authority` or Host is no host and port, or holds user information.
    Authority,
    /// Host is not what `:authority` says, or comes twice.
    Host,
    /// A protocol that is not a token.
    Protocol,
    /// A status that is no number of three digits, or 101 (§8.6).
    Status,
    /// A name that is not a token in lower case (§8.2.1).
    Name,
    /// A value with a control character, or white space at an end (§8.2.1).
    Value,
    /// A field that is about a connection of HTTP/1 (§8.2.2).
    ConnectionField,
    /// TE says something else than `trailers` (§8.2.2).
    Te,
    /// Content-Length is no number, or there are two (§8.1.1).
    ContentLength,
}

/// Why a head cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is malformed: the stream is reset.
    Malformed(Malformed),
    /// It is well formed, and the answer is the status of this fault.
    Answer(Fault),
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Refusal {
        Refusal::Malformed(malformed)
    }
}

/// The fields of HTTP/1's connections (RFC 9113 §8.2.2).
const CONNECTION_FIELDS: [&str; 5] =
    ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// Whether a field of this name, in any case, is about a connection of HTTP/1: it is
/// malformed where it comes, and left out where it would go.
pub fn is_of_connection(name: &str) -> bool {
    CONNECTION_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Checks name and value of a field that is no pseudo-field, and gives the name as text.
fn check<'a>(name: &'a [u8], value: &[u8]) -> Result<&'a str, Malformed> {
    let lower = |byte: &u8| token::is_tchar(*byte) && !byte.is_ascii_uppercase();
    let text = std::str::from_utf8(name).map_err(|_| Malformed::Name)?;
    if name.is_empty() || !name.iter().all(lower) {
        return Err(Malformed::Name);
    }
    if !is_value(value) {
        return Err(Malformed::Value);
    }
    if is_of_connection(text) {
        return Err(Malformed::ConnectionField);
    }
    Ok(text)
}

/// Whether this is a field value, without white space around it.
fn is_value(value: &[u8]) -> bool {
    token::trim(value).len() == value.len() && value.iter().all(|byte| token::is_value_byte(*byte))
}

/// The pseudo-fields that a list begins with, without their colons.
fn pseudo_fields(list: &List) -> impl Iterator<Item = (&[u8], &[u8])> {
    list.iter().map_while(|item| Some((item.name.strip_prefix(b":")?, item.value)))
}

/// The fields behind them, each checked.
fn fields(list: &List) -> impl Iterator<Item = Result<(&str, &[u8]), Malformed>> {
    list.iter().skip_while(|item| item.name.starts_with(b":")).map(|item| match item.name {
        [b':', ..] => Err(Malformed::Late),
        name => Ok((check(name, item.value)?, item.value)),
    })
}

/// Puts a pseudo-field in its place.
fn once<'a>(place: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), Malformed> {
    if place.replace(value).is_some() { Err(Malformed::Twice) } else { Ok(()) }
}

/// The fields of a head in the making: crumbs of cookies become one field (§8.2.3).
struct Gathered {
    fields: Fields,
    /// All crumbs, in one text.
    cookie: Option<Vec<u8>>,
}

impl Gathered {
    /// Behind `text`, which no field has, with room for so many of so many octets in all.
    fn behind(text: &[u8], fields: usize, octets: usize) -> Gathered {
        Gathered { fields: Fields::behind(text, fields, octets), cookie: None }
    }

    fn push(&mut self, name: &str, value: &[u8]) -> Result<(), Malformed> {
        match name {
            "cookie" => {
                let cookie = self.cookie.get_or_insert_default();
                // An empty crumb holds no cookie, and would leave white space at an end.
                if !cookie.is_empty() && !value.is_empty() {
                    cookie.extend_from_slice(b"; ");
                }
                cookie.extend_from_slice(value);
                return Ok(());
            }
            "te" if !value.eq_ignore_ascii_case(b"trailers") => return Err(Malformed::Te),
            _ => {}
        }
        self.fields.push(name, value);
        Ok(())
    }

    fn finish(mut self) -> Fields {
        if let Some(cookie) = self.cookie {
            self.fields.push("cookie", &cookie);
        }
        self.fields
    }
}

/// What a list becomes on the wire besides its pseudo-fields: without the fields of
/// HTTP/1's connections, and TE only if it says `trailers`. The encoder puts the names in
/// lower case.
pub fn outgoing(fields: &Fields) -> impl Iterator<Item = (&[u8], &[u8])> {
    let goes = |field: &crate::head::Field<'_>| match field {
        field if is_of_connection(field.name) => false,
        field if field.is(names::TE) => field.value.eq_ignore_ascii_case(b"trailers"),
        _ => true,
    };
    fields.iter().filter(goes).map(|field| (field.name.as_bytes(), field.value))
}

#[cfg(test)]
mod tests;
