//! A connection that carries many exchanges at once: who moves its bytes, and who answers
//! its requests.
//! Decides nothing of the protocol: it reads, writes and closes as the machine wants.
//!
//! ```text
//!   poller ---> attend: read, events, write ---> poller
//!                         |  \--- wakes who waits for a body, for room
//!                         '--- job ---> queue ---> worker: handler ---> events, write
//! ```
//!
//! No handler runs while a thread has the connection: requests become jobs of the workers,
//! and the connection waits again at once. A worker that attends to it takes up the jobs
//! next, one after the other, so that a batch of quick handlers costs no hand-over; a slow one
//! leaves the others to whoever is free, or is called up by the timekeeper. A handler that
//! waits for something is parked, and holds neither lock nor socket. Where every worker
//! is kept by a handler, the timekeeper attends to the connections, so that what they wait
//! for still comes.
//!
//! Whoever has made output writes what the socket takes. The poller tells when it takes more.

mod settled;

use crate::handler::Exchange;
use crate::server::conn::{Conn, NEVER, Own};
use crate::server::driver::{AHEAD, finish};
use crate::server::line::{Guard, Line};
use crate::{Body, Request};
use purlin_core::{BodyLength, Machine, Now, Values};
use purlin_engine::served::{Asked, Heard, obey};
use purlin_net::Clock;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Wake, Waker};

thread_local! {
    /// The connection that this thread writes a response to, and so will look at by itself.
    static AT_WORK: Cell<*const Line> = const { Cell::new(std::ptr::null()) };
}

/// What is known of such a connection besides. All of it is used under the lock of what is
/// served.
#[derive(Debug)]
pub(crate) struct Many {
    line: Weak<Line>,
    values: Values,
    /// Requests whose small bodies have not come yet.
    ahead: Mutex<Vec<Box<Job>>>,
    /// Nanoseconds until the poller's deadline, and since when the connection is idle there.
    due: AtomicU64,
    idle: AtomicU64,
    /// Jobs that were queued, and nobody was called for.
    fresh: AtomicUsize,
    /// What was answered waits for the next answer, and the timekeeper knows of it.
    deferred: AtomicBool,
}

/// A request, for whichever worker is free.
#[derive(Debug)]
pub(crate) struct Job {
    exchange: Exchange,
    request: Request,
}

/// Calls somebody who attends to the connection.
struct Bell(Weak<Line>);

impl Wake for Bell {
    fn wake(self: Arc<Bell>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Bell>) {
        if let Some(line) = self.0.upgrade() {
            if AT_WORK.get() != Arc::as_ptr(&line) {
                line.call();
            }
        }
    }
}

/// Who attends to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A worker, who takes up the first of its jobs next.
    Worker,
    /// Somebody who does not.
    Other,
}

/// Moves what can be moved, and has requests queued; then it waits again, or is closed.
pub(crate) fn attend(mut conn: Box<Conn>, by: By) {
    let common = Arc::clone(&conn.line().common);
    while move_all(&mut conn) {
        conn.line().announce(by);
        match common.poller.park(conn) {
            Some(ready) => conn = ready,
            None => return,
        }
    }
}

/// Does all that can be done without waiting; says whether the connection waits, and is not
/// closed.
fn move_all(conn: &mut Conn) -> bool {
    let Conn { exchange, own } = conn;
    let line = &*exchange.line;
    let now = own.look(&line.common);
    let mut state = line.lock();
    let many = line.become_many(&exchange.line, own, &mut state);
    // Whoever does something for it meanwhile finds where it will wait.
    line.common.poller.prepare(line);
    loop {
        let mut moved = !own.is_drained(line) && own.read(line, &mut state);
        // What came before a graceful end is served yet.
        while moved && !line.common.control.running() && own.read(line, &mut state) {}
        line.time_up(&mut state, now);
        line.obey(&mut state, now);
        state = line.sort(state, now);
        if state.machine.want().write {
            moved |= line.write(&mut state, now).is_some_and(|count| count > 0);
            state = line.sort(state, now);
        }
        if !moved {
            break;
        }
    }
    if state.machine.want().close.is_some_and(|how| line.close(how)) {
        return false;
    }
    own.rest(line, &mut state);
    own.rest.writable = true;
    many.due.store(own.rest.due.as_nanos(), SeqCst);
    many.idle.store(own.rest.idle.as_nanos(), SeqCst);
    true
}

/// Has a handler answer a request.
pub(crate) fn run(job: Job) {
    let Job { exchange, request } = job;
    let (line, id) = (&*exchange.line, exchange.id.get());
    let mut clock = Clock::of_thread();
    let state = line.lock();
    if state.is_given_up(id) || state.closed.is_some() {
        drop(state);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(request)));
        let mut state = line.lock();
        state.forgo(id, clock.look());
        return line.stir(state, clock.last(), By::Worker);
    }
    drop(state);
    // A panic is answered, and nothing else is shared with the handler.
    let answered = catch_unwind(AssertUnwindSafe(|| {
        let outcome = line.common.handler.call(request, &exchange).0;
        let now = clock.look();
        let mut state = line.lock();
        line.obey(&mut state, now);
        let rest = state.settle(id, outcome, now);
        (state, rest.map(Box::new))
    }));
    let (mut state, rest) = answered.unwrap_or_else(|payload| {
        let mut state = line.lock();
        state.panicked(id, payload, clock.look());
        (state, None)
    });
    if let Some(rest) = rest {
        let before = AT_WORK.replace(line);
        state = finish(&exchange, &mut clock, state, *rest);
        AT_WORK.set(before);
    }
    if line.common.pool.is_next(line) {
        // One write for several answers, unless the next is long in coming.
        line.defer(state, clock.last());
    } else {
        line.stir(state, clock.last(), By::Worker);
    }
}

impl Line {
    /// Whether it carries many exchanges.
    pub(crate) fn is_many(&self) -> bool {
        self.many.get().is_some()
    }

    /// What is known of it, if it carries many exchanges; from here on it does.
    fn become_many<'l>(
        &'l self,
        own_line: &Arc<Line>,
        own: &Own,
        state: &mut Guard<'_>,
    ) -> &'l Many {
        self.many.get_or_init(|| {
            let line = Arc::downgrade(own_line);
            // All who have a part in it move its bytes, for good.
            state.lent = true;
            state.driver = Some(Waker::from(Arc::new(Bell(line.clone()))));
            Box::new(Many {
                line,
                values: own.values.clone(),
                ahead: Mutex::default(),
                due: AtomicU64::new(NEVER.as_nanos()),
                idle: AtomicU64::new(NEVER.as_nanos()),
                fresh: AtomicUsize::new(0),
                deferred: AtomicBool::new(false),
            })
        })
    }

    /// Takes events: tells those who wait, and has requests queued.
    fn sort<'s>(&'s self, mut state: Guard<'s>, now: Now) -> Guard<'s> {
        let Some(many) = self.many.get() else { return state };
        let panicked = |payload| self.common.panicked(payload);
        let mut heard = Heard::default();
        loop {
            state = obey(&panicked, &self.served, state, Waker::noop(), &mut heard, now);
            let Some(asked) = heard.asked.take() else { break };
            state = self.take_up(many, state, asked, now);
        }
        for id in state.take_given_up() {
            // Who runs finds out; who was not called yet is not called any more.
            let unheard = many.take_ahead(|job| job.exchange.id.get() == id);
            if !unheard.is_empty() {
                drop(state);
                let _ = catch_unwind(AssertUnwindSafe(|| drop(unheard)));
                state = self.lock();
                state.forgo(id, now);
            }
        }
        for job in many.take_ahead(|job| state.machine.prefetch(job.exchange.id.get(), AHEAD, now))
        {
            self.queue(many, job);
        }
        state
    }

    /// A request has come: it is queued once its handler will not have to wait for a small body.
    fn take_up<'s>(
        &'s self,
        many: &'s Many,
        mut state: Guard<'s>,
        asked: Asked,
        now: Now,
    ) -> Guard<'s> {
        let Asked { id, head, length } = asked;
        let Some(line) = many.line.upgrade() else { return state };
        let exchange = Exchange::new(line);
        exchange.id.set(id);
        let body = Body::of(&exchange, length);
        let mut request = Request::new(head, length, body).with_values(many.values.clone());
        state.observe(id, &mut request);
        let job = Box::new(Job { exchange, request });
        if length == BodyLength::Empty {
            self.queue(many, job);
            return state;
        }
        drop(state);
        let asks = AssertUnwindSafe(|| self.common.handler.full_duplex(job.request.head()));
        let duplex = catch_unwind(asks);
        let mut state = self.lock();
        match duplex {
            Ok(false) if !state.machine.prefetch(id, AHEAD, now) => many.ahead().push(job),
            Ok(_) => self.queue(many, job),
            // It is answered as a panic of the handler itself.
            Err(payload) => state.panicked(id, payload, now),
        }
        state
    }

    fn queue(&self, many: &Many, job: Box<Job>) {
        many.fresh.fetch_add(1, SeqCst);
        self.common.pool.push_job(job);
    }

    /// Calls somebody for jobs that were queued. A worker takes up the first one itself, and
    /// most often the others too, before anybody else could have come.
    fn announce(&self, by: By) {
        let fresh = self.many.get().map_or(0, |many| many.fresh.swap(0, SeqCst));
        match by {
            By::Worker if fresh > 1 => self.common.alarm.ring_if_asleep(),
            By::Other if fresh > 0 => self.common.nudge(),
            By::Worker | By::Other => {}
        }
    }
}

impl Job {
    /// Whether it is a request of this connection.
    pub(crate) fn is_of(&self, line: &Line) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.exchange.line), line)
    }
}

impl Many {
    fn ahead(&self) -> MutexGuard<'_, Vec<Box<Job>>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes those of the requests whose bodies have not come that this says yes to.
    fn take_ahead(&self, mut takes: impl FnMut(&Job) -> bool) -> Vec<Box<Job>> {
        if self.ahead().is_empty() {
            return Vec::new();
        }
        let mut ahead = self.ahead();
        let (taken, kept) = std::mem::take(&mut *ahead).into_iter().partition(|job| takes(job));
        *ahead = kept;
        taken
    }
}
