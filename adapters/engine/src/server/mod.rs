//! What every server does alike, whatever it runs on: what it is told, the machine and the
//! values that a connection begins with, what a panic does, and how it is stopped.
//! Serves nobody; the adapters do.

mod answer;
mod api;
mod boxed;
mod control;
mod exchange;
mod in_memory;
mod knobs;
mod settings;

pub use control::{Control, Ending, Failure, Phase};
pub use in_memory::InMemoryAnswer;
pub use settings::{ServerContext, ServerSettings};

use purlin_core::observe::{Observer, Peer, Watch};
use purlin_core::server::Connection;
use purlin_core::{Machine, Now, Secured, ServerConfig, Values};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

/// What a panic of a handler, or of what its response is made of, does to the server.
/// One of an observer does nothing, whatever this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Panics {
    /// Nothing: it is answered with 500, or the response breaks off, and the
    /// server lives on.
    #[default]
    Answer,
    /// The server closes at once, and serving it panics with the same. For
    /// programs that would rather end than go on with what a panic left behind.
    Propagate,
}

/// A function that makes the values of a connection from those of the server.
pub type MakeValues = dyn Fn(&Peer, Values) -> Values + Send + Sync;

/// A function that makes the machine of a connection that is more than the plain one, such as
/// one inside TLS, and tells where that is to be found.
pub type MakeMachine = dyn Fn(Arc<ServerConfig>, Now) -> (Connection, Secured) + Send + Sync;

/// The machine of a connection that was accepted just now: a plain one, unless
/// there is something that makes another. It may hold its share, and more once a
/// [`Budget`](crate::Budget) grants it.
pub fn machine(
    make: Option<&MakeMachine>,
    config: &Arc<ServerConfig>,
    now: Now,
) -> (Connection, Option<Secured>) {
    let (mut machine, secured) = match make {
        None => (Connection::new(Arc::clone(config), now), None),
        Some(make) => {
            let (machine, secured) = make(Arc::clone(config), now);
            (machine, Some(secured))
        }
    };
    machine.allow_surplus(0);
    (machine, secured)
}

/// The values of a connection, its peer among them in any case, and whoever watches it.
pub fn welcome(
    peer: Peer,
    secured: Option<Secured>,
    values: &Values,
    make: Option<&MakeValues>,
    observer: Option<&Arc<dyn Observer>>,
) -> (Values, Option<Box<Watch>>) {
    let watching = |observer: &Arc<dyn Observer>| {
        let watch = Watch::new(Arc::clone(observer), Arc::new(peer.clone()));
        Box::new(watch.secured(secured.clone()))
    };
    let watch = observer.map(watching);
    let values = values.with(peer.clone());
    let values = match secured {
        Some(secured) => values.with(secured),
        None => values,
    };
    let values = match make {
        // What it panics with is told before it goes on.
        Some(make) => {
            catch_unwind(AssertUnwindSafe(|| make(&peer, values))).unwrap_or_else(|payload| {
                watch.iter().for_each(|watch| watch.panicked(&*payload));
                resume_unwind(payload)
            })
        }
        None => values,
    };
    let values = if values.get::<Peer>().is_some() { values } else { values.with(peer) };
    (values, watch)
}

/// How long a connection that has sent nothing is not taken for an idle one: its
/// first request may be on its way.
pub const UNTOUCHED: Duration = Duration::from_secs(5);
