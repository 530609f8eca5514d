//! The thread that waits for all: it accepts, finds who is ready and whose time
//! has come, and hands them to the workers.
//! Moves no byte, so that no peer can hold it up.

use super::Server;
use crate::Error;
use crate::conn::Conn;
use crate::control::{Control, Handle};
use crate::hub::Hub;
use crate::poller::poller;
use crate::pool::Pool;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use purlin_core::observe::Address;
use purlin_core::{Machine, Mono};
use purlin_host::{Accepted, Backoff, Clock, Listener};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

/// Events that are taken at a time.
const EVENTS: usize = 1024;
/// Connections that are accepted before others get their turn.
const BURST: usize = 64;
/// How long to wait before looking again whether there is room for one more.
const PAUSE: Duration = Duration::from_millis(10);
/// Tokens from here on are not connections: the listeners, and last the waker.
const LISTENERS: usize = usize::MAX / 2;
const WAKER: usize = usize::MAX;

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
        let poll = Poll::new()?;
        let hub = Arc::new(Hub {
            handler: server.handler,
            config: Arc::new(server.config),
            control: Arc::clone(&control),
            pool: Arc::new(Pool::new(server.workers)),
            poller: poller(&poll, WAKER)?,
            observer: server.observer,
            values: server.values,
            connection_values: server.connection_values,
            panics: server.panics,
        });
        let waking = Arc::downgrade(&hub);
        control.woken_by(move || {
            if let Some(hub) = waking.upgrade() {
                hub.poller.wake();
            }
        });
        let doors = listeners.into_iter().enumerate();
        let doors = doors.map(|(number, listener)| Door::open(number, listener, &poll));
        let doors = doors.collect::<io::Result<_>>()?;
        let mut serving =
            Serving { hub, poll, doors, clock: Clock::new(), found: Vec::new(), stopped: false };
        let served = serving.run();
        serving.end();
        if let Some(payload) = control.take_panic() {
            std::panic::resume_unwind(payload);
        }
        served
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.addresses()).finish()
    }
}

/// A listener, and what is known of it.
struct Door {
    listener: Listener,
    /// Somebody may be waiting: it was told, or not all were let in.
    ready: bool,
    backoff: Backoff,
    /// Accepting failed: not before this.
    not_before: Mono,
    /// It was accepted, and there is no room for it yet.
    held: Option<Accepted>,
}

impl Door {
    fn open(number: usize, listener: Listener, poll: &Poll) -> io::Result<Door> {
        let fd = listener.as_raw_fd();
        let token = Token(LISTENERS + number);
        poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        let backoff = Backoff::default();
        Ok(Door { listener, ready: true, backoff, not_before: Mono::ZERO, held: None })
    }
}

struct Serving {
    hub: Arc<Hub>,
    poll: Poll,
    doors: Vec<Door>,
    clock: Clock,
    /// Connections that were found to have something to do.
    found: Vec<Box<Conn>>,
    stopped: bool,
}

impl Serving {
    /// Waits and deals, until the server was told to end and nobody is left.
    fn run(&mut self) -> Result<(), Error> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            self.deal_expired();
            if !self.hub.control.running() {
                self.stop();
                if self.hub.control.aborting() || self.hub.control.is_empty() {
                    return Ok(());
                }
            }
            let failed = self.accept_all();
            if let Some(error) = failed {
                self.hub.control.abort();
                return Err(Error::Accept(error));
            }
            self.wait(&mut events)?;
            self.deal_ready(&events);
        }
    }

    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let now = self.clock.look().mono;
        let full = !self.may_accept();
        let waiting = self.doors.iter().filter(|door| door.ready);
        let doors = waiting.map(|door| if full { now + PAUSE } else { door.not_before }).min();
        let due = self.hub.poller.begin_waiting();
        let until = doors.into_iter().chain(due).min();
        let polled = self.poll.poll(events, until.map(|until| until.since(now)));
        self.hub.poller.end_waiting();
        self.clock.look();
        match polled {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    /// Hands over those whose sockets are ready.
    fn deal_ready(&mut self, events: &Events) {
        for event in events {
            let Token(token) = event.token();
            if (LISTENERS..WAKER).contains(&token) {
                if let Some(door) = self.doors.get_mut(token - LISTENERS) {
                    door.ready = true;
                }
            }
        }
        let tokens = events.iter().map(|event| event.token().0).filter(|token| *token < LISTENERS);
        self.hub.poller.ready(tokens, &mut self.found);
        for conn in self.found.drain(..) {
            self.hub.pool.submit(conn);
        }
    }

    /// Looks after those whose time has come: most are closed, or only give
    /// back their buffers.
    fn deal_expired(&mut self) {
        self.hub.poller.expired(self.clock.last().mono, &mut self.found);
        for mut conn in std::mem::take(&mut self.found) {
            conn.look();
            conn.trim();
            conn.tick();
            settle(&self.hub, conn);
        }
    }

    /// Whether there is room for one more, and somebody who could serve it soon.
    fn may_accept(&self) -> bool {
        let pool = &self.hub.pool;
        self.hub.control.has_room() && pool.queued() < pool.most()
    }

    /// Lets in who waits; gives an error that will not pass.
    fn accept_all(&mut self) -> Option<io::Error> {
        for number in 0..self.doors.len() {
            let now = self.clock.last().mono;
            let door = &mut self.doors[number];
            if !door.ready || door.not_before > now {
                continue;
            }
            let Err(error) = accept(&self.hub, door) else {
                continue;
            };
            let pause = door.backoff.wait(&error);
            if let Some(observer) = &self.hub.observer {
                observer.accept_failed(&error, pause);
            }
            match pause {
                Some(pause) => door.not_before = now + pause,
                None => return Some(error),
            }
        }
        None
    }

    /// The server was told to end: what was accepted by the system is let in,
    /// so that it is answered or closed in order, and all who wait are told.
    fn stop(&mut self) {
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        for mut door in std::mem::take(&mut self.doors) {
            door.ready = true;
            while door.ready && !self.hub.control.aborting() {
                // What cannot be accepted now will not be.
                if accept(&self.hub, &mut door).is_err() || door.held.is_some() {
                    break;
                }
            }
            let _ = self.poll.registry().deregister(&mut SourceFd(&door.listener.as_raw_fd()));
        }
        for conn in self.hub.poller.stop() {
            self.hub.pool.submit(conn);
        }
    }

    /// Nobody is served any more.
    fn end(&mut self) {
        for mut conn in self.hub.poller.end() {
            conn.obey();
            conn.finish();
        }
        self.hub.pool.end();
    }
}

/// Accepts as many as a turn allows, if there is room.
fn accept(hub: &Arc<Hub>, door: &mut Door) -> io::Result<()> {
    for _ in 0..BURST {
        if hub.pool.queued() >= hub.pool.most() {
            return Ok(());
        }
        match door.held.take().map_or_else(|| door.listener.accept(), Ok) {
            Ok(accepted) if make_room(hub) => {
                door.backoff.reset();
                begin(hub, Conn::accepted(hub, accepted));
            }
            Ok(accepted) => {
                door.held = Some(accepted);
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                door.ready = false;
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A request most often follows at once: who is free waits for it. For a flood
/// of connections that say nothing, no thread is made.
fn begin(hub: &Arc<Hub>, conn: Box<Conn>) {
    let next = if hub.pool.has_idle() { Some(conn) } else { hub.poller.park(conn) };
    if let Some(conn) = next {
        hub.pool.submit(conn);
    }
}

/// At the cap, the connection that has been idle longest gives way.
fn make_room(hub: &Arc<Hub>) -> bool {
    if hub.control.has_room() {
        return true;
    }
    let Some(mut conn) = hub.poller.take_idlest() else {
        return false;
    };
    conn.give_way();
    settle(hub, conn);
    hub.control.has_room()
}

/// Closes a connection that wants nothing but that, and hands over another.
fn settle(hub: &Arc<Hub>, mut conn: Box<Conn>) {
    let want = conn.machine.want();
    if want.close.is_some() {
        conn.note_events();
    }
    if want.close.is_some_and(|how| conn.close(how)) {
        return;
    }
    let next =
        if want.write || conn.pending.is_some() { Some(conn) } else { hub.poller.park(conn) };
    if let Some(conn) = next {
        hub.pool.submit(conn);
    }
}
