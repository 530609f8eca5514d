//! A served connection's wire and its deadline, moved as the machine wants.
//! Decides nothing: it reads, writes, waits and closes when told.

use super::State;
use crate::{Books, Budget, Line, Moved, Ready};
use purlin_core::{Close, Eof, Machine, Mono, Now, Want};
use std::task::{Context, Poll};

/// What moves a connection's bytes. One task has it.
pub(super) struct Link<'a, W> {
    /// Until it is closed.
    line: Option<Line<W>>,
    budget: &'a Budget,
    books: Books,
    input: Input,
    output_full: bool,
    half_closed: bool,
    /// The deadline that was last waited for.
    due: Option<Mono>,
    /// The task is woken when the connection is lost, where neither reading nor writing
    /// would tell.
    end_awaited: bool,
}

/// What is known of the wire's input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// Nothing.
    Unknown,
    /// There is probably some: the last read was a full one, or the connection is new.
    Likely,
    /// The task will be woken when there is some.
    Awaited,
}

impl<'a, W: Ready> Link<'a, W> {
    pub(super) fn new(wire: W, budget: &'a Budget) -> Link<'a, W> {
        Link {
            line: Some(Line::new(wire)),
            budget,
            books: Books::default(),
            input: Input::Likely,
            output_full: false,
            half_closed: false,
            due: None,
            end_awaited: false,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.line.is_none()
    }

    fn wire(&mut self) -> Option<&mut W> {
        self.line.as_mut().map(Line::wire_mut)
    }

    /// The task was woken: what was awaited may be there.
    pub(super) fn woken(&mut self, state: &mut State, cx: &mut Context<'_>, now: Now) {
        if self.input == Input::Awaited {
            self.input = Input::Unknown;
        }
        if self.end_awaited && self.is_lost(cx) {
            state.machine.eof(Eof::Reset, now);
        }
        // Also where there is so much to do that it never waits.
        let passed = self.due.take_if(|due| *due <= now.mono).is_some();
        if passed && state.machine.deadline().is_some_and(|(at, _)| at <= now.mono) {
            self.time_up(state, cx, now);
        }
    }

    /// The task has another waker than before.
    pub(super) fn renew(&mut self, cx: &mut Context<'_>) {
        self.wire().into_iter().for_each(|wire| wire.set_waker(cx));
    }

    /// Whether the peer is gone, and not only done with sending.
    fn is_lost(&mut self, cx: &mut Context<'_>) -> bool {
        !self.half_closed && self.wire().is_some_and(|wire| wire.poll_lost(cx).is_ready())
    }

    /// Neither input nor room for output is awaited, and so nobody would tell that
    /// the peer is gone: has the task woken then. Says whether it is gone already.
    pub(super) fn await_end(&mut self, state: &mut State, cx: &mut Context<'_>, now: Now) -> bool {
        let told = self.input == Input::Awaited || self.output_full || self.half_closed;
        if told || self.is_closed() || std::mem::replace(&mut self.end_awaited, true) {
            return false;
        }
        let lost = self.is_lost(cx);
        if lost {
            state.machine.eof(Eof::Reset, now);
        }
        lost
    }

    /// Reads once, if the machine wants it and there is something. Waits until it is
    /// ready first: a read that finds nothing costs more.
    pub(super) fn read(&mut self, state: &mut State, cx: &mut Context<'_>, now: Now) {
        while state.machine.want().read {
            let Some(line) = &mut self.line else { return };
            if self.input != Input::Likely && line.wire_mut().poll_readable(cx).is_pending() {
                self.input = Input::Awaited;
                return;
            }
            self.input = Input::Unknown;
            match line.read(&mut state.machine, now) {
                Moved::Bytes(count) => {
                    if line.is_filled() {
                        self.input = Input::Likely;
                    }
                    state.idle = None;
                    return self.books.read(count, self.budget, &mut state.machine);
                }
                Moved::Nothing => {}
                Moved::End | Moved::Lost => return,
            }
        }
    }

    /// Reads without waiting: what arrived before a graceful stop, or before a
    /// deadline, is still served.
    pub(super) fn read_last(&mut self, state: &mut State, cx: &mut Context<'_>, now: Now) {
        self.input = Input::Likely;
        // It may be more than one read takes.
        while self.input == Input::Likely && !self.is_closed() && state.machine.want().read {
            self.read(state, cx, now);
        }
    }

    /// Writes what there is, as far as the wire takes it; says whether it took any.
    pub(super) fn write(&mut self, state: &mut State, cx: &mut Context<'_>, now: Now) -> bool {
        let mut any = false;
        loop {
            let Some(line) = &mut self.line else { return any };
            if self.output_full && line.wire_mut().poll_writable(cx).is_pending() {
                return any;
            }
            self.output_full = false;
            match line.write_once(&mut state.machine, now) {
                None => return any,
                Some(Moved::Bytes(count)) => {
                    any = true;
                    if self.books.wrote(count, self.budget, &mut state.machine) {
                        line.wire_mut().expect_more();
                    }
                }
                Some(Moved::Nothing) => self.output_full = true,
                Some(Moved::End | Moved::Lost) => {
                    // It takes no more: what is queued will not arrive.
                    state.machine.eof(Eof::Reset, now);
                    return true;
                }
            }
        }
    }

    /// It is going to wait: what it has no use for is others'.
    #[inline]
    pub(super) fn rest(&mut self, state: &mut State) {
        self.books.rest(self.budget, &mut state.machine);
    }

    /// Whether everything the machine wants is awaited.
    pub(super) fn is_waiting(&self, want: Want) -> bool {
        self.is_closed()
            || want.close.is_some_and(|how| how != Close::Linger)
            || ((!want.read || self.input == Input::Awaited) && (!want.write || self.output_full))
    }

    /// Closes as the machine says; says whether the wire is closed.
    pub(super) fn close(&mut self, want: Want) -> bool {
        match want.close {
            None => {}
            Some(Close::Graceful) => self.line = None,
            Some(Close::Abort) => self.abort(),
            Some(Close::Linger) => self.half_close(want.close),
        }
        self.is_closed()
    }

    /// Ends the sending half, once.
    fn half_close(&mut self, how: Option<Close>) {
        self.half_closed = true;
        self.line.iter_mut().for_each(|line| line.half_close(how));
    }

    /// Closes so that the peer sees a reset.
    pub(super) fn abort(&mut self) {
        self.wire().into_iter().for_each(Ready::reset_on_drop);
        self.line = None;
    }

    /// Has the task woken at this deadline at the latest; ready once it has come.
    pub(super) fn poll_until(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        self.due = Some(at);
        self.wire().map_or(Poll::Pending, |wire| wire.poll_until(at, cx))
    }

    /// The deadline has come. Before the peer is told that it was late, what it has
    /// sent and what it has room for is moved, and what it has not taken is told.
    pub(super) fn time_up(&mut self, state: &mut State, cx: &mut Context<'_>, now: Now) {
        self.read_last(state, cx, now);
        self.output_full = false;
        if state.machine.want().write {
            self.write(state, cx, now);
        }
        if let Some(bytes) = self.line.as_ref().and_then(|line| line.wire().untaken()) {
            state.machine.untaken(bytes, now);
        }
        state.machine.tick(now);
    }

    /// Has the task woken then at the latest.
    pub(super) fn wake_at(&mut self, at: Mono, cx: &mut Context<'_>) {
        let Some(wire) = self.wire() else { return };
        if wire.poll_until(at, cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}

impl<W> Drop for Link<'_, W> {
    fn drop(&mut self) {
        self.books.close(self.budget);
    }
}
