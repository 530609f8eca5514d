//! What is left of a connection when HTTP is over: raw bytes both ways.

use super::Error;
use super::runtime::{Polling, Ticks};
use super::socket::Socket;
use crate::clock;
use bytes::{Buf, Bytes};
use futures_lite::{AsyncRead, AsyncWrite};
use purlin_core::exchange::Answer;
use purlin_core::{Id, Misuse, Phase, Recv};
use purlin_engine::{Beside, Clock as _, Lent, Raw, Socket as _, Turn};
use std::fmt;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

/// The most that is handed to the machine by one write.
const PIECE: usize = 64 * 1024;

/// A connection that speaks another protocol after 101 (Switching Protocols),
/// or is a tunnel after a CONNECT; whatever lies around it, TLS say, stays.
///
/// ```no_run
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use purlin_smol::client::{Client, Request};
///
/// # async fn show() -> Result<(), Box<dyn std::error::Error>> {
/// let request = Request::get("http://127.0.0.1:8080/echo")
///     .header("Connection", "upgrade")
///     .header("Upgrade", "echo");
/// let response = Client::new().send(request).await?;
/// if let Some(mut stream) = response.upgrade() {
///     stream.write_all(b"hello").await?;
///     stream.close().await?; // nothing more is written
///     let mut text = String::new();
///     stream.read_to_string(&mut text).await?;
/// }
/// # Ok(()) }
/// ```
pub struct Upgraded {
    lent: Lent<Socket>,
    id: Id,
    about: Arc<Answer>,
    /// Bytes that came but did not fit into the reader's room.
    rest: Bytes,
    /// Who reads and who writes: they may be two tasks, and the socket wakes one.
    tasks: Arc<Tasks>,
}

/// The tasks that wait for one socket; what moves for one may be what the other waits for.
#[derive(Default)]
struct Tasks(Mutex<[Option<Waker>; 2]>);

/// The places in it.
const READS: usize = 0;
const WRITES: usize = 1;

impl Tasks {
    /// This task is the one that waits in this place.
    fn wait(&self, place: usize, cx: &Context<'_>) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tasks[place].as_ref().is_some_and(|task| task.will_wake(cx.waker()));
        if !known {
            tasks[place] = Some(cx.waker().clone());
        }
    }
}

impl Tasks {
    /// Wakes the one that is not in this place.
    fn wake_other(&self, place: usize) {
        let task = self.0.lock().unwrap_or_else(PoisonError::into_inner)[1 - place].take();
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        let tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Upgraded {
    fn named(&self, error: Error) -> Error {
        error.of(&self.about.method, &self.about.url)
    }

    pub(super) fn new(raw: Raw<Polling>) -> Upgraded {
        let Raw { lent, id, about, .. } = raw;
        Upgraded { lent, id, about, rest: Bytes::new(), tasks: Arc::default() }
    }

    /// Moves something, either way; does not wait to read while one `writes`.
    fn poll_turn(&mut self, writes: bool, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.tasks.wait(if writes { WRITES } else { READS }, cx);
        let both = Waker::from(self.tasks.clone());
        let (socket, machine) = self.lent.parts();
        let mut clock = Ticks::new();
        while machine.poll_event(clock.last()).is_some() {}
        let beside = if writes { Beside::More } else { Beside::Nothing };
        let cx = &mut Context::from_waker(&both);
        let turn = ready!(socket.poll_turn(machine, beside, None, &mut clock, cx));
        // What moved may be what the other one waits for.
        self.tasks.wake_other(if writes { WRITES } else { READS });
        Poll::Ready(match turn {
            Turn::Moved => Ok(()),
            Turn::Late | Turn::Stuck => Err(self.named(Error::ended())),
        })
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            match self.lent.machine().recv(self.id, clock::now()) {
                Recv::Data(data) => return Poll::Ready(Ok(Some(data))),
                Recv::End(_) => return Poll::Ready(Ok(None)),
                Recv::Failed(error) => {
                    let error = Error::new(error).during(Phase::Receive);
                    return Poll::Ready(Err(self.named(error)));
                }
                Recv::Pending => match ready!(self.poll_turn(false, cx)) {
                    Ok(()) => {}
                    // Why, it may tell now.
                    Err(error) => match self.lent.machine().recv(self.id, clock::now()) {
                        Recv::Pending => return Poll::Ready(Err(error)),
                        _ => continue,
                    },
                },
            }
        }
    }

    fn poll_send(&mut self, piece: &[u8], cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let most = piece.len().min(PIECE);
        let mut data = Bytes::copy_from_slice(&piece[..most]);
        loop {
            let now = clock::now();
            let (socket, machine) = self.lent.parts();
            let sent = machine.send(self.id, &mut data, now);
            socket.flush(machine, now);
            let left = machine.want().write;
            if socket.is_lost() {
                // What is left to read, a reader reads.
                return Poll::Ready(Err(self.named(Error::ended().during(Phase::Send))));
            }
            sent.map_err(|misuse| self.named(Error::of_raw(misuse)))?;
            if data.len() < most {
                if left {
                    // Who reads waits for room too.
                    self.tasks.wake_other(WRITES);
                }
                return Poll::Ready(Ok(most - data.len()));
            }
            ready!(self.poll_turn(true, cx))?;
        }
    }

    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.lent.machine().want().write {
            ready!(self.poll_turn(true, cx))?;
            if self.lent.parts().0.is_lost() {
                return Poll::Ready(Err(self.named(Error::ended().during(Phase::Send))));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.rest.is_empty() && !room.is_empty() {
            match ready!(self.poll_receive(cx))? {
                Some(piece) => self.rest = piece,
                None => return Poll::Ready(Ok(0)),
            }
        }
        Poll::Ready((&mut self.rest).reader().read(room))
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        piece: &[u8],
    ) -> Poll<io::Result<usize>> {
        if piece.is_empty() {
            return Poll::Ready(Ok(0));
        }
        Poll::Ready(Ok(ready!(self.poll_send(piece, cx))?))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(ready!(self.poll_write_out(cx))?))
    }

    /// Says that nothing more will be written; reading goes on.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let now = clock::now();
        let (id, machine) = (self.id, self.lent.machine());
        // Asked again it has finished already.
        if let Err(misuse) = machine.finish(id, None, now) {
            if misuse != Misuse::AlreadyFinished {
                return Poll::Ready(Err(self.named(Error::of_raw(misuse)).into()));
            }
        }
        ready!(self.poll_write_out(cx))?;
        let (socket, machine) = self.lent.parts();
        socket.flush(machine, now);
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}
