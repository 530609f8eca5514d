//! What answers a request that a mux has refused.
//! Why it did, the request knows.

use crate::message::refusal::Refusal;
use crate::message::{Request, Response};

/// How an adapter makes its handler type `Self` for requests that no route
/// matches, so that a mux can wrap it in its layers.
pub trait Refusing: Sized {
    /// A handler that answers as [`refuse`] says.
    fn refusing() -> Self;
}

/// The answer to a request that a mux has refused, by [`Refusal::answer`]; 404 if none has.
pub fn refuse<B, S>(request: &Request<B>) -> Response<S> {
    request.refusal().unwrap_or(&Refusal::NotFound).answer(request.head())
}
