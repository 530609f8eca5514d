//! A client as Go's: requests over kept connections, with redirects, cookies,
//! proxies and TLS, as futures.
//! Decides nothing about HTTP: an [`Exchange`](purlin_core::exchange::Exchange)
//! does, and this connects, moves bytes and waits.
//!
//! ```no_run
//! use purlin_smol::client::{Client, Request, Settings};
//! use std::time::Duration;
//!
//! # async fn show() -> Result<(), purlin_smol::client::Error> {
//! let text = purlin_smol::get("http://127.0.0.1:8080/hello/gopher").await?.text().await?;
//!
//! let client = Client::with(Settings::new().timeout(Duration::from_secs(10)).cookies());
//! let request = Request::post("http://127.0.0.1:8080/items").json(r#"{"a":1}"#);
//! let mut response = client.send(request).await?;
//! println!("{} {text} {}", response.status(), response.text().await?);
//! # Ok(()) }
//! ```

mod body;
mod dial;
mod response;
mod runtime;
mod single;
mod socket;
mod upgraded;

pub use body::Body;
pub use dial::Dialer;
pub use response::Response;
pub use single::Connection;
pub use upgraded::Upgraded;

purlin_engine::client_names! {}

use crate::Source;
use crate::link::Deadline;
use purlin_core::exchange::{Given, RequestParts};
use purlin_engine::{Agent, Run};
use purlin_net::client::Threads;
use runtime::{Polling, clock};
use std::sync::Arc;

/// A request, its body at hand or given by a [`Source`].
///
/// What builds it are the methods of [`purlin_core::exchange::Request`]: `get`, `post` and
/// the like to begin, `header`, `query`, `json`, `stream`, `timeout` and more to go on.
pub type Request = purlin_core::exchange::Request<Source>;

/// The result of a request: a response, or why there was none.
pub type Result<T = Response, E = Error> = std::result::Result<T, E>;

/// A client. Its clones share connections and cookies.
///
/// ```no_run
/// # async fn show() -> purlin_smol::client::Result<()> {
/// let client = purlin_smol::client::Client::new();
/// let response = client.get("https://example.com/").await?;
/// println!("{}", response.status());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Agent<Polling>>);

/// What a request is taken apart into.
fn taken(request: Request) -> Result<(RequestParts, Option<Given<Source>>)> {
    request.into_parts()
}

/// Runs a request to its response.
async fn run(mut run: Run<'_, Polling>) -> Result {
    let answer = run.answered(&mut Deadline::default()).await?;
    run.deliver(answer).map(Response::new)
}

purlin_engine::client_api! {
    (async) (.await)
    get r#"# async fn show() -> purlin_smol::client::Result<()> {
let text = purlin_smol::get("http://127.0.0.1:8080/").await?.text().await?;
# Ok(()) }"#
    post r##"# async fn show() -> purlin_smol::client::Result<()> {
purlin_smol::post("http://127.0.0.1:8080/items", "application/json", r#"{"a":1}"#).await?;
# Ok(()) }"##
}

#[cfg(test)]
mod tests;
