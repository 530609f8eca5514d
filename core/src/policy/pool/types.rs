//! What a pool is told and what it answers, as plain data.

use super::idle_limit;
use crate::head::{Method, ResponseHead};
use crate::time::Mono;
use std::time::Duration;

/// How many connections are kept and for how long.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// Idle connections to all hosts together; one more closes the one that has
    /// been idle longest. 0 keeps none (Go's 0 is `usize::MAX` here).
    pub max_idle: usize,
    /// Idle connections of one key; one more is closed when it comes back.
    ///
    /// Go keeps 2, so that a program with 10 requests at once to one host opens
    /// eight connections again and again. What an idle connection costs is
    /// bounded by `max_idle` and `idle_timeout` in any case.
    pub max_idle_per_host: usize,
    /// Connections of one key that are open or being opened, idle ones included.
    /// Who would need one more waits. `None`: as many as are asked for.
    pub max_per_host: Option<usize>,
    /// How long a connection stays idle before it is closed; `Duration::MAX`: without end.
    pub idle_timeout: Duration,
    /// How old a connection may be that is used for another request. `None`: of
    /// any age. With it set, addresses that changed are noticed.
    pub max_age: Option<Duration>,
    /// Whether connections are used again at all.
    pub keep_alive: bool,
    #[doc(hidden)]
    pub _more: (),
}

impl PoolConfig {
    /// Whether connections are used again at all.
    pub fn set_reuse(&mut self, again: bool) {
        self.keep_alive = again;
    }
}

impl Default for PoolConfig {
    fn default() -> PoolConfig {
        PoolConfig {
            max_idle: 100,
            max_idle_per_host: 16,
            max_per_host: None,
            idle_timeout: Duration::from_secs(90),
            max_age: None,
            keep_alive: true,
            _more: (),
        }
    }
}

/// What a request needs of the connection that it gets.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// It cannot be sent again: it fails if its server ends a kept connection just then.
    pub once: bool,
    /// It was lost with a kept connection at this instant: what was idle by then may
    /// have gone the same way, and is given up.
    pub idle_after: Option<Mono>,
    /// A new connection may turn out to carry many exchanges at once: which protocol is
    /// spoken is agreed on when it is set up. Each one that is opened for such a request is
    /// then told of: [`Pool::shares`](super::Pool::shares),
    /// [`Pool::alone`](super::Pool::alone) or [`Pool::ended_early`](super::Pool::ended_early).
    pub may_share: bool,
    /// It needs a connection that carries one exchange at a time, such as one that asks for an
    /// upgrade, which HTTP/2 has not (RFC 9113 §8.6): no seat on a shared one will do. It goes
    /// before [`Need::may_share`].
    pub older: bool,
    #[doc(hidden)]
    pub _more: (),
}

/// One request for a connection that could not be answered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) u64);

/// A connection that carries many exchanges at once, by its number in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedId(pub(super) u64);

/// How many exchanges a shared connection carries, as its machine says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Exchanges at once, those that it has included.
    pub most: u32,
    /// It takes no more: it has ended, or its server has said GOAWAY.
    pub over: bool,
}

/// A connection that is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked<C> {
    /// The connection.
    pub conn: C,
    /// When it was opened; [`Pool::put`](super::Pool::put) wants it back.
    pub born: Mono,
    /// Since when it was idle; `None` if it comes right from another request.
    pub idle_since: Option<Mono>,
    /// How long its server keeps it idle, if it said so and that is less than the pool would.
    pub limit: Option<Duration>,
    /// Whether its last answer was one without a body.
    pub bodiless: bool,
    /// Until when it is to be seen whether something comes behind that answer, before
    /// it is used. It has come by then if it ever does.
    pub settles: Option<Mono>,
    /// Whether it carries many exchanges at once. It is told of as a new one is
    /// ([`Need::may_share`]).
    pub shared: bool,
}

impl<C> Checked<C> {
    /// What it was like when it was given, at this time: [`Pool::served`](super::Pool::served)
    /// and others want to know.
    pub fn kept(&self, now: Mono) -> Kept {
        let since = self.idle_since.unwrap_or(now);
        Kept { since, taken: now, bodiless: self.bodiless, _more: () }
    }

    /// What is known of it if it goes back unused.
    pub fn back(&self) -> Back {
        let Checked { born, limit, bodiless, shared, .. } = *self;
        Back { born, limit, bodiless, shared, _more: () }
    }
}

/// A kept connection as it was when it was given to a request.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Since when it had been idle; `taken` if it came right from another request.
    pub since: Mono,
    /// When it was given.
    pub taken: Mono,
    /// Whether its last answer was one without a body.
    pub bodiless: bool,
    #[doc(hidden)]
    pub _more: (),
}

impl Kept {
    /// How long it had been idle.
    pub fn idle(&self) -> Duration {
        self.taken.since(self.since)
    }
}

/// What is known of a connection that comes back.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// When it was opened.
    pub born: Mono,
    /// How long its server keeps it idle, if it says so: [`idle_limit`](super::idle_limit).
    pub limit: Option<Duration>,
    /// Whether its last answer was one without a body, whatever its fields say (RFC 9112 §6.3):
    /// to HEAD, 204 and 304. Some servers send one nevertheless, which then lies on the
    /// connection.
    pub bodiless: bool,
    /// Whether it carries many exchanges at once; all that it had are over.
    pub shared: bool,
    #[doc(hidden)]
    pub _more: (),
}

impl Back {
    /// A request of this method has this final response.
    pub fn answered(&mut self, method: &Method, head: &ResponseHead) {
        self.limit = idle_limit(head.fields());
        self.bodiless = *method == Method::HEAD || head.status().is_bodiless();
    }
}

/// What [`Pool::get`](super::Pool::get) answers.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a connection or a ticket is lost"]
pub enum Get<C> {
    /// An idle connection, the one that was used last.
    Reuse(Checked<C>),
    /// A seat on the shared connection that is used most and has room. Say
    /// [`Pool::left`](super::Pool::left) when the exchange is over.
    Join(SharedId),
    /// Open one, and say [`Pool::opened`](super::Pool::opened) or
    /// [`Pool::failed`](super::Pool::failed). Meanwhile
    /// [`Pool::poll`](super::Pool::poll) may give one that came back.
    Dial(Ticket),
    /// There are as many as there may be, or one is being opened that may be shared: wait for
    /// [`Pool::poll`](super::Pool::poll) to give one, or a seat.
    Wait(Ticket),
}

/// What [`Pool::poll`](super::Pool::poll) answers.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a connection is lost"]
pub enum Given<C> {
    /// A connection that came back. The request has what it needs; a dial of
    /// its own goes on until `opened` or `failed`.
    Conn(Checked<C>),
    /// A seat on a shared connection, as [`Get::Join`].
    Join(SharedId),
    /// There is room now: open one, as after [`Get::Dial`]. Said once.
    Dial,
    /// Nothing yet; the ticket stands in [`Changes::wake`] when there is.
    Pending,
    /// The ticket has had its connection, or was cancelled, or has failed.
    Over,
}

/// What [`Pool::opened`](super::Pool::opened) answers.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a connection is lost"]
pub enum Opened<C> {
    /// The new connection is the request's.
    Yours,
    /// One that came back was given to the ticket before: use that, and `put` the new one.
    Given(Checked<C>),
    /// A seat was given to the ticket before: use that, and `put` the new one.
    Joined(SharedId),
    /// Nobody waits any more for what this ticket opened: `put` the new one.
    Spare,
    /// The pool did not ask for this dial: close the new one.
    Unknown,
}

/// What a call changed for others. Act on it after the lock is released.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "waiters are not woken and connections not closed"]
pub struct Changes<C> {
    /// Tickets to [`Pool::poll`](super::Pool::poll) again.
    pub wake: Vec<Ticket>,
    /// Connections to close.
    pub close: Vec<C>,
    /// Shared connections that nobody has a seat on any more. Each is in use, and goes
    /// [back](super::Pool::put_back), or has [ended](super::Pool::ended_early) and is
    /// [closed](super::Pool::closed).
    pub emptied: Vec<SharedId>,
}

/// What is given to one who waits.
#[derive(Debug)]
pub(super) enum Offer<C> {
    /// A connection.
    Conn(Checked<C>),
    /// A seat.
    Seat(SharedId),
}

impl<C> Default for Changes<C> {
    fn default() -> Changes<C> {
        Changes { wake: Vec::new(), close: Vec::new(), emptied: Vec::new() }
    }
}

impl<C> Changes<C> {
    /// What another call changed, too.
    pub fn join(&mut self, other: Changes<C>) {
        self.wake.extend(other.wake);
        self.close.extend(other.close);
        self.emptied.extend(other.emptied);
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.wake.is_empty() && self.close.is_empty() && self.emptied.is_empty()
    }
}
