//! A client's half: settings, names, and the pool and who waits for it.
//! What it needs of the system it is given ([`System`](crate::System)).

mod keep;
mod lookup;
mod resolve;
mod settings;

pub use keep::{Got, Keep, Next, Waiting};
pub use lookup::Lookup;
pub use resolve::{Question, Resolved, Resolver, Service};
pub use settings::Settings;
