//! A connection's socket, as all have it who move its bytes: the worker that has the
//! connection, and while its handler runs whoever waits for a body or for room.
//! Decides nothing: it reads, writes and closes as the machine wants, under the lock of
//! what is served, and never waits with that but for a moment between two requests.

use crate::server::common::Common;
use crate::server::many::Many;
use crate::server::poller::Place;
use purlin_core::{Close, CloseReason, Eof, Id, Machine, Now, Why};
use purlin_engine::served::{Served, State, Stop, overhear};
use purlin_engine::{BULK, Books, Moved};
use purlin_net::{Clock, Stream, untaken};
use std::fmt;
use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// Slices given to one write.
const SLICES: usize = 8;
/// How long a worker stays with a connection that has nothing to do.
const LINGER: Duration = Duration::from_millis(10);

pub(crate) type Guard<'a> = MutexGuard<'a, State>;

/// A connection's socket and its machine.
pub(crate) struct Line {
    pub(crate) served: Arc<Served>,
    pub(crate) common: Arc<Common>,
    /// `None` for an exchange without a wire.
    stream: Option<Stream>,
    /// Where it waits, or would.
    pub(crate) place: Place,
    /// Output that needs few slices is all there is; not so inside TLS.
    gives_all: bool,
    /// The writing half has been shut.
    half_shut: AtomicBool,
    /// The last read took all there was.
    drained: AtomicBool,
    /// The system lets reads wait for [`LINGER`].
    lingers: AtomicBool,
    /// A thread waits for input.
    pub(crate) awaited: AtomicBool,
    books: Mutex<Books>,
    /// What else is known of it, if it carries many exchanges at once.
    pub(crate) many: OnceLock<Box<Many>>,
}

impl Line {
    pub(crate) fn new(
        common: &Arc<Common>,
        served: Arc<Served>,
        stream: Option<Stream>,
        gives_all: bool,
    ) -> Arc<Line> {
        Arc::new(Line {
            served,
            common: Arc::clone(common),
            stream,
            place: Place::default(),
            gives_all,
            half_shut: AtomicBool::new(false),
            drained: AtomicBool::new(true),
            lingers: AtomicBool::new(false),
            awaited: AtomicBool::new(false),
            books: Mutex::default(),
            many: OnceLock::new(),
        })
    }

    pub(crate) fn lock(&self) -> Guard<'_> {
        self.served.lock()
    }

    pub(crate) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// Wakes whoever waits for anything here, to find that the server aborts.
    pub(crate) fn wake_all(&self) {
        if let Some(stream) = &self.stream {
            stream.reset();
        }
        let mut state = self.lock();
        let waits = state.release();
        state.driver.iter().for_each(Waker::wake_by_ref);
        drop(state);
        waits.into_iter().for_each(Waker::wake);
    }

    /// Tells the machine what the server has been told.
    #[inline]
    pub(crate) fn obey(&self, state: &mut State, now: Now) {
        if !self.common.control.running() {
            self.obey_end(state, now);
        }
    }

    #[cold]
    fn obey_end(&self, state: &mut State, now: Now) {
        let young = state.idle.is_some_and(|since| since > now.mono);
        if self.common.control.aborting() {
            state.closed.get_or_insert(CloseReason::Shutdown);
            state.machine.eof(Eof::Reset, now);
        } else if !young && state.stop < Stop::Told {
            state.stop = Stop::Told;
            state.machine.shutdown(now);
        }
    }

    /// Takes events for the worker, while that is away.
    pub(crate) fn hear<'s>(&'s self, state: Guard<'s>, now: Now) -> Guard<'s> {
        let panicked = |payload| self.common.panicked(payload);
        overhear(&panicked, &self.served, state, now)
    }

    /// Reads what is there; says whether anything came.
    pub(crate) fn read(&self, state: &mut State, now: Now) -> bool {
        let room = state.machine.read_buf();
        if room.is_empty() {
            return false;
        }
        let size = room.len();
        let moved = self.stream.as_ref().map_or(Moved::End, |stream| stream.read_ready(room));
        self.drained.store(!matches!(moved, Moved::Bytes(count) if count == size), Relaxed);
        self.take_in(state, moved, now)
    }

    /// A read ended like this; says whether anything came.
    fn take_in(&self, state: &mut State, moved: Moved, now: Now) -> bool {
        match moved {
            Moved::Bytes(count) => {
                state.idle = None;
                state.machine.filled(count, now);
                if count >= BULK {
                    self.books().read(count, &self.common.budget, &mut state.machine);
                }
            }
            Moved::End => state.machine.eof(Eof::Clean, now),
            Moved::Lost => state.machine.eof(Eof::Reset, now),
            Moved::Nothing => {}
        }
        moved != Moved::Nothing
    }

    /// Whether the last read took all there was.
    pub(crate) fn is_drained(&self) -> bool {
        self.drained.load(Relaxed)
    }

    /// Input has come since.
    pub(crate) fn fill(&self) {
        self.drained.store(false, Relaxed);
    }

    /// Stays for a moment, since the next request often follows at once; says whether
    /// anything came. Nobody else has a use for the lock: no exchange is open.
    pub(crate) fn linger(&self, state: &mut State, clock: &mut Clock) -> bool {
        self.common.poller.leave(self);
        if !self.lingers.load(Relaxed) {
            let set = self.stream.as_ref().map(|stream| stream.set_read_timeout(Some(LINGER)));
            if !matches!(set, Some(Ok(()))) {
                return self.read(state, clock.look());
            }
            self.lingers.store(true, Relaxed);
        }
        let room = state.machine.read_buf();
        if room.is_empty() {
            return false;
        }
        let moved = self.stream.as_ref().map_or(Moved::End, |stream| stream.read(room));
        self.take_in(state, moved, clock.look())
    }

    /// Writes what the socket takes, of the output that there is; says how many bytes that
    /// were, if it was all.
    pub(crate) fn write(&self, state: &mut State, now: Now) -> Option<usize> {
        let mut written = 0;
        loop {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let used = state.machine.output(&mut slices, now);
            let whole = slices[..used].iter().map(|slice| slice.len()).sum();
            let stream = self.stream.as_ref();
            match stream.map_or(Moved::Lost, |stream| stream.write_ready(&slices[..used])) {
                Moved::Bytes(count) => {
                    written += count;
                    state.machine.wrote(count, now);
                    self.wrote(state, count);
                    if self.gives_all && count == whole && used < SLICES {
                        return Some(written);
                    }
                }
                Moved::Nothing => return None,
                Moved::End | Moved::Lost => {
                    state.machine.eof(Eof::Reset, now);
                    return Some(written);
                }
            }
            if !state.machine.want().write {
                return Some(written);
            }
        }
    }

    /// Tells the machine the time, if its deadline has come. Before the peer is told that it
    /// was late, what it has sent and what it has room for is moved, and what it has not
    /// taken is told. What a thread waits for it reads itself, and is late with itself.
    pub(crate) fn time_up(&self, state: &mut State, now: Now) {
        let Some((_, why)) = state.machine.deadline().filter(|(at, _)| *at <= now.mono) else {
            return;
        };
        if !self.awaited.load(Relaxed) {
            // All that came in time, which may be more than one read takes.
            while self.read(state, now) && !self.is_drained() {}
        } else if why == Why::Body {
            return;
        }
        if state.machine.want().write {
            self.write(state, now);
        }
        if let Some(bytes) = self.stream.as_ref().and_then(untaken) {
            state.machine.untaken(bytes, now);
        }
        state.machine.tick(now);
    }

    /// Does what the machine wants of the socket; says whether that is closed with this.
    pub(crate) fn close(&self, how: Close) -> bool {
        let Some(stream) = &self.stream else {
            return how != Close::Linger;
        };
        match how {
            Close::Graceful => {}
            Close::Abort => stream.reset_on_close(),
            Close::Linger => {
                if !self.half_shut.swap(true, Relaxed) {
                    stream.shut_writing();
                }
                return false;
            }
        }
        true
    }

    /// Shuts the writing half if the machine wants that; an exchange that is open does not
    /// end the connection otherwise.
    pub(crate) fn half_close(&self, state: &State) {
        if state.machine.want().close == Some(Close::Linger) {
            self.close(Close::Linger);
        }
    }

    /// Whether the peer is gone, and not only done with sending.
    pub(crate) fn is_lost(&self) -> bool {
        !self.half_shut.load(Relaxed) && self.stream.as_ref().is_some_and(Stream::is_lost)
    }

    /// Whether the client of an exchange has gone, or sends nothing more; waits for that as
    /// long as it may.
    pub(crate) fn has_left(&self, id: Id, wait: Duration) -> bool {
        if self.is_many() {
            return self.wait_cancelled(id, wait);
        }
        let Some(stream) = &self.stream else {
            // Without a wire nobody leaves.
            std::thread::sleep(wait);
            return false;
        };
        // A socket that cannot tell is of no use.
        stream.has_left(wait).unwrap_or(true)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many bytes were written.
    #[inline]
    fn wrote(&self, state: &mut State, count: usize) {
        // Nobody looks into the books for a little.
        if count >= BULK && self.books().wrote(count, &self.common.budget, &mut state.machine) {
            self.stream.iter().for_each(Stream::expect_more);
        }
    }

    /// It is going to wait: what it has no use for is others'.
    pub(crate) fn rest(&self, state: &mut State) {
        self.books().rest(&self.common.budget, &mut state.machine);
    }

    /// The connection is gone.
    pub(crate) fn close_books(&self) {
        self.books().close(&self.common.budget);
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({:?})", self.stream)
    }
}
