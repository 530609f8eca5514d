//! What both adapters' clients share and what needs no waiting: settings, the
//! pool and who waits for it, the layers of a connection, decoding, sockets
//! that are connecting.

mod keep;
mod lookup;
mod nudge;
mod resolve;
mod settings;
mod socket;
mod unix;

pub use keep::{Got, Keep, Next, Waiting};
pub use lookup::Lookup;
pub use nudge::Nudge;
pub use resolve::{Question, Resolved, Resolver, Service};
pub use settings::Settings;
pub use socket::{Connecting, Idle, wait_for};
pub use unix::{connect_unix, try_connect_unix};
