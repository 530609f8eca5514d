//! The answer of an exchange without a wire, as a host polls it: first its head, then its body.
//! Drives the handler meanwhile; frames nothing.

use crate::served::Served;
use purlin_core::{InMemory, Machine, Recv, ResponseHead};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The answer of an exchange without a wire, and whoever works on it: an
/// [`InMemoryRun`](crate::served::InMemoryRun), say. Dropped early, the handler is dropped where it waits.
pub struct InMemoryAnswer<F> {
    served: Arc<Served>,
    /// Until its handler has returned and the answer is whole.
    run: Option<F>,
    /// Bytes of body that are still to come, if that is known.
    left: Option<u64>,
}

impl<F: Future<Output = ()> + Unpin> InMemoryAnswer<F> {
    /// The answer that this makes.
    pub fn new(served: Arc<Served>, run: F) -> InMemoryAnswer<F> {
        InMemoryAnswer { served, run: Some(run), left: None }
    }

    /// Has the handler go on.
    fn advance(&mut self, cx: &mut Context<'_>) {
        if self.run.as_mut().is_some_and(|run| Pin::new(run).poll(cx).is_ready()) {
            self.run = None;
        }
    }

    /// The final head; none if the answer was given up before.
    pub fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Option<ResponseHead>> {
        self.advance(cx);
        let taken = self.served.in_memory(|direct| {
            let head = direct.take_head();
            (head, direct.in_exchange(), direct.answer_length())
        });
        match taken {
            Some((Some(head), _, length)) => {
                self.left = length;
                Poll::Ready(Some(head))
            }
            Some((None, true, _)) => Poll::Pending,
            _ => Poll::Ready(None),
        }
    }

    /// What comes next of the body, once the head has been taken: never pending inside.
    pub fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Recv>> {
        let mut taken = self.served.in_memory(InMemory::take);
        if matches!(taken, Some(Recv::Pending)) {
            self.advance(cx);
            taken = self.served.in_memory(InMemory::take);
        }
        if let Some(Recv::Data(piece)) = &taken {
            self.left = self.left.map(|bytes| bytes.saturating_sub(piece.len() as u64));
        }
        if matches!(taken, Some(Recv::Pending)) { Poll::Pending } else { Poll::Ready(taken) }
    }

    /// How many bytes of body are still to come, if that is known.
    pub fn left(&self) -> Option<u64> {
        self.left
    }
}

impl<F> fmt::Debug for InMemoryAnswer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryAnswer").field("left", &self.left).finish_non_exhaustive()
    }
}
