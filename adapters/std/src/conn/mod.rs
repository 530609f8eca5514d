//! A machine with its clock and its socket, and what a driver does with them:
//! wait for the deadline, obey the server, give up; `moves` reads and writes.
//! Decides nothing: how long, whether and what for is the machine's to say.

mod moves;

use crate::Error;
use crate::hub::Hub;
use crate::poller::Place;
use crate::shared::Shared;
use crate::socket::Socket;
use purlin_core::message::Hooks;
use purlin_core::observe::{Peer, Watch};
use purlin_core::{
    BodyLength, Close, CloseReason, Direct, Eof, Event, Fault, Id, Machine, Misuse, Mono, Now,
    PeerError, RequestHead, ServerMachine, Values, Why, server,
};
use purlin_engine::{Grant, Poured, UNTOUCHED, machine, welcome};
use purlin_net::{Accepted, Clock, Stream, untaken};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The deadline of a machine that has none.
const NEVER: Mono = Mono::from_nanos(u64::MAX);

/// What drives one connection; whoever has it may talk to the machine.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) machine: server::Connection,
    pub(crate) clock: Clock,
    pub(crate) hub: Arc<Hub>,
    pub(crate) shared: Arc<Shared>,
    /// Output that needs few slices is all there is; not so inside TLS.
    gives_all: bool,
    /// Counts the server's connections.
    number: u64,
    /// Where it waits, or would.
    pub(crate) place: Place,
    /// A request whose handler has not been called yet.
    pub(crate) pending: Option<Box<Pending>>,
    pub(crate) values: Values,
    watch: Option<Box<Watch>>,
    /// Who follows the open exchange.
    hooks: Option<Box<Hooks>>,
    /// The deadline when it was last asked for.
    due: Mono,
    /// Room for what is read while others may use the machine.
    pub(crate) scratch: Vec<u8>,
    /// A shutdown has been told to the machine.
    told: bool,
    /// The writing half has been shut.
    half_shut: bool,
    /// No byte has come yet.
    untouched: bool,
    /// When the last byte came; at first, when the connection did.
    last_byte: Mono,
    /// The last read took all there was.
    drained: bool,
    /// Behind what there was is the end.
    ended: bool,
    /// It may hold buffers.
    warm: bool,
    /// What it may hold beyond its share.
    grant: Grant,
    poured: Poured,
    /// It waits with them.
    kept: bool,
    /// The peer sends nothing more.
    pub(crate) input_closed: bool,
    /// Why the connection ends.
    pub(crate) closed: Option<CloseReason>,
    /// Why the answer is not what it was to be has been told.
    troubled: bool,
}

/// A request that waits for its body.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) id: Id,
    pub(crate) head: RequestHead,
    pub(crate) length: BodyLength,
}

/// What no other thread does with the socket just now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Free {
    pub(crate) reads: bool,
    pub(crate) writes: bool,
}

impl Free {
    /// No other thread has it.
    pub(crate) const ALL: Free = Free { reads: true, writes: true };
}

impl Conn {
    /// A connection that was accepted.
    pub(crate) fn accepted(hub: &Arc<Hub>, accepted: Accepted) -> Box<Conn> {
        let shared = Arc::new(Shared::new(Socket::new(Some(accepted.stream))));
        let number = hub.control.enter(&shared);
        let peer = Peer::new(number, accepted.remote, accepted.local);
        let clock = Clock::new();
        let (machine, secured) = machine(hub.make_machine.as_deref(), &hub.config, clock.last());
        // Whatever happens from here on, it is counted as gone once it is dropped.
        let mut conn = Conn::new(hub, shared, number, clock, machine);
        conn.gives_all = secured.is_none();
        let (make, observer) = (hub.connection_values.as_deref(), hub.observer.as_ref());
        (conn.values, conn.watch) = welcome(peer, secured, &hub.values, make, observer);
        conn
    }

    /// An exchange without a wire.
    pub(crate) fn direct(hub: &Arc<Hub>, direct: Direct, values: Values) -> Box<Conn> {
        let shared = Arc::new(Shared::new(Socket::new(None)));
        let number = hub.control.enter(&shared);
        let mut conn = Conn::new(hub, shared, number, Clock::new(), direct.into());
        conn.values = values;
        conn
    }

    fn new(
        hub: &Arc<Hub>,
        shared: Arc<Shared>,
        number: u64,
        clock: Clock,
        machine: server::Connection,
    ) -> Box<Conn> {
        Box::new(Conn {
            machine,
            hub: Arc::clone(hub),
            shared,
            gives_all: true,
            number,
            place: Place::default(),
            pending: None,
            values: Values::default(),
            watch: None,
            hooks: None,
            due: Mono::ZERO,
            scratch: Vec::new(),
            told: false,
            half_shut: false,
            untouched: true,
            last_byte: clock.last().mono,
            clock,
            drained: true,
            ended: false,
            warm: false,
            grant: Grant::default(),
            poured: Poured::default(),
            kept: false,
            input_closed: false,
            closed: None,
            troubled: false,
        })
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.shared.socket
    }

    pub(crate) fn now(&self) -> Now {
        self.clock.last()
    }

    /// Tells the machine what the server has been told.
    pub(crate) fn obey(&mut self) {
        if !self.hub.control.running() {
            self.obey_end();
        }
    }

    #[cold]
    fn obey_end(&mut self) {
        let now = self.clock.look();
        if self.hub.control.aborting() {
            self.machine.eof(Eof::Reset, now);
        } else if !self.is_young() && !std::mem::replace(&mut self.told, true) {
            self.machine.shutdown(now);
            // Which has a deadline of its own.
            self.wait();
        }
    }

    /// It has been idle longest, and somebody else needs its place.
    pub(crate) fn give_way(&mut self) {
        self.told = true;
        let now = self.clock.look();
        self.machine.shutdown(now);
    }

    /// Whether the peer is gone, and not only done with sending.
    pub(crate) fn is_lost(&self) -> bool {
        !self.half_shut && self.shared.socket.stream().is_some_and(Stream::is_lost)
    }

    /// The socket is of no use any more.
    pub(crate) fn lose(&mut self) {
        self.machine.eof(Eof::Reset, self.clock.last());
    }

    /// Nanoseconds to the machine's deadline, and what it is for.
    pub(crate) fn wait(&mut self) -> (Option<u64>, Option<Why>) {
        let Some((at, why)) = self.machine.deadline() else {
            return (None, None);
        };
        self.due = at;
        (Some(at.as_nanos().saturating_sub(self.now().mono.as_nanos())), Some(why))
    }

    /// When to look at it at the latest while it waits, with `warm` to keep its buffers.
    pub(crate) fn due(&mut self, warm: Duration) -> Option<Mono> {
        let deadline = self.machine.deadline().map(|(at, _)| at);
        self.due = deadline.unwrap_or(self.due);
        let cools = self.warm.then(|| self.now().mono + warm);
        let ages = self.is_young().then(|| self.last_byte + UNTOUCHED);
        [deadline, cools, ages].into_iter().flatten().min()
    }

    /// Whether no byte has come so far, and the first request may be on its way.
    pub(crate) fn is_young(&self) -> bool {
        self.untouched && self.now().mono < self.last_byte + UNTOUCHED
    }

    /// Since when it waits for a request, if it does: closing it loses nothing then.
    pub(crate) fn idle_since(&self) -> Option<Mono> {
        let waits = self.untouched || matches!(self.machine.deadline(), Some((_, Why::Idle)));
        (waits && !self.is_young()).then_some(self.last_byte)
    }

    /// Whether it has output that its socket did not take.
    pub(crate) fn waits_for_room(&self) -> bool {
        self.machine.want().write
    }

    /// Whether its machine knows that the server stops.
    pub(crate) fn is_told(&self) -> bool {
        self.told
    }

    /// Whether nobody has looked for its first byte yet.
    pub(crate) fn is_new(&self) -> bool {
        self.untouched && self.place == Place::default()
    }

    /// The server has ended: whatever the machine still wants, the socket is closed.
    pub(crate) fn finish(mut self: Box<Conn>) {
        self.note_events();
        if let Some(how) = self.machine.want().close {
            self.close(how);
        }
    }

    /// Nobody has looked at it for a while: time has passed.
    pub(crate) fn look(&mut self) {
        self.wait_no_longer();
        self.clock.look();
    }

    /// What the machine's deadline is for, if it has come.
    pub(crate) fn late(&self) -> Option<Why> {
        let now = self.now().mono;
        let deadline = if now < self.due { None } else { self.machine.deadline() };
        deadline.filter(|(at, _)| *at <= now).map(|(_, why)| why)
    }

    /// Tells the machine the time if its deadline has come. Before the peer is told
    /// that it was late, what it has sent and what it has room for is moved, and
    /// what it has not taken is told. Where another thread reads or writes, it is
    /// that which tells the time for this.
    pub(crate) fn pass_time(&mut self, free: Free) {
        let Some(why) = self.late() else { return };
        let theirs = if why == Why::Write { !free.writes } else { why == Why::Body && !free.reads };
        if theirs {
            return;
        }
        if free.reads {
            // All that came in time, which may be more than one read takes.
            while self.read_ready() && !self.drained {}
        }
        if free.writes && self.machine.want().write {
            self.write_ready();
        }
        if let Some(bytes) = self.shared.socket.stream().and_then(untaken) {
            self.machine.untaken(bytes, self.clock.last());
        }
        self.machine.tick(self.clock.last());
    }

    /// The same in the middle of an exchange, which may end by it.
    pub(crate) fn tick_exchange(&mut self, free: Free) {
        if self.now().mono >= self.due {
            self.pass_time(free);
            self.due = self.machine.deadline().map_or(NEVER, |(at, _)| at);
            self.note_events();
        }
    }

    /// Does what the machine wants of the socket; says whether that is closed with this.
    pub(crate) fn close(&mut self, how: Close) -> bool {
        let Some(stream) = self.shared.socket.stream() else {
            return how != Close::Linger;
        };
        match how {
            Close::Graceful => true,
            Close::Abort => {
                stream.reset_on_close();
                true
            }
            Close::Linger => {
                if !std::mem::replace(&mut self.half_shut, true) {
                    stream.shut_writing();
                }
                false
            }
        }
    }

    /// Shuts the writing half if the machine wants that; an exchange that is
    /// open does not end the connection otherwise.
    pub(crate) fn half_close(&mut self) {
        if self.machine.want().close == Some(Close::Linger) {
            self.close(Close::Linger);
        }
    }

    /// Whether the socket is to be closed now.
    pub(crate) fn ends(&self) -> bool {
        self.machine.want().close.is_some_and(|how| how != Close::Linger)
    }

    /// It is going to wait, with its buffers if that is allowed.
    pub(crate) fn keep_warm(&mut self, allowed: impl FnOnce() -> bool) {
        if self.warm && !self.kept {
            self.kept = allowed();
            if !self.kept {
                self.trim();
            }
        }
    }

    fn wait_no_longer(&mut self) {
        if std::mem::take(&mut self.kept) {
            self.hub.poller.cool();
        }
    }

    /// Gives back memory that holds nothing.
    pub(crate) fn trim(&mut self) {
        self.warm = false;
        self.scratch = Vec::new();
        self.machine.trim(self.clock.last());
        self.shared.trim();
    }

    /// Whether the connection is lost.
    pub(crate) fn is_cut(&self) -> bool {
        self.machine.want().close == Some(Close::Abort)
    }

    /// Takes the events of an exchange that is open, so that none but these can come.
    pub(crate) fn note_events(&mut self) {
        while let Some(event) = self.machine.poll_event(self.clock.last()) {
            self.note(&event);
        }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        if let Some(watch) = &mut self.watch {
            watch.event(event);
        }
        if self.hooks.is_some() {
            self.call_hooks(event);
        }
        match event {
            Event::InputClosed => self.input_closed = true,
            Event::Closed(reason) => self.closed = Some(self.why(*reason)),
            Event::Panicked(message) => self.hub.panicked(Box::new(message.clone())),
            _ => {}
        }
    }

    /// Has the machine tell what becomes of this exchange, if it is open, and
    /// adds who is to be called then.
    pub(crate) fn follow(&mut self, id: Id, add: impl FnOnce(&mut Hooks)) {
        if self.machine.follow(id).is_ok() {
            add(self.hooks.get_or_insert_default());
        }
    }

    #[cold]
    fn call_hooks(&mut self, event: &Event) {
        let panic = self.hooks.as_mut().and_then(|hooks| hooks.event(event));
        if let (Some(payload), Some(watch)) = (panic, &self.watch) {
            watch.panicked(&*payload);
        }
        if matches!(event, Event::Done { .. }) {
            self.hooks = None;
        }
    }

    /// Has this request observed.
    pub(crate) fn observe(&mut self, request: &mut crate::Request) {
        self.troubled = false;
        if let Some(watch) = &mut self.watch {
            watch.request(request);
        }
    }

    /// The handler panicked.
    pub(crate) fn panicked(&self, payload: Box<dyn Any + Send>) {
        if let Some(watch) = &self.watch {
            watch.panicked(&*payload);
        }
        self.hub.panicked(payload);
    }

    /// What the answer was to be made of failed with this; of several causes the first
    /// one is told.
    pub(crate) fn failed(&mut self, message: &str) {
        let told = std::mem::replace(&mut self.troubled, true);
        if let Some(watch) = self.watch.as_deref().filter(|_| !told) {
            watch.failed(message);
        }
    }

    /// Whether what was written can still arrive.
    ///
    /// # Errors
    /// The connection has ended.
    pub(crate) fn still_open(&mut self) -> Result<(), Error> {
        if self.is_cut() {
            self.note_events();
        }
        self.closed.map_or(Ok(()), |reason| Err(Error::Closed(reason)))
    }

    /// Why nothing more can be read.
    pub(crate) fn broken(&self, error: PeerError) -> Error {
        match self.why(CloseReason::Fault(error.kind)) {
            CloseReason::Fault(_) => error.into(),
            reason => Error::Closed(reason),
        }
    }

    /// Why the connection has ended: a reset is the server's own, if it cuts its connections.
    fn why(&self, reason: CloseReason) -> CloseReason {
        match reason {
            CloseReason::Fault(Fault::Reset) if self.hub.control.aborting() => {
                CloseReason::Shutdown
            }
            reason => reason,
        }
    }

    /// What a refused command means to the application.
    pub(crate) fn explain(&mut self, misuse: Misuse) -> Error {
        match (misuse, self.closed) {
            (Misuse::NoSuchExchange | Misuse::AlreadyFinished, Some(reason)) => {
                Error::Closed(reason)
            }
            (misuse, _) => {
                self.troubled = true;
                if let Some(watch) = &self.watch {
                    watch.misused(misuse);
                }
                Error::Misuse(misuse)
            }
        }
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.wait_no_longer();
        self.hub.budget.release(&mut self.grant);
        let watch = self.watch.take();
        // An observer that panics was heard; its connection is closed all the same.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(watch)));
        // Somebody still holds a body or a writer: that must not keep the socket open.
        let kept = Arc::strong_count(&self.shared) > 1;
        match self.shared.socket.stream().filter(|_| kept) {
            Some(stream) if self.is_cut() => stream.reset(),
            Some(stream) => stream.shut_both(),
            None => {}
        }
        self.hub.poller.forget(&mut self.place);
        self.hub.control.leave(self.number);
    }
}
