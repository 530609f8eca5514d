//! How the application answers: whole, streamed, through a draft, as an echo,
//! or by taking the connection over.

use super::{App, Stage, Work};
use crate::peer::request::BodyEnd;
use crate::sim::plan::{Reply, Takeover};
use crate::sim::raw::Raw;
use crate::sim::trace::Trace;
use bytes::{Buf, Bytes};
use purlin_core::message::{Outlet, PendingResponse};
use purlin_core::server::Connection;
use purlin_core::{Body, Machine, Method, Misuse, Now, ServerMachine, Status};

impl App {
    pub(super) fn reply(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        now: Now,
        trace: &mut Trace,
    ) -> Result<bool, Misuse> {
        match work.plan.takeover.filter(|_| work.upgrade) {
            Some(Takeover::Hijack) => return self.hijack(machine, work, now),
            Some(Takeover::Upgrade) => {
                let mut head = self.head(work, Status::SWITCHING_PROTOCOLS, "X-Up");
                let added = head.fields_mut().append("Upgrade", "sim");
                debug_assert!(added.is_ok());
                machine.respond(work.id, &head, Body::Empty, now)?;
                return Ok(self.take_over(work, Bytes::new(), now));
            }
            None => {}
        }
        let body = reply_body(self.requests.len() - 1, work.plan.size);
        trace.server(now, || format!("$ respond {} with {} bytes", work.id, body.len()));
        let head = self.head(work, Status::OK, "X-Sized");
        let given = match work.plan.reply {
            Reply::Full => Body::Full(body.clone()),
            Reply::Length => Body::Length(body.len() as u64),
            Reply::Stream | Reply::Echo => Body::Stream,
            Reply::Draft => {
                let method = if work.head_only { Method::HEAD } else { Method::GET };
                let mut draft = Box::new(PendingResponse::new(&method));
                *draft.fields_mut() = head.fields().clone();
                work.stage = Stage::Drafts(draft, body, now.mono);
                return Ok(true);
            }
        };
        machine.respond(work.id, &head, given, now)?;
        match work.plan.reply {
            Reply::Full => self.answered(now),
            _ => work.stage = Stage::Streams(body, now.mono),
        }
        Ok(true)
    }

    pub(super) fn hijack(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        now: Now,
    ) -> Result<bool, Misuse> {
        match machine.hijack(work.id, now) {
            // The body has failed.
            Err(Misuse::NotUpgradable) => {
                let head = self.head(work, Status::BAD_REQUEST, "X-Failed");
                machine.respond(work.id, &head, Body::Empty, now)?;
                return Ok(true);
            }
            taken => taken?,
        }
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: sim\r\nX-Index: {}\r\n\r\n",
            self.requests.len() - 1
        );
        Ok(self.take_over(work, Bytes::from(head), now))
    }

    fn take_over(&mut self, work: &mut Work, first: Bytes, now: Now) -> bool {
        let unread = self.requests.last().is_some_and(|request| request.end != BodyEnd::Whole);
        self.raw = Some(Raw::new(first, unread, now, work.plan.talk));
        work.stage = Stage::Talks;
        true
    }

    pub(super) fn stream(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        mut rest: Bytes,
        now: Now,
    ) -> Result<bool, Misuse> {
        if work.plan.fails && rest.len() < work.plan.size / 2 {
            self.gave_up = true;
            machine.reset(work.id, now)?;
            return Ok(true);
        }
        if rest.is_empty() {
            machine.finish(work.id, None, now)?;
            self.answered(now);
            return Ok(true);
        }
        let mut piece = rest.slice(..rest.len().min(30_000));
        let size = piece.len();
        machine.send(work.id, &mut piece, now)?;
        let taken = size - piece.len();
        rest.advance(taken);
        work.stage = Stage::Streams(rest, work.next_piece(taken, now));
        Ok(taken > 0)
    }

    pub(super) fn draft(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        mut draft: Box<PendingResponse>,
        mut rest: Bytes,
        now: Now,
    ) -> Result<bool, Misuse> {
        let mut to = Outlet { machine, id: work.id, now };
        if work.plan.fails && rest.len() < work.plan.size / 2 {
            let head = self.head(work, Status::INTERNAL_SERVER_ERROR, "X-Failed");
            let begun = draft.is_begun();
            draft.fail(&mut to, &head, Body::Full(Bytes::from_static(b"it panicked\n")));
            self.gave_up |= begun;
            if !begun {
                self.answered(now);
            }
            return Ok(true);
        }
        if rest.is_empty() {
            let done = draft.finish(&mut to)?;
            match done {
                true => self.answered(now),
                false => work.stage = Stage::Drafts(draft, rest, now.mono),
            }
            return Ok(done);
        }
        let mut piece = rest.slice(..rest.len().min(work.plan.piece));
        let size = piece.len();
        let taken = if size % 2 == 0 {
            draft.write(&mut to, &piece)?
        } else {
            draft.write_bytes(&mut to, &mut piece)?;
            size - piece.len()
        };
        rest.advance(taken);
        work.stage = Stage::Drafts(draft, rest, work.next_piece(taken, now));
        Ok(taken > 0)
    }

    pub(super) fn echo(
        &mut self,
        machine: &mut Connection,
        work: &mut Work,
        mut held: Bytes,
        now: Now,
    ) -> Result<bool, Misuse> {
        let mut moved = false;
        loop {
            let size = held.len();
            machine.send(work.id, &mut held, now)?;
            moved |= held.len() < size;
            if !held.is_empty() {
                break;
            }
            match self.recv(machine, work, now) {
                Ok(Some(data)) => held = data,
                Ok(None) => break,
                Err(None) => {
                    machine.finish(work.id, None, now)?;
                    self.answered(now);
                    return Ok(true);
                }
                Err(Some(_)) => {
                    self.gave_up = true;
                    machine.reset(work.id, now)?;
                    return Ok(true);
                }
            }
        }
        work.stage = Stage::Echoes(held);
        Ok(moved)
    }
}

/// What the reply to a request of this index carries.
pub(in crate::sim) fn reply_body(index: usize, size: usize) -> Bytes {
    let first = format!("{index} {size}\n");
    let fill = b'a' + u8::try_from(index % 26).unwrap_or(0);
    let mut body = first.into_bytes();
    body.resize(body.len() + size, fill);
    Bytes::from(body)
}
