//! How far the open exchange is with being answered, and who ends its response.
//! What a response is, the draft says; how it is framed, the machine.

use super::{Asked, Payload, Served, State, Trouble, Writer};
use purlin_core::message::{Error, Hooks, Outcome, Outlet, PendingResponse, chain};
use purlin_core::{
    Body, Content, Event, Id, Machine, Method, Misuse, Now, Request, Response, ResponseHead,
    ServerMachine, Status,
};
use std::sync::Arc;

/// The open exchange, or the last one.
pub(super) struct Turn {
    pub(super) id: Id,
    /// Its request asks for the head alone.
    head_only: bool,
    /// Its request asks for a tunnel.
    connects: bool,
    /// Its handler has returned.
    handled: bool,
    /// Somebody took a writer for it.
    taken: bool,
    /// So many have a writer or a raw stream of it.
    holders: u32,
    /// A writer of it was dropped by a panic.
    broken: bool,
    /// What a writer that was dropped has left.
    left: Option<Box<PendingResponse>>,
    /// What is left is all, and goes out as room comes.
    ending: bool,
    /// Why its response is not what it was to be is told, or will be.
    troubled: bool,
    /// Who follows it.
    hooks: Option<Box<Hooks>>,
}

impl Turn {
    pub(super) fn new(id: Id, method: &Method) -> Turn {
        Turn {
            id,
            head_only: *method == Method::HEAD,
            connects: *method == Method::CONNECT,
            handled: false,
            taken: false,
            holders: 0,
            broken: false,
            left: None,
            ending: false,
            troubled: false,
            hooks: None,
        }
    }
}

/// What was dropped by whoever had it, and is let go of by the next who tells the time:
/// what follows from it, such as how long the rest of a body is thrown away, counts from then.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dropped {
    /// The body of this exchange's request.
    Reader(Id),
    /// The writer of its response, after its handler had returned.
    Writer(Id),
    /// Its raw stream.
    Raw(Id),
    /// The same, by a panic.
    Torn(Id),
}

/// What is still to be done with what a handler came to.
#[derive(Debug)]
pub enum Rest<S> {
    /// A response that comes in pieces, and is to be written.
    Pieces(Response<S>),
    /// A response that is not sent; it is the application's, and to be dropped without the lock.
    Unsent(Response<S>),
}

impl State {
    /// A new exchange begins.
    pub fn begin(&mut self, id: Id, method: &Method) {
        self.turn = Turn::new(id, method);
        self.cancelled = false;
    }

    /// Has the machine tell what becomes of this exchange, if it is open, and
    /// adds who is to be called then.
    pub fn follow(&mut self, id: Id, add: impl FnOnce(&mut Hooks)) {
        if self.turn.id == id && self.machine.follow(id).is_ok() {
            add(self.turn.hooks.get_or_insert_default());
        }
    }

    /// Whoever watches is told later of what became of this request.
    pub fn observe<B>(&mut self, request: &mut Request<B>) {
        if let Some(watch) = &mut self.watch {
            watch.request(request);
        }
    }

    /// The request that came to another than the driver.
    pub fn take_asked(&mut self) -> Option<Box<Asked>> {
        self.asked.take()
    }

    /// Whether there is somebody to be called about this event.
    pub(super) fn has_hooks(&self, event: &Event) -> bool {
        self.turn.hooks.is_some() && matches!(event, Event::Answered { .. } | Event::Done { .. })
    }

    /// Who is to be called about this event, to be called without the lock.
    pub(super) fn take_hooks(&mut self, event: &Event) -> Option<Box<Hooks>> {
        let told = self.has_hooks(event);
        self.turn.hooks.take_if(|_| told)
    }

    /// Those who still wait, unless the exchange is over.
    pub(super) fn put_hooks(&mut self, hooks: Box<Hooks>, event: &Event) {
        if let Event::Answered { .. } = event {
            let added = self.turn.hooks.replace(hooks);
            if let (Some(hooks), Some(added)) = (&mut self.turn.hooks, added) {
                hooks.join(*added);
            }
        }
    }

    /// The writer of an exchange's response.
    pub fn writer(&mut self, served: &Arc<Served>, id: Id) -> Writer {
        self.turn.taken |= self.turn.id == id;
        self.hold(id);
        let method = match (self.turn.head_only, self.turn.connects) {
            (true, _) => Method::HEAD,
            (_, true) => Method::CONNECT,
            _ => Method::GET,
        };
        Writer::new(served.clone(), id, PendingResponse::new(&method))
    }

    /// Somebody has a writer or a raw stream of this exchange.
    pub(super) fn hold(&mut self, id: Id) {
        self.turn.holders += u32::from(self.turn.id == id);
    }

    /// And has let go of it: a driver that is away waits for that.
    pub(super) fn release_hold(&mut self, id: Id) {
        if self.turn.id == id {
            self.turn.holders = self.turn.holders.saturating_sub(1);
        }
        match &self.driver {
            Some(driver) if self.lent => driver.wake_by_ref(),
            _ => self.poke(),
        }
    }

    /// Whether somebody has a writer or a raw stream of this exchange.
    pub fn is_held(&self, id: Id) -> bool {
        self.turn.id == id && self.turn.holders > 0
    }

    /// This was dropped: whoever has to poke the driver does so.
    pub(super) fn dropped(&mut self, what: Dropped) {
        self.dropped.push(what);
    }

    /// Lets go of what was dropped meanwhile, before anything else is done.
    pub(super) fn catch_up(&mut self, now: Now) {
        if !self.dropped.is_empty() {
            self.let_go(now);
        }
    }

    #[cold]
    fn let_go(&mut self, now: Now) {
        for dropped in std::mem::take(&mut self.dropped) {
            // What has ended by itself need not be ended here.
            match dropped {
                Dropped::Reader(id) => _ = self.machine.discard(id, now),
                Dropped::Writer(id) if self.turn.id == id => self.end_left(id, now),
                Dropped::Writer(_) => {}
                Dropped::Torn(id) => _ = self.machine.reset(id, now),
                Dropped::Raw(id) => {
                    let _ = self.machine.discard(id, now);
                    let _ = self.machine.finish(id, None, now);
                }
            }
        }
    }

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
                self.note_failure_of(&response);
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
        self.troubles.push(Trouble::Panicked(payload));
        self.fail(id, now);
    }

    /// Sends a response that is whole, and gives any other back.
    #[inline]
    fn answer<S>(&mut self, id: Id, response: Response<S>, now: Now) -> Option<Rest<S>> {
        self.note_failure_of(&response);
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

    /// The handler has returned.
    pub(super) fn handled(&mut self, id: Id) {
        self.turn.handled |= self.turn.id == id;
    }

    /// A writer was dropped before its response was whole.
    pub(super) fn left(&mut self, id: Id, draft: Box<PendingResponse>) {
        if self.turn.id != id {
            return;
        }
        self.turn.left = Some(draft);
        self.turn.broken |= std::thread::panicking();
        if self.turn.handled {
            // The writer was elsewhere: nobody else ends the response.
            self.dropped(Dropped::Writer(id));
        }
    }

    /// The handler has returned: what its writer left ends the response. If it
    /// took none, the response is empty; if the writer is elsewhere, that ends it.
    pub(super) fn end_written(&mut self, id: Id, now: Now) {
        if self.turn.id != id || self.turn.ending {
            return;
        }
        if self.turn.left.is_some() {
            self.end_left(id, now);
        } else if !self.turn.taken {
            self.respond(id, &ResponseHead::new(Status::OK), Body::Empty, now);
        }
    }

    /// Ends the response with what its writer left, unless a panic took that from it.
    fn end_left(&mut self, id: Id, now: Now) {
        if self.turn.broken {
            return self.fail(id, now);
        }
        self.turn.ending = true;
        self.send_left(id, now);
    }

    /// Gives the machine as much of what is left as it takes, and then its end.
    pub(super) fn send_left(&mut self, id: Id, now: Now) {
        let Some(mut draft) = self.turn.left.take_if(|_| self.turn.ending) else {
            return;
        };
        match draft.finish(&mut self.outlet(id, now)) {
            Ok(false) => self.turn.left = Some(draft),
            Ok(true) => self.turn.ending = false,
            Err(misuse) => {
                self.turn.ending = false;
                self.note(misuse);
                let head = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
                draft.fail(&mut self.outlet(id, now), &head, Body::Empty);
            }
        }
    }

    /// Sends a response that is whole; 500 if it is none that can be sent.
    fn respond(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) {
        if let Err(misuse) = self.machine.answer(id, head, body, now) {
            self.note(misuse);
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
            self.give_up(id, now);
        }
    }

    /// Breaks the response off.
    fn give_up(&mut self, id: Id, now: Now) {
        self.forget_left(id);
        // What cannot be given up has ended already.
        let _ = self.machine.reset(id, now);
    }

    /// What was written is all that will be: it is broken off, unless nobody waits for more.
    fn break_off(&mut self, id: Id, now: Now) {
        let Some(mut draft) = self.turn.left.take_if(|_| self.turn.id == id) else {
            return self.give_up(id, now);
        };
        self.turn.ending = false;
        if !draft.is_unwanted() || draft.finish(&mut self.outlet(id, now)).is_err() {
            let head = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
            draft.fail(&mut self.outlet(id, now), &head, Body::Empty);
        }
    }

    /// Whether an answer may take the place of what was written.
    fn is_unsent(&self, id: Id) -> bool {
        let begun = self.turn.left.as_ref().is_none_or(|draft| draft.is_begun());
        self.turn.id == id && !(self.turn.taken && begun)
    }

    /// What a writer left is not sent.
    fn forget_left(&mut self, id: Id) {
        if self.turn.id == id {
            self.turn.left = None;
            self.turn.ending = false;
        }
    }

    /// A response could not be sent as it was. An exchange that is gone is
    /// nobody's mistake.
    pub fn note(&mut self, misuse: Misuse) {
        if misuse != Misuse::NoSuchExchange {
            self.turn.troubled = true;
            self.troubles.push(Trouble::Misused(misuse));
        }
    }

    /// Why there is this response and no other, if that is an error.
    fn note_failure_of<S>(&mut self, response: &Response<S>) {
        if let Some(message) = response.failure() {
            self.note_failure(message);
        }
    }

    /// What a response was to be made of failed with this; of several causes the first
    /// one is told.
    pub fn note_failure(&mut self, message: &str) {
        if !std::mem::replace(&mut self.turn.troubled, true) {
            self.troubles.push(Trouble::Failed(message.into()));
        }
    }

    /// A response could not be made or sent: ends and faults of a connection
    /// are told as what they are.
    pub fn note_error(&mut self, error: &Error) {
        match error {
            Error::Misuse(misuse) => self.note(*misuse),
            Error::Closed(_) | Error::Peer(_) | Error::Unwanted => {}
            error => self.note_failure(&chain(error)),
        }
    }
}
