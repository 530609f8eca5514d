//! Being woken when a connection is lost that nobody reads or writes just now:
//! reactors tell of that only who waits for one of the two.
//! Wakes; what has happened, [`Stream::is_lost`] says.

use crate::readiness::Readiness;
use crate::stream::Stream;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Duration;

/// A connection whose loss wakes somebody, until this is dropped.
#[derive(Debug)]
pub struct EndWatch {
    ends: &'static Ends,
    token: u64,
}

/// All that are watched in this process. They are few: a thread waits for them.
#[derive(Debug)]
struct Ends {
    readiness: Readiness,
    wakers: Mutex<Wakers>,
}

#[derive(Debug, Default)]
struct Wakers {
    of: BTreeMap<u64, Waker>,
    last: u64,
    /// A thread waits.
    attended: bool,
}

impl EndWatch {
    /// Has this waker woken when the connection is lost, once or several times,
    /// perhaps in vain; at once, if it is lost already.
    ///
    /// # Errors
    /// The system has nothing left to watch with.
    pub fn new(stream: &Stream, waker: &Waker) -> io::Result<EndWatch> {
        let ends = ends()?;
        let mut wakers = ends.lock();
        wakers.last += 1;
        let token = wakers.last;
        wakers.of.insert(token, waker.clone());
        if !wakers.attended {
            let attend = || ends.attend();
            thread::Builder::new().name("purlin-ends".into()).spawn(attend)?;
            wakers.attended = true;
        }
        drop(wakers);
        // From here on it is forgotten when it is dropped.
        let watch = EndWatch { ends, token };
        ends.readiness.watch_end(stream, token)?;
        Ok(watch)
    }

    /// From now on it is this waker that is woken.
    pub fn set_waker(&self, waker: &Waker) {
        if let Some(known) = self.ends.lock().of.get_mut(&self.token) {
            known.clone_from(waker);
        }
    }
}

impl Drop for EndWatch {
    fn drop(&mut self) {
        let waker = self.ends.lock().of.remove(&self.token);
        drop(waker);
    }
}

fn ends() -> io::Result<&'static Ends> {
    static ENDS: OnceLock<Ends> = OnceLock::new();
    if let Some(ends) = ENDS.get() {
        return Ok(ends);
    }
    let readiness = Readiness::new()?;
    Ok(ENDS.get_or_init(|| Ends { readiness, wakers: Mutex::default() }))
}

/// A thread that has had nobody to wait for since its last look ends after this time.
const EMPTY: Duration = Duration::from_secs(30);

impl Ends {
    fn lock(&self) -> MutexGuard<'_, Wakers> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attend(&self) {
        let mut ready = Vec::new();
        loop {
            ready.clear();
            if self.readiness.wait(&mut ready, 64, Some(EMPTY)).is_err() {
                // Nothing is known to cause it.
                thread::sleep(Duration::from_millis(10));
            }
            let mut wakers = self.lock();
            if ready.is_empty() && wakers.of.is_empty() {
                wakers.attended = false;
                return;
            }
            let token = |told: &u64| told & !crate::ENDED;
            let woken: Vec<_> =
                ready.iter().filter_map(|told| wakers.of.get(&token(told)).cloned()).collect();
            drop(wakers);
            woken.into_iter().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::Wake;

    struct Tells(Mutex<Sender<()>>);

    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            self.0.lock().unwrap().send(()).unwrap();
        }
    }

    fn waker() -> (Waker, Receiver<()>) {
        let (tells, told) = channel();
        (Arc::new(Tells(Mutex::new(tells))).into(), told)
    }

    const LONG: Duration = Duration::from_secs(10);

    #[test]
    fn a_reset_behind_a_half_close_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = Stream::from(listener.accept().unwrap().0);
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0]), purlin_engine::Moved::End);
        let ((waker, told), (later, told_later)) = (waker(), waker());
        let watch = EndWatch::new(&stream, &waker).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err() && !stream.is_lost());
        watch.set_waker(&later);
        socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        told_later.recv_timeout(LONG).unwrap();
        assert!(stream.is_lost() && told.try_recv().is_err());
    }

    #[test]
    fn a_unix_peer_that_closes_is_gone_and_one_that_half_closes_is_not() {
        let (one, other) = UnixStream::pair().unwrap();
        let stream = Stream::from(one);
        other.shutdown(std::net::Shutdown::Write).unwrap();
        let (waker, told) = waker();
        let watch = EndWatch::new(&stream, &waker).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err() && !stream.is_lost());
        drop(other);
        told.recv_timeout(LONG).unwrap();
        assert!(stream.is_lost());
        drop(watch);
        // One that is lost already is told at once.
        let _watch = EndWatch::new(&stream, &waker);
    }
}
