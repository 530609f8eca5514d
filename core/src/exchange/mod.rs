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
//! use purlin_core::exchange::{Ask, Exchange, Order, Plan, Reached};
//! use purlin_core::{BodyLength, Method, Now, ResponseHead, Status, url::Url};
//! use std::sync::Arc;
//!
//! let now = Now::default();
//! let order = Order::new(Method::GET, Url::parse("http://a.test/old").unwrap());
//! let mut exchange = Exchange::new(Arc::new(Plan::default()), order, now);
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
mod order;
mod plan;
mod request;
mod route;
mod times;
mod trace;

pub use answer::{Answer, Ask, Reached};
pub use error::{Cause, Error};
pub use order::{Order, Payload};
pub use plan::{CookieStore, PhaseTimeouts, Plan, Proxies, ProxyChoice};
pub use request::{Given, IntoUrl, Request};
pub use route::Route;
pub use trace::{Stretch, Trace};

use crate::error::{Phase, Retry};
use crate::head::{ResponseHead, Status, names};
use crate::machine::{Body, BodyLength};
use crate::policy::coding::{self, Decoding};
use crate::policy::pool::Need;
use crate::policy::redirect::{Hop, Replay, Step, Trail};
use crate::policy::retry;
use crate::secure::TlsInfo;
use crate::time::{Mono, Now};
use std::sync::Arc;
use times::Times;

/// So many interim responses are kept for the caller, the first; there may be any number.
const INTERIMS: usize = 100;

/// One request of a client, from its URL to its response.
#[derive(Debug)]
pub struct Exchange {
    plan: Arc<Plan>,
    /// What is asked for now: a redirect changes it.
    order: Order,
    /// What redirects have led through, and what they took away.
    trail: Option<Trail>,
    state: State,
    /// How often this hop has been sent.
    sendings: u32,
    /// The body has been read from, so it must be had again.
    body_begun: bool,
    /// When the last sending was lost with a kept connection.
    lost: Option<Mono>,
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
    Connecting(Route),
    Connected(Route),
    Waiting(Route),
    /// A response to be delivered.
    Answered(Arc<Answer>),
    /// A response that leads on.
    Turning,
    Failed(Error),
    Over,
}

impl Exchange {
    /// An exchange that begins now.
    pub fn new(plan: Arc<Plan>, mut order: Order, now: Now) -> Exchange {
        // From here on they are the request's own, so that a redirect takes
        // from them what is not for others.
        if !plan.fields.is_empty() {
            let given = order.fields.clone();
            for field in plan.fields.iter().filter(|field| !given.contains(field.name)) {
                order.fields.push(field.name, field.value);
            }
        }
        let total = order.total.or(plan.timeouts.total);
        Exchange {
            plan,
            order,
            trail: None,
            state: State::Start,
            sendings: 0,
            body_begun: false,
            lost: None,
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
            State::Start => match self.route() {
                Ok(route) => {
                    self.state = State::Connecting(route.clone());
                    Ask::Connect(route)
                }
                Err(error) => self.fail(error),
            },
            State::Connecting(route) => {
                self.state = State::Connecting(route.clone());
                Ask::Connect(route)
            }
            State::Connected(route) => self.send(route, now),
            State::Waiting(route) => {
                self.state = State::Waiting(route);
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
        Ask::Fail(error.of(&self.order.method, &self.order.url))
    }

    fn route(&self) -> Result<Route, Error> {
        let url = &self.order.url;
        if !url.is_http() {
            return Err(Error::new(Cause::Scheme));
        }
        let proxy = self.plan.proxies.choose(url)?;
        Ok(Route::to(url, proxy))
    }

    fn send(&mut self, route: Route, now: Now) -> Ask {
        self.coding_asked =
            self.plan.compression && coding::asks(&self.order.method, &self.order.fields);
        let cookies = self
            .plan
            .cookies
            .as_ref()
            .and_then(|store| store.cookies(&cookies::url_of(&self.order), now));
        self.proxied |= route.proxy().is_some();
        let add = head::Add {
            cookies,
            coding: self.coding_asked,
            // RFC 9110 §11.7.2: it is for the next proxy, and not for who is behind a tunnel.
            to_proxy: route.is_forwarded() || !self.proxied,
        };
        let built = head::build(&self.order, &self.plan, &route, add);
        let head = match built {
            Ok(head) => head,
            Err(error) => return self.fail(error),
        };
        let body = match &self.order.payload {
            Payload::Empty => Body::Empty,
            Payload::Full(bytes) => Body::Full(bytes.clone()),
            Payload::Stream { length: Some(length), .. } => Body::Length(*length),
            Payload::Stream { length: None, .. } => Body::Stream,
        };
        self.sendings += 1;
        self.state = State::Waiting(route);
        let streams = matches!(body, Body::Length(_) | Body::Stream);
        let rewind = std::mem::take(&mut self.body_begun) && streams;
        Ask::Send { head, body, rewind }
    }

    /// What the request needs of the connection that is asked for.
    pub fn need(&self) -> Need {
        let Order { method, fields, payload, .. } = &self.order;
        let again = retry::is_repeatable(method, fields) && payload.is_replayable();
        Need { once: !again, idle_after: self.lost, ..Need::default() }
    }

    /// A phase of connecting begins: its time runs.
    pub fn begin(&mut self, phase: Phase, now: Now) {
        self.end_phase(now);
        let limit = match phase {
            Phase::Dns => Some(self.plan.timeouts.dns),
            Phase::Connect => Some(self.plan.timeouts.connect),
            Phase::Tunnel => Some(self.plan.timeouts.tunnel),
            Phase::Tls => Some(self.plan.timeouts.setup),
            _ => None,
        };
        self.times.begin(phase, limit, now);
    }

    /// What lies between a new connection and HTTP is being set up: this phase of it.
    /// Said again, it goes on.
    pub fn setting_up(&mut self, phase: Phase, now: Now) {
        if self.times.phase() != Some(phase) {
            self.begin(phase, now);
        }
    }

    /// A connection of the pool's is waited for: its time runs.
    pub fn begin_waiting(&mut self, now: Now) {
        self.times.begin_turn(self.plan.timeouts.pool, now);
    }

    fn end_phase(&mut self, now: Now) {
        match self.times.end(now) {
            Some((Phase::Dns, stretch)) => self.trace.dns = Some(stretch),
            Some((Phase::Connect, stretch)) => self.trace.connect = Some(stretch),
            Some((Phase::Tunnel, stretch)) => self.trace.tunnel = Some(stretch),
            Some((Phase::Tls, stretch)) => self.trace.setup = Some(stretch),
            _ => {}
        }
    }

    /// There is a connection.
    pub fn connected(&mut self, how: Reached, now: Now) {
        if how.reused {
            // Whatever was begun besides, this was quicker.
            self.times.end(now);
        }
        self.end_phase(now);
        if let State::Connecting(route) = &self.state {
            self.state = State::Connected(route.clone());
            self.trace.connected = Some(now.mono);
            self.trace.reused = how.reused;
            self.trace.idle = how.idle;
        }
    }

    /// The connection that was made is ready for HTTP: what lies between is set up.
    pub fn ready(&mut self, now: Now) {
        self.end_phase(now);
    }

    /// What is known of the TLS that the connection is in, once the request is sent on it.
    pub fn secured(&mut self, info: Option<&TlsInfo>) {
        self.trace.key_exchange = info.map(|info| info.key_exchange).unwrap_or_default();
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
        !self.body_begun || self.order.payload.is_replayable()
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

    /// Something failed. `fact` says whether the request may be sent again, as
    /// far as the connection knows.
    pub fn failed(&mut self, error: Error, fact: Retry, now: Now) {
        self.times.end(now);
        self.trace.end = Some(now.mono);
        let failed = retry::Failed {
            method: &self.order.method,
            fields: &self.order.fields,
            fact,
            timed_out: error.is_timeout(),
            reused: self.trace.reused,
            replayable: self.has_whole_body(),
            answered: self.trace.head.is_some(),
            attempts: self.sendings,
        };
        let sent = matches!(self.state, State::Waiting(_));
        if self.trace.reused {
            // The next one is sent on a connection that was not idle by now.
            self.lost = Some(now.mono);
        }
        if sent && retry::decide(&failed, self.plan.attempts).is_again() {
            self.next_sending(now);
        } else {
            self.state = State::Failed(self.through_proxy(error));
        }
    }

    /// Names the proxy that an error is about.
    fn through_proxy(&self, error: Error) -> Error {
        match &self.state {
            State::Connecting(route) | State::Connected(route) | State::Waiting(route) => {
                error.through(route)
            }
            _ => error,
        }
    }

    /// The head of the final response came.
    pub fn response(&mut self, mut head: ResponseHead, body: BodyLength, now: Now) {
        self.trace.head = Some(now.mono);
        self.trace.sent.get_or_insert(now.mono);
        if let Some(store) = &self.plan.cookies {
            let lines = || head.fields().values(names::SET_COOKIE);
            store.store(&cookies::url_of(&self.order), &mut lines(), now);
            cookies::supersede(&mut self.order.fields, lines());
        }
        if head.status() == Status::EXPECTATION_FAILED && self.drop_expectation() {
            self.state = State::Turning;
            return;
        }
        if head.status().is_redirection() {
            match self.redirect(&head) {
                Step::Follow(hop) => return self.follow(hop),
                Step::Fail(failure) => {
                    self.state = State::Failed(Error::new(failure).during(Phase::Receive));
                    return;
                }
                Step::Stop(_) => {}
            }
        }
        let asked = self.coding_asked;
        let decoding = coding::decoding(asked, &self.order.method, head.status(), head.fields());
        if decoding != Decoding::AsIs {
            coding::decoded(head.fields_mut());
        }
        self.state = State::Answered(Arc::new(Answer {
            head,
            body,
            decoding,
            method: self.order.method.clone(),
            url: self.order.url.clone(),
            interims: std::mem::take(&mut self.interims),
            trace: self.trace,
            earlier: std::mem::take(&mut self.earlier),
            until: self.times.total(),
            most: self.order.most.or(self.plan.max_decoded),
        }));
    }

    /// Takes the expectation out of a request that is to be sent again without it
    /// (RFC 9110 §10.1.1): someone on the way knows none. Says whether it is.
    fn drop_expectation(&mut self) -> bool {
        let again = self.has_whole_body()
            && !self.order.payload.is_empty()
            && self.sendings < self.plan.attempts
            && self.order.fields.list_has(names::EXPECT, "100-continue");
        if again {
            self.order.fields.remove(names::EXPECT);
        }
        again
    }

    fn redirect(&mut self, head: &ResponseHead) -> Step {
        let replay = match &self.order.payload {
            Payload::Empty => Replay::NoBody,
            _ if self.has_whole_body() => Replay::Replayable,
            _ => Replay::Once,
        };
        let order = &self.order;
        let trail = self.trail.get_or_insert_with(|| {
            Trail::new(order.method.clone(), order.url.clone(), replay, &order.fields)
        });
        trail.set_body(replay);
        let location = head.fields().get_bytes(names::LOCATION);
        trail.step(head.status(), location, &self.plan.redirects)
    }

    fn follow(&mut self, hop: Hop) {
        if let Some(trail) = &mut self.trail {
            trail.took(&hop);
        }
        hop.apply(&mut self.order.fields);
        if !hop.keep_body {
            self.order.payload = Payload::Empty;
            self.body_begun = false;
        }
        self.order.method = hop.method;
        self.order.url = hop.url;
        self.state = State::Turning;
    }

    /// The response that was to be thrown away is gone, or the connection is.
    pub fn discarded(&mut self, now: Now) {
        if matches!(self.state, State::Turning) {
            self.trace.end = Some(now.mono);
            self.sendings = 0;
            self.lost = None;
            self.next_sending(now);
        }
    }

    fn next_sending(&mut self, now: Now) {
        self.interims.clear();
        self.earlier.push(self.trace);
        self.trace = Trace { began: now.mono, ..Trace::default() };
        self.state = State::Start;
    }

    /// When to call [`Exchange::tick`] at the latest.
    pub fn deadline(&self) -> Option<Mono> {
        self.times.deadline()
    }

    /// Time has passed: says whether the exchange failed by that.
    pub fn tick(&mut self, now: Now) -> bool {
        let Some(cause) = self.times.over(now) else { return false };
        let error = Error::new(cause).during(self.current_phase());
        self.state = State::Failed(self.through_proxy(error));
        true
    }

    fn current_phase(&self) -> Phase {
        match (self.times.phase(), &self.state) {
            (Some(phase), _) => phase,
            (None, State::Start | State::Connecting(_)) => Phase::Connect,
            (None, State::Turning) => Phase::Receive,
            (None, _) if self.trace.sent.is_none() => Phase::Send,
            _ => Phase::Wait,
        }
    }

    /// The order as it is now; redirects change it.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// When what happened, so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

#[cfg(test)]
mod tests;
