//! A server without a port, for tests.
//! Runs it in a thread of its own and connects to it; serving is the server's.

use crate::client::{self, Client};
use crate::{Handle, Handler, Server};
use purlin_net::{Aside, Dialer, in_memory};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// The longest that a client waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that only its test can connect to. It stops when it is dropped, and
/// panics then if it failed or was told to propagate a handler's panic.
///
/// All of a server is there but the network: its limits, its deadlines, its
/// observers. The peer of its requests is [`Address::Memory`](crate::observe::Address).
///
/// ```
/// use purlin_std::Request;
/// use purlin_std::testing::TestServer;
///
/// let server = TestServer::new(|_: Request| "hello\n");
/// let answer = server.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello\n"));
/// assert!(server.send("nonsense\r\n\r\n")?.starts_with("HTTP/1.1 400 "));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TestServer {
    dialer: Dialer,
    handle: Handle,
    _serving: Aside,
}

impl TestServer {
    /// A server of this handler, and everything else as it is by default.
    ///
    /// # Panics
    /// The system gives no sockets or threads.
    pub fn new(handler: impl Handler) -> TestServer {
        TestServer::start(Server::new(handler))
    }

    /// Starts a server that was told more.
    ///
    /// ```
    /// use purlin_std::testing::TestServer;
    /// use purlin_std::{Panics, Request, Server};
    ///
    /// // A handler's assertion that fails is to fail the test.
    /// let server = Server::new(|_: Request| "hello\n").panics(Panics::Propagate);
    /// let server = TestServer::start(server);
    /// # let _ = server;
    /// ```
    ///
    /// # Panics
    /// The system gives no sockets or threads.
    pub fn start(server: Server) -> TestServer {
        let (listener, dialer) = in_memory().expect("sockets");
        let bound = server.with_listeners([listener]);
        let handle = bound.handle();
        let close = handle.clone();
        let serving = Aside::start(|| bound.serve(), move || close.close());
        TestServer { dialer, handle, _serving: serving.expect("a thread") }
    }

    /// Connects: a raw stream of what a peer would send and be sent. Reading
    /// and writing it fail after a minute.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// # use purlin_std::{Request, testing::TestServer};
    /// let server = TestServer::new(|_: Request| "hello\n");
    /// let mut stream = server.connect()?;
    /// stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    /// let mut answer = String::new();
    /// stream.read_to_string(&mut answer)?;
    /// assert!(answer.ends_with("hello\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The server has stopped.
    pub fn connect(&self) -> io::Result<UnixStream> {
        let stream = self.dialer.connect()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// Sends this on a connection of its own, and gives all that comes back
    /// until the server closes it. Requests may follow each other in the text:
    /// its end is the end of what the client sends.
    ///
    /// # Errors
    /// The server has stopped, or cut the connection; what it sent is no text;
    /// [`ErrorKind::TimedOut`] if there is no end within a minute.
    pub fn send(&self, text: impl AsRef<[u8]>) -> io::Result<String> {
        let stream = self.connect()?;
        let text = text.as_ref();
        thread::scope(|scope| {
            scope.spawn(|| {
                // A server that refuses the rest closes early: its answer tells why.
                if (&stream).write_all(text).is_ok() {
                    let _ = stream.shutdown(Shutdown::Write);
                }
            });
            let answer = read_to_end(&stream);
            if answer.is_err() {
                // Whoever still writes is not waited for.
                let _ = stream.shutdown(Shutdown::Both);
            }
            answer
        })
    }

    /// A client all of whose requests go to this server, whatever host their
    /// URLs name.
    ///
    /// ```
    /// # use purlin_std::{Request, testing::TestServer};
    /// let server = TestServer::new(|_: Request| "hello\n");
    /// let text = server.client().get("http://any.test/")?.text()?;
    /// assert_eq!(text, "hello\n");
    /// # Ok::<(), purlin_std::client::Error>(())
    /// ```
    pub fn client(&self) -> Client {
        let memory = self.dialer.clone();
        let dialer = client::Dialer::new(move |_, _| Ok(memory.connect()?.into()));
        Client::with_dialer(client::Settings::new().no_proxy(), dialer)
    }

    /// What stops it gracefully.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

/// All that comes until the end, within a minute.
fn read_to_end(mut stream: &UnixStream) -> io::Result<String> {
    let late = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    let mut room = [0; 16 * 1024];
    loop {
        let left = late.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut room) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&room[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestServer")
    }
}
