//! A connection on which HTTP is over: raw bytes both ways, as far as nothing has to be
//! waited for, and polled.
//! Knows nothing of what they mean, nor of what lies below them.

use super::runtime::Runtime;
use super::socket::{Beside, Clock};
use crate::lease::Lease;
use crate::line::Turn;
use crate::sync::{Mutex, MutexGuard};
use bytes::{Buf, Bytes};
use purlin_core::exchange::{Answer, Error};
use purlin_core::{ClientMachine, Id, Misuse, Now, Phase, Recv};
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

/// The most that is handed to the machine by one write.
const PIECE: usize = 64 * 1024;

/// A connection on which HTTP is over, given by [`Body::into_raw`](super::Body::into_raw).
///
/// A task polls it; who reads and who writes may be two. A thread that waits by itself takes
/// what does not wait: [`Raw::read`], [`Raw::write`], [`Raw::flush`], [`Raw::finish`].
pub struct Raw<R: Runtime> {
    lease: Lease<R::Socket>,
    id: Id,
    clock: R::Clock,
    about: Arc<Answer>,
    /// Taken from the machine and not read yet.
    rest: Bytes,
    tasks: Arc<Tasks>,
}

impl<R: Runtime> Raw<R> {
    pub(super) fn new(
        lease: Lease<R::Socket>,
        id: Id,
        clock: R::Clock,
        about: Arc<Answer>,
    ) -> Raw<R> {
        Raw { lease, id, clock, about, rest: Bytes::new(), tasks: Arc::default() }
    }

    /// Its connection, and the time.
    pub fn parts(&mut self) -> (&mut Lease<R::Socket>, Now) {
        let now = self.clock.look();
        (&mut self.lease, now)
    }

    fn machine(&mut self) -> (&mut (dyn ClientMachine + Send + 'static), Now) {
        let now = self.clock.look();
        (self.lease.machine(), now)
    }

    /// An error, with what was asked for.
    pub fn named(&self, error: Error) -> Error {
        error.of(&self.about.method, &self.about.url)
    }

    fn misused(&self, misuse: Misuse) -> Error {
        self.named(Error::of_raw(misuse))
    }

    /// Reads what the machine has, 0 bytes at the end; `None` if it has nothing.
    ///
    /// # Errors
    /// The stream was not ended in order, or no more can be read.
    pub fn read(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        if self.rest.is_empty() && !room.is_empty() {
            let id = self.id;
            let (machine, now) = self.machine();
            // What it tells besides is told by `recv` too.
            while machine.poll_event(now).is_some() {}
            match machine.recv(id, now) {
                Recv::Data(data) => self.rest = data,
                Recv::End(_) => return Ok(Some(0)),
                Recv::Pending => return Ok(None),
                Recv::Failed(error) => {
                    return Err(self.named(Error::new(error).during(Phase::Receive)).into());
                }
            }
        }
        (&mut self.rest).reader().read(room).map(Some)
    }

    /// A piece to be [written](Raw::write), of as much of this as is taken at once.
    pub fn piece(data: &[u8]) -> Bytes {
        Bytes::copy_from_slice(&data[..data.len().min(PIECE)])
    }

    /// Takes over some of the piece if there is room for it, which is said, and writes what
    /// the socket takes.
    ///
    /// # Errors
    /// The stream has ended.
    pub fn write(&mut self, piece: &mut Bytes) -> Result<bool, Error> {
        let (id, before) = (self.id, piece.len());
        let (lease, now) = self.parts();
        let sent = lease.machine().send(id, piece, now);
        lease.flush(now);
        if lease.is_lost() {
            // What is left to read, a reader reads.
            return Err(self.lost());
        }
        sent.map_err(|misuse| self.misused(misuse))?;
        Ok(piece.len() < before)
    }

    /// Writes what was taken over, as far as the socket takes it; says whether some is left.
    ///
    /// # Errors
    /// The connection failed.
    pub fn flush(&mut self) -> Result<bool, Error> {
        let (lease, now) = self.parts();
        lease.flush(now);
        let left = lease.machine().want().write;
        if left && lease.is_lost() { Err(self.lost()) } else { Ok(left) }
    }

    /// Ends the sending half; what was taken over is still to be [flushed](Raw::flush).
    ///
    /// # Errors
    /// The stream has ended.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.end_sending().map_err(|misuse| self.misused(misuse))
    }

    fn end_sending(&mut self) -> Result<(), Misuse> {
        let id = self.id;
        let (machine, now) = self.machine();
        machine.finish(id, None, now)
    }

    fn lost(&self) -> Error {
        self.named(Error::ended().during(Phase::Send))
    }

    /// Moves something, either way; who writes does not wait to read.
    fn poll_turn(&mut self, place: Place, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.tasks.wait(place, cx);
        let both = Waker::from(self.tasks.clone());
        self.clock.look();
        let beside = if place == Place::Writes { Beside::More } else { Beside::Nothing };
        let cx = &mut Context::from_waker(&both);
        let turn = ready!(self.lease.poll_turn(beside, None, &mut self.clock, cx));
        // What moved may be what the other one waits for.
        self.tasks.wake_other(place);
        Poll::Ready(match turn {
            Turn::Moved => Ok(()),
            Turn::Late | Turn::Stuck => Err(self.named(Error::ended())),
        })
    }

    /// Fills this room, as far as there is something; nothing at the end.
    ///
    /// # Errors
    /// As [`Raw::read`].
    pub fn poll_read(&mut self, room: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            if let Some(count) = self.read(room)? {
                return Poll::Ready(Ok(count));
            }
            if let Err(error) = ready!(self.poll_turn(Place::Reads, cx)) {
                // Why, it may tell now.
                return Poll::Ready(self.read(room)?.ok_or_else(|| error.into()));
            }
        }
    }

    /// Takes over some of this, once there is room for it.
    ///
    /// # Errors
    /// The stream has ended.
    pub fn poll_write(&mut self, data: &[u8], cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let mut piece = Raw::<R>::piece(data);
        let offered = piece.len();
        while !self.write(&mut piece)? {
            ready!(self.poll_turn(Place::Writes, cx))?;
        }
        if self.lease.machine().want().write {
            // Who reads waits for room too.
            self.tasks.wake_other(Place::Writes);
        }
        Poll::Ready(Ok(offered - piece.len()))
    }

    /// Ready once the socket has all that was taken over.
    ///
    /// # Errors
    /// The connection failed.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.lease.machine().want().write {
            ready!(self.poll_turn(Place::Writes, cx))?;
            if self.lease.is_lost() {
                return Poll::Ready(Err(self.lost()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the sending half, and is ready once the socket has all that was taken over;
    /// reading goes on.
    ///
    /// # Errors
    /// The connection failed.
    pub fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.end_sending() {
            // Asked again it has finished already.
            Ok(()) | Err(Misuse::AlreadyFinished) => {}
            Err(misuse) => return Poll::Ready(Err(self.misused(misuse))),
        }
        ready!(self.poll_flush(cx))?;
        self.flush()?;
        Poll::Ready(Ok(()))
    }
}

impl<R: Runtime> fmt::Debug for Raw<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({:?})", self.lease)
    }
}

/// The tasks that wait for one socket, which wakes one; what moves for one may be what the
/// other waits for.
#[derive(Default)]
struct Tasks(Mutex<[Option<Waker>; 2]>);

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Reads,
    Writes,
}

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, [Option<Waker>; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This task is the one that waits in this place.
    fn wait(&self, place: Place, cx: &Context<'_>) {
        crate::served::park(&mut self.lock()[place as usize], cx);
    }

    /// Wakes the one that is not in this place.
    fn wake_other(&self, place: Place) {
        let task = self.lock()[1 - place as usize].take();
        task.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        let tasks = std::mem::take(&mut *self.lock());
        tasks.into_iter().flatten().for_each(Waker::wake);
    }
}
