//! The handlers beside the first one, on a connection that carries many exchanges.
//! Begins them, has them polled, and drops those whose exchange was given up.

use super::crowd::Crowd;
use super::work::{Work, drop_unsent};
use super::{Rest, Served, Service, State};
use crate::sync::MutexGuard;
use purlin_core::{Id, Machine, Now};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// So many handlers are polled before what they did is written and others get their turn.
const TURNS: usize = 32;

/// Who is polled next.
pub(super) enum Next {
    /// Who sits here, for this exchange.
    Seated(usize, Id),
    /// The handler of the request that waits longest.
    New,
}

impl<S: Service> Work<'_, S> {
    /// Who is to be polled beside the first handler, if that may be.
    #[inline]
    pub(super) fn next_beside(&mut self, state: &State, turns: usize) -> Option<Next> {
        if self.crowd.is_none() && self.next.is_empty() {
            return None;
        }
        self.choose(state, turns)
    }

    /// In turn those who were woken and those who are new: neither keep the others waiting.
    #[cold]
    fn choose(&mut self, state: &State, turns: usize) -> Option<Next> {
        if self.crowd.is_none() && !state.machine.carries_many() {
            return None;
        }
        let crowd = self.crowd.get_or_insert_with(|| Box::new(Crowd::new()));
        let is_new = !self.next.is_empty() && crowd.len() < self.most;
        crowd.more = turns == TURNS;
        if crowd.more {
            return None;
        }
        if is_new && turns % 2 == 1 {
            return Some(Next::New);
        }
        let due = crowd.next_due().map(|(seat, id)| Next::Seated(seat, id));
        due.or(is_new.then_some(Next::New))
    }

    /// Polls a handler beside the first, and does what it comes to.
    #[cold]
    pub(super) fn serve_beside<'s>(
        &mut self,
        next: Next,
        served: &'s Served,
        mut state: MutexGuard<'s, State>,
        now: &mut Now,
        clock: &mut dyn FnMut() -> Now,
    ) -> MutexGuard<'s, State> {
        state.driving = true;
        drop(state);
        let (seat, id, polled) = match next {
            Next::Seated(seat, id) => (seat, id, Ok(())),
            Next::New => self.seat(),
        };
        let Some(crowd) = &mut self.crowd else { return served.lock() };
        let polled = polled.and_then(|()| crowd.poll(seat));
        *now = clock();
        state = served.lock();
        state.driving = false;
        match polled {
            Err(payload) => state.panicked(id, payload, *now),
            Ok(None) => {}
            Ok(Some(answer)) => match state.settle(id, S::outcome(answer), *now) {
                None => {}
                Some(Rest::Pieces(response)) => {
                    let writer = state.writer(&self.served, id);
                    crowd.put(seat, S::send(writer, response));
                }
                Some(Rest::Unsent(response)) => state = drop_unsent(response, served, state),
            },
        }
        if !crowd.is_taken(seat) {
            crowd.leave(seat);
        }
        state
    }

    /// Begins to handle the request that waits longest, in a seat; an error is a panic.
    fn seat(&mut self) -> (usize, Id, Result<(), super::Payload>) {
        let Work { next, crowd, handler, exchange, .. } = self;
        let crowd = crowd.get_or_insert_with(|| Box::new(Crowd::new()));
        let Some((id, request)) = next.pop_front() else { return (crowd.sit(0), 0, Ok(())) };
        S::open(exchange).id = id;
        let seat = crowd.sit(id);
        let begun = catch_unwind(AssertUnwindSafe(|| handler.call(request, exchange)));
        (seat, id, begun.map(|future| crowd.begin(seat, future)))
    }

    /// Lets go of exchanges that their peer has given up: their handlers are dropped.
    #[cold]
    pub(super) fn forgo<'s>(
        &mut self,
        served: &'s Served,
        mut state: MutexGuard<'s, State>,
        now: Now,
    ) -> MutexGuard<'s, State> {
        for id in state.take_given_up() {
            state.driving = true;
            drop(state);
            let _ = catch_unwind(AssertUnwindSafe(|| self.drop_handler(id)));
            state = served.lock();
            state.driving = false;
            state.forgo(id, now);
        }
        state
    }

    /// Drops the handler of this exchange, or its request where that waits for one.
    fn drop_handler(&mut self, id: Id) {
        if self.id == id && self.future.is_some() {
            self.drop_future();
        } else if let Some(place) = self.next.iter().position(|(own, _)| *own == id) {
            drop(self.next.remove(place));
        } else if let Some(crowd) = &mut self.crowd {
            drop(crowd.take(id));
        }
    }
}
