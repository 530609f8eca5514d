//! One connection outside any pool, for callers who manage their own.

use super::runtime::{Blocking, block, clock};
use super::socket::socket;
use super::{Error, IntoUrl, Request, Result, Settings, run, taken};
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
/// use purlin_std::client::{Connection, Request, Settings};
///
/// let mut connection = Connection::connect("http://127.0.0.1:8080", Settings::new())?;
/// for n in 0..3 {
///     let request = Request::get(format!("http://127.0.0.1:8080/{n}"));
///     println!("{}", connection.send(request)?.text()?);
/// }
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
pub struct Connection(Single<Blocking>);

purlin_engine::connection_api! { () () }

fn open(mut opening: Opening<Blocking>) -> Result<Connection> {
    block(&mut opening, Opening::poll).map_err(Error::of_connecting)?.map(Connection)
}
