//! A client's half: settings, names, the pool, and a request's run from URL to response.
//! What it needs of the system it is given ([`System`](crate::System)), and how one waits,
//! an adapter says ([`Runtime`]).

mod agent;
mod api;
mod body;
mod connect;
mod dial;
mod errand;
mod feed;
mod leave;
mod lookup;
mod pool;
mod question;
mod raw;
mod resolve;
mod run;
mod runtime;
mod set_up;
mod settings;
mod socket;
mod wait;

pub use agent::{Agent, Opening, Single};
pub use body::{Body, Gathered};
pub use leave::Leaving;
pub use lookup::Lookup;
pub use pool::{Got, Next, SharedPool, Waiting};
pub use question::{Question, Resolved, Service};
pub use raw::Raw;
pub use resolve::Resolver;
pub use run::Run;
pub use runtime::{Attempt, Awaited, Runtime, Waits};
pub use settings::Settings;
pub use socket::{Beside, Clock, Pieces, Socket, Ticks};
