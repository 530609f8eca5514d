//! A connection that carries raw bytes both ways.
//! Knows nothing of what they mean, nor of what lies below them.

use super::{For, Served};
use bytes::{Buf, Bytes};
use purlin_core::message::Error;
use purlin_core::{Id, Machine, Now, Recv};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The most that one write takes over: as much as there is room for once there is some again.
const PIECE: usize = 32 * 1024;

/// The stream behind an upgrade or CONNECT, or of a connection that was taken over,
/// given by [`Writer::upgrade`](super::Writer::upgrade) and
/// [`Writer::poll_hijack`](super::Writer::poll_hijack).
///
/// Where it is dropped, both halves end.
pub struct Raw {
    served: Arc<Served>,
    id: Id,
    /// Taken from the machine and not read yet.
    rest: Bytes,
    closed: bool,
}

impl Raw {
    pub(super) fn new(served: Arc<Served>, id: Id) -> Raw {
        Raw { served, id, rest: Bytes::new(), closed: false }
    }

    /// Reads what is there, 0 bytes at the end.
    ///
    /// # Errors
    /// The stream was not ended in order, or no more can be read.
    pub fn poll_read(
        &mut self,
        cx: &Context<'_>,
        buf: &mut [u8],
        now: Now,
    ) -> Poll<Result<usize, Error>> {
        if self.rest.is_empty() && !buf.is_empty() {
            let mut state = self.served.lock();
            match state.recv(self.id, now)? {
                Recv::Data(data) => self.rest = data,
                Recv::End(_) => return Poll::Ready(Ok(0)),
                Recv::Failed(error) => return Poll::Ready(Err(error.into())),
                Recv::Pending => {
                    state.rows.park(self.id, For::Input, cx);
                    return Poll::Pending;
                }
            }
        }
        let count = self.rest.len().min(buf.len());
        self.rest.copy_to_slice(&mut buf[..count]);
        Poll::Ready(Ok(count))
    }

    /// Takes over some of `data`.
    ///
    /// # Errors
    /// The stream has ended.
    pub fn poll_write(
        &mut self,
        cx: &Context<'_>,
        data: &[u8],
        now: Now,
    ) -> Poll<Result<usize, Error>> {
        let mut state = self.served.lock();
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        // Who waits for room and has not been woken finds none.
        if !state.rows.waits_for_room(self.id) {
            let mut piece = Bytes::copy_from_slice(&data[..data.len().min(PIECE)]);
            let offered = piece.len();
            let sent = state.machine.send(self.id, &mut piece, now);
            state.poke();
            sent.map_err(|misuse| state.error(misuse))?;
            if piece.len() < offered {
                return Poll::Ready(Ok(offered - piece.len()));
            }
        }
        state.rows.park(self.id, For::Room, cx);
        Poll::Pending
    }

    /// Ready once the wire has all that was written.
    ///
    /// # Errors
    /// The stream has ended.
    pub fn poll_flush(&mut self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        self.served.lock().poll_flushed(self.id, cx)
    }

    /// Ends the sending half.
    ///
    /// # Errors
    /// The stream has ended.
    pub fn close(&mut self, now: Now) -> Result<(), Error> {
        if !self.closed {
            let mut state = self.served.lock();
            let done = state.machine.finish(self.id, None, now);
            state.poke();
            done.map_err(|misuse| state.error(misuse))?;
            self.closed = true;
        }
        Ok(())
    }
}

/// Both halves end; in a panic, so that the peer can tell.
impl Drop for Raw {
    fn drop(&mut self) {
        self.served.lock().drop_raw(self.id);
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").field("closed", &self.closed).finish_non_exhaustive()
    }
}
