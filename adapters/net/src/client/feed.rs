//! What gives a request's body, on a thread of its own: it may block, and neither the
//! answer nor a time limit nor the caller's thread waits for it.
//! Sends nothing: whoever moves the connection takes the pieces.

use bytes::Bytes;
use purlin_core::exchange::Error;
use purlin_core::message::Error as SourceError;
use purlin_engine::Pieces;
use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

/// A source is asked for more as long as less than this waits to be sent.
const AHEAD: usize = 64 * 1024;

/// What gives a body. Its thread begins with the first piece that is asked for, and
/// ends with the source, or when this has been dropped and the source returns.
pub struct Feed(State);

/// A source that may block: its next piece, or none at its end.
type Next = Box<dyn FnMut() -> Result<Option<Bytes>, SourceError> + Send>;

enum State {
    Fresh(Next),
    Running(Running),
    Over,
}

/// A thread that reads a source, as long as this is there.
struct Running(Arc<Pipe>);

/// Between the two threads.
#[derive(Default)]
struct Pipe {
    inside: Mutex<Inside>,
    room: Condvar,
}

#[derive(Default)]
struct Inside {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    end: Option<End>,
    /// The one who takes waits for a piece.
    awaited: Option<Waker>,
    /// Nobody takes any more.
    dropped: bool,
}

enum End {
    Whole,
    Failed(SourceError),
    Panicked(Box<dyn Any + Send>),
}

impl Feed {
    /// A source that gives its next piece by this, which may block, and none at its end.
    pub fn new(next: impl FnMut() -> Result<Option<Bytes>, SourceError> + Send + 'static) -> Feed {
        Feed(State::Fresh(Box::new(next)))
    }
}

impl Pieces for Feed {
    fn is_at_hand(&self) -> bool {
        true
    }

    /// # Panics
    /// As the source did.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        if let State::Fresh(_) = self.0 {
            if let State::Fresh(source) = std::mem::replace(&mut self.0, State::Over) {
                self.0 = State::Running(Running::start(source).map_err(Error::of_source)?);
            }
        }
        let State::Running(Running(pipe)) = &self.0 else { return Poll::Ready(Ok(None)) };
        let mut inside = pipe.lock();
        if let Some(piece) = inside.pieces.pop_front() {
            inside.bytes -= piece.len();
            drop(inside);
            pipe.room.notify_one();
            return Poll::Ready(Ok(Some(piece)));
        }
        let Some(end) = inside.end.take() else {
            inside.awaited = Some(cx.waker().clone());
            return Poll::Pending;
        };
        drop(inside);
        self.0 = State::Over;
        Poll::Ready(match end {
            End::Whole => Ok(None),
            End::Failed(error) => Err(Error::of_source(error)),
            End::Panicked(payload) => resume_unwind(payload),
        })
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Feed")
    }
}

impl Running {
    fn start(source: Next) -> io::Result<Running> {
        let pipe = Arc::new(Pipe::default());
        let its = pipe.clone();
        thread::Builder::new().name("purlin-upload".into()).spawn(move || its.fill(source))?;
        Ok(Running(pipe))
    }
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the source to its end, or until nobody takes any more.
    fn fill(&self, mut source: Next) {
        while self.wait_for_room() {
            let next = catch_unwind(AssertUnwindSafe(&mut source));
            let end = match next {
                Ok(Ok(Some(piece))) if piece.is_empty() => continue,
                Ok(Ok(Some(piece))) => Ok(piece),
                Ok(Ok(None)) => Err(End::Whole),
                Ok(Err(error)) => Err(End::Failed(error)),
                Err(payload) => Err(End::Panicked(payload)),
            };
            let ended = end.is_err();
            let mut inside = self.lock();
            match end {
                Ok(piece) => {
                    inside.bytes += piece.len();
                    inside.pieces.push_back(piece);
                }
                Err(end) => inside.end = Some(end),
            }
            let awaited = inside.awaited.take();
            drop(inside);
            awaited.into_iter().for_each(Waker::wake);
            if ended {
                return;
            }
        }
    }

    /// Whether more is to be read, once there is room for it.
    fn wait_for_room(&self) -> bool {
        let inside = self.lock();
        let full = |inside: &mut Inside| inside.bytes >= AHEAD && !inside.dropped;
        let inside = self.room.wait_while(inside, full).unwrap_or_else(PoisonError::into_inner);
        !inside.dropped
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().dropped = true;
        self.0.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Idle, Nudge, wait_for};
    use std::os::fd::AsFd;
    use std::sync::mpsc::sync_channel;

    fn pieces<I>(pieces: I) -> Feed
    where
        I: IntoIterator<Item = io::Result<Bytes>, IntoIter: Send + 'static>,
    {
        let mut pieces = pieces.into_iter();
        Feed::new(move || Ok(pieces.next().transpose()?))
    }

    fn next(feed: &mut Feed) -> Result<Option<Bytes>, Error> {
        let nudge = Nudge::new().unwrap();
        loop {
            match feed.poll_piece(&mut Context::from_waker(nudge.waker())) {
                Poll::Ready(piece) => return piece,
                Poll::Pending => {
                    wait_for(&[(nudge.as_fd(), Idle::Reads)], None).unwrap();
                    nudge.clear();
                }
            }
        }
    }

    #[test]
    fn pieces_come_in_order_and_then_the_end() {
        let pieces: Vec<_> = (0..1000_u32).map(|n| Bytes::from(n.to_string())).collect();
        let mut feed = self::pieces(pieces.clone().into_iter().map(Ok));
        for piece in pieces {
            assert_eq!(next(&mut feed).unwrap(), Some(piece));
        }
        assert_eq!(next(&mut feed).unwrap(), None);
        assert_eq!(next(&mut feed).unwrap(), None);
    }

    #[test]
    fn a_source_that_blocks_is_not_waited_for() {
        let (give, given) = sync_channel::<&'static str>(0);
        let pieces = std::iter::from_fn(move || given.recv().ok().map(|text| Ok(text.into())));
        let mut feed = self::pieces(pieces);
        assert!(feed.poll_piece(&mut Context::from_waker(Waker::noop())).is_pending());
        give.send("one").unwrap();
        assert_eq!(next(&mut feed).unwrap().unwrap(), "one");
        drop(feed);
        // Its thread asks at most once more.
        while give.send("more").is_ok() {}
    }

    #[test]
    fn what_nobody_takes_is_not_read_without_end() {
        let (tell, told) = sync_channel(1000);
        let pieces = std::iter::from_fn(move || {
            tell.send(()).ok().map(|()| Ok(Bytes::from(vec![0; AHEAD / 4])))
        });
        let mut feed = self::pieces(pieces);
        assert!(next(&mut feed).unwrap().is_some());
        // One was taken, and what fits is read ahead.
        for _ in 0..4 {
            told.recv().unwrap();
        }
        drop(feed);
        let more = told.iter().count();
        assert!(more <= 2, "{more} more pieces were read");
    }

    #[test]
    fn failures_and_panics_come_out_where_the_pieces_do() {
        let pieces = [Ok(Bytes::from("a")), Err(io::Error::other("gone"))];
        let mut feed = self::pieces(pieces);
        assert!(next(&mut feed).unwrap().is_some());
        assert!(next(&mut feed).unwrap_err().to_string().ends_with("gone"));
        let pieces =
            std::iter::from_fn(|| -> Option<io::Result<Bytes>> { panic!("of the source") });
        let mut feed = self::pieces(pieces);
        let payload = catch_unwind(AssertUnwindSafe(|| next(&mut feed))).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"of the source"));
    }
}
