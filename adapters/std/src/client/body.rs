//! The body of a response, as a thread reads it.

use super::Error;
use super::runtime::{Blocking, block};
use bytes::Bytes;
use purlin_core::exchange::Cause;
use purlin_engine as engine;
use std::io::{self, Read};

/// The body of a response.
///
/// It is read from the connection as it is asked for, so a slow reader slows
/// the server. Read to its end it gives the connection back for the next
/// request. Dropped before, it reads up to 256 KiB to that end, if they come
/// within 50 ms; else it closes the connection.
///
/// A response may begin before its request is sent whole: the rest goes out while
/// this is read, and is given up when this is dropped. Behind a status of success
/// the end of this is also the end of the request.
///
/// ```no_run
/// use std::io::Read;
/// let mut body = purlin_std::get("http://127.0.0.1:8080/large")?.into_body();
/// let mut start = [0; 16];
/// body.read_exact(&mut start)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Body(pub(super) engine::Body<Blocking>);

impl Body {
    /// The next piece; none at the end.
    ///
    /// ```no_run
    /// # fn main() -> purlin_std::client::Result<()> {
    /// let mut body = purlin_std::get("http://127.0.0.1:8080/")?.into_body();
    /// while let Some(piece) = body.chunk()? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// It breaks a rule or a limit, comes too slowly, or not to its end. Asked
    /// again, it says so again ([`Cause::BrokenOff`]).
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        block(&mut self.0, engine::Body::poll_chunk)
            .unwrap_or_else(|error| Err(self.0.fail(Error::new(Cause::Io(error)))))
    }
}

purlin_engine::body_api! { () () }

impl Read for Body {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        block(&mut self.0, |body, cx| body.poll_read(room, cx))?
    }
}
