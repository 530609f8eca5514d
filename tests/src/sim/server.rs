//! The server's end: the loop that every driver has, around the machine under
//! test, and an application that thinks, streams, ignores and gives up from a seed.
//!
//! It keeps what the application saw, and judges nothing.

use super::trace::Trace;
use super::wire::{Carried, Pipe};
use crate::peer::request::{BodyEnd, Request};
use crate::rng::Rng;
use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Close, CloseReason, Eof, Event, Field, Id, Machine, Misuse, Mono, Now, Recv, RequestHead,
    ResponseHead, ServerConfig, ServerMachine, Status,
};
use std::sync::Arc;
use std::time::Duration;

/// What the application does with one request.
#[derive(Clone, Debug)]
struct Plan {
    think: Duration,
    read: Read,
    interim: bool,
    size: usize,
    reply: Reply,
    /// Between the pieces of a streamed reply.
    pause: Duration,
    close: bool,
    resets: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    All,
    Nothing,
    Discard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    Full,
    Length,
    Stream,
}

impl Plan {
    fn any(rng: &mut Rng) -> Plan {
        let wait = |rng: &mut Rng| Duration::from_millis(*rng.pick(&[0, 0, 0, 3, 700, 40_000]));
        let read = [Read::All, Read::All, Read::All, Read::Nothing, Read::Discard];
        Plan {
            think: wait(rng),
            read: *rng.pick(&read),
            interim: rng.chance(10),
            size: *rng.pick(&[0, 1, 100, 100, 100, 3000, 3000, 100_000]),
            reply: *rng.pick(&[Reply::Full, Reply::Full, Reply::Length, Reply::Stream]),
            pause: if rng.chance(20) { wait(rng) } else { Duration::ZERO },
            close: rng.chance(5),
            resets: rng.chance(3),
        }
    }
}

/// How far the application is with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Thinks(Mono),
    Reads,
    Replies,
    /// So much of the reply is left; the next piece goes out then.
    Streams(Bytes, Mono),
    Done,
}

/// A request as the application has it.
#[derive(Clone, Debug)]
struct Work {
    id: Id,
    plan: Plan,
    stage: Stage,
    began: Mono,
}

/// The server's end of the connection.
pub(super) struct Server {
    pub(super) machine: Connection,
    rng: Rng,
    /// The most bytes of a reply.
    most: usize,
    work: Option<Work>,
    /// What the application saw.
    pub(super) requests: Vec<Request>,
    /// Responses that the application gave whole.
    pub(super) answered: usize,
    pub(super) closed: Option<CloseReason>,
    /// The application gave up on a message.
    pub(super) gave_up: bool,
    /// The socket is closed.
    pub(super) socket_closed: bool,
    write_shut: bool,
    /// The client broke the connection.
    pub(super) broken: bool,
    /// The connection was cut.
    pub(super) aborted: bool,
    /// When bytes or the application last moved.
    pub(super) moved: Mono,
}

impl Server {
    pub(super) fn new(rng: Rng, most: usize, now: Now) -> Server {
        let config = Arc::new(ServerConfig { general_options: false, ..ServerConfig::default() });
        Server {
            machine: Connection::new(config, now),
            rng,
            most,
            work: None,
            requests: Vec::new(),
            answered: 0,
            closed: None,
            gave_up: false,
            socket_closed: false,
            write_shut: false,
            broken: false,
            aborted: false,
            moved: now.mono,
        }
    }

    /// When the open exchange began, if one is open.
    pub(super) fn exchange_began(&self) -> Option<Mono> {
        self.work.as_ref().filter(|_| self.machine.in_exchange()).map(|work| work.began)
    }

    /// Whether the machine waits for the application and not for the peer.
    pub(super) fn application_waits(&self) -> bool {
        self.work
            .as_ref()
            .is_some_and(|work| matches!(work.stage, Stage::Thinks(_) | Stage::Streams(..)))
    }

    /// The driver's loop, until nothing moves; says whether anything did.
    ///
    /// # Errors
    /// The machine refused what its contract allows.
    pub(super) fn run(
        &mut self,
        now: Now,
        input: &mut Pipe,
        out: &mut Pipe,
        trace: &mut Trace,
    ) -> Result<bool, String> {
        if self.socket_closed {
            return Ok(self.answer_from_the_grave(now, input, out));
        }
        self.machine.tick(now);
        let mut any = false;
        loop {
            let read = self.read(now, input, trace);
            let mut moved = read | self.events(now, trace)?;
            moved |= self.application(now, trace)?;
            moved |= self.write(now, out, trace);
            if !moved {
                break;
            }
            (any, self.moved) = (true, now.mono);
        }
        any |= self.close(now, input, out, trace);
        self.machine.trim(now);
        Ok(any)
    }

    fn read(&mut self, now: Now, input: &mut Pipe, trace: &mut Trace) -> bool {
        let most = self.machine.read_buf().len();
        if most == 0 && !input.is_reset() {
            return false;
        }
        match input.read(most, now.mono) {
            None => return false,
            Some(Carried::Bytes(bytes)) => {
                trace.server(now, || format!("reads {} bytes", bytes.len()));
                self.machine.read_buf()[..bytes.len()].copy_from_slice(&bytes);
                self.machine.filled(bytes.len(), now);
            }
            Some(Carried::Fin) => {
                trace.server(now, || "! end of input".to_owned());
                self.machine.eof(Eof::Clean, now);
            }
            Some(Carried::Reset) => {
                trace.server(now, || "! reset".to_owned());
                self.machine.eof(Eof::Reset, now);
                self.broken = true;
            }
        }
        true
    }

    fn events(&mut self, now: Now, trace: &mut Trace) -> Result<bool, String> {
        let mut any = false;
        while let Some(event) = self.machine.poll_event(now) {
            any = true;
            trace.server(now, || format!("! {}", describe(&event)));
            if self.closed.is_some() {
                return Err(format!("{event:?} follows Closed"));
            }
            match event {
                Event::Request { id, head, .. } => self.begin(id, &head, now),
                Event::Closed(reason) => self.closed = Some(reason),
                _ => {}
            }
        }
        Ok(any)
    }

    fn begin(&mut self, id: Id, head: &RequestHead, now: Now) {
        let mut plan = Plan::any(&mut self.rng);
        plan.size = plan.size.min(self.most);
        let field = |field: Field<'_>| (field.name.to_ascii_lowercase(), field.value.to_vec());
        self.requests.push(Request {
            method: head.method().as_str().to_owned(),
            target: head.target().to_owned(),
            fields: head.fields().iter().map(field).collect(),
            body: Vec::new(),
            end: BodyEnd::Cut,
        });
        let stage = Stage::Thinks(now.mono + plan.think);
        self.work = Some(Work { id, plan, stage, began: now.mono });
    }

    fn application(&mut self, now: Now, trace: &mut Trace) -> Result<bool, String> {
        let Some(mut work) = self.work.take() else { return Ok(false) };
        let before = work.stage.clone();
        let result = self.work_on(&mut work, now, trace);
        let moved = work.stage != before;
        self.work = Some(work);
        match result {
            Ok(()) => Ok(moved),
            // The connection went down under the application.
            Err(Misuse::NoSuchExchange) if self.machine.want().close.is_some() => {
                self.work = None;
                Ok(true)
            }
            Err(misuse) => Err(format!("the application is told of misuse: {misuse}")),
        }
    }

    fn work_on(&mut self, work: &mut Work, now: Now, trace: &mut Trace) -> Result<(), Misuse> {
        match work.stage.clone() {
            Stage::Thinks(until) if until > now.mono => {}
            Stage::Thinks(_) => {
                if work.plan.interim {
                    let head = ResponseHead::new(Status::EARLY_HINTS);
                    self.machine.interim(work.id, &head, now)?;
                }
                work.stage = match work.plan.read {
                    Read::All => Stage::Reads,
                    Read::Nothing => Stage::Replies,
                    Read::Discard => {
                        self.machine.discard(work.id, now)?;
                        Stage::Replies
                    }
                };
            }
            Stage::Reads => return self.read_body(work, now),
            Stage::Replies => return self.reply(work, now, trace),
            Stage::Streams(_, at) if at > now.mono => {}
            Stage::Streams(rest, _) => return self.stream(work, rest, now),
            Stage::Done => {}
        }
        Ok(())
    }

    fn read_body(&mut self, work: &mut Work, now: Now) -> Result<(), Misuse> {
        loop {
            let got = self.machine.recv(work.id, now);
            let Some(request) = self.requests.last_mut() else { return Ok(()) };
            match got {
                Recv::Pending => return Ok(()),
                Recv::Data(data) => request.body.extend_from_slice(&data),
                Recv::End(_) => {
                    request.end = BodyEnd::Whole;
                    work.stage = Stage::Replies;
                    return Ok(());
                }
                Recv::Failed(error) => {
                    request.end = BodyEnd::Broken;
                    work.stage = Stage::Done;
                    let head = self.head(work, error.answer.unwrap_or(Status::BAD_REQUEST));
                    return self.machine.respond(work.id, &head, Body::Empty, now);
                }
            }
        }
    }

    fn head(&self, work: &Work, status: Status) -> ResponseHead {
        let mut head = ResponseHead::new(status);
        let index = self.requests.len() - 1;
        let added = head.fields_mut().append("X-Index", index.to_string());
        debug_assert!(added.is_ok());
        if work.plan.close {
            let added = head.fields_mut().append("Connection", "close");
            debug_assert!(added.is_ok());
        }
        head
    }

    fn reply(&mut self, work: &mut Work, now: Now, trace: &mut Trace) -> Result<(), Misuse> {
        let body = reply_body(self.requests.len() - 1, work.plan.size);
        trace.server(now, || format!("$ respond {} with {} bytes", work.id, body.len()));
        let head = self.head(work, Status::OK);
        let given = match work.plan.reply {
            Reply::Full => Body::Full(body.clone()),
            Reply::Length => Body::Length(body.len() as u64),
            Reply::Stream => Body::Stream,
        };
        self.machine.respond(work.id, &head, given, now)?;
        work.stage = match work.plan.reply {
            Reply::Full => {
                self.answered += 1;
                Stage::Done
            }
            _ => Stage::Streams(body, now.mono),
        };
        Ok(())
    }

    fn stream(&mut self, work: &mut Work, rest: Bytes, now: Now) -> Result<(), Misuse> {
        if work.plan.resets && rest.len() < work.plan.size / 2 {
            (self.gave_up, work.stage) = (true, Stage::Done);
            return self.machine.reset(work.id, now);
        }
        if rest.is_empty() {
            work.stage = Stage::Done;
            self.machine.finish(work.id, None, now)?;
            self.answered += 1;
            return Ok(());
        }
        let mut piece = rest.slice(..rest.len().min(30_000));
        let size = piece.len();
        self.machine.send(work.id, &mut piece, now)?;
        let taken = size - piece.len();
        let rest = rest.slice(taken..);
        let pause = if taken > 0 { work.plan.pause } else { Duration::ZERO };
        work.stage = Stage::Streams(rest, now.mono + pause);
        Ok(())
    }

    fn write(&mut self, now: Now, out: &mut Pipe, trace: &mut Trace) -> bool {
        let mut any = false;
        while self.machine.want().write {
            // Also if the socket is full: the peer's time runs from the call of `output`.
            let mut slices = [std::io::IoSlice::new(&[]); 4];
            let used = self.machine.output(&mut slices, now);
            let mut all = Vec::new();
            for slice in &slices[..used] {
                let count = slice.len().min(out.room().saturating_sub(all.len()));
                all.extend_from_slice(&slice[..count]);
            }
            let count = out.write(&all, now.mono);
            if count == 0 {
                break;
            }
            trace.bytes(now, "<", &all[..count]);
            self.machine.wrote(count, now);
            any = true;
        }
        any
    }

    fn close(&mut self, now: Now, input: &Pipe, out: &mut Pipe, trace: &mut Trace) -> bool {
        match self.machine.want().close {
            None => return false,
            Some(Close::Linger) if self.write_shut => return false,
            Some(Close::Linger) => {
                trace.server(now, || "shuts its writing half".to_owned());
                out.fin(now.mono);
                self.write_shut = true;
            }
            Some(how) => {
                trace.server(now, || format!("closes: {how:?}"));
                // What was not read turns a close into a reset, as in TCP.
                let unread = input.next().is_some_and(|at| at <= now.mono) && input.is_open();
                match how {
                    Close::Graceful if !unread => out.fin(now.mono),
                    _ => out.reset(now.mono),
                }
                self.socket_closed = true;
                self.aborted = how == Close::Abort;
            }
        }
        true
    }

    /// Bytes that come to a closed socket are answered with a reset, as in TCP.
    fn answer_from_the_grave(&mut self, now: Now, input: &mut Pipe, out: &mut Pipe) -> bool {
        match input.read(usize::MAX, now.mono) {
            Some(Carried::Bytes(_)) => {
                out.reset(now.mono);
                true
            }
            other => other.is_some(),
        }
    }

    /// When it has something to do again, if nothing arrives.
    pub(super) fn next(&self, now: Mono, input: &Pipe) -> Option<Mono> {
        let arrives = input
            .next()
            .filter(|_| self.socket_closed || self.machine.want().read || input.is_reset());
        if self.socket_closed {
            return arrives;
        }
        let works = self.work.as_ref().and_then(|work| match work.stage {
            Stage::Thinks(at) => Some(at),
            // One that is due already waits for room.
            Stage::Streams(_, at) => Some(at).filter(|at| *at > now),
            _ => None,
        });
        let deadline = self.machine.deadline().map(|(at, _)| at);
        [arrives, works, deadline].into_iter().flatten().min()
    }
}

/// What the reply to a request of this index carries.
pub(super) fn reply_body(index: usize, size: usize) -> Bytes {
    let first = format!("{index} {size}\n");
    let fill = b'a' + u8::try_from(index % 26).unwrap_or(0);
    let mut body = first.into_bytes();
    body.resize(body.len() + size, fill);
    Bytes::from(body)
}

fn describe(event: &Event) -> String {
    match event {
        Event::Request { id, head, .. } => {
            format!("request {id}: {} {}", head.method(), head.target())
        }
        Event::Failed(error) => format!("failed: {error}"),
        Event::Closed(reason) => format!("closed: {reason}"),
        other => format!("{other:?}"),
    }
}
