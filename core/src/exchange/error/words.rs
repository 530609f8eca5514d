//! An error of a request in words: who asked for what, in which phase, and why it failed.
//! Shows no password.

use super::{Cause, Error};
use crate::machine::BodyLength;
use std::fmt;

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Url(cause) => write!(f, "bad URL: {cause}"),
            Cause::Scheme => f.write_str("the scheme is neither http nor https"),
            Cause::Field(cause) => write!(f, "{cause}"),
            Cause::Misuse(cause) => write!(f, "not allowed: {cause}"),
            Cause::Target(cause) => write!(f, "{cause}"),
            Cause::Io(cause) => write!(f, "{cause}"),
            Cause::Tunnel(cause) => write!(f, "{cause}"),
            Cause::Layer(cause) => write!(f, "{cause}"),
            Cause::Peer(cause) => write!(f, "{cause}"),
            Cause::Closed(cause) => write!(f, "the connection ended: {cause}"),
            Cause::Timeout(limit) => write!(f, "not done within {limit:?}"),
            Cause::NoTurn(limit) => {
                write!(f, "all connections that there may be were in use for {limit:?}")
            }
            Cause::TotalTimeout(limit) => write!(f, "the whole was not done within {limit:?}"),
            Cause::Redirect(cause) => write!(f, "{cause}"),
            Cause::Proxy(cause) => write!(f, "bad proxy: {cause}"),
            Cause::Body(cause) => write!(f, "the request's body failed: {cause}"),
            Cause::NotReplayable => f.write_str("the body can be sent only once"),
            Cause::Decode(cause) => write!(f, "the content cannot be decoded: {cause}"),
            Cause::NotText(cause) => write!(f, "the content is not text: {cause}"),
            Cause::Status(status) => write!(f, "the answer was {status}"),
            Cause::BrokenOff => f.write_str("the body failed before its end"),
            Cause::Busy => f.write_str("the last response on this connection is not read yet"),
        }
    }
}

/// Such as `GET http://example.com/: connect: Connection refused (os error 111)`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.method, &self.0.url) {
            (Some(method), Some(url)) => write!(f, "{method} {url}: ")?,
            (None, Some(url)) => write!(f, "{url}: ")?,
            (_, None) => {}
        }
        if let Some(phase) = self.0.phase {
            write!(f, "{phase}: ")?;
        }
        if let Some(proxy) = &self.0.proxy {
            write!(f, "proxy {proxy}: ")?;
        }
        write!(f, "{}", self.0.cause)?;
        match self.0.read {
            None => {}
            Some((bytes, BodyLength::Known(length))) => {
                write!(f, "; {bytes} of {length} bytes came")?;
            }
            Some((bytes, _)) => write!(f, "; {bytes} bytes came")?,
        }
        match self.0.came.as_ref() {
            Some(came) => write!(f, "; {came}"),
            None => Ok(()),
        }
    }
}

/// A text that is no URL: escaped and cut, and without anything in front of its
/// last `@`, since what is a password there is anybody's guess.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 200;
    let scheme = text.find("://").map_or(0, |at| at + 3);
    let hidden = match text.rfind('@') {
        Some(at) if at >= scheme => format!("{}***{}", &text[..scheme], &text[at..]),
        Some(at) => format!("***{}", &text[at..]),
        None => text.to_owned(),
    };
    let mut letters = hidden.escape_debug();
    let short: String = letters.by_ref().take(MOST).collect();
    if letters.next().is_some() { short + ".." } else { short }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
