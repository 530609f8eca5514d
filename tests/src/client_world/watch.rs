//! The outermost layer of every connection of a client's: it hands all on, sees what is asked
//! and told, and breaks the rules that a world is to break.

use super::client::Client;
use super::net::{Excuse, Use};
use super::world::Broken;
use bytes::Bytes;
use purlin_core::{
    Body, ClientMachine, CloseReason, Eof, Event, Fault, Fields, Id, Machine, Misuse, Mono, Now,
    PeerError, Phase, Recv, RequestHead, Retry, Reuse, Secured, Want, Why,
};
use purlin_engine::BoxMachine;
use std::io::IoSlice;
use std::time::Duration;

/// What was taken so lately puts an answer off for longer, at the least rate there is.
const LATELY: Duration = Duration::from_secs(5);

/// A machine that is watched.
pub(super) struct Watch {
    inside: BoxMachine,
    wire: usize,
    /// It has been told that its input has ended.
    ended: bool,
    /// The rule that it breaks.
    broken: Option<Broken>,
}

impl Watch {
    pub(super) fn new(inside: BoxMachine, wire: usize, broken: Option<Broken>) -> Watch {
        Watch { inside, wire, ended: false, broken }
    }

    fn breaks(&self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }

    fn failed(&self, error: &PeerError) {
        Client::with(|client| client.failed(self.wire, error));
    }
}

impl Client {
    /// It was looked at what has come on an idle connection.
    pub(super) fn looks_at(&mut self, number: usize) {
        let taken = self.current.is_some();
        self.wires[number].looked_at = taken;
    }

    /// A machine said whether it takes a request.
    fn judged(&mut self, number: usize, why: Reuse, in_exchange: bool) {
        let now = self.now;
        let wire = &mut self.wires[number];
        let looked_at = std::mem::take(&mut wire.looked_at);
        if wire.carries_many {
            // Who has a seat on it, the pool knows.
            return self.explain(number);
        }
        match (wire.used, why) {
            (_, Reuse::Never(_)) => {
                self.ledger.unfit(number, &wire.route, why, now.mono);
                self.explain(number);
            }
            (Use::Busy | Use::Fresh, Reuse::Now) if !in_exchange => {
                wire.used = Use::Idle(now.mono);
                self.trace.client(now, || format!("c{number} is free"));
            }
            (Use::Idle(since), Reuse::Now) if looked_at => {
                wire.used = Use::Taken(since);
                self.ledger.lend(number, &wire.route, now.mono);
            }
            _ => {}
        }
    }

    /// A request is sent on this wire.
    fn sends(&mut self, number: usize, head: &RequestHead, ended: bool) {
        let Some(name) = self.current else {
            return self.ledger.wrong(|| format!("nobody sends {head:?}"));
        };
        let (now, wire) = (self.now, &mut self.wires[number]);
        self.trace.client(now, || {
            format!("#{name} sends {} {} on c{number}", head.method(), head.target())
        });
        if ended {
            self.ledger.wrong(|| format!("#{name}: c{number} has ended, and is used"));
        }
        let used = std::mem::replace(&mut wire.used, Use::Busy);
        if let (Use::Idle(since) | Use::Taken(since), Some(keeps)) =
            (used, self.ledger.keeps(number))
        {
            let idle = now.mono.since(since);
            if idle >= keeps {
                self.ledger.wrong(|| format!("#{name}: c{number} is used after {idle:?}"));
            }
        }
        wire.user = Some(name);
        wire.users.insert(name);
        let hop = head.target().rsplit('/').next().and_then(|hop| hop.parse().ok()).unwrap_or(0);
        let asked = &mut self.asked[name];
        let again = asked.sent > 0 && asked.hop == hop;
        asked.sendings = if again { asked.sendings + 1 } else { 1 };
        (asked.sent, asked.hop, asked.wire) = (asked.sent + 1, hop, Some(number));
    }

    /// Whether this request was sent before, here or elsewhere.
    fn was_sent(&self, number: usize) -> bool {
        self.wires[number].user.is_some_and(|name| self.asked[name].sent > 1)
    }

    /// A machine told that the peer has failed.
    fn failed(&mut self, number: usize, error: &PeerError) {
        self.explain(number);
        self.check_late(number, error);
    }

    /// What happened on a wire explains what becomes of its request.
    fn explain(&mut self, number: usize) {
        let wire = &self.wires[number];
        let all = wire.users.iter().filter(|_| wire.carries_many);
        for name in wire.user.iter().chain(all) {
            self.asked[*name].excuse.raise(wire.excuse);
        }
    }

    /// Who is told to be late has not said, nor taken, what was waited for.
    fn check_late(&mut self, number: usize, error: &PeerError) {
        let (wire, now) = (&self.wires[number], self.now.mono);
        if wire.carries_many {
            return; // What comes may be another's.
        }
        // Nothing is wrong with it, and it takes what the system still has in good time.
        // What small pieces become in TLS may be many times them, and so its time.
        let plain = !wire.route.is_secure() && !wire.route.is_proxy_secure();
        let steady = plain && !self.setting.rough && wire.excuse == Excuse::None;
        let wrong = match error.kind {
            Fault::FirstByteTimeout if steady && wire.up.is_being_taken(LATELY, now) => true,
            Fault::FirstByteTimeout | Fault::HeadTimeout | Fault::BodyTimeout => {
                wire.arrives().is_some_and(|at| at <= now)
            }
            Fault::WriteTimeout => wire.up.is_taken(),
            _ => false,
        };
        if wrong {
            self.ledger.wrong(|| format!("c{number}: {:?}, and it was in time", error.kind));
        }
    }
}

impl Machine for Watch {
    fn read_buf(&mut self) -> &mut [u8] {
        self.inside.read_buf()
    }

    fn filled(&mut self, n: usize, now: Now) {
        self.inside.filled(n, now);
    }

    fn eof(&mut self, how: Eof, now: Now) {
        Client::with(|client| client.trace.client(now, || format!("c{} ends: {how:?}", self.wire)));
        self.ended = true;
        self.inside.eof(how, now);
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        let mut event = self.inside.poll_event(now)?;
        match &mut event {
            Event::Failed { error, .. } => {
                self.failed(error);
                match self.broken {
                    Some(Broken::SendsAgain) if error.retry == Retry::IfIdempotent => {
                        error.retry = Retry::Safe;
                    }
                    Some(Broken::NeverRepeats) => error.retry = Retry::Never,
                    _ => {}
                }
            }
            Event::Closed(_) => Client::with(|client| client.explain(self.wire)),
            _ => {}
        }
        Some(event)
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        self.inside.output(slices, now)
    }

    fn wrote(&mut self, n: usize, now: Now) {
        self.inside.wrote(n, now);
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        self.inside.deadline().filter(|_| !self.breaks(Broken::SleepsOn))
    }

    fn untaken(&mut self, bytes: usize, now: Now) {
        self.inside.untaken(bytes, now);
    }

    fn tick(&mut self, now: Now) {
        self.inside.tick(now);
    }

    fn want(&self) -> Want {
        self.inside.want()
    }

    fn trim(&mut self, now: Now) {
        self.inside.trim(now);
    }

    fn in_exchange(&self) -> bool {
        self.inside.in_exchange()
    }

    fn is_open(&self, id: Id) -> bool {
        self.inside.is_open(id)
    }

    fn carries_many(&self) -> bool {
        self.inside.carries_many()
    }

    fn held(&self) -> usize {
        self.inside.held()
    }

    fn surplus(&self) -> usize {
        self.inside.surplus()
    }

    fn allow_surplus(&mut self, bytes: usize) {
        self.inside.allow_surplus(bytes);
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        self.inside.send(id, data, now)
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        self.inside.finish(id, trailers, now)
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        match self.inside.recv(id, now) {
            Recv::Failed(error) => {
                self.failed(&error);
                let cut = self.breaks(Broken::TakesCutForWhole);
                if cut { Recv::End(None) } else { Recv::Failed(error) }
            }
            received => received,
        }
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        self.inside.prefetch(id, most, now)
    }

    fn is_flushed(&self, id: Id) -> bool {
        self.inside.is_flushed(id)
    }

    fn negotiated(&mut self, alpn: Option<&[u8]>, now: Now) {
        self.inside.negotiated(alpn, now);
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.inside.discard(id, now)
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.inside.reset(id, now)
    }

    fn shutdown(&mut self, now: Now) {
        self.inside.shutdown(now);
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        match self.forgets_limits() {
            true => Ok(()),
            false => self.inside.limit_body(id, bytes),
        }
    }
}

impl Watch {
    fn forgets_limits(&self) -> bool {
        self.breaks(Broken::ForgetsLimits) && Client::with(|client| client.was_sent(self.wire))
    }
}

impl ClientMachine for Watch {
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        let many = self.inside.carries_many();
        Client::with(|client| {
            client.wires[self.wire].carries_many = many;
            client.sends(self.wire, head, self.ended);
        });
        self.inside.request(head, body, now)
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        match self.forgets_limits() {
            true => Ok(()),
            false => self.inside.limit_wait(id, limit),
        }
    }

    fn reuse(&self) -> Reuse {
        let why = self.inside.reuse();
        Client::try_with(|client| client.judged(self.wire, why, self.inside.in_exchange()));
        let unasked = Reuse::Never(CloseReason::Fault(Fault::UnaskedBytes));
        match self.broken {
            Some(Broken::UsesWhatEnded) => Reuse::Now,
            Some(Broken::KeepsWhatWasLeft) if why == unasked => {
                Reuse::Never(CloseReason::PeerClosed)
            }
            _ => why,
        }
    }

    fn is_ready(&self) -> bool {
        self.inside.is_ready()
    }

    fn setting_up(&self) -> Option<Phase> {
        self.inside.setting_up()
    }

    fn slots(&self) -> u32 {
        self.inside.slots()
    }

    fn is_held(&self, id: Id) -> bool {
        self.inside.is_held(id)
    }

    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        self.inside.trouble()
    }

    fn tls(&self) -> Option<Secured> {
        self.inside.tls()
    }
}
