//! How a thread waits for something of a connection: it moves the connection's bytes
//! until it has that.
//! Decides nothing: whether it has it, what is asked again and again says.
//!
//! ```text
//!   poll ---ready--> done
//!     |
//!     '--> write, read, events ---> anything? ---> poll
//!             ^                       | nothing
//!             '---- time, room, input: the system is asked to wait, without the lock
//! ```
//!
//! Nobody is told by another that bytes can be moved: every thread that waits asks the
//! system itself, for what it has a use for alone. What is asked is whether the socket can be
//! read or written, not whether it has become so, so that nothing is lost between a look
//! at the machine and the wait: who looked too early does not sleep. Nobody takes
//! from another what that waits for, either: input is read by the one who waits for it
//! (a body and a raw stream have one reader at a time), and who waits for room needs none
//! but what the socket says. So there is no wait to be handed over when one of them ends.
//!
//! Where the system has nothing to say, a thread parks until it is unparked: while the
//! worker has the connection and moves its bytes, and where the worker waits for a
//! response that is written elsewhere. Its waker is in the machine's state, put there under
//! the lock before it is let go of, and a thread that is unparked before it parks
//! does not park. What neither tells (that the server ends, or the worker is back) is looked
//! for once in a second.

use crate::server::line::{Guard, Line};
use crate::server::many::By;
use purlin_core::{Close, Eof, Id, Machine, Mono, Now};
use purlin_engine::served::State;
use purlin_net::Clock;
use purlin_net::client::{Idle, wait_for};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// The longest wait before looking around.
const GLANCE: Duration = Duration::from_secs(1);
/// How long to wait before looking again where nothing tells when to.
const PAUSE: Duration = Duration::from_millis(5);

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    Input,
    Room,
}

/// What wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Unpark>) {
        self.0.unpark();
    }
}

thread_local! {
    static WAKER: Waker = Arc::new(Unpark(thread::current())).into();
}

/// The time, by this thread's clock.
pub(crate) fn now() -> Now {
    Clock::of_thread().last()
}

impl Line {
    /// Waits until this is ready.
    pub(crate) fn wait<T>(
        &self,
        what: For,
        mut poll: impl FnMut(&Context<'_>, Now) -> Poll<T>,
    ) -> T {
        loop {
            if let Poll::Ready(done) = self.wait_until(what, None, &mut poll) {
                return done;
            }
        }
    }

    /// Waits until this is ready, or for so long.
    pub(crate) fn wait_until<T>(
        &self,
        what: For,
        until: Option<Mono>,
        mut poll: impl FnMut(&Context<'_>, Now) -> Poll<T>,
    ) -> Poll<T> {
        let mut clock = Clock::of_thread();
        WAKER.with(|waker| {
            let cx = Context::from_waker(waker);
            let mut full = false;
            loop {
                let polled = poll(&cx, clock.last());
                if polled.is_ready() && what == For::Input && self.is_many() {
                    self.tell_taken(clock.last());
                }
                let late = until.is_some_and(|until| until <= clock.last().mono);
                if polled.is_ready() || late {
                    return polled;
                }
                match self.is_many() {
                    true => self.advance_many(until, &mut clock),
                    false => self.advance(what, until, &mut full, &mut clock),
                }
            }
        })
    }

    /// Looks for input, without waiting, unless somebody waits for it.
    pub(crate) fn look(&self) {
        self.move_ready(|line, state, now| {
            if !line.awaited.load(Relaxed) && state.machine.want().read {
                line.read(state, now);
            }
        });
    }

    /// Writes what the socket takes, without waiting.
    pub(crate) fn push(&self) {
        self.move_ready(|line, state, now| {
            if state.machine.want().write {
                line.write(state, now);
            }
        });
    }

    fn move_ready(&self, act: impl FnOnce(&Line, &mut State, Now)) {
        let mut state = self.lock();
        let now = now();
        if self.is_many() {
            // Whoever has the connection reads.
            return self.stir(state, now, By::Other);
        }
        if state.lent {
            self.obey(&mut state, now);
            act(self, &mut state, now);
            drop(self.hear(state, now));
        }
    }

    /// Moves what can be moved; if that is nothing, waits until it is something.
    fn advance(&self, what: For, until: Option<Mono>, full: &mut bool, clock: &mut Clock) {
        let mut state = self.lock();
        let now = clock.last();
        if !state.lent {
            drop(state);
            thread::park_timeout(patience([until, None], now));
            clock.look();
            return;
        }
        self.obey(&mut state, now);
        self.time_up(&mut state, now);
        let mut moved = false;
        if state.machine.want().write && !*full {
            *full = self.write(&mut state, now).is_none();
            moved = true;
        }
        self.half_close(&state);
        if what == For::Input && state.machine.want().read && !self.is_drained() {
            moved |= self.read(&mut state, now);
        }
        let state = self.hear(state, now);
        if !moved && state.lent {
            *full &= !self.rest_for(state, what, until, now);
        }
        clock.look();
    }

    /// Waits in the system until something can be moved; says whether it can.
    fn rest_for(&self, mut state: Guard<'_>, what: For, until: Option<Mono>, now: Now) -> bool {
        self.rest(&mut state);
        let (want, due) = (state.machine.want(), state.machine.deadline().map(|(at, _)| at));
        let Some(stream) = self.stream() else {
            // Without a wire nothing comes, and nothing goes.
            let how = if what == For::Input { Eof::Clean } else { Eof::Reset };
            state.machine.eof(how, now);
            drop(self.hear(state, now));
            return true;
        };
        let time = patience([until, due], now);
        let reads = what == For::Input && want.read;
        let idle = match (reads, want.write) {
            (true, true) => Idle::Both,
            (true, false) => Idle::Reads,
            (false, true) => Idle::Writes,
            (false, false) => {
                drop(state);
                thread::sleep(time.min(PAUSE));
                return false;
            }
        };
        // Not once the worker is back: it may have it wait there again.
        self.common.poller.leave(self);
        self.awaited.fetch_or(reads, Relaxed);
        drop(state);
        let ready = wait_for(&[(stream.as_fd(), idle)], Some(time));
        if reads {
            self.awaited.store(false, Relaxed);
            self.fill();
        }
        // A socket that cannot be waited for says why when it is read or written.
        ready.map_or(true, |ready| ready.contains(&true))
    }

    /// The response of this exchange is written elsewhere: its worker waits until it is
    /// whole, or nobody waits for it any more.
    pub(crate) fn wait_elsewhere<'s>(
        &'s self,
        mut state: Guard<'s>,
        id: Id,
        clock: &mut Clock,
    ) -> Guard<'s> {
        while state.is_held(id) && state.machine.want().close != Some(Close::Abort) {
            state = self.park(state, clock);
            let now = clock.last();
            self.obey(&mut state, now);
            self.time_up(&mut state, now);
            // Nobody reads or writes who would be told.
            if state.is_cancelled(id) && self.is_lost() {
                state.machine.eof(Eof::Reset, now);
            }
            state = self.hear(state, now);
        }
        state
    }

    /// Whoever was lent the connection tells of its events: the worker waits for that.
    pub(crate) fn take_back<'s>(&'s self, mut state: Guard<'s>, clock: &mut Clock) -> Guard<'s> {
        state.lent = false;
        while state.is_telling() {
            state = self.park(state, clock);
        }
        state
    }

    fn park<'s>(&'s self, mut state: Guard<'s>, clock: &mut Clock) -> Guard<'s> {
        state.driver = Some(WAKER.with(Waker::clone));
        let due = state.machine.deadline().map(|(at, _)| at);
        drop(state);
        thread::park_timeout(patience([due, None], clock.last()));
        clock.look();
        let mut state = self.lock();
        state.driver = None;
        state
    }
}

/// How long to wait if these come.
pub(crate) fn patience(until: [Option<Mono>; 2], now: Now) -> Duration {
    let left = until.into_iter().flatten().map(|at| at.since(now.mono));
    left.min().map_or(GLANCE, |left| left.min(GLANCE))
}
