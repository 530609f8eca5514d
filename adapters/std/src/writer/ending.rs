//! How a response ends: whole, in pieces, or given up.
//! What each of these looks like to the peer is the machine's to say.

use super::{Draft, ResponseWriter, Stage, begin, drain};
use crate::shared::{Shared, Slot};
use crate::{Error, Response};
use purlin_core::{Body, Content, Id, IntoResponse, Machine, Method, ServerMachine, Status};
use std::sync::Arc;

impl ResponseWriter {
    pub(super) fn send_whole(&mut self, body: Body) -> Result<(), Error> {
        let body =
            if self.draft.trailers.is_empty() { body } else { return self.send_trailing(body) };
        let mut slot = self.shared.enter(self.id)?;
        let conn = slot.conn(self.id)?;
        let now = conn.clock.look();
        conn.machine
            .respond(self.id, &self.draft.head, body, now)
            .map_err(|misuse| conn.explain(misuse))?;
        self.draft.stage = Stage::Done;
        self.shared.done(&mut slot);
        Ok(())
    }

    /// A whole body with trailers behind it goes out in pieces.
    pub(super) fn send_trailing(&mut self, body: Body) -> Result<(), Error> {
        let slot = self.shared.enter(self.id)?;
        let slot = begin(&mut self.draft, slot, self.id)?;
        if let Body::Full(bytes) = body {
            drop(self.shared.send(slot, self.id, bytes)?);
        } else {
            drop(slot);
        }
        self.end()
    }

    /// The response is complete, whatever stage it was in.
    pub(super) fn complete(&mut self) -> Result<(), Error> {
        let ended = match self.draft.stage {
            Stage::Done => return Ok(()),
            // Nobody wrote the body that is left out here, so its length is not known.
            Stage::Fresh if self.draft.head_only && self.draft.buffer.is_empty() => {
                self.send_trailing(Body::Empty)
            }
            Stage::Fresh if self.draft.buffer.is_empty() => self.send_whole(Body::Empty),
            Stage::Fresh => {
                let bytes = std::mem::take(&mut self.draft.buffer);
                self.send_whole(Body::Full(bytes.into()))
            }
            Stage::Open => self.end(),
        };
        if ended.is_err() {
            self.fail();
        }
        ended
    }

    /// Ends a body that went out in pieces.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        let slot = self.shared.enter(self.id)?;
        let mut slot = drain(&self.shared, &mut self.draft, slot, self.id)?;
        let conn = slot.conn(self.id)?;
        let now = conn.clock.look();
        let trailers = (!self.draft.trailers.is_empty()).then_some(&self.draft.trailers);
        conn.machine.finish(self.id, trailers, now).map_err(|misuse| conn.explain(misuse))?;
        self.draft.stage = Stage::Done;
        self.shared.done(&mut slot);
        Ok(())
    }

    /// Gives up on the response, so that the peer can tell.
    pub(super) fn fail(&mut self) {
        self.fail_with(Status::INTERNAL_SERVER_ERROR.into_response());
    }

    /// Answers this if the head is not out, and else breaks the response off.
    fn fail_with(&mut self, response: Response) {
        let stage = std::mem::replace(&mut self.draft.stage, Stage::Done);
        if stage == Stage::Done {
            return;
        }
        let mut slot = self.shared.lock();
        let slot: &mut Slot = &mut slot;
        let Ok(conn) = slot.conn(self.id) else {
            return;
        };
        let now = conn.clock.look();
        let (head, content) = response.into_parts();
        let body = match content {
            Content::Full(bytes) => Body::Full(bytes),
            // What stands for an error has no source.
            _ => Body::Empty,
        };
        let answered =
            stage == Stage::Fresh && conn.machine.respond(self.id, &head, body, now).is_ok();
        if !answered {
            // An exchange that is over cannot be given up.
            let _ = conn.machine.reset(self.id, now);
        }
        self.shared.done(slot);
    }

    /// Has the response of a writer that is dropped wait for the handler's result.
    pub(crate) fn defer(&self) -> Deferred {
        self.shared.lock().defer();
        Deferred { shared: Arc::clone(&self.shared), id: self.id, failed: None }
    }

    /// Leaves the response to whoever deferred its end; says whether anyone did.
    fn leave(&mut self) -> bool {
        let mut slot = self.shared.lock();
        let here = slot.is_deferred() && slot.conn(self.id).is_ok();
        if here {
            let empty = Draft { stage: Stage::Done, ..Draft::new(&Method::GET) };
            slot.leave(std::mem::replace(&mut self.draft, empty));
        }
        here
    }
}

/// Decides, when it is dropped, what becomes of a response whose writer was dropped before.
pub(crate) struct Deferred {
    shared: Arc<Shared>,
    id: Id,
    failed: Option<Response>,
}

impl Deferred {
    /// The handler has failed: this is the answer, if it is not too late for one.
    pub(crate) fn fail(mut self, response: Response) {
        self.failed = Some(response);
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        let left = self.shared.lock().take_left();
        // Otherwise the response is complete, or its writer lives on elsewhere.
        let Some(draft) = left else {
            return;
        };
        let mut writer = ResponseWriter { shared: Arc::clone(&self.shared), id: self.id, draft };
        if let Some(response) = self.failed.take() {
            writer.fail_with(response);
        }
    }
}

impl Drop for ResponseWriter {
    fn drop(&mut self) {
        if self.draft.stage == Stage::Done {
            return;
        }
        if std::thread::panicking() {
            self.fail();
        } else if !self.leave() {
            // A response that cannot be completed has been given up there.
            let _ = self.complete();
        }
    }
}
