//! A client's socket, and the timer that each has of its own.
//! What moves, and who is late, says its line.

use crate::link::{Reactor, Until};
use async_io::Timer;
use purlin_core::Mono;
use purlin_engine::Line;
use purlin_net::{Clock, Stream};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A connected socket.
pub(super) type Socket = Line<Reactor<Deadline>>;

/// A socket, whose calls will not wait from now on.
pub(super) fn socket(stream: Stream) -> io::Result<Socket> {
    stream.set_nonblocking(true)?;
    Ok(Line::new(Reactor::new(stream, Deadline::default())))
}

/// One timer for all deadlines, set anew only to an earlier instant.
#[derive(Default)]
pub(super) struct Deadline(Option<(Timer, Mono)>);

impl purlin_engine::Timer for Deadline {
    /// What was set to an earlier instant stays, and wakes in vain.
    fn poll_until(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.as_ref().is_none_or(|(_, set)| at < *set) {
            let Some(instant) = Clock::instant(at) else {
                return Poll::Pending;
            };
            self.0 = Some((Timer::at(instant), at));
        }
        let Some((timer, _)) = &mut self.0 else {
            return Poll::Pending;
        };
        ready!(Pin::new(timer).poll(cx));
        self.0 = None;
        Poll::Ready(())
    }
}

/// It is told with each poll whom it wakes.
impl Until for Deadline {}
