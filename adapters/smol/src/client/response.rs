//! A response as its caller has it: the head at hand, the body still to be read.

use super::runtime::Polling;
use super::{Body, Error, Upgraded};
use crate::Bytes;
use purlin_core::exchange::Trace;
use purlin_engine::{self as engine, Received};
use std::fmt;
use std::ops::Deref;

/// A response to a client. Status, fields and whatever else is known before the
/// body is read are those of [`Received`].
///
/// ```no_run
/// # async fn show() -> purlin_smol::client::Result<()> {
/// let mut response = purlin_smol::get("http://127.0.0.1:8080/").await?;
/// println!("{} {:?}", response.status(), response.field("Content-Type"));
/// println!("{}", response.text().await?);
/// println!("{}", response.trace());
/// # Ok(()) }
/// ```
pub struct Response {
    received: Received,
    body: Body,
}

impl Response {
    pub(super) fn new((received, body): (Received, engine::Body<Polling>)) -> Response {
        Response { received, body: Body(body) }
    }

    /// When what happened, as it is known by now.
    pub fn trace(&self) -> Trace {
        let mut trace = self.answer().trace;
        trace.end = self.body.ended();
        trace
    }

    /// The body.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// The body alone.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// The connection itself, if the response made it something else than
    /// HTTP: 101 (Switching Protocols), or success of a CONNECT. Else the
    /// response is dropped.
    pub fn upgrade(self) -> Option<Upgraded> {
        if self.answer().is_upgraded() { self.body.into_upgraded() } else { None }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Body::chunk`].
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        self.body.bytes().await
    }

    /// The whole body, as text.
    ///
    /// # Errors
    /// As [`Body::text`].
    pub async fn text(&mut self) -> Result<String, Error> {
        self.body.text().await
    }

    /// Itself, unless its status says that the request failed (4xx, 5xx).
    ///
    /// # Errors
    /// [`Cause::Status`](super::Cause::Status).
    pub fn error_for_status(self) -> Result<Response, Error> {
        self.check_status()?;
        Ok(self)
    }
}

impl Deref for Response {
    type Target = Received;

    fn deref(&self) -> &Received {
        &self.received
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.received, f)
    }
}
