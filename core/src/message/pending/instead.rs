//! What a response in the making may become instead: a head that is given, a raw stream, a
//! failure. Whether the protocol allows it, the machine says.

use super::{Outlet, PendingResponse, Stage};
use crate::error::Misuse;
use crate::head::{ResponseHead, Status, names};
use crate::machine::Body;

impl PendingResponse {
    /// Takes this head instead, its body still to be written. Fields set here
    /// before are added to it, unless it has some of that name. No media type is
    /// guessed.
    ///
    /// # Errors
    /// [`Misuse::SecondResponse`] once body has been written.
    pub fn adopt(&mut self, head: ResponseHead) -> Result<(), Misuse> {
        if self.stage != Stage::Fresh || self.fixed.is_some() {
            return Err(Misuse::SecondResponse);
        }
        self.head = self.merged(head);
        self.sniffs = false;
        Ok(())
    }

    /// This head with the fields that were set here before.
    fn merged(&self, mut head: ResponseHead) -> ResponseHead {
        for field in self.head.fields().iter() {
            if field.is(names::SET_COOKIE) || !head.fields().contains(field.name) {
                head.fields_mut().push(field.name, field.value);
            }
        }
        head
    }

    /// Sends this head instead, with a body that is whole, or still to be
    /// written; [`PendingResponse::finish`] follows. Fields set here before are added to
    /// the head, unless it has some of that name. No media type is guessed.
    ///
    /// # Errors
    /// What [`ServerMachine::respond`](crate::ServerMachine::respond) gives; [`Misuse::SecondResponse`] once body has been written.
    pub fn respond(
        &mut self,
        to: &mut Outlet<'_>,
        head: ResponseHead,
        body: Body,
    ) -> Result<(), Misuse> {
        if self.stage != Stage::Fresh || self.fixed.is_some() {
            return Err(Misuse::SecondResponse);
        }
        let head = self.merged(head);
        self.measured = matches!(body, Body::Length(_));
        let whole = matches!(body, Body::Empty | Body::Full(_));
        if whole && !self.trailers.is_empty() {
            // Trailers need a body in pieces.
            to.machine.respond(to.id, &head, Body::Stream, to.now)?;
            self.stage = Stage::Open;
            if let Body::Full(bytes) = body {
                self.outgoing = bytes;
            }
        } else if whole {
            to.machine.answer(to.id, &head, body, to.now)?;
            self.stage = Stage::Done;
        } else {
            to.machine.respond(to.id, &head, body, to.now)?;
            self.stage = Stage::Open;
        }
        self.fixed = Some(Box::new(head));
        Ok(())
    }

    /// Makes the exchange a raw stream: with 101 (Switching Protocols), or with
    /// 2xx where the request was CONNECT (RFC 9110 §7.8, §9.3.6).
    ///
    /// # Errors
    /// [`Misuse::WrongStatus`] if it is neither, and what [`ServerMachine::respond`](crate::ServerMachine::respond) gives.
    pub fn upgrade(&mut self, to: &mut Outlet<'_>, head: &ResponseHead) -> Result<(), Misuse> {
        let tunnel = self.connects && head.status().is_success();
        if !tunnel && head.status() != Status::SWITCHING_PROTOCOLS {
            return Err(Misuse::WrongStatus);
        }
        if self.stage != Stage::Fresh || self.fixed.is_some() {
            return Err(Misuse::SecondResponse);
        }
        to.machine.respond(to.id, head, Body::Empty, to.now)?;
        self.stage = Stage::Done;
        Ok(())
    }

    /// Makes the exchange a raw stream as it is, behind what has been written;
    /// says whether the machine took all of that.
    ///
    /// # Errors
    /// What [`ServerMachine::hijack`](crate::ServerMachine::hijack) gives.
    pub fn hijack(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        if self.fixed.is_some() && !self.flush(to)? {
            return Ok(false);
        }
        to.machine.hijack(to.id, to.now)?;
        self.stage = Stage::Done;
        Ok(true)
    }

    /// Gives up on the response: this is the answer if no head has gone out,
    /// else it is broken off so that the peer can tell.
    pub fn fail(&mut self, to: &mut Outlet<'_>, head: &ResponseHead, body: Body) {
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        let answered = match stage {
            Stage::Fresh => to.machine.respond(to.id, head, body, to.now).is_ok(),
            Stage::Open => false,
            Stage::Done => true,
        };
        if !answered {
            // An exchange that is over cannot be given up.
            let _ = to.machine.reset(to.id, to.now);
        }
    }
}
