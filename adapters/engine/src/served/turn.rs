//! What becomes of a handler's answer, and who ends its response.
//! What a response is, the draft says; how it is framed, the machine.

use super::{Payload, State, Trouble};
use purlin_core::message::{Error, Outcome, Outlet, chain};
use purlin_core::{
    Body, Content, Id, Machine, Misuse, Now, Response, ResponseHead, ServerMachine, Status,
};

/// What is still to be done with what a handler came to.
#[derive(Debug)]
pub enum Rest<S> {
    /// A response that comes in pieces, and is to be written.
    Pieces(Response<S>),
    /// A response that is not sent; it is the application's, and to be dropped without the lock.
    Unsent(Response<S>),
}

impl State {
    /// Where a draft of this exchange's response goes.
    pub(super) fn outlet(&mut self, id: Id, now: Now) -> Outlet<'_> {
        self.catch_up(now);
        Outlet { machine: &mut self.machine, id, now }
    }

    /// Does what the handler of this exchange came to, as far as that goes at once; gives
    /// what is left to be done.
    #[inline]
    pub fn settle<S>(&mut self, id: Id, outcome: Outcome<S>, now: Now) -> Option<Rest<S>> {
        self.catch_up(now);
        self.handled(id);
        match outcome {
            Outcome::Response(response) => self.answer(id, response, now),
            Outcome::Written => {
                self.end_written(id, now);
                None
            }
            Outcome::Failed(response) if self.is_unsent(id) => {
                self.forget_left(id);
                self.answer(id, response, now)
            }
            Outcome::Failed(response) => {
                self.note_failure_of(id, &response);
                self.break_off(id, now);
                Some(Rest::Unsent(response))
            }
        }
    }

    /// What its handler answered with was written, or panicked.
    pub fn sent(&mut self, id: Id, sent: Result<(), Payload>, now: Now) {
        match sent {
            Ok(()) => {
                self.catch_up(now);
                self.end_written(id, now);
            }
            Err(payload) => self.panicked(id, payload, now),
        }
    }

    /// The handler of this exchange panicked, or what it answered with.
    #[cold]
    pub fn panicked(&mut self, id: Id, payload: Payload, now: Now) {
        self.catch_up(now);
        self.handled(id);
        self.report(Trouble::Panicked(payload));
        self.fail(id, now);
    }

    /// Sends a response that is whole, and gives any other back.
    #[inline]
    fn answer<S>(&mut self, id: Id, response: Response<S>, now: Now) -> Option<Rest<S>> {
        self.note_failure_of(id, &response);
        if !matches!(response.content(), Content::Empty | Content::Full(_)) {
            return Some(Rest::Pieces(response));
        }
        let (head, content) = response.into_parts();
        let body = match content {
            Content::Full(data) => Body::Full(data),
            _ => Body::Empty,
        };
        self.respond(id, &head, body, now);
        None
    }

    /// The handler has returned: what its writer left ends the response. If it
    /// took none, the response is empty; if the writer is elsewhere, that ends it.
    pub(super) fn end_written(&mut self, id: Id, now: Now) {
        let Some(row) = self.rows.get(id).filter(|row| !row.marks.ending) else { return };
        if row.left.is_some() {
            self.end_left(id, now);
        } else if !row.marks.taken {
            self.respond(id, &ResponseHead::new(Status::OK), Body::Empty, now);
        }
    }

    /// Ends the response with what its writer left, unless a panic took that from it.
    pub(super) fn end_left(&mut self, id: Id, now: Now) {
        let Some(row) = self.rows.get_mut(id) else { return };
        if row.marks.broken {
            return self.fail(id, now);
        }
        row.marks.ending = true;
        self.send_left(id, now);
    }

    /// Gives the machine as much of what is left as it takes, and then its end.
    pub(super) fn send_left(&mut self, id: Id, now: Now) {
        let Some(row) = self.rows.get_mut(id).filter(|row| row.marks.ending) else { return };
        let Some(mut draft) = row.left.take() else { return };
        let done = draft.finish(&mut self.outlet(id, now));
        let Some(row) = self.rows.get_mut(id) else { return };
        match done {
            Ok(false) => row.left = Some(draft),
            Ok(true) => row.marks.ending = false,
            Err(misuse) => {
                row.marks.ending = false;
                self.note(id, misuse);
                let head = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
                draft.fail(&mut self.outlet(id, now), &head, Body::Empty);
            }
        }
    }

    /// Sends a response that is whole; 500 if it is none that can be sent.
    fn respond(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) {
        if let Err(misuse) = self.machine.answer(id, head, body, now) {
            self.note(id, misuse);
            self.fail(id, now);
        }
    }

    /// Answers 500; if that comes too late for a response that is not whole, gives the exchange
    /// up so that the peer can tell.
    fn fail(&mut self, id: Id, now: Now) {
        self.forget_left(id);
        let head = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
        let answered = self.machine.respond(id, &head, Body::Empty, now).is_ok();
        if !answered && !self.is_answered(id, now) {
            self.give_up_response(id, now);
        }
    }

    /// Breaks the response off.
    fn give_up_response(&mut self, id: Id, now: Now) {
        self.forget_left(id);
        // What cannot be given up has ended already.
        let _ = self.machine.reset(id, now);
    }

    /// What was written is all that will be: it is broken off, unless nobody waits for more.
    fn break_off(&mut self, id: Id, now: Now) {
        let row = self.rows.get_mut(id);
        let Some(mut draft) = row.and_then(|row| {
            row.marks.ending = false;
            row.left.take()
        }) else {
            return self.give_up_response(id, now);
        };
        if !draft.is_unwanted() || draft.finish(&mut self.outlet(id, now)).is_err() {
            let head = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
            draft.fail(&mut self.outlet(id, now), &head, Body::Empty);
        }
    }

    /// Whether an answer may take the place of what was written.
    fn is_unsent(&self, id: Id) -> bool {
        self.rows.get(id).is_some_and(|row| {
            let begun = row.left.as_ref().is_none_or(|draft| draft.is_begun());
            !(row.marks.taken && begun)
        })
    }

    /// What a writer left is not sent.
    fn forget_left(&mut self, id: Id) {
        if let Some(row) = self.rows.get_mut(id) {
            (row.left, row.marks.ending) = (None, false);
        }
    }

    /// A response could not be sent as it was. An exchange that is gone is
    /// nobody's mistake.
    pub fn note(&mut self, id: Id, misuse: Misuse) {
        if misuse != Misuse::NoSuchExchange {
            if let Some(row) = self.rows.get_mut(id) {
                row.marks.troubled = true;
            }
            self.report(Trouble::Misused(misuse));
        }
    }

    /// Why there is this response and no other, if that is an error.
    fn note_failure_of<S>(&mut self, id: Id, response: &Response<S>) {
        if let Some(message) = response.failure() {
            self.note_failure(id, message);
        }
    }

    /// What a response was to be made of failed with this; of several causes the first
    /// one is told.
    pub fn note_failure(&mut self, id: Id, message: &str) {
        let told = self
            .rows
            .get_mut(id)
            .is_some_and(|row| std::mem::replace(&mut row.marks.troubled, true));
        if !told {
            self.report(Trouble::Failed(message.into()));
        }
    }

    /// A response could not be made or sent: ends and faults of a connection
    /// are told as what they are.
    pub fn note_error(&mut self, id: Id, error: &Error) {
        match error {
            Error::Misuse(misuse) => self.note(id, *misuse),
            Error::Closed(_) | Error::Peer(_) | Error::Unwanted => {}
            error => self.note_failure(id, &chain(error)),
        }
    }
}
