//! A connection that became something else: raw bytes both ways.
//! Holds no protocol: what stands below (and what ends it) is the machine's.

use crate::Error;
use crate::shared::{Piece, Shared};
use bytes::{Buf, Bytes};
use purlin_core::Id;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    shared: Arc<Shared>,
    id: Id,
    rest: Mutex<Bytes>,
    /// Nanoseconds that a read and a write may take; none is without end.
    patience: [AtomicU64; 2],
}

/// The places of their limits.
const READ: usize = 0;
const WRITE: usize = 1;
/// No limit.
const ENDLESS: u64 = u64::MAX;

impl Upgraded {
    pub(crate) fn of(shared: Arc<Shared>, id: Id) -> Upgraded {
        let patience = [AtomicU64::new(ENDLESS), AtomicU64::new(ENDLESS)];
        Upgraded { shared, id, rest: Mutex::default(), patience }
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
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let nanos = limit.map_or(ENDLESS, |limit| {
            u64::try_from(limit.as_nanos()).map_or(ENDLESS, |nanos| nanos.min(ENDLESS - 1))
        });
        self.patience[which].store(nanos, Relaxed);
        Ok(())
    }

    /// Until when one that begins now may take.
    fn until(&self, which: usize) -> Option<Instant> {
        match self.patience[which].load(Relaxed) {
            ENDLESS => None,
            nanos => Instant::now().checked_add(Duration::from_nanos(nanos)),
        }
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
        let (slot, ()) = self.shared.with(self.id, |to| to.machine.finish(to.id, None, to.now))?;
        drop(self.shared.write_out(slot));
        Ok(())
    }

    fn read_some(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.is_empty() && !room.is_empty() {
            match self.shared.recv(self.id, self.until(READ))? {
                Piece::Data(data) => *rest = data,
                Piece::End(_) => return Ok(0),
            }
        }
        (&mut *rest).reader().read(room)
    }

    fn write_some(&self, bytes: &[u8]) -> Result<usize, Error> {
        self.shared.send_until(self.id, bytes, self.until(WRITE))
    }
}

impl Read for &Upgraded {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.read_some(room)
    }
}

impl Write for &Upgraded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.write_some(bytes)?)
    }

    /// Does nothing: every write goes out at once, as far as its time allows.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Upgraded {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.read_some(room)
    }
}

impl Write for Upgraded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.write_some(bytes)?)
    }

    /// Does nothing: every write goes out at once.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upgraded {
    fn drop(&mut self) {
        let Ok(mut slot) = self.shared.enter(self.id) else {
            return;
        };
        let panicking = std::thread::panicking();
        let _ = slot.act(self.id, |to| {
            if panicking {
                return to.machine.reset(to.id, to.now);
            }
            // Either may have happened before.
            let _ = to.machine.finish(to.id, None, to.now);
            let _ = to.machine.discard(to.id, to.now);
            Ok(())
        });
        self.shared.done(&mut slot);
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}
