//! What a response or a failure leads to: an answer, another request, or the end.
//! Whether a redirect is followed and a request repeated, `policy` decides.

use super::{Answer, Error, Exchange, Payload, State, Trace, cookies};
use crate::error::{Phase, Retry};
use crate::head::{ResponseHead, Status, names};
use crate::machine::BodyLength;
use crate::policy::coding::{self, Decoding};
use crate::policy::redirect::{Hop, Replay, Step, Trail};
use crate::policy::retry::{self, Decision};
use crate::time::Now;
use std::sync::Arc;

impl Exchange {
    /// Something failed. `fact` says whether the request may be sent again, as
    /// far as the connection knows.
    pub fn failed(&mut self, error: Error, fact: Retry, now: Now) {
        self.times.end(now);
        self.trace.end = Some(now.mono);
        let failed = retry::Failed {
            method: &self.parts.method,
            fields: &self.parts.fields,
            fact,
            timed_out: error.is_timeout(),
            reused: self.trace.reused,
            replayable: self.has_whole_body(),
            answered: self.trace.head.is_some(),
            downgraded: self.downgraded,
            attempts: self.sendings,
        };
        let sent = matches!(self.state, State::Waiting);
        if self.trace.reused {
            // The next one is sent on a connection that was not idle by now.
            self.lost = Some(now.mono);
        }
        let decision = retry::decide(&failed, self.policy.attempts);
        if sent && decision.is_again() {
            self.downgraded |= decision == Decision::OlderProtocol;
            self.not_taken = decision == Decision::Unprocessed;
            self.next_sending(now);
        } else {
            self.state = State::Failed(self.through_proxy(error));
        }
    }

    /// Names the proxy that an error is about.
    pub(super) fn through_proxy(&self, error: Error) -> Error {
        match (&self.state, &self.route) {
            (State::Connecting | State::Connected | State::Waiting, Some(route)) => {
                error.through(route)
            }
            _ => error,
        }
    }

    /// The head of the final response came.
    pub fn response(&mut self, mut head: ResponseHead, body: BodyLength, now: Now) {
        self.trace.head = Some(now.mono);
        self.trace.sent.get_or_insert(now.mono);
        if let Some(store) = &self.policy.cookies {
            let lines = || head.fields().values(names::SET_COOKIE);
            store.store(&cookies::url_of(&self.parts), &mut lines(), now);
            cookies::supersede(&mut self.parts.fields, lines());
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
        let decoding = coding::decoding(asked, &self.parts.method, head.status(), head.fields());
        if decoding != Decoding::AsIs {
            coding::decoded(head.fields_mut());
        }
        // It is not sent again: whoever keeps the exchange keeps no body with it.
        self.parts.payload = Payload::Empty;
        self.state = State::Answered(Arc::new(Answer {
            head,
            body,
            decoding,
            method: self.parts.method.clone(),
            url: self.parts.url.clone(),
            interims: std::mem::take(&mut self.interims),
            trace: self.trace,
            earlier: std::mem::take(&mut self.earlier),
            until: self.times.total(),
            most: self.parts.most.or(self.policy.max_decoded),
        }));
    }

    /// Takes the expectation out of a request that is to be sent again without it
    /// (RFC 9110 §10.1.1): someone on the way knows none. Says whether it is.
    fn drop_expectation(&mut self) -> bool {
        let again = self.has_whole_body()
            && !self.parts.payload.is_empty()
            && self.sendings < self.policy.attempts
            && self.parts.fields.list_has(names::EXPECT, "100-continue");
        if again {
            self.parts.fields.remove(names::EXPECT);
        }
        again
    }

    fn redirect(&mut self, head: &ResponseHead) -> Step {
        let replay = match &self.parts.payload {
            Payload::Empty => Replay::NoBody,
            _ if self.has_whole_body() => Replay::Replayable,
            _ => Replay::Once,
        };
        let parts = &self.parts;
        let trail = self.trail.get_or_insert_with(|| {
            Trail::new(parts.method.clone(), parts.url.clone(), replay, &parts.fields)
        });
        trail.set_body(replay);
        let location = head.fields().get_bytes(names::LOCATION);
        trail.step(head.status(), location, &self.policy.redirects)
    }

    fn follow(&mut self, hop: Hop) {
        if let Some(trail) = &mut self.trail {
            trail.took(&hop);
        }
        hop.apply(&mut self.parts.fields);
        if !hop.keep_body {
            self.parts.payload = Payload::Empty;
            self.body_begun = false;
        }
        self.parts.method = hop.method;
        self.parts.url = hop.url;
        self.state = State::Turning;
    }

    /// The response that was to be thrown away is gone, or the connection is.
    pub fn discarded(&mut self, now: Now) {
        if matches!(self.state, State::Turning) {
            self.trace.end = Some(now.mono);
            self.sendings = 0;
            self.lost = None;
            (self.not_taken, self.downgraded) = (false, false);
            self.next_sending(now);
        }
    }

    fn next_sending(&mut self, now: Now) {
        self.interims.clear();
        self.earlier.push(self.trace);
        self.trace = Trace { began: now.mono, ..Trace::default() };
        self.state = State::Start;
    }
}
