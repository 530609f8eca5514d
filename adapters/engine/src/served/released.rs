//! Who has a part in an exchange, from its beginning until it is let go of.
//! Keeps count; what becomes of the response is decided beside it, and the machine says
//! when an exchange is over.

use super::{Asked, Served, State, Writer};
use purlin_core::message::{Hooks, PendingResponse};
use purlin_core::{Event, Id, Machine, Method, Now, Request, ServerMachine};
use std::sync::Arc;
use std::task::Waker;

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

impl State {
    /// A new exchange begins.
    #[inline]
    pub fn begin(&mut self, id: Id, method: &Method) {
        if self.machine.carries_many() {
            self.rows.begin_beside(id, method);
        } else {
            self.rows.begin(id, method);
        }
    }

    /// No handler answers this exchange, or none any more: its peer has given it up.
    pub fn forgo(&mut self, id: Id, now: Now) {
        self.handled(id);
        self.catch_up(now);
    }

    /// The handler has returned.
    #[inline]
    pub(super) fn handled(&mut self, id: Id) {
        let Some(row) = self.rows.get_mut(id) else { return };
        row.marks.handled = true;
        if row.marks.given_up {
            self.backlog.let_go(Dropped::Reader(id));
        }
    }

    /// Has the machine tell what becomes of this exchange, if it is open, and
    /// adds who is to be called then.
    pub fn follow(&mut self, id: Id, add: impl FnOnce(&mut Hooks)) {
        let State { machine, rows, .. } = self;
        let Some(row) = rows.get_mut(id) else { return };
        if machine.follow(id).is_ok() {
            add(row.hooks.get_or_insert_default());
        }
    }

    /// Whoever watches is told later of what became of this request.
    pub fn observe<B>(&mut self, id: Id, request: &mut Request<B>) {
        if let Some(watch) = &mut self.watch {
            watch.request(id, request);
        }
    }

    /// The request that came to another than the driver.
    pub fn take_asked(&mut self) -> Option<Box<Asked>> {
        self.asked.take()
    }

    /// Whether there is somebody to be called about this event.
    #[inline]
    pub(super) fn has_hooks(&self, event: &Event) -> bool {
        self.rows.may_have_hooks() && matches!(event, Event::Answered { .. } | Event::Done { .. })
    }

    /// Who is to be called about this event, to be called without the lock.
    pub(super) fn take_hooks(&mut self, event: &Event) -> Option<Box<Hooks>> {
        let (Event::Answered { id, .. } | Event::Done { id, .. }) = event else { return None };
        self.rows.get_mut(*id)?.hooks.take()
    }

    /// Those who still wait, unless the exchange is over.
    pub(super) fn put_hooks(&mut self, hooks: Box<Hooks>, event: &Event) {
        let Event::Answered { id, .. } = event else { return };
        let Some(row) = self.rows.get_mut(*id) else { return };
        let added = row.hooks.replace(hooks);
        if let (Some(hooks), Some(added)) = (&mut row.hooks, added) {
            hooks.join(*added);
        }
    }

    /// The writer of an exchange's response.
    pub fn writer(&mut self, served: &Arc<Served>, id: Id) -> Writer {
        let mut method = Method::GET;
        if let Some(row) = self.rows.get_mut(id) {
            row.marks.taken = true;
            row.holders += 1;
            method = match (row.marks.head_only, row.marks.connects) {
                (true, _) => Method::HEAD,
                (_, true) => Method::CONNECT,
                _ => method,
            };
        }
        Writer::new(served.clone(), id, PendingResponse::new(&method))
    }

    /// Somebody has a writer or a raw stream of this exchange.
    pub(super) fn hold(&mut self, id: Id) {
        if let Some(row) = self.rows.get_mut(id) {
            row.holders += 1;
        }
    }

    /// And has let go of it.
    pub(super) fn release_hold(&mut self, id: Id) {
        let Some(row) = self.rows.get_mut(id) else { return };
        row.holders = row.holders.saturating_sub(1);
        if row.marks.given_up && row.is_let_go() {
            self.backlog.let_go(Dropped::Reader(id));
        }
        // Who still may answer is looked at once more when that has returned.
        if row.marks.handled {
            self.call_driver();
        }
    }

    /// Has a driver look that may be away: it waits for that.
    fn call_driver(&self) {
        match &self.driver {
            Some(driver) if self.lent => driver.wake_by_ref(),
            _ => self.poke(),
        }
    }

    /// Whether somebody has a writer or a raw stream of this exchange.
    pub fn is_held(&self, id: Id) -> bool {
        self.rows.get(id).is_some_and(|row| row.holders > 0)
    }

    /// A body was dropped before its end.
    pub(super) fn drop_reader(&mut self, id: Id) {
        self.backlog.let_go(Dropped::Reader(id));
        self.call_driver();
    }

    /// A raw stream was dropped.
    pub(super) fn drop_raw(&mut self, id: Id) {
        self.backlog.let_go(match std::thread::panicking() {
            true => Dropped::Torn(id),
            false => Dropped::Raw(id),
        });
        self.release_hold(id);
        self.call_driver();
    }

    /// A writer was dropped before its response was whole.
    pub(super) fn left(&mut self, id: Id, draft: Box<PendingResponse>) {
        let Some(row) = self.rows.get_mut(id) else { return };
        row.left = Some(draft);
        row.marks.broken |= std::thread::panicking();
        if row.marks.handled {
            // The writer was elsewhere: nobody else ends the response.
            self.backlog.let_go(Dropped::Writer(id));
        }
    }

    /// Lets go of what was dropped meanwhile, before anything else is done.
    #[inline]
    pub(super) fn catch_up(&mut self, now: Now) {
        if !self.backlog.is_empty() {
            self.let_go(now);
        }
    }

    #[cold]
    fn let_go(&mut self, now: Now) {
        for dropped in self.backlog.take_dropped() {
            // What has ended by itself need not be ended here.
            match dropped {
                Dropped::Reader(id) => self.discard(id, now),
                Dropped::Writer(id) if self.rows.get(id).is_some() => self.end_left(id, now),
                Dropped::Writer(_) => {}
                Dropped::Torn(id) => _ = self.machine.reset(id, now),
                Dropped::Raw(id) => {
                    let _ = self.machine.discard(id, now);
                    let _ = self.machine.finish(id, None, now);
                }
            }
        }
    }

    /// Nobody reads the rest of this exchange's request. One that the peer has given up is
    /// open as long as its handler runs: it counts among those that are carried at once.
    fn discard(&mut self, id: Id, now: Now) {
        let busy = self.rows.get(id).is_some_and(|row| row.marks.given_up && !row.is_let_go());
        if !busy {
            let _ = self.machine.discard(id, now);
        }
    }

    /// The peer has given this exchange up: nobody waits for more of it.
    #[cold]
    pub(super) fn give_up(&mut self, id: Id, now: Now) -> Vec<Waker> {
        if let Some(row) = self.rows.get_mut(id) {
            (row.marks.given_up, row.left, row.marks.ending) = (true, None, false);
            self.backlog.give_up(id);
        }
        self.discard(id, now);
        self.cancel(id)
    }

    /// The exchanges that were given up since that was asked: their handlers serve nobody.
    pub fn take_given_up(&mut self) -> Vec<Id> {
        self.backlog.take_given_up()
    }

    /// Whether an exchange was given up by its peer.
    pub fn is_given_up(&self, id: Id) -> bool {
        self.rows.get(id).is_some_and(|row| row.marks.given_up)
    }
}
