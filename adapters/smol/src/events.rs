//! What each of the machine's events means to those who wait.
//! Passes on; decides nothing.

use crate::Request;
use crate::body::Body;
use crate::shared::{Inner, Shared};
use crate::work::Work;
use purlin_core::{BodyLength, Event, Id, Machine, Now};
use std::sync::Arc;
use std::task::Waker;

/// Takes events until a request comes or there are none.
pub(crate) fn obey<H>(
    inner: &mut Inner,
    work: &mut Work<'_, H>,
    own: &Waker,
    now: Now,
) -> Option<(Id, Request)> {
    while let Some(event) = inner.machine.poll_event(now) {
        match event {
            Event::Request { id, head, body, .. } => {
                inner.begin(id, head.method().clone());
                let content = content(work.shared(), id, body);
                return Some((id, Request::new(head, body, content)));
            }
            Event::Readable { .. } => rouse(inner.waits.read.take(), own, work),
            Event::Writable { id } => {
                inner.send_left(id, now);
                rouse(inner.waits.write.take(), own, work);
            }
            Event::InputClosed | Event::Reset { .. } => {
                inner.cancelled = true;
                for waker in std::mem::take(&mut inner.waits.cancel) {
                    rouse(Some(waker), own, work);
                }
            }
            Event::Closed(reason) => {
                inner.closed = Some(reason);
                for waker in inner.release() {
                    rouse(Some(waker), own, work);
                }
            }
            // The answer is queued already, or there is nothing to do.
            _ => {}
        }
    }
    None
}

/// The socket took something: if that was all, who flushed goes on.
pub(crate) fn written<H>(inner: &mut Inner, work: &mut Work<'_, H>, own: &Waker) {
    if inner.waits.flush.is_some() && !inner.machine.want().write {
        rouse(inner.waits.flush.take(), own, work);
    }
}

/// The body that a handler is given; one that is empty needs no machine.
fn content(shared: &Arc<Shared>, id: Id, length: BodyLength) -> Body {
    if length == BodyLength::Empty { Body::empty() } else { Body::new(shared.clone(), id) }
}

/// Wakes who waits; the handler that waits in this very task is polled again without that.
fn rouse<H>(waker: Option<Waker>, own: &Waker, work: &mut Work<'_, H>) {
    match waker {
        Some(waker) if waker.will_wake(own) => work.make_due(),
        Some(waker) => waker.wake(),
        None => {}
    }
}
