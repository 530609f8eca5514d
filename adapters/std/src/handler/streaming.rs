//! Handlers that write their response by themselves.
//! What is written, the writer takes; when it ends, the exchange decides.

use super::Handler;
use crate::{Answer, Exchange, Request, ResponseWriter, Source};
use purlin_core::message::Streamed;

/// Makes a handler of a function that takes the writer.
///
/// The response ends when the writer is finished, or when both the writer has
/// been dropped and the function has returned. If that returns an error, the
/// error is the answer, or, once the head is out, the response breaks off.
///
/// ```
/// use purlin_std::{Error, Server, streaming};
/// use std::io::Write;
///
/// let server = Server::new(streaming(|request, mut writer| -> Result<(), Error> {
///     writeln!(writer, "you asked for {}", request.path())?;
///     writer.flush()?;
///     writeln!(writer, "and that is all")?;
///     Ok(())
/// }));
/// # let _ = server;
/// ```
pub fn streaming<F, R>(function: F) -> Streaming<F>
where
    F: Fn(Request, ResponseWriter) -> R + Send + Sync + 'static,
    R: Streamed<Source>,
{
    Streaming(function)
}

/// A handler that takes the writer; made by [`streaming`].
#[derive(Clone, Copy, Debug)]
pub struct Streaming<F>(F);

impl<F, R> Handler for Streaming<F>
where
    F: Fn(Request, ResponseWriter) -> R + Send + Sync + 'static,
    R: Streamed<Source>,
{
    fn call(&self, request: Request, exchange: &Exchange) -> Answer {
        Answer((self.0)(request, exchange.writer()).into_outcome())
    }
}
