//! How what is written reaches the machine: gathered, staged, pushed.
//! What a user sees of it is in the module above.

use super::{BUFFER, PIECE, ResponseWriter};
use crate::clock;
use crate::shared::park;
use crate::{Error, Source};
use bytes::Bytes;
use futures_lite::future;
use purlin_core::{Body, Machine, ResponseHead, ServerMachine};
use std::task::{Context, Poll, ready};

impl ResponseWriter {
    pub(super) fn send_head(&mut self, body: Body) -> Result<(), Error> {
        let mut inner = self.shared.lock();
        let sent = inner.machine.respond(self.id, &self.head, body, clock::now());
        inner.poke();
        sent.map_err(|misuse| inner.error(misuse))?;
        self.sent = true;
        Ok(())
    }

    /// Readies the head and the buffer for sending; nothing else is outgoing.
    pub(super) fn stage(&mut self) -> Result<(), Error> {
        if !self.sent {
            self.send_head(Body::Stream)?;
        }
        self.outgoing = Bytes::from(std::mem::take(&mut self.buffer));
        Ok(())
    }

    pub(super) async fn push(&mut self) -> Result<(), Error> {
        future::poll_fn(|cx| self.poll_push(cx)).await
    }

    /// Gives the machine what is outgoing.
    fn poll_push(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.outgoing.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut inner = self.shared.lock();
        let sent = inner.machine.send(self.id, &mut self.outgoing, clock::now());
        inner.poke();
        sent.map_err(|misuse| inner.error(misuse))?;
        if self.outgoing.is_empty() {
            return Poll::Ready(Ok(()));
        }
        park(&mut inner.waits.write, cx);
        Poll::Pending
    }

    /// Takes over some of `data`.
    pub(super) fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<Result<usize, Error>> {
        ready!(self.poll_push(cx))?;
        if self.buffer.len() + data.len() > BUFFER {
            self.stage()?;
            ready!(self.poll_push(cx))?;
        }
        if data.len() <= BUFFER {
            self.buffer.extend_from_slice(data);
            return Poll::Ready(Ok(data.len()));
        }
        let count = data.len().min(PIECE);
        self.outgoing = Bytes::copy_from_slice(&data[..count]);
        match self.poll_push(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(count)),
        }
    }

    pub(super) fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_push(cx))?;
        if !self.sent || !self.buffer.is_empty() {
            self.stage()?;
            ready!(self.poll_push(cx))?;
        }
        self.shared.lock().poll_written(cx)
    }

    pub(super) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        if !self.sent && self.trailers.is_empty() {
            let data = self.unsent();
            let body = if data.is_empty() { Body::Empty } else { Body::Full(data) };
            self.send_head(body)?;
        } else {
            ready!(self.poll_flushed_to_machine(cx))?;
            let mut inner = self.shared.lock();
            let done = inner.machine.finish(self.id, Some(&self.trailers), clock::now());
            inner.poke();
            done.map_err(|misuse| inner.error(misuse))?;
        }
        self.done = true;
        Poll::Ready(Ok(()))
    }

    /// Head and all data are with the machine.
    fn poll_flushed_to_machine(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.sent {
            self.send_head(Body::Stream)?;
        }
        ready!(self.poll_push(cx))?;
        if !self.buffer.is_empty() {
            self.stage()?;
        }
        self.poll_push(cx)
    }

    /// All that the machine does not have yet.
    pub(super) fn unsent(&mut self) -> Bytes {
        let outgoing = std::mem::take(&mut self.outgoing);
        if self.buffer.is_empty() {
            return outgoing;
        }
        let buffer = std::mem::take(&mut self.buffer);
        if outgoing.is_empty() {
            return Bytes::from(buffer);
        }
        Bytes::from([&outgoing[..], &buffer].concat())
    }

    /// Sends what the source gives. What is there at once is gathered, so that
    /// a short response gets its length; once the source waits, so does nobody else.
    pub(super) async fn pump(
        mut self,
        mut source: Source,
        length: Option<u64>,
    ) -> Result<(), Error> {
        let mut next = match source.comes_first() {
            true => Some(source.next().await),
            false => future::poll_once(source.next()).await,
        };
        if let (Some(length), None | Some(None | Some(Ok(_)))) = (length, &next) {
            self.send_head(Body::Length(length))?;
        }
        loop {
            match next {
                Some(Some(Ok(piece))) => self.write_bytes(piece).await?,
                Some(None) => return self.finish().await,
                Some(Some(Err(error))) => return self.source_failed(error),
                None => {
                    future::poll_fn(|cx| self.poll_flushed_to_machine(cx)).await?;
                    next = Some(source.next().await);
                    continue;
                }
            }
            next = future::poll_once(source.next()).await;
        }
    }

    /// The source's error is the answer, or the end.
    fn source_failed(mut self, error: Error) -> Result<(), Error> {
        if self.sent {
            self.abort();
        } else {
            self.head = ResponseHead::new(error.status());
            self.buffer.clear();
            self.send_head(Body::Empty)?;
            self.done = true;
        }
        Err(error)
    }
}
