//! What becomes of a request: a response that is a value, or what a writer wrote.
//! Says it; the adapters, whose `Answer` it is inside, carry it out.

use super::{IntoResponse, Response};

/// What became of a request.
///
/// ```
/// use purlin_core::message::Outcome;
/// use purlin_core::{Response, Status};
/// let outcome = Outcome::<()>::Response(Response::text("hello"));
/// let outcome = outcome.map(|response| response.with_status(Status::ACCEPTED));
/// assert_eq!(outcome.response().unwrap().status(), Status::ACCEPTED);
/// assert!(Outcome::<()>::Written.response().is_none());
/// ```
#[derive(Debug)]
pub enum Outcome<B> {
    /// A response to be sent.
    Response(Response<B>),
    /// The writer was used.
    Written,
    /// The writer was used, and then something failed: this instead, if it is not too late.
    Failed(Response<B>),
}

impl<B> Outcome<B> {
    /// The response, if it is a value.
    pub fn response(&self) -> Option<&Response<B>> {
        match self {
            Outcome::Response(response) | Outcome::Failed(response) => Some(response),
            Outcome::Written => None,
        }
    }

    /// This outcome with another response, if it is a value.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Response<B>) -> Response<B>) -> Outcome<B> {
        match self {
            Outcome::Response(response) => Outcome::Response(change(response)),
            Outcome::Failed(response) => Outcome::Failed(change(response)),
            Outcome::Written => Outcome::Written,
        }
    }
}

/// What a handler that takes the writer may return: nothing, or a `Result` of
/// nothing whose error is an answer.
#[diagnostic::on_unimplemented(
    message = "a streaming handler cannot return `{Self}`",
    note = "it returns `()`, or `Result<(), E>` with `E: IntoResponse<Source>`, or what its last write gives"
)]
pub trait Streamed<B> {
    /// What became of the request.
    fn into_outcome(self) -> Outcome<B>;
}

impl<B> Streamed<B> for () {
    fn into_outcome(self) -> Outcome<B> {
        Outcome::Written
    }
}

/// How much the last write took means nothing here.
impl<B, E: IntoResponse<B>> Streamed<B> for Result<usize, E> {
    fn into_outcome(self) -> Outcome<B> {
        self.map(drop).into_outcome()
    }
}

/// An error is the answer if nothing has gone out yet; else the message is
/// given up, so that the peer can tell.
impl<B, E: IntoResponse<B>> Streamed<B> for Result<(), E> {
    fn into_outcome(self) -> Outcome<B> {
        match self {
            Ok(()) => Outcome::Written,
            Err(error) => Outcome::Failed(error.into_failure()),
        }
    }
}
