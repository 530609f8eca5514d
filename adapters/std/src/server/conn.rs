//! A connection, as it goes from owner to owner: from worker to poller, and back.
//! Holds what its owner knows of it; what is served, and the socket, others may have, too.

use crate::handler::Exchange;
use crate::server::common::Common;
use crate::server::line::Line;
use purlin_core::observe::Peer;
use purlin_core::{Close, CloseReason, Eof, InMemory, Machine, Mono, Values, Why};
use purlin_engine::served::{Asked, Heard, Served, State, Stop};
use purlin_net::{Accepted, Clock};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// How long a connection keeps its buffers while it waits.
pub(crate) const WARM: Duration = Duration::from_secs(1);
/// The deadline of a machine that has none.
pub(crate) const NEVER: Mono = Mono::from_nanos(u64::MAX);

/// A connection: whoever has it serves it.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) exchange: Exchange,
    pub(crate) own: Own,
}

/// What a connection's owner knows of it.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) clock: Clock,
    /// Counts the server's connections.
    number: u64,
    /// A request whose handler has not been called yet.
    pub(crate) pending: Option<Box<Asked>>,
    pub(crate) values: Values,
    /// The deadline when it was last asked for.
    due: Mono,
    /// When its owner last read anything; at first, when it came.
    last: Mono,
    /// Behind what there was is the end.
    ended: bool,
    /// It carries many exchanges at once.
    pub(crate) is_many: bool,
    /// It may hold buffers.
    pub(crate) warm: bool,
    /// It waits with them.
    kept: bool,
    /// How it waits.
    pub(crate) rest: Rest,
}

/// How a connection waits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rest {
    /// It has output that its socket did not take.
    pub(crate) writable: bool,
    /// When to look at it at the latest.
    pub(crate) due: Mono,
    /// Since when it waits for a request; never, if closing it would lose anything.
    pub(crate) idle: Mono,
    /// A server that stops has nothing to tell it, or not yet.
    pub(crate) told: bool,
}

/// What a connection wants of its server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A worker.
    Served,
    /// To wait.
    Rest,
    /// Nothing: it is closed.
    Closed,
}

impl Conn {
    /// A connection that was accepted.
    pub(crate) fn accepted(common: &Arc<Common>, accepted: Accepted) -> Box<Conn> {
        let clock = Clock::new();
        let (served, secured) = common.context.accept(clock.last());
        let line = Line::new(common, served, Some(accepted.stream), secured.is_none());
        // Whatever happens from here on, it is counted as gone once it is dropped.
        let mut conn = Conn::new(line, clock);
        let peer = Peer::new(conn.own.number, accepted.remote, accepted.local);
        let (values, watch) = common.context.welcome(peer, secured);
        conn.own.values = values;
        conn.exchange.line.lock().watch = watch;
        conn
    }

    /// An exchange without a wire.
    pub(crate) fn direct(common: &Arc<Common>, direct: InMemory, values: Values) -> Box<Conn> {
        let clock = Clock::new();
        let served = Served::over(direct.into(), clock.last());
        let mut conn = Conn::new(Line::new(common, served, None, true), clock);
        conn.own.values = values;
        conn
    }

    fn new(line: Arc<Line>, clock: Clock) -> Box<Conn> {
        let own = Own {
            last: clock.last().mono,
            clock,
            number: line.common.control.enter(&line),
            pending: None,
            values: Values::default(),
            due: Mono::ZERO,
            ended: false,
            is_many: false,
            warm: false,
            kept: false,
            rest: Rest::default(),
        };
        Box::new(Conn { exchange: Exchange::new(line), own })
    }

    pub(crate) fn line(&self) -> &Arc<Line> {
        &self.exchange.line
    }

    /// Whether it carries many exchanges at once.
    pub(crate) fn is_many(&self) -> bool {
        self.own.is_many
    }

    /// Its socket is ready, perhaps for the last time.
    pub(crate) fn hear(&mut self, ended: bool) {
        self.exchange.line.fill();
        self.own.ended |= ended;
    }

    /// The socket is of no use any more.
    pub(crate) fn lose(&mut self) {
        self.exchange.line.lock().machine.eof(Eof::Reset, self.own.clock.last());
    }

    /// Its time has come: most are closed, or only give back their buffers. Says what it
    /// wants then.
    pub(crate) fn expire(&mut self) -> Wish {
        let Conn { exchange, own } = self;
        let line = &*exchange.line;
        let now = own.look(&line.common);
        let mut state = line.lock();
        own.trim(&mut state);
        if own.is_many {
            return Wish::Served;
        }
        let late = state.machine.deadline().filter(|(at, _)| *at <= now.mono);
        // What came in time is a worker's, as is a head, which may be all there.
        let head = late.is_some_and(|(_, why)| why == Why::Head);
        if head || (late.is_some() && own.read(line, &mut state)) {
            return Wish::Served;
        }
        line.time_up(&mut state, now);
        line.obey(&mut state, now);
        drop(state);
        self.wish()
    }

    /// It has been idle longest, and somebody else needs its place. Says what it wants then.
    pub(crate) fn give_way(&mut self) -> Wish {
        let now = self.own.clock.look();
        let mut state = self.exchange.line.lock();
        state.stop = Stop::Told;
        state.machine.shutdown(now);
        drop(state);
        self.wish()
    }

    /// What it wants, where nobody has more to do with it just now.
    pub(crate) fn wish(&mut self) -> Wish {
        if self.own.is_many {
            return Wish::Served;
        }
        let Conn { exchange, own } = self;
        let line = &*exchange.line;
        let mut state = line.lock();
        let want = state.machine.want();
        if want.close.is_some() {
            state = exchange.obey(state, &mut Heard::default(), own.clock.last());
        }
        if want.close.is_some_and(|how| line.close(how)) {
            Wish::Closed
        } else if want.write || own.pending.is_some() {
            Wish::Served
        } else {
            own.rest(line, &mut state);
            Wish::Rest
        }
    }

    /// The server has ended: whatever the machine still wants, the socket is closed.
    pub(crate) fn finish(&mut self) {
        let now = self.own.clock.look();
        let line = &*self.exchange.line;
        let mut state = line.lock();
        line.obey(&mut state, now);
        let state = self.exchange.obey(state, &mut Heard::default(), now);
        if let Some(how) = state.machine.want().close {
            line.close(how);
        }
    }
}

impl Own {
    /// Nobody has looked at it for a while: time has passed.
    pub(crate) fn look(&mut self, common: &Common) -> purlin_core::Now {
        if std::mem::take(&mut self.kept) {
            common.poller.cool();
        }
        self.clock.look()
    }

    /// Reads what is there; says whether anything came.
    pub(crate) fn read(&mut self, line: &Line, state: &mut State) -> bool {
        let came = line.read(state, self.clock.last());
        if came {
            self.note_input();
        }
        came
    }

    /// Stays for a moment, since the next request often follows at once; says whether
    /// anything came.
    pub(crate) fn linger(&mut self, line: &Line, state: &mut State) -> bool {
        let came = line.linger(state, &mut self.clock);
        if came {
            self.note_input();
            self.pass_time(line, state);
        } else {
            self.trim(state);
        }
        came
    }

    fn note_input(&mut self) {
        self.warm = true;
        self.last = self.clock.last().mono;
    }

    /// Whether everything that has come was read, so that the socket will tell of more.
    pub(crate) fn is_drained(&self, line: &Line) -> bool {
        line.is_drained() && !self.ended && line.place.is_taken()
    }

    /// Tells the machine the time if its deadline has come.
    pub(crate) fn pass_time(&mut self, line: &Line, state: &mut State) {
        let now = self.clock.last();
        if now.mono >= self.due {
            line.time_up(state, now);
            self.due = state.machine.deadline().map_or(NEVER, |(at, _)| at);
        }
    }

    /// Gives back memory that holds nothing.
    pub(crate) fn trim(&mut self, state: &mut State) {
        self.warm = false;
        state.trim(self.clock.last());
    }

    /// It is going to wait, with its buffers if there is room for that.
    pub(crate) fn rest(&mut self, line: &Line, state: &mut State) {
        line.rest(state);
        if self.warm && !self.kept {
            self.kept = line.common.poller.keeps_warm();
            if !self.kept {
                self.trim(state);
            }
        }
        let now = self.clock.last().mono;
        let deadline = state.machine.deadline();
        self.due = deadline.map_or(NEVER, |(at, _)| at);
        if matches!(deadline, None | Some((_, Why::Idle))) && !state.machine.in_exchange() {
            state.idle.get_or_insert(self.last);
        }
        let young = state.idle.filter(|since| *since > now);
        let cools = self.warm.then(|| now + WARM);
        self.rest = Rest {
            writable: state.machine.want().write,
            due: [cools, young].into_iter().flatten().fold(self.due, Mono::min),
            idle: state.idle.filter(|since| *since <= now).unwrap_or(NEVER),
            told: state.stop >= Stop::Told || young.is_some(),
        };
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        let Conn { exchange, own } = self;
        let line = &exchange.line;
        let now = own.look(&line.common);
        line.close_books();
        let mut state = line.lock();
        state.lent = false;
        if state.machine.in_exchange() {
            state.closed.get_or_insert(CloseReason::Shutdown);
            state.machine.eof(Eof::Reset, now);
        }
        state.trim(now);
        let cut = state.machine.want().close == Some(Close::Abort);
        let (waits, watch) = (state.release(), state.watch.take());
        drop(state);
        waits.into_iter().for_each(Waker::wake);
        // An observer that panics was heard; its connection is closed all the same.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(watch)));
        // Somebody still holds a body or a writer: that must not keep the socket open.
        let kept = Arc::strong_count(line) > 1;
        match line.stream().filter(|_| kept) {
            Some(stream) if cut => stream.reset(),
            Some(stream) => stream.shut_both(),
            None => {}
        }
        line.common.poller.forget(&line.place);
        line.common.control.leave(own.number);
    }
}
