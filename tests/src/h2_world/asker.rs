//! The client's application: it sends each request of the plan, checks what comes, and sends
//! again what is safe to be. It keeps to the contract's letter, as the server's does.

use super::ledger::{Ledger, Outcome};
use super::plan::{How, Plan, field, text};
use bytes::Bytes;
use purlin_core::{
    Body, BodyLength, ClientMachine, Event, Fields, Id, Method, Misuse, Mono, Now, PeerError, Recv,
    RequestHead, Reuse,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// So often a request may be sent again: each server that ends leaves some out.
const SENDINGS: usize = 40;

/// A request that is to be sent.
#[derive(Debug)]
struct Due {
    plan: usize,
    at: Mono,
    sendings: usize,
}

/// A request on its way.
#[derive(Debug)]
struct Ask {
    link: usize,
    id: Id,
    plan: usize,
    number: usize,
    began: Mono,
    sendings: usize,
    given: usize,
    gave_all: bool,
    status: Option<u16>,
    /// The response has no content.
    empty: bool,
    interims: usize,
    got: usize,
    unreadable: bool,
    unwritable: bool,
    reads_at: Mono,
    gives_at: Mono,
    read_all: bool,
    /// What it came to, which is to be written down.
    failed: Option<PeerError>,
    over: bool,
}

/// All requests of a world.
#[derive(Debug)]
pub(super) struct Asker {
    plans: Arc<Vec<Plan>>,
    due: Vec<Due>,
    asks: Vec<Ask>,
    /// Those whose response was read while their request may still go out.
    read: BTreeSet<(usize, Id)>,
}

type Machine<'a> = &'a mut dyn ClientMachine;

impl Asker {
    pub(super) fn new(plans: Arc<Vec<Plan>>, now: Mono) -> Asker {
        let due = |(plan, made): (usize, &Plan)| Due { plan, at: now + made.starts, sendings: 0 };
        Asker {
            due: plans.iter().enumerate().map(due).collect(),
            plans,
            asks: Vec::new(),
            read: BTreeSet::new(),
        }
    }

    /// Whether a request is to be sent now.
    pub(super) fn has_due(&self, now: Mono) -> bool {
        self.due.iter().any(|due| due.at <= now)
    }

    /// Sends what this connection takes; says whether that was anything.
    pub(super) fn begin(
        &mut self,
        link: usize,
        machine: Machine<'_>,
        ledger: &mut Ledger,
        now: Now,
    ) -> Result<bool, String> {
        let mut any = false;
        while let Some(next) = self.due.iter().position(|due| due.at <= now.mono) {
            let slots = machine.slots();
            if (machine.reuse() == Reuse::Now) != (slots > 0) {
                return Err(format!("{:?} with {slots} slots", machine.reuse()));
            }
            if slots == 0 {
                break;
            }
            let due = self.due.swap_remove(next);
            let number = ledger.send(due.plan);
            let (head, body) = message(due.plan, &self.plans[due.plan], number)?;
            let gave_all = !matches!(body, Body::Length(_) | Body::Stream);
            let id = match machine.request(&head, body, now) {
                Ok(id) => id,
                // Nobody takes a list as large.
                Err(Misuse::HeadTooLarge) => return Err("a head is too large".to_owned()),
                Err(misuse) => return Err(format!("request {number}: {misuse:?}")),
            };
            self.asks.push(Ask {
                link,
                id,
                plan: due.plan,
                number,
                began: now.mono,
                sendings: due.sendings + 1,
                given: 0,
                gave_all,
                status: None,
                empty: false,
                interims: 0,
                got: 0,
                unreadable: false,
                unwritable: false,
                reads_at: now.mono,
                gives_at: now.mono,
                read_all: false,
                failed: None,
                over: false,
            });
            any = true;
        }
        Ok(any)
    }

    /// Takes what the machine tells.
    pub(super) fn event(&mut self, link: usize, event: &Event, tls: bool) -> Result<(), String> {
        if let Event::Readable { id }
        | Event::Writable { id }
        | Event::Failed { id: Some(id), .. } = event
        {
            if self.read.contains(&(link, *id)) {
                return Ok(());
            }
        }
        match event {
            Event::Readable { id } => self.ask(link, *id)?.unreadable = false,
            Event::Writable { id } => self.ask(link, *id)?.unwritable = false,
            Event::Interim { id, head } => {
                let ask = self.ask(link, *id)?;
                if head.status().code() == 103 {
                    if head.fields().get("x-number") != Some(&ask.interims.to_string()) {
                        return Err(format!("request {}: an interim response is lost", ask.number));
                    }
                    ask.interims += 1;
                }
            }
            Event::Response { id, head, body } => {
                let plans = Arc::clone(&self.plans);
                let ask = self.ask(link, *id)?;
                let plan = &plans[ask.plan];
                let value = head.fields().get("x-field").unwrap_or_default();
                if head.status().code() != plan.status
                    || value != field(ask.plan, true, plan.down.field)
                    || ask.interims != plan.interims
                    || !fits(*body, plan)
                {
                    return Err(format!("the answer to request {} differs", ask.number));
                }
                if ask.status.replace(plan.status).is_some() {
                    return Err(format!("request {} is answered twice", ask.number));
                }
                ask.empty = *body == BodyLength::Empty;
                // Who read before it looks again.
                ask.unreadable = false;
            }
            Event::Failed { id: Some(id), error } => {
                let ask = self.ask(link, *id)?;
                if ask.failed.replace(*error).is_some() && !tls {
                    return Err(format!("request {} fails twice", ask.number));
                }
            }
            // TLS ends all at once, and no machine within it is heard any more.
            Event::Failed { id: None, error } if tls => {
                for ask in self.asks.iter_mut().filter(|ask| ask.link == link) {
                    ask.failed.get_or_insert(*error);
                }
            }
            Event::Closed(_) => {
                if let Some(ask) = self.asks.iter().find(|ask| {
                    // What came before the end may still be read.
                    let left = ask.read_all || ask.empty || ask.is_left(&self.plans[ask.plan]);
                    ask.link == link && ask.failed.is_none() && !left
                }) {
                    return Err(format!(
                        "the connection closes, and request {} is open",
                        ask.number
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn ask(&mut self, link: usize, id: Id) -> Result<&mut Ask, String> {
        let ask = self.asks.iter_mut().find(|ask| (ask.link, ask.id) == (link, id));
        ask.ok_or_else(|| format!("exchange {id} is over, and something is told of it"))
    }

    /// Does what it can on this connection; says whether that was anything.
    pub(super) fn run(
        &mut self,
        link: usize,
        machine: Machine<'_>,
        ledger: &mut Ledger,
        now: Now,
    ) -> Result<bool, String> {
        let mut any = false;
        for ask in self.asks.iter_mut().filter(|ask| ask.link == link) {
            let plan = &self.plans[ask.plan];
            let Some(outcome) = ask.run(plan, machine, &mut any, now)? else { continue };
            any = true;
            ask.over = true;
            if outcome == Outcome::Answered {
                self.read.insert((link, ask.id));
            }
            if ledger.end(ask.number, outcome)? {
                if ask.sendings > SENDINGS {
                    return Err(format!("plan {} is sent again and again", ask.plan));
                }
                let wait = if ask.sendings > 1 { 50 * ask.sendings as u64 } else { 0 };
                let at = now.mono + Duration::from_millis(wait);
                self.due.push(Due { plan: ask.plan, at, sendings: ask.sendings });
            }
        }
        self.asks.retain(|ask| !ask.over);
        Ok(any)
    }

    /// When it does something of itself.
    pub(super) fn next(&self, now: Mono) -> Option<Mono> {
        let times = |ask: &Ask| {
            let cancel = self.plans[ask.plan].cancel.map_or(now, |(after, _)| ask.began + after);
            [cancel, ask.reads_at, ask.gives_at]
        };
        let due = self.due.iter().map(|due| due.at);
        self.asks.iter().flat_map(times).chain(due).filter(|at| *at > now).min()
    }
}

/// Whether a response may say this of its content.
fn fits(body: BodyLength, plan: &Plan) -> bool {
    match body {
        BodyLength::Empty => !plan.has_content() || plan.down.size == 0,
        BodyLength::Known(length) => plan.has_content() && length == plan.down.size as u64,
        BodyLength::Unknown => plan.has_content() && matches!(plan.down.how, How::Streamed { .. }),
    }
}

fn message(plan: usize, asked: &Plan, number: usize) -> Result<(RequestHead, Body), String> {
    let wrong = |error: &dyn std::fmt::Display| error.to_string();
    let method = Method::from_bytes(asked.method.as_bytes()).map_err(|error| wrong(&error))?;
    let mut head =
        RequestHead::new(method, &format!("/{number}")).map_err(|error| wrong(&error))?;
    let value = field(plan, false, asked.up.field);
    let mut fields = vec![("Host", "a.test"), ("X-Field", &value)];
    if asked.expects {
        fields.push(("Expect", "100-continue"));
    }
    for (name, value) in fields {
        head.fields_mut().append(name, value).map_err(|error| wrong(&error))?;
    }
    let body = match asked.up.how {
        How::Whole if asked.up.size == 0 => Body::Empty,
        How::Whole => Body::Full(text(plan, false, 0, asked.up.size).into()),
        How::Known => Body::Length(asked.up.size as u64),
        How::Streamed { .. } => Body::Stream,
    };
    Ok((head, body))
}

impl Ask {
    /// Whether its response is here, to be read.
    fn is_left(&self, plan: &Plan) -> bool {
        self.status.is_some() && (self.got < plan.down.size || !self.read_all)
    }

    /// Goes on; gives what it came to.
    fn run(
        &mut self,
        plan: &Plan,
        machine: Machine<'_>,
        any: &mut bool,
        now: Now,
    ) -> Result<Option<Outcome>, String> {
        if let Some(error) = self.failed {
            return self.fails(error, machine, now);
        }
        let due = |after: Duration| self.began + after <= now.mono && !self.read_all && !self.empty;
        if let Some((_, how)) = plan.cancel.filter(|(after, _)| due(*after)) {
            let id = self.id;
            let end = if how { machine.reset(id, now) } else { machine.discard(id, now) };
            return self.right(end).map(|()| Some(Outcome::GivenUp));
        }
        while self.give(plan, machine, now)? {
            *any = true;
        }
        loop {
            // What answers a HEAD is over with its head; so it is asked for its end behind that.
            if self.read_all || self.unreadable || self.reads_at > now.mono {
                break;
            }
            match machine.recv(self.id, now) {
                Recv::Pending => self.unreadable = true,
                Recv::Data(data) => {
                    *any = true;
                    let end = self.got + data.len();
                    if text(self.plan, true, self.got, end) != data || end > plan.down.size {
                        return Err(format!("the content of response {} differs", self.number));
                    }
                    (self.got, self.reads_at) = (end, now.mono + plan.down.slow);
                }
                Recv::End(trailers) => {
                    *any = true;
                    self.ends(plan, trailers.as_ref())?;
                }
                // One event tells it if there was no response.
                Recv::Failed(_) if self.status.is_none() => self.unreadable = true,
                Recv::Failed(error) => return self.fails(error, machine, now),
            }
        }
        let over = self.read_all && self.gave_all;
        Ok(over.then_some(Outcome::Answered))
    }

    fn right<T>(&self, result: Result<T, Misuse>) -> Result<T, String> {
        result.map_err(|misuse| format!("request {}: {misuse:?}", self.number))
    }

    /// It is let go of.
    fn fails(
        &self,
        error: PeerError,
        machine: Machine<'_>,
        now: Now,
    ) -> Result<Option<Outcome>, String> {
        match machine.discard(self.id, now) {
            // With the connection all of them have ended.
            Ok(()) | Err(Misuse::NoSuchExchange) => {}
            Err(misuse) => return Err(format!("request {}: {misuse:?}", self.number)),
        }
        Ok(Some(Outcome::Failed(error.kind, error.retry)))
    }

    fn ends(&mut self, plan: &Plan, trailers: Option<&Fields>) -> Result<(), String> {
        let streamed = plan.down.how == How::Streamed { trailers: true };
        let size = if plan.has_content() { plan.down.size } else { 0 };
        let expected = streamed && plan.has_content();
        if self.status.is_none() || self.got != size || trailers.is_some() != expected {
            let (number, got) = (self.number, self.got);
            return Err(format!("response {number} ends at {got} of {size}: {trailers:?}"));
        }
        self.read_all = true;
        Ok(())
    }

    fn give(&mut self, plan: &Plan, machine: Machine<'_>, now: Now) -> Result<bool, String> {
        // An exchange that was read to its end is over once the rest is not wanted, and tells no more.
        let waits = self.unwritable && !self.read_all && !self.empty;
        if self.gave_all || waits || self.gives_at > now.mono {
            return Ok(false);
        }
        let before = self.given;
        let result = if self.given < plan.up.size {
            let end = plan.up.size.min(self.given + plan.up.piece);
            let mut piece = Bytes::from(text(self.plan, false, self.given, end));
            let result = machine.send(self.id, &mut piece, now);
            if result.is_ok() {
                self.unwritable = !piece.is_empty();
                self.given = end - piece.len();
                self.gives_at = now.mono + plan.up.pause;
            }
            result
        } else {
            let trailers = Fields::from_pairs([("x-end", "1")]).map_err(|e| e.to_string())?;
            let with = plan.up.how == How::Streamed { trailers: true };
            self.gave_all = true;
            machine.finish(self.id, with.then_some(&trailers), now)
        };
        match result {
            Ok(()) => {}
            // The rest is not wanted: the response was all, or is what says why.
            Err(Misuse::Answered) => self.gave_all = true,
            Err(Misuse::NoSuchExchange) if self.read_all || self.empty => self.gave_all = true,
            Err(misuse) => return Err(format!("request {}: {misuse:?}", self.number)),
        }
        Ok(self.gave_all || self.given > before)
    }
}
