//! A server without a port, for tests.
//! Runs it in a thread of its own and connects to it; serving is the server's.

use super::TestStream;
use crate::client::{self, Client};
use crate::handler::Handler;
use crate::server::{Handle, Server};
use async_io::Timer;
use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt, future};
use purlin_net::{Aside, Dialer, in_memory};
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// The longest that [`TestServer::send`] waits for the end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that only its test can connect to. It stops when it is dropped, and
/// panics then if it failed or was told to propagate a handler's panic.
///
/// All of a server is there but the network: its limits, its deadlines, its
/// observers. The peer of its requests is [`Address::Memory`](crate::Address).
///
/// ```
/// use purlin_smol::Request;
/// use purlin_smol::testing::TestServer;
///
/// let server = TestServer::new(async |_: Request| "hello\n");
/// smol::block_on(async {
///     let answer = server.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await?;
///     assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello\n"));
///     assert!(server.send("nonsense\r\n\r\n").await?.starts_with("HTTP/1.1 400 "));
///     Ok::<(), std::io::Error>(())
/// }).unwrap();
/// ```
pub struct TestServer {
    dialer: Dialer,
    handle: Handle,
    _serving: Aside,
}

impl TestServer {
    /// A server of this handler, one thread, and everything else as it is by default.
    ///
    /// # Panics
    /// The system gives no sockets or threads.
    pub fn new(handler: impl Handler) -> TestServer {
        TestServer::start(Server::new(handler).threads(1))
    }

    /// Starts a server that was told more.
    ///
    /// ```
    /// use purlin_smol::testing::TestServer;
    /// use purlin_smol::{Panics, Request, Server};
    ///
    /// // A handler's assertion that fails is to fail the test.
    /// let server = Server::new(async |_: Request| "hello\n").panics(Panics::Propagate);
    /// let server = TestServer::start(server);
    /// # let _ = server;
    /// ```
    ///
    /// # Panics
    /// The system gives no sockets or threads.
    pub fn start<H: Handler>(server: Server<H>) -> TestServer {
        let (listener, dialer) = in_memory().expect("sockets");
        let bound = server.with_listeners(vec![listener]);
        let handle = bound.handle();
        let close = handle.clone();
        let serving = Aside::start(|| async_io::block_on(bound.serve()), move || close.close());
        TestServer { dialer, handle, _serving: serving.expect("a thread") }
    }

    /// Connects: a raw stream of what a peer would send and be sent.
    ///
    /// ```
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt};
    /// # use purlin_smol::{Request, testing::TestServer};
    /// let server = TestServer::new(async |_: Request| "hello\n");
    /// smol::block_on(async {
    ///     let mut stream = server.connect()?;
    ///     stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    ///     let mut answer = String::new();
    ///     stream.read_to_string(&mut answer).await?;
    ///     assert!(answer.ends_with("hello\n"));
    ///     Ok::<(), std::io::Error>(())
    /// }).unwrap();
    /// ```
    ///
    /// # Errors
    /// The server has stopped.
    pub fn connect(&self) -> io::Result<TestStream> {
        TestStream::new(self.dialer.connect()?)
    }

    /// Sends this on a connection of its own, and gives all that comes back
    /// until the server closes it. Requests may follow each other in the text:
    /// its end is the end of what the client sends.
    ///
    /// # Errors
    /// The server has stopped, or cut the connection; what it sent is no text;
    /// [`ErrorKind::TimedOut`] if there is no end within a minute.
    pub async fn send(&self, text: impl AsRef<[u8]>) -> io::Result<String> {
        let (mut reader, mut writer) = futures_lite::io::split(self.connect()?);
        let sending = async {
            // A server that refuses the rest closes early: its answer tells why.
            if writer.write_all(text.as_ref()).await.is_ok() {
                let _ = writer.close().await;
            }
        };
        let mut answer = String::new();
        let exchange = future::zip(sending, reader.read_to_string(&mut answer));
        let late = async {
            Timer::after(PATIENCE).await;
            ((), Err(ErrorKind::TimedOut.into()))
        };
        exchange.or(late).await.1?;
        Ok(answer)
    }

    /// A client all of whose requests go to this server, whatever host their
    /// URLs name.
    ///
    /// ```
    /// # use purlin_smol::{Request, testing::TestServer};
    /// let server = TestServer::new(async |_: Request| "hello\n");
    /// smol::block_on(async {
    ///     let text = server.client().get("http://any.test/").await?.text().await?;
    ///     assert_eq!(text, "hello\n");
    ///     Ok::<(), purlin_smol::client::Error>(())
    /// }).unwrap();
    /// ```
    pub fn client(&self) -> Client {
        let memory = self.dialer.clone();
        let dialer = client::Dialer::new(move |_, _| {
            let stream = memory.connect();
            async move { Ok(stream?.into()) }
        });
        Client::with_dialer(client::Settings::new().no_proxy(), dialer)
    }

    /// What stops it gracefully.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestServer")
    }
}
