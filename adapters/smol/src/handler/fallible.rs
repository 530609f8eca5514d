//! Handlers whose error is any error.
//! What becomes of it is decided in `purlin_core::message`.

use super::{Answer, Exchange, Handler, HandlerFuture, SendHandler, SendHandlerFuture};
use crate::{BoxError, Request, Source};
use purlin_core::IntoResponse;
use std::future::Future;

/// A handler whose error is any error; made by [`fallible`].
#[derive(Clone, Copy, Debug)]
pub struct Fallible<F>(F);

/// A handler of an async function whose error is none that a handler may have by itself:
/// `anyhow::Error`, one of another crate, one of your own that says nothing of a status.
///
/// The client is answered with 500 and learns nothing of the error; observers are told its
/// text and its causes. What was the client's own fault, such as a body over the limit,
/// keeps its status. A function whose error is [`BoxError`] is a handler without this.
///
/// ```
/// use purlin_smol::{Mux, Request, fallible};
/// use std::num::ParseIntError;
/// let mut mux = Mux::new();
/// let next = async |r: Request| -> Result<String, ParseIntError> {
///     let number: u32 = r.param("number").parse()?;
///     Ok(format!("{}\n", number + 1))
/// };
/// mux.handle("GET /next/{number}", fallible(next))?;
/// # Ok::<(), purlin_smol::InsertError>(())
/// ```
pub fn fallible<F, R, E>(function: F) -> Fallible<F>
where
    F: AsyncFn(Request) -> Result<R, E> + Send + Sync + 'static,
    R: IntoResponse<Source>,
    E: Into<BoxError>,
{
    Fallible(function)
}

impl<F, R, E> Handler for Fallible<F>
where
    F: AsyncFn(Request) -> Result<R, E> + Send + Sync + 'static,
    R: IntoResponse<Source>,
    E: Into<BoxError>,
{
    fn call<'h>(&'h self, request: Request, _exchange: &Exchange) -> HandlerFuture<'h> {
        let answering = (self.0)(request);
        Box::pin(async move { Answer::from(answering.await.map_err(Into::<BoxError>::into)) })
    }
}

impl<F, T, R, E> SendHandler for Fallible<F>
where
    F: Fn(Request) -> T + AsyncFn(Request) -> Result<R, E> + Send + Sync + 'static,
    T: Future<Output = Result<R, E>> + Send + 'static,
    R: IntoResponse<Source>,
    E: Into<BoxError>,
{
    fn call_send<'h>(&'h self, request: Request, _exchange: &Exchange) -> SendHandlerFuture<'h> {
        let answering = (self.0)(request);
        Box::pin(async move { Answer::from(answering.await.map_err(Into::<BoxError>::into)) })
    }
}
