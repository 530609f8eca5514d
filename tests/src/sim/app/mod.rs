//! The application: it thinks, reads, streams, echoes, takes over, panics and
//! gives up, from a seed.
//! It keeps what it saw and what it gave, and judges nothing.

mod answer;

pub(super) use answer::reply_body;

use super::plan::{Plan, Read, Reply, Takeover};
use super::raw::Raw;
use super::trace::Trace;
use crate::peer::request::{BodyEnd, Request};
use crate::rng::Rng;
use bytes::Bytes;
use purlin_core::message::PendingResponse;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Field, Id, Machine, Method, Misuse, Mono, Now, Recv, RequestHead, ResponseHead,
    ServerMachine, Status,
};

/// How far the application is with a request.
#[derive(Debug)]
enum Stage {
    Prefetches,
    Thinks(Mono),
    Reads,
    Replies,
    /// So much of the reply is left; the next piece goes out then.
    Streams(Bytes, Mono),
    /// The same, through a draft.
    Drafts(Box<PendingResponse>, Bytes, Mono),
    /// What came and has not gone back.
    Echoes(Bytes),
    /// The connection is its own.
    Talks,
    Done,
}

/// A request as the application has it.
#[derive(Debug)]
struct Work {
    id: Id,
    plan: Plan,
    stage: Stage,
    head_only: bool,
    upgrade: bool,
    began: Mono,
    /// How often it still pauses.
    pauses: u8,
    /// The last look at the body found nothing.
    waits: bool,
    /// Nobody will read the body.
    discarded: bool,
}

/// An application on one connection.
pub(super) struct App {
    rng: Rng,
    /// The most bytes of a reply.
    most: usize,
    work: Option<Work>,
    /// What it saw, and when the head of each came.
    pub(super) requests: Vec<Request>,
    pub(super) begun: Vec<Mono>,
    /// Responses that it gave whole, and when: by the request's index.
    pub(super) answered: Vec<(usize, Mono)>,
    /// It gave up on a message.
    pub(super) gave_up: bool,
    pub(super) raw: Option<Raw>,
}

impl App {
    pub(super) fn new(rng: Rng, most: usize) -> App {
        App {
            rng,
            most,
            work: None,
            requests: Vec::new(),
            begun: Vec::new(),
            answered: Vec::new(),
            gave_up: false,
            raw: None,
        }
    }

    /// When the last request began, if its work is not forgotten.
    pub(super) fn began(&self) -> Option<Mono> {
        self.work.as_ref().map(|work| work.began)
    }

    /// Whether it takes its time, and nobody else is waited for.
    pub(super) fn takes_its_time(&self) -> bool {
        self.work.as_ref().is_some_and(|work| {
            use Stage::{Drafts, Streams, Talks, Thinks};
            matches!(work.stage, Thinks(_) | Streams(..) | Drafts(..) | Talks)
        })
    }

    /// Whether it has left the body to be thrown away before it was done.
    pub(super) fn discards(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.discarded)
    }

    /// Whether it waits for the body, or is done and has left it to be thrown away.
    pub(super) fn waits_for_body(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.waits || matches!(work.stage, Stage::Done))
    }

    /// Takes on a request.
    pub(super) fn begin(&mut self, machine: &mut Connection, id: Id, head: &RequestHead, now: Now) {
        let plan = Plan::any(&mut self.rng, self.most);
        let field = |field: Field<'_>| (field.name.to_ascii_lowercase(), field.value.to_vec());
        self.requests.push(Request {
            method: head.method().as_str().to_owned(),
            target: head.target().to_owned(),
            fields: head.fields().iter().map(field).collect(),
            body: Vec::new(),
            end: BodyEnd::Cut,
        });
        self.begun.push(now.mono);
        if let Some(bytes) = plan.limit {
            let limited = machine.limit_body(id, bytes);
            debug_assert_eq!(limited, Ok(()));
        }
        self.work = Some(Work {
            id,
            stage: Stage::Prefetches,
            head_only: *head.method() == Method::HEAD,
            upgrade: head.fields().contains("Upgrade"),
            plan,
            began: now.mono,
            pauses: 7,
            waits: false,
            discarded: false,
        });
    }

    /// Does what it can; says whether that was anything.
    ///
    /// # Errors
    /// The machine refused what its contract allows.
    pub(super) fn run(
        &mut self,
        machine: &mut Connection,
        now: Now,
        trace: &mut Trace,
    ) -> Result<bool, String> {
        let Some(mut work) = self.work.take() else { return Ok(false) };
        work.waits = false;
        let stage = std::mem::replace(&mut work.stage, Stage::Done);
        let result = self.turn(machine, &mut work, stage, now, trace);
        self.work = Some(work);
        match result {
            Ok(moved) => Ok(moved),
            // The connection went down under the application.
            Err(Misuse::NoSuchExchange) if !machine.in_exchange() => {
                self.work = None;
                Ok(true)
            }
            Err(misuse) => Err(format!("the application is told of misuse: {misuse}")),
        }
    }

    fn turn(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        stage: Stage,
        now: Now,
        trace: &mut Trace,
    ) -> Result<bool, Misuse> {
        match stage {
            Stage::Prefetches => {
                let most = work.plan.prefetch;
                let ready = most.is_none_or(|most| machine.prefetch(work.id, most, now));
                work.waits = !ready;
                let until = now.mono + work.plan.think;
                work.stage = if ready { Stage::Thinks(until) } else { Stage::Prefetches };
                Ok(ready)
            }
            Stage::Thinks(until) | Stage::Streams(_, until) | Stage::Drafts(_, _, until)
                if until > now.mono =>
            {
                work.stage = stage;
                Ok(false)
            }
            Stage::Thinks(_) => self.decide(machine, work, now),
            Stage::Reads => self.read(machine, work, now),
            Stage::Replies => self.reply(machine, work, now, trace),
            Stage::Streams(rest, _) => self.stream(machine, work, rest, now),
            Stage::Drafts(draft, rest, _) => self.draft(machine, work, draft, rest, now),
            Stage::Echoes(held) => self.echo(machine, work, held, now),
            Stage::Talks => {
                work.stage = Stage::Talks;
                let talk = self.raw.as_mut().map(|raw| raw.talk(machine, work.id, now));
                self.gave_up |= self.raw.as_ref().is_some_and(|raw| raw.gave_up);
                talk.unwrap_or(Ok(false))
            }
            Stage::Done => Ok(false),
        }
    }

    /// What comes after thinking.
    fn decide(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        now: Now,
    ) -> Result<bool, Misuse> {
        if work.plan.interim {
            machine.interim(work.id, &ResponseHead::new(Status::EARLY_HINTS), now)?;
        }
        let takeover = work.plan.takeover.filter(|_| work.upgrade);
        if takeover == Some(Takeover::Hijack) && work.plan.read == Read::Nothing {
            return self.hijack(machine, work, now);
        }
        if work.plan.reply == Reply::Echo && takeover.is_none() {
            let head = self.head(work, Status::OK, "X-Echo");
            machine.respond(work.id, &head, Body::Stream, now)?;
            work.stage = Stage::Echoes(Bytes::new());
            return Ok(true);
        }
        work.stage = match work.plan.read {
            Read::Discard if takeover.is_none() => {
                machine.discard(work.id, now)?;
                work.discarded = true;
                Stage::Replies
            }
            Read::Nothing if takeover.is_none() => Stage::Replies,
            _ => Stage::Reads,
        };
        Ok(true)
    }

    /// The next piece of body; what a failed one comes to.
    fn recv(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        now: Now,
    ) -> Result<Option<Bytes>, Option<Status>> {
        let got = machine.recv(work.id, now);
        let Some(request) = self.requests.last_mut() else { return Err(None) };
        match got {
            Recv::Pending => work.waits = true,
            Recv::Data(data) => {
                request.body.extend_from_slice(&data);
                return Ok(Some(data));
            }
            Recv::End(_) => {
                request.end = BodyEnd::Whole;
                return Err(None);
            }
            Recv::Failed(error) => {
                request.end = BodyEnd::Broken;
                return Err(Some(error.answer.unwrap_or(Status::BAD_REQUEST)));
            }
        }
        Ok(None)
    }

    fn read(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        now: Now,
    ) -> Result<bool, Misuse> {
        loop {
            match self.recv(machine, work, now) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    work.stage = Stage::Reads;
                    return Ok(false);
                }
                Err(None) => {
                    work.stage = Stage::Replies;
                    return Ok(true);
                }
                Err(Some(status)) => {
                    let head = self.head(work, status, "X-Failed");
                    machine.respond(work.id, &head, Body::Empty, now)?;
                    return Ok(true);
                }
            }
        }
    }

    fn head(&self, work: &Work, status: Status, kind: &str) -> ResponseHead {
        let mut head = ResponseHead::new(status);
        let index = (self.requests.len() - 1).to_string();
        let close = work.plan.close.then_some(("Connection", "close"));
        for (name, value) in [("X-Index", &*index), (kind, "1")].into_iter().chain(close) {
            let added = head.fields_mut().append(name, value);
            debug_assert!(added.is_ok());
        }
        head
    }

    fn answered(&mut self, now: Now) {
        self.answered.push((self.requests.len() - 1, now.mono));
    }

    /// When it has something to do again, if nothing arrives.
    pub(super) fn next(&self, now: Mono) -> Option<Mono> {
        let at = match &self.work.as_ref()?.stage {
            Stage::Thinks(at) => return Some(*at),
            Stage::Talks => self.raw.as_ref()?.next(),
            // One that is due already waits for room.
            Stage::Streams(_, at) | Stage::Drafts(_, _, at) => *at,
            _ => return None,
        };
        Some(at).filter(|at| *at > now)
    }
}

impl Work {
    fn next_piece(&mut self, taken: usize, now: Now) -> Mono {
        if taken == 0 || self.pauses == 0 {
            return now.mono;
        }
        self.pauses -= 1;
        now.mono + self.plan.pause
    }
}
