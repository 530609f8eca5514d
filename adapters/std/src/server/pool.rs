//! The worker threads, counted: who is at work, who waits, and what waits for them.
//! Makes threads and ends them; what a thread does is `worker`'s.
//!
//! Threads wait for sockets in the system, which wakes one for each that is
//! ready: as many as there are cores, since more would only be woken in turn to
//! share them. The others are the reserve, for when those that wait are kept by
//! slow handlers. The queue is for what the timekeeper found when none waited. When
//! there should be more or fewer, `purlin_net::Look` decides.

use crate::server::common::Common;
use crate::server::conn::Conn;
use crate::server::line::Line;
use crate::server::many::Job;
use crate::server::worker;
use purlin_net::Staff;
use purlin_net::{Crew, Member};
use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

/// A thread that had nothing to do for so long ends.
pub(crate) const BOREDOM: Duration = Duration::from_secs(10);

/// The worker threads of a server.
#[derive(Debug)]
pub(crate) struct Pool {
    most: usize,
    workers: AtomicUsize,
    /// Threads that wait for any socket.
    waiting: AtomicUsize,
    /// As many as need to.
    enough: usize,
    crew: Crew,
    reserve: Mutex<Reserve>,
    called: Condvar,
    /// So many should stand by, although nobody waits.
    dismissed: AtomicUsize,
    /// How often the last thread that waited found something to do.
    emptied: AtomicUsize,
    queue: Mutex<VecDeque<Task>>,
    /// The queue's length.
    queued: AtomicUsize,
    /// How many in it are connections that carry one exchange at a time.
    singles: AtomicUsize,
    /// How many jobs were queued so far.
    jobs: AtomicUsize,
    /// Connections whose output waits for the next answer.
    deferred: Mutex<Vec<Weak<Line>>>,
    ended: AtomicBool,
}

/// What a thread takes up.
#[derive(Debug)]
pub(crate) enum Task {
    /// A connection, to be served.
    Conn(Box<Conn>),
    /// A request, for its handler.
    Job(Box<Job>),
}

/// Threads that are not needed for now.
#[derive(Debug, Default)]
struct Reserve {
    threads: usize,
    /// How many of them were called up, and have not noticed yet.
    calls: usize,
}

impl Pool {
    /// A pool of at most so many threads, and none so far.
    pub(crate) fn new(most: usize) -> Pool {
        Pool {
            most: most.max(1),
            workers: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            enough: thread::available_parallelism().map_or(1, NonZero::get),
            crew: Crew::default(),
            reserve: Mutex::default(),
            called: Condvar::new(),
            dismissed: AtomicUsize::new(0),
            emptied: AtomicUsize::new(0),
            queue: Mutex::default(),
            queued: AtomicUsize::new(0),
            singles: AtomicUsize::new(0),
            jobs: AtomicUsize::new(0),
            deferred: Mutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    /// Whether a thread may stay with a connection that has nothing to do just
    /// now: another waits for all the rest.
    pub(crate) fn has_spare(&self) -> bool {
        self.has_waiting() && self.queued() == 0
    }

    pub(crate) fn has_waiting(&self) -> bool {
        self.waiting.load(SeqCst) > 0
    }

    /// How often the last thread that waited was taken.
    pub(crate) fn emptied(&self) -> usize {
        self.emptied.load(SeqCst)
    }

    /// How many connections and requests wait for a thread.
    pub(crate) fn queued(&self) -> usize {
        self.queued.load(SeqCst)
    }

    /// How many requests have waited for a thread so far.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.load(SeqCst)
    }

    /// Whether so much is queued that nothing should be added.
    pub(crate) fn is_full(&self) -> bool {
        self.singles.load(SeqCst) >= self.most
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Task>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues connections. Those that carry many exchanges come first: to attend to one takes
    /// no time, and others wait for what it brings.
    pub(crate) fn push(&self, conns: impl IntoIterator<Item = Box<Conn>>) {
        let mut queue = self.lock();
        for conn in conns {
            if conn.is_many() {
                queue.push_front(Task::Conn(conn));
            } else {
                self.singles.fetch_add(1, SeqCst);
                queue.push_back(Task::Conn(conn));
            }
        }
        self.queued.store(queue.len(), SeqCst);
    }

    /// Queues a request.
    pub(crate) fn push_job(&self, job: Box<Job>) {
        self.jobs.fetch_add(1, SeqCst);
        let mut queue = self.lock();
        queue.push_back(Task::Job(job));
        self.queued.store(queue.len(), SeqCst);
    }

    /// Whether what is taken up next is a request of this connection.
    pub(crate) fn is_next(&self, line: &Line) -> bool {
        self.queued() > 0 && matches!(self.lock().front(), Some(Task::Job(job)) if job.is_of(line))
    }

    /// The output of this connection waits for its next answer.
    pub(crate) fn defer(&self, line: Weak<Line>) {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Whether anything waits, a thread or a look of the timekeeper's.
    pub(crate) fn has_more(&self) -> bool {
        let deferred = || self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
        self.queued() > 0 || !deferred().is_empty()
    }

    /// The connections of which that was said since this was asked.
    pub(crate) fn take_deferred(&self) -> Vec<Weak<Line>> {
        std::mem::take(&mut *self.deferred.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up what is queued.
    pub(crate) fn pop(&self) -> Option<Task> {
        if self.queued() == 0 {
            return None;
        }
        let mut queue = self.lock();
        let task = queue.pop_front();
        self.queued.store(queue.len(), SeqCst);
        if let Some(Task::Conn(conn)) = &task {
            self.singles.fetch_sub(usize::from(!conn.is_many()), SeqCst);
        }
        task
    }

    /// Takes up a connection that carries many exchanges.
    pub(crate) fn pop_many(&self) -> Option<Box<Conn>> {
        let mut queue = self.lock();
        let first = matches!(queue.front(), Some(Task::Conn(conn)) if conn.is_many());
        let task = if first { queue.pop_front() } else { None };
        self.queued.store(queue.len(), SeqCst);
        match task {
            Some(Task::Conn(conn)) => Some(conn),
            _ => None,
        }
    }

    /// Whether the thread that asks is one of those that should stand by.
    pub(crate) fn is_dismissed(&self) -> bool {
        let one_less = |count: usize| count.checked_sub(1);
        self.dismissed.load(SeqCst) > 0
            && self.dismissed.fetch_update(SeqCst, SeqCst, one_less).is_ok()
    }

    /// Begins to look after the threads: none waits, and there may be too few or too many.
    pub(crate) fn begin_looking(&self) {
        self.dismissed.store(0, SeqCst);
        self.crew.begin();
    }

    /// No thread waits: calls or dismisses some if that is of use.
    pub(crate) fn look(&self, common: &Arc<Common>) {
        let Some(look) = self.crew.look(self.enough, self.queued()) else { return };
        match look.decide() {
            Staff::Keep => {}
            Staff::Call(count) => {
                self.dismissed.store(0, SeqCst);
                self.reinforce(common, count);
            }
            Staff::Dismiss(count) => self.dismissed.store(count, SeqCst),
        }
    }

    fn reserve(&self) -> MutexGuard<'_, Reserve> {
        self.reserve.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enough threads wait already, or this one is dismissed: it stands by until it is
    /// needed. Says whether it was; if not, it has had nothing to do for long.
    pub(crate) fn stand_by(&self, member: &Member, dismissed: bool) -> bool {
        let enough = self.waiting.load(SeqCst) >= self.enough;
        if !(enough || dismissed) || self.has_ended() {
            return true;
        }
        member.set_standing_by(true);
        let mut reserve = self.reserve();
        reserve.threads += 1;
        let waits = |reserve: &mut Reserve| reserve.calls == 0 && !self.has_ended();
        let waited = self.called.wait_timeout_while(reserve, BOREDOM, waits);
        let (mut reserve, bored) = waited.unwrap_or_else(PoisonError::into_inner);
        reserve.threads -= 1;
        reserve.calls = reserve.calls.saturating_sub(1);
        drop(reserve);
        member.set_standing_by(false);
        !bored.timed_out()
    }

    /// Has so many threads more wait: from the reserve, and new ones beyond that.
    fn reinforce(&self, common: &Arc<Common>, count: usize) {
        let mut reserve = self.reserve();
        let called = count.min(reserve.threads - reserve.calls.min(reserve.threads));
        reserve.calls += called;
        drop(reserve);
        (0..called).for_each(|_| self.called.notify_one());
        self.grow(common, count - called);
    }

    /// A thread begins to wait.
    pub(crate) fn begin_waiting(&self) {
        self.waiting.fetch_add(1, SeqCst);
    }

    /// It waits no longer; says whether it was the last one.
    pub(crate) fn end_waiting(&self) -> bool {
        let last = self.waiting.fetch_sub(1, SeqCst) == 1;
        if last {
            self.emptied.fetch_add(1, SeqCst);
        }
        last
    }

    /// Makes so many threads more, as far as that is allowed. Where the system
    /// has none to give, those that are there do the work.
    fn grow(&self, common: &Arc<Common>, count: usize) {
        for _ in 0..count {
            if self.workers.fetch_add(1, SeqCst) >= self.most {
                self.workers.fetch_sub(1, SeqCst);
                return;
            }
            let common = Arc::clone(common);
            let made = thread::Builder::new().name("purlin".into()).spawn(move || {
                let member = common.pool.crew.enlist();
                worker::work(&common, &member);
                common.pool.crew.leave(&member);
                common.pool.workers.fetch_sub(1, SeqCst);
            });
            if made.is_err() {
                self.workers.fetch_sub(1, SeqCst);
                return;
            }
        }
    }

    /// The first threads.
    pub(crate) fn begin(&self, common: &Arc<Common>) {
        self.grow(common, self.enough);
    }

    /// Whether a thread that has had nothing to do for long should end.
    pub(crate) fn has_too_many(&self) -> bool {
        self.workers.load(SeqCst) > self.enough
    }

    /// From here on threads end as they have nothing to do. What is left is closed by
    /// who holds it.
    pub(crate) fn end(&self) -> VecDeque<Task> {
        self.ended.store(true, SeqCst);
        drop(self.reserve());
        self.called.notify_all();
        std::mem::take(&mut *self.lock())
    }
}
