//! A connection that became something else: raw bytes both ways.
//! Holds no protocol: what stands below (and what ends it) is the machine's.

use crate::Error;
use crate::duplex::duplex;
use crate::server::line::Line;
use crate::server::waiting::{For, now};
use purlin_core::{Mono, Now};
use purlin_engine::served::Raw;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// The raw stream behind an upgrade or CONNECT, or of a connection that was
/// taken over, given by [`ResponseWriter::upgrade`](crate::ResponseWriter::upgrade)
/// and [`ResponseWriter::hijack`](crate::ResponseWriter::hijack).
///
/// Bytes that came with the request are read first. A shared reference reads
/// and writes too, so that two threads can do both at once. Dropping it ends the connection.
///
/// ```
/// use purlin_std::{ResponseHead, Status, streaming};
/// use std::io::{Read, Write};
///
/// let echo = streaming(|_, writer| {
///     let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo");
///     let Ok(mut stream) = writer.upgrade(head.expect("valid")) else { return };
///     let mut room = [0; 1024];
///     while let Ok(count @ 1..) = stream.read(&mut room) {
///         if stream.write_all(&room[..count]).is_err() {
///             break;
///         }
///     }
/// });
/// # let _ = echo;
/// ```
pub struct Upgraded {
    line: Arc<Line>,
    /// Held for no longer than a look.
    raw: Mutex<Raw>,
    /// Held by the one who reads: others wait for their turn.
    reading: Mutex<()>,
    /// Nanoseconds that a read and a write may take; none is without end.
    patience: [AtomicU64; 2],
}

/// The places of their limits.
const READ: usize = 0;
const WRITE: usize = 1;
/// No limit.
const ENDLESS: u64 = u64::MAX;

impl Upgraded {
    pub(crate) fn new(raw: Raw, line: Arc<Line>) -> Upgraded {
        let patience = [AtomicU64::new(ENDLESS), AtomicU64::new(ENDLESS)];
        Upgraded { line, raw: Mutex::new(raw), reading: Mutex::default(), patience }
    }

    /// Has reads give up after this time, with [`io::ErrorKind::WouldBlock`]; without one
    /// they wait without end, as long as a peer may say nothing.
    ///
    /// ```
    /// # fn example(stream: &purlin_std::Upgraded) -> std::io::Result<()> {
    /// stream.set_read_timeout(Some(std::time::Duration::from_secs(60)))
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a time of zero, as of a `TcpStream`.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.set(READ, limit)
    }

    /// Has writes give up after this time, with [`io::ErrorKind::WouldBlock`] if nothing of
    /// theirs was taken; without one they wait without end, as long as a peer takes nothing.
    /// What was taken and has not gone out yet goes out with the next read or write.
    ///
    /// ```
    /// # fn example(stream: &purlin_std::Upgraded) -> std::io::Result<()> {
    /// stream.set_write_timeout(Some(std::time::Duration::from_secs(10)))
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Upgraded::set_read_timeout`].
    pub fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.set(WRITE, limit)
    }

    fn set(&self, which: usize, limit: Option<Duration>) -> io::Result<()> {
        if limit == Some(Duration::ZERO) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let nanos = limit.map_or(ENDLESS, |limit| {
            u64::try_from(limit.as_nanos()).map_or(ENDLESS, |nanos| nanos.min(ENDLESS - 1))
        });
        self.patience[which].store(nanos, Relaxed);
        Ok(())
    }

    /// Until when one that begins now may take.
    fn until(&self, which: usize) -> Option<Mono> {
        match self.patience[which].load(Relaxed) {
            ENDLESS => None,
            nanos => Some(now().mono + Duration::from_nanos(nanos)),
        }
    }

    fn raw(&self) -> MutexGuard<'_, Raw> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something of the stream, or until then.
    fn wait<T>(
        &self,
        what: For,
        until: Option<Mono>,
        mut poll: impl FnMut(&mut Raw, &Context<'_>, Now) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        self.line.wait_until(what, until, |cx, now| poll(&mut self.raw(), cx, now))
    }

    /// Sends nothing more; what the peer sends can still be read.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// # fn example(mut stream: purlin_std::Upgraded) -> purlin_std::Result<()> {
    /// stream.write_all(b"that was all")?;
    /// stream.shutdown_write()?;
    /// let mut rest = Vec::new();
    /// stream.read_to_end(&mut rest)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Closed`] if the connection has ended.
    pub fn shutdown_write(&self) -> Result<(), Error> {
        self.raw().close(now())?;
        self.line.wait(For::Room, |cx, _| self.raw().poll_flush(cx))?;
        self.line.half_close(&self.line.lock());
        Ok(())
    }

    fn read_some(&self, room: &mut [u8]) -> io::Result<usize> {
        let _turn = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let poll = |raw: &mut Raw, cx: &Context<'_>, now| raw.poll_read(cx, room, now);
        match self.wait(For::Input, self.until(READ), poll) {
            Poll::Ready(read) => Ok(read?),
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        let until = self.until(WRITE);
        let poll = |raw: &mut Raw, cx: &Context<'_>, now| raw.poll_write(cx, bytes, now);
        let Poll::Ready(count) = self.wait(For::Room, until, poll) else {
            return Err(ErrorKind::WouldBlock.into());
        };
        // It goes out at once, as far as that is possible in time.
        match self.wait(For::Room, until, |raw, cx, _| raw.poll_flush(cx)) {
            Poll::Ready(Err(error)) => Err(error.into()),
            _ => Ok(count?),
        }
    }

    /// Does nothing: every write goes out at once, as far as its time allows.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "a stream has it")]
    fn flush_all(&self) -> io::Result<()> {
        Ok(())
    }
}

duplex! { Upgraded }
