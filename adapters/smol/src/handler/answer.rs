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

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer(Outcome::Response(response))
    }
}
