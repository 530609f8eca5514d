//! What is asked for: method, URL, fields and what body there is.
//! Holds it as data; a body that streams is with whoever runs the exchange.

use crate::error::Misuse;
use crate::head::{Fields, Method};
use crate::machine::{ClientMachine, Id};
use crate::url::Url;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// A request of a client: method, URL, fields, body and its own limits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestParts {
    /// The method.
    pub method: Method,
    /// Where. Its fragment is not sent; user and password become Basic authorization.
    pub url: Url,
    /// The fields, as they are to be sent. A Host here is sent instead of the URL's.
    pub fields: Fields,
    /// The body.
    pub payload: Payload,
    /// How long the whole may take, if that differs from the policy's.
    pub total: Option<Duration>,
    /// How long the response may take to begin, if that differs from what the
    /// connection's configuration says.
    pub wait: Option<Duration>,
    /// How many bytes of the response's body the caller may get, likewise.
    pub most: Option<u64>,
}

impl RequestParts {
    /// Tells a machine which of its limits differ for the exchange that it has begun.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    pub fn limit<M: ClientMachine + ?Sized>(&self, machine: &mut M, id: Id) -> Result<(), Misuse> {
        if let Some(wait) = self.wait {
            machine.limit_wait(id, wait)?;
        }
        if let Some(most) = self.most {
            machine.limit_body(id, most)?;
        }
        Ok(())
    }

    /// A request of these, without fields and body.
    pub fn new(method: Method, url: Url) -> RequestParts {
        RequestParts {
            method,
            url,
            fields: Fields::new(),
            payload: Payload::Empty,
            total: None,
            wait: None,
            most: None,
        }
    }
}

/// The body of a request. `Debug` shows how long it is, and not what: a password may be in it.
#[derive(Clone, PartialEq, Eq)]
pub enum Payload {
    /// None.
    Empty,
    /// All of it.
    Full(Bytes),
    /// It streams from whoever runs the exchange.
    Stream {
        /// Its length in bytes, if that is known.
        length: Option<u64>,
        /// Whether it can be had from the beginning again.
        replayable: bool,
    },
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payload::Empty => f.write_str("Empty"),
            Payload::Full(data) => write!(f, "Full({} bytes)", data.len()),
            Payload::Stream { length, replayable } => f
                .debug_struct("Stream")
                .field("length", length)
                .field("replayable", replayable)
                .finish(),
        }
    }
}

impl Payload {
    /// Whether it is known to have no byte.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Payload::Empty => true,
            Payload::Full(bytes) => bytes.is_empty(),
            Payload::Stream { length, .. } => *length == Some(0),
        }
    }

    /// Whether it can be sent a second time.
    pub fn is_replayable(&self) -> bool {
        match self {
            Payload::Empty | Payload::Full(_) => true,
            Payload::Stream { replayable, .. } => *replayable,
        }
    }
}
