//! A response as its caller has it: the head at hand, the body still to be read.

use super::runtime::Blocking;
use super::{Body, Error, Upgraded};
use purlin_engine::{self as engine, Received};

/// A response to a client. Status, fields and whatever else is known before the
/// body is read are those of [`Received`].
///
/// ```no_run
/// let mut response = purlin_std::get("http://127.0.0.1:8080/")?;
/// println!("{} {:?}", response.status(), response.field("Content-Type"));
/// println!("{}", response.text()?);
/// println!("{}", response.trace());
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
pub struct Response {
    received: Received,
    body: Body,
}

impl Response {
    pub(super) fn new((received, body): (Received, engine::Body<Blocking>)) -> Response {
        Response { received, body: Body(body) }
    }
}

purlin_engine::response_api! { () () }
