//! What becomes of a request: a response, or what its writer wrote.
//! Says it; the driver carries it out.

use crate::{Response, Source};
use purlin_core::IntoResponse;
use purlin_core::message::Outcome;

/// What became of a request, as a handler tells it.
///
/// ```
/// use purlin_smol::{Answer, Response};
/// let answer = Answer::from(Response::text("hello"));
/// # let _ = answer;
/// ```
#[derive(Debug)]
#[must_use = "the server sends it"]
pub struct Answer(pub(crate) Outcome<Source>);

impl Answer {
    /// The writer was used: the response is what it wrote. It ends now, unless
    /// the writer lives on elsewhere.
    pub fn written() -> Answer {
        Answer(Outcome::Written)
    }

    /// Writing failed: answer with this if nothing has gone out yet, else give
    /// the message up so that the peer can tell.
    pub fn failed(response: Response) -> Answer {
        Answer(Outcome::Failed(response))
    }

    /// The response, if it is a value: one that is written goes by unseen. Of every
    /// answer tell [`Exchange::on_head`](crate::Exchange::on_head) and
    /// [`on_end`](crate::Exchange::on_end).
    ///
    /// ```
    /// use purlin_smol::{Answer, Response, Status};
    /// let answer = Answer::from(Response::text("hello"));
    /// assert_eq!(answer.response().unwrap().status(), Status::OK);
    /// assert!(Answer::written().response().is_none());
    /// ```
    pub fn response(&self) -> Option<&Response> {
        self.0.response()
    }

    /// The same answer with another response, if it is a value.
    ///
    /// ```
    /// use purlin_smol::{Answer, Response, Status};
    /// let answer = Answer::from(Response::text("hello"));
    /// let answer = answer.map(|response| response.with_status(Status::ACCEPTED));
    /// assert_eq!(answer.response().unwrap().status(), Status::ACCEPTED);
    /// ```
    pub fn map(self, change: impl FnOnce(Response) -> Response) -> Answer {
        Answer(self.0.map(change))
    }
}

impl<R: IntoResponse<Source>> From<R> for Answer {
    fn from(response: R) -> Answer {
        Answer(Outcome::Response(response.into_response()))
    }
}

/// What middleware made by [`around`](crate::around) may return: the answer of
/// the next handler, or what a handler may return.
#[diagnostic::on_unimplemented(
    message = "middleware cannot return `{Self}`",
    note = "it returns an `Answer`, such as that of `next.run(request).await`, or what is `IntoResponse<Source>`"
)]
pub trait IntoAnswer {
    /// The answer it stands for.
    fn into_answer(self) -> Answer;
}

impl IntoAnswer for Answer {
    fn into_answer(self) -> Answer {
        self
    }
}

impl<R: IntoResponse<Source>> IntoAnswer for R {
    fn into_answer(self) -> Answer {
        self.into()
    }
}

impl<E: IntoResponse<Source>> IntoAnswer for Result<Answer, E> {
    fn into_answer(self) -> Answer {
        self.unwrap_or_else(|error| Answer::from(error.into_failure()))
    }
}
