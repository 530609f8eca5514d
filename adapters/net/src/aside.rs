//! A server that runs in a thread of its own while its owner does something else.
//! Starts and ends the thread; serving is the server's.

use purlin_core::message::Error;
use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::thread::{self, JoinHandle};

/// A server's thread. Dropping it closes the server and waits for the thread.
///
/// ```
/// use purlin_net::Aside;
/// use std::sync::mpsc::sync_channel;
///
/// let (close, closed) = sync_channel(1);
/// let serve = move || Ok(closed.recv().expect("it is closed"));
/// let aside = Aside::start(serve, move || close.send(()).expect("it waits"))?;
/// drop(aside);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Aside {
    serving: Option<JoinHandle<Result<(), Error>>>,
    close: Box<dyn Fn() + Send + Sync>,
}

impl Aside {
    /// Starts to serve; `close` ends it, from any thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        serve: impl FnOnce() -> Result<(), Error> + Send + 'static,
        close: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Aside> {
        let serving = thread::Builder::new().name("purlin-aside".into()).spawn(serve)?;
        Ok(Aside { serving: Some(serving), close: Box::new(close) })
    }
}

/// # Panics
/// With the panic that the server ended with, or the error.
impl Drop for Aside {
    fn drop(&mut self) {
        (self.close)();
        let ended = self.serving.take().map(JoinHandle::join);
        if thread::panicking() {
            return;
        }
        match ended {
            None | Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => panic!("the server failed: {error}"),
            Some(Err(payload)) => resume_unwind(payload),
        }
    }
}

impl fmt::Debug for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aside")
    }
}
