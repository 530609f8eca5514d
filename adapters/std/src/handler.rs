//! What a handler is: a function of a request, or one that takes the writer.
//! Decides nothing; the driver calls handlers, and the writer sends what they answer.

use crate::{Request, Response, ResponseWriter};
use purlin_core::IntoResponse;
use std::fmt;
use std::io::{self, Read};

/// Answers requests, on the thread of their connection.
///
/// Every function from [`Request`] to something that can be turned into a
/// [`Response`] is a handler; [`streaming`] makes one of a
/// function that takes the [`ResponseWriter`].
///
/// ```
/// use purlin_std::{Handler, Request, Status, streaming};
/// use std::io::Write;
///
/// fn takes(_: impl Handler) {}
///
/// takes(|_: Request| "hello\n");
/// takes(|_: Request| (Status::NOT_FOUND, "no such page\n"));
/// takes(streaming(|_, mut writer| {
///     let _ = writer.write_all(b"hello\n");
/// }));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is a function `Fn(Request) -> R` where `R` can be turned into a response: \
            text, bytes, a `Status`, `(Status, R)`, a `Response`, or a `Result` of such",
    note = "closures need the type of their argument: `|request: Request| ...`",
    note = "a function that takes the writer becomes a handler by `streaming(|request, writer| ...)`"
)]
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. The answer is complete once `writer` is finished or
    /// dropped; it may be moved to another thread.
    fn serve(&self, request: Request, writer: ResponseWriter);
}

impl<F, R> Handler for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: IntoResponse<Source>,
{
    fn serve(&self, request: Request, writer: ResponseWriter) {
        writer.hold_while_reading(&request);
        let response = self(request).into_response();
        // The peer is gone, or the response contradicts itself: then the writer has answered 500.
        let _ = writer.respond(response);
    }
}

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
    R: Streamed,
{
    Streaming(function)
}

/// What a [`streaming`] handler may return: nothing, or a `Result` of nothing
/// whose error is an answer.
#[diagnostic::on_unimplemented(
    message = "a streaming handler cannot return `{Self}`",
    note = "it returns `()`, or `Result<(), E>` with `E: IntoResponse<Source>`"
)]
pub trait Streamed {
    /// The answer to a failure, if it is one.
    fn into_failure(self) -> Option<Response>;
}

impl Streamed for () {
    fn into_failure(self) -> Option<Response> {
        None
    }
}

impl<E: IntoResponse<Source>> Streamed for Result<(), E> {
    fn into_failure(self) -> Option<Response> {
        self.err().map(IntoResponse::into_response)
    }
}

/// A handler that takes the writer; made by [`streaming`].
#[derive(Clone, Copy, Debug)]
pub struct Streaming<F>(F);

impl<F, R> Handler for Streaming<F>
where
    F: Fn(Request, ResponseWriter) -> R + Send + Sync + 'static,
    R: Streamed,
{
    fn serve(&self, request: Request, writer: ResponseWriter) {
        let end = writer.defer();
        if let Some(response) = self.0(request, writer).into_failure() {
            end.fail(response);
        }
    }
}

/// What gives the bytes of a response that is not whole yet: anything that reads.
///
/// What one `read` gives is sent at once, so a source may be live; up to 64 KiB are asked for.
///
/// ```
/// use purlin_std::{Response, Source};
/// let zeros = std::io::Read::take(std::io::repeat(0), 1 << 20);
/// let response = Response::stream(Source::reader(zeros));
/// # let _ = response;
/// ```
pub struct Source(Box<dyn Read + Send>);

impl Source {
    /// A source that reads from `reader`.
    pub fn reader(reader: impl Read + Send + 'static) -> Source {
        Source(Box::new(reader))
    }
}

impl Read for Source {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}
