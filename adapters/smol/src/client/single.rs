//! One connection outside any pool, for callers who manage their own.

use super::runtime::{Polling, clock};
use super::socket::socket;
use super::{Error, IntoUrl, Request, Result, Settings, run, taken};
use crate::link::Deadline;
use purlin_engine::{Agent, Opening, Run, Single};
use purlin_net::Stream;
use purlin_net::client::Threads;
use std::sync::Arc;

/// One connection outside any pool.
///
/// It sends what it is given, one request at a time: redirects are answers
/// like any other, and nothing is sent a second time. It can be used again when
/// the last response has been read to its end.
///
/// ```no_run
/// use purlin_smol::client::{Connection, Request, Settings};
///
/// # async fn show() -> purlin_smol::client::Result<()> {
/// let mut connection = Connection::connect("http://127.0.0.1:8080", Settings::new()).await?;
/// for n in 0..3 {
///     let request = Request::get(format!("http://127.0.0.1:8080/{n}"));
///     println!("{}", connection.send(request).await?.text().await?);
/// }
/// # Ok(()) }
/// ```
pub struct Connection(Single<Polling>);

purlin_engine::connection_api! { (async) (.await) }

async fn open(opening: Opening<Polling>) -> Result<Connection> {
    opening.opened(&mut Deadline::default()).await.map(Connection)
}
