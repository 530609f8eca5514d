//! A client as Go's: requests over kept connections, with redirects, cookies,
//! proxies and TLS, in blocking code.
//! Decides nothing about HTTP: an [`Exchange`](purlin_core::exchange::Exchange)
//! does, and this connects, moves bytes and waits.
//!
//! ```no_run
//! use purlin_std::client::{Client, Request, Settings};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), purlin_std::client::Error> {
//! let text = purlin_std::get("http://127.0.0.1:8080/hello/gopher")?.text()?;
//!
//! let client = Client::with(Settings::new().timeout(Duration::from_secs(10)).cookies());
//! let request = Request::post("http://127.0.0.1:8080/items").json(r#"{"a":1}"#);
//! let mut response = client.send(request)?;
//! println!("{} {text} {}", response.status(), response.text()?);
//! # Ok(()) }
//! ```

mod beside;
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
use purlin_core::exchange::{Given, RequestParts};
use purlin_engine::{Agent, Run};
use purlin_net::client::{Feed, Threads};
use runtime::{Blocking, block, clock};
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
/// let client = purlin_std::client::Client::new();
/// let response = client.get("https://example.com/")?;
/// println!("{}", response.status());
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
#[derive(Clone)]
pub struct Client(Arc<Agent<Blocking>>);

/// What a request is taken apart into; what gives its body has a thread of its own once it
/// is asked for.
fn taken(request: Request) -> Result<(RequestParts, Option<Given<Feed>>)> {
    let (parts, given) = request.into_parts()?;
    let feed = |mut source: Source| Feed::new(move || source.next());
    let fed = |given| match given {
        Given::Once(source) => Given::Once(feed(source)),
        Given::Again(mut make) => Given::Again(Box::new(move || feed(make()))),
    };
    Ok((parts, given.map(fed)))
}

/// Runs a request to its response.
fn run(mut run: Run<'_, Blocking>) -> Result {
    loop {
        match block(&mut run, Run::poll) {
            Ok(answered) => return run.deliver(answered?).map(Response::new),
            Err(error) => run.cannot_wait(error),
        }
    }
}

purlin_engine::client_api! {
    () ()
    get r#"let text = purlin_std::get("http://127.0.0.1:8080/")?.text()?;
# Ok::<(), purlin_std::client::Error>(())"#
    post r##"purlin_std::post("http://127.0.0.1:8080/items", "application/json", r#"{"a":1}"#)?;
# Ok::<(), purlin_std::client::Error>(())"##
}
