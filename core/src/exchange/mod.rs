//! A client's whole `Do` as one machine: from a URL to a response, over
//! redirects and retries.
//! It decides and remembers; connecting, moving bytes and sleeping are for whoever runs it.
//!
//! Ask it what to do ([`Exchange::ask`]), do it, tell it what came of that, and ask again:
//!
//! | asked for | to be told |
//! |---|---|
//! | [`Ask::Connect`] | [`Exchange::connected`], or [`Exchange::failed`] |
//! | [`Ask::Send`] | nothing, or [`Exchange::failed`] if the machine refuses it |
//! | [`Ask::Drive`] | [`Exchange::interim`], [`Exchange::response`], or [`Exchange::failed`] |
//! | [`Ask::Discard`] | [`Exchange::discarded`] |
//! | [`Ask::Deliver`], [`Ask::Fail`] | nothing more: it is over |
//!
//! ```
//! use purlin_core::exchange::{Ask, Exchange, RequestParts, ClientPolicy, Reached};
//! use purlin_core::{BodyLength, Method, Now, ResponseHead, Status, url::Url};
//! use std::sync::Arc;
//!
//! let now = Now::default();
//! let parts = RequestParts::new(Method::GET, Url::parse("http://a.test/old").unwrap());
//! let mut exchange = Exchange::new(Arc::new(ClientPolicy::default()), parts, now);
//! let mut seen = Vec::new();
//! let answer = loop {
//!     match exchange.ask(now) {
//!         Ask::Connect(route) => {
//!             seen.push(format!("connect to {route}"));
//!             exchange.connected(Reached::new(), now);
//!         }
//!         Ask::Send { head, .. } => seen.push(format!("send {} {}", head.method(), head.target())),
//!         // Here bytes would move until the machine gives a response.
//!         Ask::Drive => {
//!             let head = match seen.len() {
//!                 2 => ResponseHead::new(Status::FOUND).with("Location", "/new").unwrap(),
//!                 _ => ResponseHead::new(Status::OK),
//!             };
//!             exchange.response(head, BodyLength::Empty, now);
//!         }
//!         Ask::Discard => exchange.discarded(now),
//!         Ask::Deliver(answer) => break answer,
//!         Ask::Fail(error) => panic!("{error}"),
//!     }
//! };
//! assert_eq!(answer.url.path(), "/new");
//! assert_eq!(
//!     seen,
//!     ["connect to a.test:80", "send GET /old", "connect to a.test:80", "send GET /new"]
//! );
//! ```

mod answer;
mod cookies;
mod error;
mod head;
mod onward;
mod parts;
mod phases;
mod policy;
mod request;
mod route;
mod times;
mod trace;

pub use answer::{Answer, Ask, Reached};
pub use error::{Cause, Error};
pub use parts::{Payload, RequestParts};
pub use policy::{ClientPolicy, CookieStore, PhaseTimeouts, Proxies, ProxyChoice};
pub use request::{Given, IntoUrl, Request};
pub use route::Route;
pub use trace::{Stretch, Trace};

use crate::head::{ResponseHead, names};
use crate::machine::Body;
use crate::policy::coding;
use crate::policy::pool::Need;
use crate::policy::redirect::Trail;
use crate::policy::retry;
use crate::time::{Mono, Now};
use std::sync::Arc;
use times::Times;

/// So many interim responses are kept for the caller, the first; there may be any number.
const INTERIMS: usize = 100;

/// One request of a client, from its URL to its response.
#[derive(Debug)]
pub struct Exchange {
    policy: Arc<ClientPolicy>,
    /// What is asked for now: a redirect changes it.
    parts: RequestParts,
    /// What redirects have led through, and what they took away.
    trail: Option<Trail>,
    state: State,
    /// Where the connection leads, once that is known of this sending.
    route: Option<Route>,
    /// How often this hop has been sent.
    sendings: u32,
    /// The body has been read from, so it must be had again.
    body_begun: bool,
    /// When the last sending was lost with a kept connection.
    lost: Option<Mono>,
    /// Its server did not take it when it was sent last.
    not_taken: bool,
    /// Its server asked for the older protocol.
    downgraded: bool,
    /// Whether gzip was asked for by us.
    coding_asked: bool,
    /// A proxy was on the way of this request or of one before it, so that a
    /// Proxy-Authorization of the caller's is for a proxy.
    proxied: bool,
    times: Times,
    trace: Trace,
    earlier: Vec<Trace>,
    interims: Vec<ResponseHead>,
}

#[derive(Debug)]
enum State {
    /// A connection is to be had.
    Start,
    Connecting,
    Connected,
    Waiting,
    /// A response to be delivered.
    Answered(Arc<Answer>),
    /// A response that leads on.
    Turning,
    Failed(Error),
    Over,
}

impl Exchange {
    /// An exchange that begins now.
    #[inline]
    pub fn new(policy: Arc<ClientPolicy>, mut parts: RequestParts, now: Now) -> Exchange {
        // From here on they are the request's own, so that a redirect takes
        // from them what is not for others.
        if !policy.fields.is_empty() {
            let given = parts.fields.clone();
            for field in policy.fields.iter().filter(|field| !given.contains(field.name)) {
                parts.fields.push(field.name, field.value);
            }
        }
        let total = parts.total.or(policy.timeouts.total);
        Exchange {
            policy,
            parts,
            trail: None,
            state: State::Start,
            route: None,
            sendings: 0,
            body_begun: false,
            lost: None,
            not_taken: false,
            downgraded: false,
            coding_asked: false,
            proxied: false,
            times: Times::new(total, now),
            trace: Trace { began: now.mono, ..Trace::default() },
            earlier: Vec::new(),
            interims: Vec::new(),
        }
    }

    /// What to do next. To connect, to drive and to discard are said again until
    /// something is told; what is to be sent, an answer and a failure are said once.
    pub fn ask(&mut self, now: Now) -> Ask {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Start => self.connect(None),
            State::Connecting => {
                let route = self.route.take();
                self.connect(route)
            }
            State::Connected => self.send(now),
            State::Waiting => {
                self.state = State::Waiting;
                Ask::Drive
            }
            State::Answered(answer) => Ask::Deliver(answer),
            State::Turning => {
                self.state = State::Turning;
                Ask::Discard
            }
            State::Failed(error) => self.fail(error),
            State::Over => Ask::Fail(Error::new(crate::error::Misuse::AlreadyFinished)),
        }
    }

    fn fail(&mut self, error: Error) -> Ask {
        Ask::Fail(error.of(&self.parts.method, &self.parts.url))
    }

    fn connect(&mut self, route: Option<Route>) -> Ask {
        match route.map_or_else(|| self.choose_route(), Ok) {
            Ok(route) => {
                self.route = Some(route.clone());
                self.state = State::Connecting;
                Ask::Connect(route)
            }
            Err(error) => self.fail(error),
        }
    }

    fn choose_route(&self) -> Result<Route, Error> {
        let url = &self.parts.url;
        if !url.is_http() {
            return Err(Error::new(Cause::Scheme));
        }
        let proxy = self.policy.proxies.choose(url)?;
        Ok(Route::to(url, proxy))
    }

    fn send(&mut self, now: Now) -> Ask {
        let Some(route) = &self.route else { return self.connect(None) };
        self.coding_asked =
            self.policy.compression && coding::asks(&self.parts.method, &self.parts.fields);
        let cookies = self
            .policy
            .cookies
            .as_ref()
            .and_then(|store| store.cookies(&cookies::url_of(&self.parts), now));
        self.proxied |= route.proxy().is_some();
        let add = head::Add {
            cookies,
            coding: self.coding_asked,
            // RFC 9110 §11.7.2: it is for the next proxy, and not for who is behind a tunnel.
            to_proxy: route.is_forwarded() || !self.proxied,
        };
        let built = head::build(&self.parts, &self.policy, route, add);
        let head = match built {
            Ok(head) => head,
            Err(error) => return self.fail(error),
        };
        let body = match &self.parts.payload {
            Payload::Empty => Body::Empty,
            Payload::Full(bytes) => Body::Full(bytes.clone()),
            Payload::Stream { length: Some(length), .. } => Body::Length(*length),
            Payload::Stream { length: None, .. } => Body::Stream,
        };
        self.sendings += 1;
        self.state = State::Waiting;
        let streams = matches!(body, Body::Length(_) | Body::Stream);
        let rewind = std::mem::take(&mut self.body_begun) && streams;
        Ask::Send { head, body, rewind }
    }

    /// What the request needs of the connection that is asked for.
    pub fn need(&self) -> Need {
        let RequestParts { method, fields, payload, .. } = &self.parts;
        let again = retry::is_repeatable(method, fields) && payload.is_replayable();
        Need { once: !again, idle_after: self.lost, ..Need::default() }
    }

    /// Whether it asks for an upgrade, for which it needs a connection that speaks HTTP/1
    /// (RFC 9110 §7.8, RFC 9113 §8.6).
    pub fn asks_for_upgrade(&self) -> bool {
        self.parts.fields.contains(names::UPGRADE)
    }

    /// Before when no connection is to be had for it: its server did not take it, and may
    /// want a while.
    pub fn not_before(&self) -> Option<Mono> {
        let sent = self.earlier.last().filter(|_| self.not_taken)?;
        Some(sent.end? + retry::rest(self.sendings))
    }

    /// There is a connection.
    pub fn connected(&mut self, how: Reached, now: Now) {
        if how.reused {
            // Whatever was begun besides, this was quicker.
            self.times.end(now);
        }
        self.end_phase(now);
        if matches!(self.state, State::Connecting) {
            self.state = State::Connected;
            self.trace.connected = Some(now.mono);
            self.trace.reused = how.reused;
            self.trace.idle = how.idle;
        }
    }

    /// The body that streams has been read from.
    pub fn body_taken(&mut self) {
        self.body_begun = true;
    }

    /// Whether the body that streams has been read from since it was last had.
    pub fn is_body_begun(&self) -> bool {
        self.body_begun
    }

    /// Whether the body can be sent from its beginning.
    fn has_whole_body(&self) -> bool {
        !self.body_begun || self.parts.payload.is_replayable()
    }

    /// The last byte of the request was written.
    pub fn sent(&mut self, now: Now) {
        self.trace.sent.get_or_insert(now.mono);
    }

    /// An interim response came.
    pub fn interim(&mut self, head: ResponseHead) {
        if self.interims.len() < INTERIMS {
            self.interims.push(head);
        }
    }

    /// The parts as they are now; redirects change it.
    pub fn parts(&self) -> &RequestParts {
        &self.parts
    }

    /// When what happened, so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

#[cfg(test)]
mod tests;
