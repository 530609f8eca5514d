//! A waker for one who waits for sockets: it makes a descriptor readable.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// A descriptor that becomes readable when its waker is woken.
#[derive(Debug)]
pub struct Nudge {
    read: UnixStream,
    waker: Waker,
}

struct Bell(UnixStream);

impl Nudge {
    /// A nudge that nobody has given yet.
    ///
    /// # Errors
    /// There are no descriptors left.
    pub fn new() -> io::Result<Nudge> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        Ok(Nudge { read, waker: Arc::new(Bell(write)).into() })
    }

    /// What wakes it.
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Makes it wait again.
    pub fn clear(&self) {
        let mut room = [0; 64];
        while matches!((&self.read).read(&mut room), Ok(count) if count > 0) {}
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Bell>) {
        // One that is full has been woken already.
        let _ = (&self.0).write(&[1]);
    }
}

impl AsFd for Nudge {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Idle, wait_for};
    use std::time::Duration;

    #[test]
    fn it_is_readable_from_waking_to_clearing() {
        let nudge = Nudge::new().unwrap();
        let ready = || {
            let time = Some(Duration::from_millis(1));
            wait_for(&[(nudge.as_fd(), Idle::Reads)], time).unwrap()[0]
        };
        assert!(!ready());
        for _ in 0..3 {
            nudge.waker().wake_by_ref();
        }
        assert!(ready());
        nudge.clear();
        assert!(!ready());
    }
}
