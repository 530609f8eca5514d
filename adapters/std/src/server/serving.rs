//! A server that listens, and the thread that keeps its time.
//! The timekeeper finds whose deadline has come, and helps where every worker is
//! busy; it moves no byte, so that no peer can hold it up.

use super::Server;
use crate::Error;
use crate::alarm::Alarm;
use crate::conn::Conn;
use crate::control::{Control, Handle};
use crate::doors::Doors;
use crate::hub::Hub;
use crate::poller::Poller;
use crate::pool::Pool;
use purlin_core::observe::Address;
use purlin_host::{Clock, ENDED, Listener, Readiness};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How long a socket may be ready before somebody has to look after it.
const TICK: Duration = Duration::from_millis(1);
/// So many ticks without anything to do, and there are none for a while.
const PATIENCE: u32 = 20;
/// Sockets whose readiness is taken at a time, where no worker waits.
const BATCH: usize = 64;

/// A server that listens.
#[must_use = "connections are accepted once it serves"]
pub struct Bound {
    listeners: Vec<Listener>,
    server: Server,
    control: Arc<Control>,
}

impl Bound {
    pub(super) fn new(mut server: Server, listeners: Vec<Listener>, most: usize) -> Bound {
        let hooks = std::mem::take(&mut server.hooks);
        Bound { listeners, server, control: Arc::new(Control::new(most, hooks)) }
    }

    /// Listens there, too.
    ///
    /// ```
    /// # use purlin_std::{Listener, Request, Server};
    /// let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
    /// let bound = bound.and(Listener::bind("127.0.0.1:0")?);
    /// assert_eq!(bound.addresses().count(), 2);
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn and(mut self, listener: Listener) -> Bound {
        self.listeners.push(listener);
        self
    }

    /// Where it listens.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.listeners.iter().map(Listener::address)
    }

    /// The first TCP address it listens on, with the port the system chose if
    /// that was 0. Without one, `0.0.0.0:0`.
    pub fn local_addr(&self) -> SocketAddr {
        let none = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        self.addresses().find_map(Address::ip).unwrap_or(none)
    }

    /// What ends this server from another thread.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.control))
    }

    /// Serves, on this thread and those of its pool, until a [`Handle`] ends
    /// the server and its connections have ended.
    ///
    /// Errors of accepting that pass (too many open files, a connection that
    /// was given up before it was accepted) are waited out: 5 ms, then twice
    /// as long each time, at most 1 s.
    ///
    /// # Errors
    /// [`Error::Accept`] for an error of accepting that does not pass,
    /// [`Error::Io`] if the system has no poller to give.
    ///
    /// # Panics
    /// If a handler does, and the server was told [`Panics::Propagate`](crate::Panics).
    pub fn serve(self) -> Result<(), Error> {
        let Bound { listeners, server, control } = self;
        let hub = hub(listeners, server, &control)?;
        hub.pool.begin(&hub);
        let mut keeper = Timekeeper { hub, clock: Clock::new(), seen: Seen::default() };
        keeper.run();
        keeper.end();
        if let Some(payload) = control.take_panic() {
            std::panic::resume_unwind(payload);
        }
        control.take_failure().map_or(Ok(()), |error| Err(Error::Accept(error)))
    }
}

impl Server {
    /// What the connections of this server would have in common, without
    /// listeners and threads.
    pub(crate) fn alone(self) -> io::Result<Arc<Hub>> {
        hub(Vec::new(), self, &Arc::new(Control::new(1, Vec::new())))
    }
}

fn hub(listeners: Vec<Listener>, server: Server, control: &Arc<Control>) -> io::Result<Arc<Hub>> {
    let readiness = Readiness::new()?;
    let doors = Doors::open(listeners, &readiness)?;
    let alarm = Arc::<Alarm>::default();
    control.woken_by(&alarm);
    Ok(Arc::new(Hub {
        handler: server.handler,
        config: Arc::new(server.config),
        control: Arc::clone(control),
        alarm,
        pool: Pool::new(server.workers),
        poller: Poller::new(readiness),
        doors,
        observer: server.observer,
        values: server.values,
        connection_values: server.connection_values,
        panics: server.panics,
    }))
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.addresses()).finish()
    }
}

struct Timekeeper {
    hub: Arc<Hub>,
    clock: Clock,
    seen: Seen,
}

/// What the timekeeper saw of the pool at its last look.
#[derive(Default)]
struct Seen {
    emptied: usize,
    taken: usize,
    /// Looks since anything changed.
    quiet: u32,
    stopped: bool,
}

impl Timekeeper {
    /// Keeps time until the server was told to end and nobody is left.
    fn run(&mut self) {
        loop {
            let now = self.clock.look().mono;
            for conn in self.hub.poller.expired(now) {
                self.expire(conn);
            }
            let control = &self.hub.control;
            if !control.running() {
                if control.aborting() || (self.seen.stopped && control.is_empty()) {
                    return;
                }
                self.stop();
            }
            for door in self.hub.doors.overdue(now) {
                let accepted = self.hub.accept(door);
                self.hub.begin(accepted);
            }
            if !self.hub.pool.has_waiting() {
                self.relieve();
            }
            self.sleep();
        }
    }

    fn sleep(&mut self) {
        let now = self.clock.look().mono;
        let (pool, poller) = (&self.hub.pool, &self.hub.poller);
        let emptied = pool.emptied();
        let busy = std::mem::replace(&mut self.seen.emptied, emptied) != emptied;
        self.seen.quiet = if busy { 0 } else { self.seen.quiet.saturating_add(1) };
        // Ticking costs less than being woken whenever the last worker is taken.
        let ticks = self.seen.quiet < PATIENCE || !pool.has_waiting();
        let until = [poller.begin_waiting(), self.hub.doors.due()].into_iter().flatten().min();
        let time = until.map(|until| until.since(now));
        if ticks {
            self.hub.alarm.doze(time.map_or(TICK, |time| time.min(TICK)));
        } else {
            self.hub.alarm.sleep(time, || !pool.has_waiting() || pool.queued() > 0);
        }
        poller.end_waiting();
    }

    /// Looks after a connection whose time has come: most are closed, or only
    /// give back their buffers.
    fn expire(&self, mut conn: Box<Conn>) {
        conn.look();
        conn.trim();
        conn.tick();
        self.hub.settle(conn);
    }

    /// No worker waits: takes what is ready into the queue, which costs the
    /// workers less than to ask the system one by one, and makes more of them
    /// if those that are there do not get on.
    fn relieve(&mut self) {
        let pool = &self.hub.pool;
        let mut ready = Vec::new();
        if !pool.is_full() {
            // An error would come to the workers as well.
            let _ = self.hub.poller.wait(&mut ready, BATCH, Some(Duration::ZERO));
        }
        let mut found = Vec::new();
        for token in ready {
            if let Some(door) = self.hub.doors.knocked(token & !ENDED) {
                let accepted = self.hub.accept(door);
                self.hub.begin(accepted);
            } else {
                found.extend(self.hub.poller.ready(token));
            }
        }
        self.hub.submit(found);
        let taken = pool.taken();
        if std::mem::replace(&mut self.seen.taken, taken) == taken {
            pool.reinforce(&self.hub, pool.queued().div_ceil(2).max(1));
        }
    }

    /// The server was told to end: what was accepted by the system is let in,
    /// so that it is answered or closed in order, and all who wait are told.
    fn stop(&mut self) {
        if std::mem::replace(&mut self.seen.stopped, true) {
            return;
        }
        let hub = &self.hub;
        let has_room = || hub.control.has_room() && !hub.control.aborting();
        let mut accepted = Vec::new();
        hub.doors.close(has_room, |socket| accepted.push(Conn::accepted(hub, socket)));
        accepted.extend(hub.poller.stop());
        hub.submit(accepted);
    }

    /// Nobody is served any more.
    fn end(&mut self) {
        self.hub.doors.close(|| false, drop);
        for mut conn in self.hub.poller.end() {
            conn.obey();
            conn.finish();
        }
        self.hub.pool.end();
        self.hub.poller.nudge();
    }
}
