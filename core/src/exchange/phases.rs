//! Which phase of an exchange runs, how long it may take, and what is noted of it.
//! Begins none: whoever runs the exchange tells.

use super::{Error, Exchange, State};
use crate::error::Phase;
use crate::secure::TlsInfo;
use crate::time::{Mono, Now};

impl Exchange {
    /// A phase of connecting begins: its time runs.
    pub fn begin(&mut self, phase: Phase, now: Now) {
        self.end_phase(now);
        let limit = match phase {
            Phase::Dns => Some(self.policy.timeouts.dns),
            Phase::Connect => Some(self.policy.timeouts.connect),
            Phase::Tunnel => Some(self.policy.timeouts.tunnel),
            Phase::Tls => Some(self.policy.timeouts.setup),
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
        self.times.begin_turn(self.policy.timeouts.pool, now);
    }

    pub(super) fn end_phase(&mut self, now: Now) {
        match self.times.end(now) {
            Some((Phase::Dns, stretch)) => self.trace.dns = Some(stretch),
            Some((Phase::Connect, stretch)) => self.trace.connect = Some(stretch),
            Some((Phase::Tunnel, stretch)) => self.trace.tunnel = Some(stretch),
            Some((Phase::Tls, stretch)) => self.trace.setup = Some(stretch),
            _ => {}
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
            (None, State::Start | State::Connecting) => Phase::Connect,
            (None, State::Turning) => Phase::Receive,
            (None, _) if self.trace.sent.is_none() => Phase::Send,
            _ => Phase::Wait,
        }
    }
}
