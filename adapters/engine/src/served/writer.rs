//! Writing a response piece by piece.
//! Waits for room; what a response is, its draft decides, and the machine how it is framed.

use super::{Cancelled, For, Raw, Served, State, Trouble};
use crate::sync::MutexGuard;
use bytes::Bytes;
use purlin_core::message::{Error, Outlet, PendingResponse};
use purlin_core::{Body, Id, Machine, Method, Misuse, Now, ResponseHead, ServerMachine, Status};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

/// The writer of an exchange's response, given by [`State::writer`].
///
/// Where it is dropped, what was written is the response, once the handler has returned:
/// until then that may still answer.
pub struct Writer {
    served: Arc<Served>,
    id: Id,
    draft: PendingResponse,
}

impl Writer {
    pub(super) fn new(served: Arc<Served>, id: Id, draft: PendingResponse) -> Writer {
        Writer { served, id, draft }
    }

    /// What has been written and was not given to the machine yet.
    pub fn draft(&self) -> &PendingResponse {
        &self.draft
    }

    /// The same, to be changed.
    pub fn draft_mut(&mut self) -> &mut PendingResponse {
        &mut self.draft
    }

    /// Takes over some of `data`.
    ///
    /// # Errors
    /// [`Error::Misuse`] if it is more than was declared, [`Error::Closed`] if the
    /// connection has ended.
    pub fn poll_write(
        &mut self,
        cx: &Context<'_>,
        data: &[u8],
        now: Now,
    ) -> Poll<Result<usize, Error>> {
        if data.is_empty() || self.draft.gather(data)? {
            return Poll::Ready(Ok(data.len()));
        }
        self.poll_command(cx, now, |draft, to| {
            let count = draft.write(to, data)?;
            Ok((count > 0).then_some(count))
        })
    }

    /// Takes over all of `data`, which is left without what was taken already. What is
    /// small is gathered by the draft first, once.
    ///
    /// # Errors
    /// As [`Writer::poll_write`].
    pub fn poll_write_bytes(
        &mut self,
        cx: &Context<'_>,
        data: &mut Bytes,
        now: Now,
    ) -> Poll<Result<(), Error>> {
        self.poll_command(cx, now, |draft, to| {
            draft.write_bytes(to, data)?;
            Ok(data.is_empty().then_some(()))
        })
    }

    /// Gives the machine everything that has been written, the head too.
    ///
    /// # Errors
    /// As [`Writer::poll_write`].
    pub fn poll_give(&mut self, cx: &Context<'_>, now: Now) -> Poll<Result<(), Error>> {
        self.poll_command(cx, now, |draft, to| Ok(draft.flush(to)?.then_some(())))
    }

    /// Ready once the wire has everything that has been written.
    ///
    /// # Errors
    /// As [`Writer::poll_write`].
    pub fn poll_flush(&mut self, cx: &Context<'_>, now: Now) -> Poll<Result<(), Error>> {
        ready!(self.poll_give(cx, now))?;
        self.poll_flushed(cx)
    }

    /// Ready once the wire has everything that was given to the machine.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn poll_flushed(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        self.served.lock().poll_flushed(self.id, cx)
    }

    /// Ends the response, with its trailers if it has any.
    ///
    /// # Errors
    /// As [`Writer::poll_write`]; less than was declared is a misuse too.
    pub fn poll_end(&mut self, cx: &Context<'_>, now: Now) -> Poll<Result<(), Error>> {
        self.poll_command(cx, now, |draft, to| Ok(draft.finish(to)?.then_some(())))
    }

    /// Does something with the draft that reaches the machine.
    ///
    /// # Errors
    /// It is refused, or the connection has ended.
    pub fn command<T>(
        &mut self,
        now: Now,
        act: impl FnOnce(&mut PendingResponse, &mut Outlet<'_>) -> Result<T, Misuse>,
    ) -> Result<T, Error> {
        let mut state = self.served.lock();
        let done = act(&mut self.draft, &mut state.outlet(self.id, now));
        state.poke();
        let done = done.map_err(|misuse| state.error(misuse));
        if self.draft.is_unwanted() {
            forsake(state, self.id);
        }
        done
    }

    /// The same for what may have to wait for room: it gives `None` then, and is called again.
    ///
    /// # Errors
    /// As [`Writer::command`].
    pub fn poll_command<T>(
        &mut self,
        cx: &Context<'_>,
        now: Now,
        act: impl FnOnce(&mut PendingResponse, &mut Outlet<'_>) -> Result<Option<T>, Misuse>,
    ) -> Poll<Result<T, Error>> {
        let mut state = self.served.lock();
        let done = act(&mut self.draft, &mut state.outlet(self.id, now));
        state.poke();
        let done = match done {
            Ok(Some(done)) => Poll::Ready(Ok(done)),
            Ok(None) => {
                state.rows.park(self.id, For::Room, cx);
                Poll::Pending
            }
            Err(misuse) => Poll::Ready(Err(state.error(misuse))),
        };
        if self.draft.is_unwanted() {
            forsake(state, self.id);
        }
        done
    }

    /// Behind the head of a response to HEAD nobody waits for more, however much there is.
    ///
    /// # Errors
    /// [`Error::Unwanted`] then.
    pub fn check_wanted(&self) -> Result<(), Error> {
        if self.draft.is_unwanted() { Err(Error::Unwanted) } else { Ok(()) }
    }

    /// Sends an interim response.
    ///
    /// # Errors
    /// [`Error::Misuse`] if it is none, or the response has begun.
    pub fn interim(&mut self, head: &ResponseHead, now: Now) -> Result<(), Error> {
        let mut state = self.served.lock();
        let sent = state.machine.interim(self.id, head, now);
        state.poke();
        sent.map_err(|misuse| state.error(misuse))
    }

    /// Gives the response up, in a way that the peer can tell from its end.
    pub fn abort(&mut self, now: Now) {
        let mut state = self.served.lock();
        // An exchange that is over cannot be given up.
        let _ = state.machine.reset(self.id, now);
        state.poke();
    }

    /// Whether the peer has gone, has ended its sending half, or waits for no more.
    pub fn is_cancelled(&self) -> bool {
        self.served.lock().is_cancelled(self.id)
    }

    /// A future that ends once [`Writer::is_cancelled`] is true.
    pub fn cancelled(&self) -> Cancelled {
        Cancelled(Some((self.served.clone(), self.id)))
    }

    /// What the response was to be cannot be sent: this is the answer, or the end, and
    /// observers are told why.
    pub fn fail(&mut self, error: &Error, now: Now) {
        self.served.lock().note_error(self.id, error);
        self.fail_as(error.status(), now);
    }

    /// The response cannot be made, for this reason: 500, or the end.
    pub fn fail_for(&mut self, reason: String, now: Now) {
        self.served.lock().report(Trouble::Failed(reason.into()));
        self.fail_as(Status::INTERNAL_SERVER_ERROR, now);
    }

    fn fail_as(&mut self, status: Status, now: Now) {
        let head = ResponseHead::new(status);
        let mut state = self.served.lock();
        self.draft.fail(&mut state.outlet(self.id, now), &head, Body::Empty);
        state.poke();
    }

    /// Sends 101 (Switching Protocols), or 2xx to CONNECT; the connection carries raw
    /// bytes from there.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the peer did not ask for it, or body has been written; a
    /// request that can still be answered is answered with 500 then.
    pub fn upgrade(&mut self, head: &ResponseHead, now: Now) -> Result<Raw, Error> {
        let made = self.command(now, |draft, to| draft.upgrade(to, head));
        self.take_over(made, now)
    }

    /// Takes the connection over as it is, behind what has been written.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the exchange has no connection of its own.
    pub fn poll_hijack(&mut self, cx: &Context<'_>, now: Now) -> Poll<Result<Raw, Error>> {
        let made = self.poll_command(cx, now, |draft, to| Ok(draft.hijack(to)?.then_some(())));
        made.map(|made| self.take_over(made, now))
    }

    fn take_over(&mut self, made: Result<(), Error>, now: Now) -> Result<Raw, Error> {
        if let Err(error) = &made {
            self.fail(error, now);
        }
        made.map(|()| {
            self.served.lock().hold(self.id);
            Raw::new(self.served.clone(), self.id)
        })
    }
}

/// Nobody writes any more: if the handler has returned, what was written is the response;
/// else it may still answer.
impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.served.lock();
        if !self.draft.is_done() {
            let draft = std::mem::replace(&mut self.draft, PendingResponse::new(&Method::GET));
            state.left(self.id, Box::new(draft));
        }
        state.release_hold(self.id);
    }
}

/// Nobody waits for more of this exchange's answer, and who asked for that is told.
#[cold]
fn forsake(mut state: MutexGuard<'_, State>, id: Id) {
    let told = state.cancel(id);
    drop(state);
    told.into_iter().for_each(Waker::wake);
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("draft", &self.draft).finish_non_exhaustive()
    }
}
