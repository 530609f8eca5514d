//! A response as its caller has it: the head at hand, the body still to be read.

use super::runtime::Polling;
use super::{Body, Error, Upgraded};
use purlin_engine::{self as engine, Received};

/// A response to a client. Status, fields and whatever else is known before the
/// body is read are those of [`Received`].
///
/// ```no_run
/// # async fn show() -> purlin_smol::client::Result<()> {
/// let mut response = purlin_smol::get("http://127.0.0.1:8080/").await?;
/// println!("{} {:?}", response.status(), response.field("Content-Type"));
/// println!("{}", response.text().await?);
/// println!("{}", response.trace());
/// # Ok(()) }
/// ```
pub struct Response {
    received: Received,
    body: Body,
}

impl Response {
    pub(super) fn new((received, body): (Received, engine::Body<Polling>)) -> Response {
        Response { received, body: Body(body) }
    }
}

purlin_engine::response_api! { (async) (.await) }
