//! The server's application: it answers each request by its plan, and checks what it reads.
//! It keeps to the contract's letter: what gave nothing is asked again once that is told.

use super::ledger::Ledger;
use super::plan::{How, Plan, Reads, field, text};
use bytes::Bytes;
use purlin_core::{
    Body, CloseReason, Event, Fields, Id, Mono, Now, Recv, RequestHead, ResponseHead,
    ServerMachine, Status,
};
use std::sync::Arc;

/// One request.
#[derive(Debug)]
struct Job {
    id: Id,
    plan: usize,
    number: usize,
    began: Mono,
    got: usize,
    read_all: bool,
    interims: usize,
    responded: bool,
    given: usize,
    /// It waits to be told that there is something to read, or room.
    unreadable: bool,
    unwritable: bool,
    reads_at: Mono,
    gives_at: Mono,
    /// The peer has given it up.
    gone: bool,
    over: bool,
}

/// All requests of a connection.
#[derive(Debug)]
pub(super) struct Answerer {
    plans: Arc<Vec<Plan>>,
    jobs: Vec<Job>,
    pub(super) closed: Option<CloseReason>,
}

type Machine<'a> = &'a mut dyn ServerMachine;

impl Answerer {
    pub(super) fn new(plans: Arc<Vec<Plan>>) -> Answerer {
        Answerer { plans, jobs: Vec::new(), closed: None }
    }

    /// Takes what the machine tells.
    pub(super) fn event(
        &mut self,
        event: &Event,
        ledger: &mut Ledger,
        now: Now,
    ) -> Result<(), String> {
        match event {
            Event::Request { id, head, .. } => self.begin(*id, head, ledger, now)?,
            Event::Readable { id } => self.job(*id)?.unreadable = false,
            Event::Writable { id } => self.job(*id)?.unwritable = false,
            Event::Reset { id, .. } | Event::Failed { id: Some(id), .. } => {
                self.job(*id)?.gone = true;
            }
            Event::Closed(reason) => {
                self.closed = Some(*reason);
                self.jobs.clear();
            }
            _ => {}
        }
        Ok(())
    }

    fn job(&mut self, id: Id) -> Result<&mut Job, String> {
        let job = self.jobs.iter_mut().find(|job| job.id == id);
        job.ok_or_else(|| format!("exchange {id} is over, and something is told of it"))
    }

    fn begin(
        &mut self,
        id: Id,
        head: &RequestHead,
        ledger: &mut Ledger,
        now: Now,
    ) -> Result<(), String> {
        let number = head.path()[1..].parse().map_err(|_| format!("{} asked", head.path()))?;
        let plan = ledger.tell(number)?;
        let asked = &self.plans[plan];
        let value = head.fields().get("x-field").unwrap_or_default();
        if head.method().as_str() != asked.method || value != field(plan, false, asked.up.field) {
            return Err(format!("the head of request {number} differs"));
        }
        self.jobs.push(Job {
            id,
            plan,
            number,
            began: now.mono,
            got: 0,
            read_all: false,
            interims: 0,
            responded: false,
            given: 0,
            unreadable: false,
            unwritable: false,
            reads_at: now.mono,
            gives_at: now.mono,
            gone: false,
            over: false,
        });
        Ok(())
    }

    /// Does what it can; says whether that was anything.
    pub(super) fn run(
        &mut self,
        machine: Machine<'_>,
        ledger: &mut Ledger,
        now: Now,
    ) -> Result<bool, String> {
        let mut any = false;
        for job in &mut self.jobs {
            let plan = &self.plans[job.plan];
            any |= job.run(plan, machine, ledger, now)?;
        }
        self.jobs.retain(|job| !job.over);
        Ok(any)
    }

    /// When it does something of itself.
    pub(super) fn next(&self, now: Mono) -> Option<Mono> {
        let times =
            |job: &Job| [job.began + self.plans[job.plan].thinks, job.reads_at, job.gives_at];
        self.jobs.iter().flat_map(times).filter(|at| *at > now).min()
    }
}

impl Job {
    fn run(
        &mut self,
        plan: &Plan,
        machine: Machine<'_>,
        ledger: &mut Ledger,
        now: Now,
    ) -> Result<bool, String> {
        if self.gone {
            // One of both lets go.
            let lets_go = if self.number % 2 == 0 {
                machine.reset(self.id, now)
            } else {
                machine.discard(self.id, now)
            };
            self.over = true;
            return self.right(lets_go).map(|()| true);
        }
        let mut any = false;
        while !self.over && self.read(plan, machine, now)? {
            any = true;
        }
        if !self.over && !self.responded {
            any |= self.respond(plan, machine, ledger, now)?;
        }
        while !self.over && self.responded && self.give(plan, machine, ledger, now)? {
            any = true;
        }
        Ok(any)
    }

    fn right<T>(&self, result: Result<T, purlin_core::Misuse>) -> Result<T, String> {
        result.map_err(|misuse| format!("the answer to request {}: {misuse:?}", self.number))
    }

    fn read(&mut self, plan: &Plan, machine: Machine<'_>, now: Now) -> Result<bool, String> {
        let reads = !matches!(plan.reads, Reads::Never { .. });
        if !reads || self.read_all || self.unreadable || self.reads_at > now.mono {
            return Ok(false);
        }
        match machine.recv(self.id, now) {
            Recv::Pending => {
                self.unreadable = true;
                return Ok(false);
            }
            Recv::Data(data) => {
                let end = self.got + data.len();
                if text(self.plan, false, self.got, end) != data || end > plan.up.size {
                    return Err(format!("the content of request {} differs", self.number));
                }
                (self.got, self.reads_at) = (end, now.mono + plan.up.slow);
            }
            Recv::End(trailers) => {
                let expected = matches!(plan.up.how, How::Streamed { trailers: true });
                if self.got != plan.up.size || trailers.is_some() != expected {
                    return Err(format!("request {} ends at {}", self.number, self.got));
                }
                self.read_all = true;
            }
            Recv::Failed(_) => {
                self.over = true;
                self.right(machine.reset(self.id, now))?;
            }
        }
        Ok(true)
    }

    fn respond(
        &mut self,
        plan: &Plan,
        machine: Machine<'_>,
        ledger: &mut Ledger,
        now: Now,
    ) -> Result<bool, String> {
        if self.began + plan.thinks > now.mono || (plan.reads == Reads::First && !self.read_all) {
            return Ok(false);
        }
        if plan.reads == (Reads::Never { says: true }) {
            self.right(machine.discard(self.id, now))?;
        }
        for number in 0..plan.interims {
            let hint = ResponseHead::new(Status::EARLY_HINTS);
            let value = number.to_string();
            let hint = hint.with("X-Number", &value).map_err(|error| error.to_string())?;
            self.right(machine.interim(self.id, &hint, now))?;
            self.interims += 1;
        }
        let status = Status::from_code(plan.status).ok_or("a status")?;
        let head = ResponseHead::new(status);
        let value = field(self.plan, true, plan.down.field);
        let head = head.with("X-Field", &value).map_err(|error| error.to_string())?;
        let whole = || Bytes::from(text(self.plan, true, 0, plan.down.size));
        let body = match plan.down.how {
            How::Whole if plan.down.size == 0 => Body::Empty,
            How::Whole => Body::Full(whole()),
            How::Known => Body::Length(plan.down.size as u64),
            How::Streamed { .. } => Body::Stream,
        };
        let whole = plan.down.how == How::Whole;
        if whole || !plan.has_content() {
            ledger.answer(self.number);
        }
        self.over = whole;
        self.right(machine.respond(self.id, &head, body, now))?;
        self.responded = true;
        Ok(true)
    }

    fn give(
        &mut self,
        plan: &Plan,
        machine: Machine<'_>,
        ledger: &mut Ledger,
        now: Now,
    ) -> Result<bool, String> {
        if self.unwritable || self.gives_at > now.mono {
            return Ok(false);
        }
        if plan.gives_up.is_some_and(|most| self.given >= most) {
            self.over = true;
            self.right(machine.reset(self.id, now))?;
            return Ok(true);
        }
        if self.given < plan.down.size {
            let end = plan.down.size.min(self.given + plan.down.piece);
            let mut piece = Bytes::from(text(self.plan, true, self.given, end));
            self.right(machine.send(self.id, &mut piece, now))?;
            self.unwritable = !piece.is_empty();
            self.given = end - piece.len();
            self.gives_at = now.mono + plan.down.pause;
            return Ok(true);
        }
        // An answer that is whole ends the reading.
        if plan.reads == Reads::Beside && !self.read_all {
            return Ok(false);
        }
        let trailers = Fields::from_pairs([("x-end", "1")]).map_err(|error| error.to_string())?;
        let with = plan.down.how == How::Streamed { trailers: true } && plan.has_content();
        ledger.answer(self.number);
        self.over = true;
        self.right(machine.finish(self.id, with.then_some(&trailers), now))?;
        Ok(true)
    }
}
