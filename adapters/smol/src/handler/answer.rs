//! What becomes of a request: a response, or what its writer wrote.
//! Says it; the driver carries it out.

use crate::Response;

/// What became of a request.
///
/// ```
/// use purlin_smol::{Answer, Response};
/// let answer = Answer::from(Response::text("hello"));
/// # let _ = answer;
/// ```
pub struct Answer(pub(crate) Outcome);

pub(crate) enum Outcome {
    /// A response to be sent.
    Response(Response),
    /// The writer was used.
    Written,
    /// The writer was used, and then something failed: this instead, if it is not too late.
    Failed(Response),
}

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
}

impl Answer {
    /// The response, if it is a value: one that is written goes by unseen.
    ///
    /// ```
    /// use purlin_smol::{Answer, Response, Status};
    /// let answer = Answer::from(Response::text("hello"));
    /// assert_eq!(answer.response().unwrap().status(), Status::OK);
    /// assert!(Answer::written().response().is_none());
    /// ```
    pub fn response(&self) -> Option<&Response> {
        match &self.0 {
            Outcome::Response(response) | Outcome::Failed(response) => Some(response),
            Outcome::Written => None,
        }
    }

    /// The same answer with another response, if it is a value.
    ///
    /// ```
    /// use purlin_smol::{Answer, Response, Status};
    /// let answer = Answer::from(Response::text("hello"));
    /// let answer = answer.map(|response| response.with_status(Status::ACCEPTED));
    /// assert_eq!(answer.response().unwrap().status(), Status::ACCEPTED);
    /// ```
    #[must_use]
    pub fn map(self, change: impl FnOnce(Response) -> Response) -> Answer {
        Answer(match self.0 {
            Outcome::Response(response) => Outcome::Response(change(response)),
            Outcome::Failed(response) => Outcome::Failed(change(response)),
            Outcome::Written => Outcome::Written,
        })
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer(Outcome::Response(response))
    }
}
