//! Handlers whose error is any error.
//! What becomes of it is decided in `purlin_core::message`.

use super::{Answer, Handler};
use crate::handler::Exchange;
use crate::{BoxError, Request, Source};
use purlin_core::IntoResponse;

/// A handler whose error is any error; made by [`fallible`].
#[derive(Clone, Copy, Debug)]
pub struct Fallible<F>(F);

/// A handler of a function whose error is none that a handler may have by itself:
/// `anyhow::Error`, one of another crate, one of your own that says nothing of a status.
///
/// The client is answered with 500 and learns nothing of the error; observers are told its
/// text and its causes. What was the client's own fault, such as a body over the limit,
/// keeps its status. A function whose error is [`BoxError`] is a handler without this.
///
/// ```
/// use purlin_std::{Mux, Request, fallible};
/// use std::num::ParseIntError;
/// let mut mux = Mux::new();
/// let next = |r: Request| -> Result<String, ParseIntError> {
///     let number: u32 = r.param("number").parse()?;
///     Ok(format!("{}\n", number + 1))
/// };
/// mux.handle("GET /next/{number}", fallible(next))?;
/// # Ok::<(), purlin_std::InsertError>(())
/// ```
pub fn fallible<F, R, E>(function: F) -> Fallible<F>
where
    F: Fn(Request) -> Result<R, E> + Send + Sync + 'static,
    R: IntoResponse<Source>,
    E: Into<BoxError>,
{
    Fallible(function)
}

impl<F, R, E> Handler for Fallible<F>
where
    F: Fn(Request) -> Result<R, E> + Send + Sync + 'static,
    R: IntoResponse<Source>,
    E: Into<BoxError>,
{
    fn call(&self, request: Request, _exchange: &Exchange) -> Answer {
        Answer::from((self.0)(request).map_err(Into::<BoxError>::into))
    }
}
