//! What an exchange asks for, and what it comes to.
//! Plain data: the exchange decides.

use super::{Error, Route, Trace};
use crate::head::{Method, RequestHead, ResponseHead, Status};
use crate::machine::{Body, BodyLength, ClientMachine, Id};
use crate::policy::coding::{self, Decoding};
use crate::time::Mono;
use crate::url::Url;
use std::sync::Arc;
use std::time::Duration;

/// What whoever runs an exchange is to do next.
///
/// A driver does something about each, so one more would be another contract: it may be
/// matched without a wildcard.
#[derive(Debug)]
pub enum Ask {
    /// Have a connection along this route: a kept one, or a new one.
    Connect(Route),
    /// Give this to the connection's machine.
    Send {
        /// The head.
        head: RequestHead,
        /// The body; what streams is to be read from the beginning.
        body: Body,
        /// The body that streams has been read from: it must be had anew.
        rewind: bool,
    },
    /// Move bytes until the machine tells something.
    Drive,
    /// Throw away the rest of the response, and keep the connection if that was cheap.
    Discard,
    /// The response is the caller's.
    Deliver(Arc<Answer>),
    /// The exchange failed.
    Fail(Error),
}

/// The connection that was had.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Reached {
    /// Whether the connection has served before.
    pub reused: bool,
    /// How long it has been idle since.
    pub idle: Duration,
}

impl Reached {
    /// A new connection.
    pub fn new() -> Reached {
        Reached::default()
    }

    /// One that has served before, and was idle for so long.
    pub const fn kept(idle: Duration) -> Reached {
        Reached { reused: true, idle }
    }
}

/// A response, and what is known of how it came.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// Its head. What a coding that is to be undone says of the content has been taken out.
    pub head: ResponseHead,
    /// How long its body is, as it is transferred.
    pub body: BodyLength,
    /// How the content is to be decoded.
    pub decoding: Decoding,
    /// The method of the request that it answers, after redirects.
    pub method: Method,
    /// Where it came from, after redirects.
    pub url: Url,
    /// The interim responses before it, in order; the first 100, if there were more.
    pub interims: Vec<ResponseHead>,
    /// When what happened.
    pub trace: Trace,
    /// Traces of the sendings before: redirects and retries.
    pub earlier: Vec<Trace>,
    /// Until when its body must have been read.
    pub until: Option<(Mono, Duration)>,
    /// The most bytes of content that it may have, if a coding is to be undone.
    pub most: Option<u64>,
}

impl Answer {
    /// Has the machine that its body is read from count what the caller gets: behind
    /// a coding that is the decoded content, so the coded one is merely bounded.
    pub fn limit<M: ClientMachine + ?Sized>(&self, machine: &mut M, id: Id) {
        if let (Decoding::Gzip, Some(most)) = (self.decoding, self.most) {
            // An exchange that is over has no body to limit.
            let _ = machine.limit_body(id, coding::most_coded(most));
        }
    }

    /// Whether what follows is no HTTP: 101 (Switching Protocols), or success of
    /// a CONNECT (RFC 9110 §7.8, §9.3.6).
    pub fn is_upgraded(&self) -> bool {
        let status = self.head.status();
        let tunnel = self.method == Method::CONNECT && status.is_success();
        tunnel || status == Status::SWITCHING_PROTOCOLS
    }
}
