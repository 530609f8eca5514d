//! Requests read from text, by the machine that reads those of peers.
//! Finds out where the request ends; what is wrong in it, the machine says.

use super::TestRequest;
use crate::config::ServerConfig;
use crate::error::PeerError;
use crate::h1::server::Connection;
use crate::head::{Fields, RequestHead};
use crate::machine::{BodyLength, Eof, Event, Id, Machine, Recv, ServerMachine};
use crate::time::Now;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

/// Why a text is not one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextError {
    /// The text breaks a rule, or a limit at its default.
    Fault(PeerError),
    /// The text ends before its head does.
    Incomplete,
    /// So many bytes stand behind it.
    Behind(usize),
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextError::Fault(error) => write!(f, "the request breaks a rule: {error}"),
            TextError::Incomplete => {
                f.write_str("the text ends inside a head, which ends with an empty line")
            }
            TextError::Behind(count) => write!(
                f,
                "{count} bytes stand behind the request: a body needs Content-Length or \
                 Transfer-Encoding"
            ),
        }
    }
}

impl std::error::Error for TextError {}

impl TestRequest {
    /// The request that this text is, as a server with default limits reads it.
    ///
    /// ```
    /// use purlin_core::testing::TestRequest;
    /// let text = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
    /// assert_eq!(TestRequest::from_text(text)?.head().path(), "/a");
    ///
    /// let error = TestRequest::from_text("GET /a HTTP/1.1\r\n\r\n").unwrap_err();
    /// assert!(error.to_string().ends_with("needs a Host field (RFC 9112 §3.2)"));
    /// # Ok::<(), purlin_core::testing::TextError>(())
    /// ```
    ///
    /// # Errors
    /// [`TextError`].
    pub fn from_text(text: impl AsRef<[u8]>) -> Result<TestRequest, TextError> {
        let config = ServerConfig { general_options: false, ..ServerConfig::default() };
        let machine = Connection::new(Arc::new(config), Now::default());
        Reading { machine, rest: text.as_ref(), body: Vec::new() }.read()
    }
}

/// A text on its way through a machine.
struct Reading<'a> {
    machine: Connection,
    rest: &'a [u8],
    body: Vec<Bytes>,
}

/// What a head event brings.
type Begun = (Id, RequestHead, BodyLength);

impl Reading<'_> {
    fn read(mut self) -> Result<TestRequest, TextError> {
        let (id, head, length) = loop {
            self.feed();
            if let Some(begun) = self.head()? {
                break begun;
            }
        };
        // How much a handler takes is a matter of its exchange.
        let _ = self.machine.limit_body(id, u64::MAX);
        let trailers = self.body(id)?;
        self.nothing_behind(id)?;
        Ok(TestRequest::of(head, self.body, length, trailers))
    }

    /// Gives the machine as much as it takes, and then the end.
    fn feed(&mut self) {
        let taken = self.machine.receive(self.rest, Now::default());
        self.rest = &self.rest[taken..];
        if self.rest.is_empty() {
            self.machine.eof(Eof::Clean, Now::default());
        }
    }

    fn head(&mut self) -> Result<Option<Begun>, TextError> {
        while let Some(event) = self.machine.poll_event(Now::default()) {
            match event {
                Event::Request { id, head, body, .. } => return Ok(Some((id, head, body))),
                Event::Failed { error, .. } => return Err(TextError::Fault(error)),
                Event::Closed(_) => return Err(TextError::Incomplete),
                _ => {}
            }
        }
        Ok(None)
    }

    fn body(&mut self, id: Id) -> Result<Option<Fields>, TextError> {
        loop {
            match self.machine.recv(id, Now::default()) {
                Recv::Data(piece) => self.body.push(piece),
                Recv::End(trailers) => return Ok(trailers),
                Recv::Failed(error) => return Err(TextError::Fault(error)),
                Recv::Pending => self.feed(),
            }
        }
    }

    /// Looks behind the request: there is whatever a raw stream would read first.
    fn nothing_behind(&mut self, id: Id) -> Result<(), TextError> {
        let mut count = self.rest.len();
        if self.machine.hijack(id, Now::default()).is_ok() {
            while let Recv::Data(piece) = self.machine.recv(id, Now::default()) {
                count += piece.len();
            }
        }
        if count == 0 { Ok(()) } else { Err(TextError::Behind(count)) }
    }
}
