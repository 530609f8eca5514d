//! What a connection's thread, a request's body and its response's writer share.
//! Holds the machine while an exchange is open, and moves bytes so that none
//! of the three waits for another longer than it must.
//!
//! The machine stands behind a lock that is not held while a socket is waited
//! for, with two exceptions where nobody else could use it: a response being
//! written when no body can be read any more, and a body being read on the
//! connection's thread by a handler that has no writer.

mod raw;

use crate::Error;
use crate::conn::{Conn, Free};
use crate::socket::Socket;
use bytes::Bytes;
use purlin_core::message::{Draft, Outlet};
use purlin_core::{CloseReason, Fields, Id, Machine, Misuse, Recv};
use std::io::IoSlice;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// The most that is read or written in one go while others use the machine.
const PIECE: usize = 64 * 1024;
/// The longest wait for a response that is written elsewhere, before looking
/// whether the server was told to end.
const GLANCE: Duration = Duration::from_secs(1);

/// One connection, as its users share it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) socket: Socket,
    slot: Mutex<Slot>,
    changed: Condvar,
}

pub(crate) type Guard<'a> = MutexGuard<'a, Slot>;

/// The machine, while it is lent to an exchange.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    conn: Option<Box<Conn>>,
    id: Id,
    /// The last exchange, if its connection ended before it.
    ended: Option<(Id, CloseReason)>,
    /// The response is complete: nobody but the connection's thread goes on.
    done: bool,
    /// Someone may read while someone else writes.
    duplex: bool,
    /// The thread of a handler that has no writer.
    alone: Option<ThreadId>,
    reading: bool,
    writing: bool,
    /// Threads that wait for `changed`.
    waiting: usize,
    copy: Vec<u8>,
    /// The handler has returned: a writer that is dropped ends its response.
    handled: bool,
    /// What a writer left that was dropped before.
    left: Option<Box<Draft>>,
}

/// A piece of a body.
pub(crate) enum Piece {
    Data(Bytes),
    End(Option<Fields>),
}

impl Shared {
    pub(crate) fn new(socket: Socket) -> Shared {
        Shared { socket, slot: Mutex::default(), changed: Condvar::new() }
    }

    /// Wakes whoever waits for anything here, to find that the server aborts.
    pub(crate) fn wake_all(&self) {
        if let Some(stream) = self.socket.stream() {
            stream.reset();
        }
        drop(self.lock());
        self.changed.notify_all();
    }

    pub(crate) fn lock(&self) -> Guard<'_> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back memory that holds nothing.
    pub(crate) fn trim(&self) {
        self.lock().copy = Vec::new();
    }

    fn wait<'a>(&'a self, mut slot: Guard<'a>) -> Guard<'a> {
        slot.waiting += 1;
        let mut slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        slot.waiting -= 1;
        slot
    }

    /// Waits for a change, or for the machine's deadline, and tells it the time.
    fn wait_for_deadline<'a>(&'a self, mut slot: Guard<'a>) -> Option<Guard<'a>> {
        let (wait, _) = slot.conn.as_mut()?.wait();
        let time = wait.map_or(GLANCE, |nanos| GLANCE.min(Duration::from_nanos(nanos)));
        slot.waiting += 1;
        let waited = self.changed.wait_timeout(slot, time);
        let (mut slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
        slot.waiting -= 1;
        let free = slot.free();
        let conn = slot.conn.as_mut()?;
        conn.waited(free);
        // Nobody reads or writes who would be told.
        if conn.input_closed && conn.is_lost() {
            conn.lose();
        }
        Some(slot)
    }

    fn notify(&self, slot: &Slot) {
        if slot.waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Lends the machine to the exchange of that id, on this thread.
    pub(crate) fn lend(&self, conn: Box<Conn>, id: Id, has_body: bool) {
        let mut slot = self.lock();
        slot.conn = Some(conn);
        slot.id = id;
        slot.done = false;
        slot.duplex = has_body;
        slot.alone = Some(thread::current().id());
        slot.handled = false;
    }

    /// This thread alone reads and writes.
    pub(crate) fn hold(&self) {
        self.lock().alone = Some(thread::current().id());
    }

    /// The handler takes a writer: it may use it while it reads.
    pub(crate) fn share(&self) {
        self.lock().alone = None;
    }

    /// The handler has returned; gives what its writer left.
    pub(crate) fn handled(&self) -> Option<Box<Draft>> {
        let mut slot = self.lock();
        slot.handled = true;
        slot.alone = None;
        slot.left.take()
    }

    /// Leaves a response to its handler's result; gives it back if that is known.
    pub(crate) fn leave(&self, id: Id, draft: Box<Draft>) -> Option<Box<Draft>> {
        let mut slot = self.lock();
        if slot.handled || slot.conn(id).is_err() {
            return Some(draft);
        }
        slot.left = Some(draft);
        None
    }

    /// Waits until the response is complete, and takes the machine back.
    pub(crate) fn take_back(&self) -> Option<Box<Conn>> {
        let mut slot = self.lock();
        while !slot.done || slot.reading || slot.writing {
            if slot.done && !slot.writing {
                // A body is still being read elsewhere: the response need not wait for that.
                slot = self.write_out(slot);
                if !slot.reading {
                    break;
                }
                // Unless the connection ends: then nothing that is read matters.
                if slot.conn.as_ref()?.ends() {
                    if let Some(stream) = self.socket.stream() {
                        stream.shut_reading();
                    }
                }
            }
            slot.conn.as_mut()?.obey();
            if slot.conn.as_ref()?.is_cut() && !slot.reading && !slot.writing {
                break;
            }
            slot = self.wait_for_deadline(slot)?;
        }
        let mut conn = slot.conn.take()?;
        if conn.is_cut() {
            conn.note_events();
        }
        slot.ended = conn.closed.map(|reason| (slot.id, reason));
        slot.id = 0;
        Some(conn)
    }

    /// Enters the exchange of that id.
    ///
    /// # Errors
    /// It is over.
    pub(crate) fn enter(&self, id: Id) -> Result<Guard<'_>, Error> {
        let mut slot = self.lock();
        slot.conn(id)?.obey();
        Ok(slot)
    }

    /// Has something done to the exchange's machine.
    ///
    /// # Errors
    /// The exchange is over, or what was done is a misuse.
    pub(crate) fn with<T>(
        &self,
        id: Id,
        act: impl FnOnce(&mut Outlet<'_>) -> Result<T, Misuse>,
    ) -> Result<(Guard<'_>, T), Error> {
        let mut slot = self.enter(id)?;
        let done = slot.act(id, act)?;
        Ok((slot, done))
    }

    /// The response of the exchange is complete.
    pub(crate) fn done(&self, slot: &mut Slot) {
        slot.done = true;
        self.notify(slot);
    }

    /// Takes the next piece of the body; waits for it, until then if that is given.
    pub(crate) fn recv(&self, id: Id, until: Option<Instant>) -> Result<Piece, Error> {
        let mut slot = self.enter(id)?;
        loop {
            let conn = slot.conn(id)?;
            let now = conn.clock.look();
            match conn.machine.recv(id, now) {
                Recv::Data(data) => return Ok(Piece::Data(data)),
                Recv::End(trailers) => return Ok(Piece::End(trailers)),
                Recv::Failed(error) => return Err(conn.broken(error)),
                Recv::Pending if until.is_some_and(|until| until <= Instant::now()) => {
                    return Err(raw::late());
                }
                Recv::Pending => {}
            }
            // Whoever writes goes on by himself: the peer may read only once it is read from.
            if !slot.writing {
                slot = self.write_until(slot, until).0;
            }
            slot = self.read_more(slot, id, until)?;
        }
    }

    /// Writes out, so that the machine takes more.
    ///
    /// # Errors
    /// The connection has ended.
    pub(crate) fn make_room<'a>(&'a self, slot: Guard<'a>, id: Id) -> Result<Guard<'a>, Error> {
        let mut slot = self.write_out(slot);
        let conn = slot.conn(id)?;
        conn.still_open()?;
        conn.note_events();
        Ok(slot)
    }

    /// Writes what the socket takes at once, if nobody else reads or writes; else all.
    ///
    /// # Errors
    /// The connection has ended.
    pub(crate) fn write_ready<'a>(
        &'a self,
        mut slot: Guard<'a>,
        id: Id,
    ) -> Result<Guard<'a>, Error> {
        if slot.writing || (slot.duplex && !slot.is_alone()) {
            return self.make_room(slot, id);
        }
        let conn = slot.conn(id)?;
        conn.write_ready();
        conn.still_open()?;
        conn.note_events();
        Ok(slot)
    }

    /// Sends body bytes, all of them, writing out as often as there is no room.
    pub(crate) fn send<'a>(
        &'a self,
        mut slot: Guard<'a>,
        id: Id,
        mut data: Bytes,
    ) -> Result<Guard<'a>, Error> {
        loop {
            slot.act(id, |to| to.machine.send(id, &mut data, to.now))?;
            if data.is_empty() {
                return Ok(slot);
            }
            slot = self.make_room(slot, id)?;
        }
    }

    /// Waits until input has come, something has changed, or it is late.
    fn read_more<'a>(
        &'a self,
        mut slot: Guard<'a>,
        id: Id,
        until: Option<Instant>,
    ) -> Result<Guard<'a>, Error> {
        let alone = slot.is_alone();
        if slot.reading {
            return Ok(self.wait(slot));
        }
        let conn = slot.conn(id)?;
        conn.rest();
        let (wait, _) = conn.wait();
        let wait = [wait, until.map(nanos_to)].into_iter().flatten().min();
        if alone {
            conn.read_in(wait);
            conn.note_events();
            return Ok(slot);
        }
        let most = conn.machine.read_buf().len().min(PIECE);
        if most == 0 {
            let free = slot.free();
            slot.conn(id)?.sleep(wait, free);
            return Ok(slot);
        }
        conn.leave_poller();
        let mut scratch = std::mem::take(&mut conn.scratch);
        scratch.resize(most.max(scratch.len()), 0);
        slot.reading = true;
        slot.alone = None;
        drop(slot);
        let moved = self.socket.read(&mut scratch[..most], wait);
        let mut slot = self.lock();
        slot.reading = false;
        let (done, free) = (slot.done, slot.free());
        if let Some(conn) = &mut slot.conn {
            conn.took_copy(moved, &scratch);
            conn.pass_time(free);
            conn.scratch = scratch;
            if !done {
                conn.note_events();
            }
        }
        self.notify(&slot);
        Ok(slot)
    }

    /// Writes until nothing is left to write.
    pub(crate) fn write_out<'a>(&'a self, slot: Guard<'a>) -> Guard<'a> {
        self.write_until(slot, None).0
    }

    /// Writes until nothing is left to write, or it is late; says whether it was in time.
    fn write_until<'a>(&'a self, mut slot: Guard<'a>, until: Option<Instant>) -> (Guard<'a>, bool) {
        while slot.writing {
            slot = self.wait(slot);
        }
        if !slot.duplex || slot.is_alone() {
            let free = slot.free();
            if let Some(conn) = &mut slot.conn {
                conn.write_out(free);
                conn.half_close();
            }
            return (slot, true);
        }
        self.socket.begin_write();
        loop {
            if let Some(until) = until {
                self.socket.hurry_write(nanos_to(until));
            }
            let copy = std::mem::take(&mut slot.copy);
            match self.write_copy(slot, copy) {
                (slot, false) => return (slot, true),
                (slot, true) if until.is_some_and(|until| until <= Instant::now()) => {
                    return (slot, false);
                }
                (next, true) => slot = next,
            }
        }
    }

    /// Writes a copy of some output with the machine left to others; says whether there was any.
    fn write_copy<'a>(&'a self, mut slot: Guard<'a>, mut copy: Vec<u8>) -> (Guard<'a>, bool) {
        let Some(conn) = slot.conn.as_mut().filter(|conn| conn.machine.want().write) else {
            slot.copy = copy;
            if let Some(conn) = &mut slot.conn {
                conn.half_close();
            }
            return (slot, false);
        };
        conn.copy_output(&mut copy, PIECE);
        slot.writing = true;
        drop(slot);
        let moved = self.socket.write(&[IoSlice::new(&copy)]);
        let mut slot = self.lock();
        slot.writing = false;
        let free = slot.free();
        if let Some(conn) = &mut slot.conn {
            conn.gave(moved, copy.len(), free);
        }
        slot.copy = copy;
        self.notify(&slot);
        (slot, true)
    }

    /// Whether its client has gone, or sends nothing more; waits for that as long as it may.
    pub(crate) fn has_left(&self, wait: Duration) -> bool {
        let Some(stream) = self.socket.stream() else {
            // Without a wire nobody leaves.
            thread::sleep(wait);
            return false;
        };
        // A socket that cannot tell is of no use.
        stream.has_left(wait).unwrap_or(true)
    }

    /// Looks whether input has come, without waiting.
    pub(crate) fn look(&self, slot: &mut Slot) {
        if slot.reading {
            return;
        }
        if let Some(conn) = &mut slot.conn {
            conn.read_ready();
            conn.note_events();
        }
    }
}

fn nanos_to(until: Instant) -> u64 {
    let left = until.saturating_duration_since(Instant::now());
    u64::try_from(left.as_nanos()).unwrap_or(u64::MAX)
}

impl Slot {
    /// What the answer was to be made of failed with this.
    pub(crate) fn failed(&mut self, message: &str) {
        // A connection that has ended has nobody to tell.
        if let Some(conn) = &mut self.conn {
            conn.failed(message);
        }
    }

    /// What nobody else does with the socket.
    fn free(&self) -> Free {
        Free { reads: !self.reading, writes: !self.writing }
    }

    /// Whether this thread alone reads and writes.
    fn is_alone(&self) -> bool {
        self.alone.is_some_and(|thread| thread == thread::current().id())
    }

    /// The machine, if the exchange of that id is open and its response is not complete.
    pub(crate) fn conn(&mut self, id: Id) -> Result<&mut Conn, Error> {
        match &mut self.conn {
            Some(conn) if self.id == id && !self.done => Ok(conn),
            _ => Err(match self.ended {
                Some((ended, reason)) if ended == id => Error::Closed(reason),
                _ => Error::Misuse(Misuse::AlreadyFinished),
            }),
        }
    }

    /// Has something done to the exchange's machine.
    pub(crate) fn act<T>(
        &mut self,
        id: Id,
        act: impl FnOnce(&mut Outlet<'_>) -> Result<T, Misuse>,
    ) -> Result<T, Error> {
        let free = self.free();
        let conn = self.conn(id)?;
        conn.clock.look();
        conn.tick_exchange(free);
        let now = conn.now();
        let done = act(&mut Outlet { machine: &mut conn.machine, id, now });
        done.map_err(|misuse| conn.explain(misuse))
    }

    /// From here on reading and writing go on at once, or no longer do.
    pub(crate) fn set_duplex(&mut self, duplex: bool) {
        self.duplex = duplex;
    }
}
