//! One turn of a shared connection, for one who has a seat on it: leading, or following.
//! Who leads, the rows say; how its bytes move, its socket.

use super::rows::Wakes;
use super::{Bell, Inside, Seat, TURNS};
use crate::client::{Beside, Clock, Socket};
use crate::line::Turn;
use crate::link::Plug;
use crate::wire::ReadReady;
use purlin_core::{ClientMachine, Machine, Mono, Now};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// What one who has a seat asks of a turn.
#[derive(Clone, Copy)]
struct Asked {
    row: usize,
    beside: Beside,
    until: Option<Mono>,
}

/// What the reactor wakes the leader by.
struct Rings<'a>(&'a Arc<Bell>, &'a Waker);

impl<S> Seat<S> {
    /// As a [socket's turn](Socket::poll_turn), as far as it is about this seat: it moved if
    /// something came for it, or if what it sent is out and it has more.
    pub(crate) fn poll_turn<C: Clock>(
        &mut self,
        beside: Beside,
        until: Option<Mono>,
        clock: &mut C,
        cx: &mut Context<'_>,
    ) -> Poll<Turn>
    where
        S: Socket<C>,
    {
        let Seat { shared, row } = self;
        let (mut wakes, mut inside) = (Wakes::new(), shared.lock());
        let asked = Asked { row: *row, beside, until };
        let rings = Rings(&shared.bell, &shared.rings);
        let turn = inside.turn(asked, &rings, clock, cx, &mut wakes);
        if turn.is_ready() {
            inside.rows.go_on(*row, &mut wakes);
        }
        // A thread that was woken runs; a task may not be polled.
        let unwatched = !S::BLOCKS && !inside.watched && inside.rows.waiting() > 1;
        inside.watched |= unwatched;
        shared.tell(inside, wakes);
        if unwatched {
            shared.lender.watch(shared);
        }
        turn
    }
}

impl<S: ReadReady + Send + 'static> Seat<S> {
    /// Has the one who leads look at the socket and the machine.
    pub(crate) fn lead<T>(
        &self,
        look: impl FnOnce(&mut S, &mut (dyn ClientMachine + Send)) -> T,
    ) -> Option<T> {
        let mut inside = self.shared.lock();
        let Inside { link, rows, .. } = &mut *inside;
        let link = link.as_mut().filter(|_| rows.is_led_by(self.row))?;
        let Plug::Whole(socket) = &mut link.socket else { return None };
        Some(look(socket, &mut *link.machine))
    }

    /// Until when it waits.
    pub(crate) fn until(&self) -> Option<Mono> {
        self.shared.lock().rows.until_of(self.row)
    }

    /// Writes what there is, as far as the socket takes it.
    pub(crate) fn flush(&self, now: Now) {
        self.shared.with(self.row, Some(now), true, |_, _, _| ());
    }
}

impl<S: ReadReady + Send + 'static> Inside<S> {
    fn turn<C: Clock>(
        &mut self,
        asked: Asked,
        rings: &Rings<'_>,
        clock: &mut C,
        cx: &mut Context<'_>,
        wakes: &mut Wakes,
    ) -> Poll<Turn>
    where
        S: Socket<C>,
    {
        let Asked { row, until, .. } = asked;
        self.rows.wait(row, cx.waker(), until);
        // Others may have told the time since: who is late by theirs is late by its own.
        clock.look();
        for _ in 0..TURNS {
            let now = self.look(Some(clock.last()));
            if self.has_news(row, now, wakes) {
                return Poll::Ready(Turn::Moved);
            }
            if until.is_some_and(|until| until <= now.mono) {
                return Poll::Ready(self.late(row, now, wakes));
            }
            if !self.rows.leads(row, rings.0.is_rung()) {
                return self.follow(asked, now, wakes);
            }
            rings.0.answered_by(cx.waker());
            let all = self.rows.until();
            let Some(link) = &mut self.link else { return Poll::Ready(Turn::Stuck) };
            let Plug::Whole(socket) = &mut link.socket else { return Poll::Ready(Turn::Stuck) };
            let beside =
                if asked.beside == Beside::Comes { Beside::Comes } else { Beside::Nothing };
            let cx = &mut Context::from_waker(rings.1);
            match socket.poll_turn(&mut *link.machine, beside, all, clock, cx) {
                Poll::Ready(Turn::Moved) => {}
                Poll::Ready(Turn::Late) => self.rows.wake_late(clock.last().mono, wakes),
                Poll::Ready(Turn::Stuck) => {
                    let news = self.has_news(row, now, wakes);
                    self.rows.wake_all(wakes);
                    return Poll::Ready(if news { Turn::Moved } else { Turn::Stuck });
                }
                Poll::Pending => {
                    if self.has_news(row, now, wakes) || self.may_send(asked) {
                        return Poll::Ready(Turn::Moved);
                    }
                    let write = self.link.as_ref().is_some_and(|link| link.machine.want().write);
                    self.led = (write, self.next());
                    return Poll::Pending;
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One who does not lead writes what there is, and waits.
    fn follow(&mut self, asked: Asked, now: Now, wakes: &mut Wakes) -> Poll<Turn> {
        if let Some(link) = self.link.as_mut().filter(|link| link.machine.want().write) {
            link.flush(now);
        }
        if self.has_news(asked.row, now, wakes) || self.may_send(asked) {
            return Poll::Ready(Turn::Moved);
        }
        self.alert(asked.row, wakes);
        Poll::Pending
    }

    /// Whether something came for one.
    fn has_news(&mut self, row: usize, now: Now, wakes: &mut Wakes) -> bool {
        self.sort(now, wakes);
        self.rows.take_news(row)
    }

    /// Whether one has more to send, and all that it gave is out. If not, it is told.
    fn may_send(&mut self, asked: Asked) -> bool {
        let id = self.rows.id_of(asked.row).filter(|_| asked.beside == Beside::More);
        let link = self.link.as_mut();
        id.zip(link).is_some_and(|(id, link)| link.machine.flush(id))
    }

    /// The time of one who waits is over. What has come is read before it is told so, once.
    fn late(&mut self, row: usize, now: Now, wakes: &mut Wakes) -> Turn {
        if self.rows.looks_last(row) {
            if let Some(link) = &mut self.link {
                link.read_ready(now);
            }
            if self.has_news(row, now, wakes) {
                return Turn::Moved;
            }
        }
        Turn::Late
    }
}
