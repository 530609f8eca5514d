//! What a client needs of the operating system: sockets that are connecting, waiting for
//! several at once, and threads for what its engine has done elsewhere.

mod feed;
mod nudge;
mod socket;
mod threads;
mod unix;

pub use feed::Feed;
pub use nudge::Nudge;
pub use socket::{Connecting, Idle, wait_for};
pub use threads::Threads;
pub use unix::{connect_unix, try_connect_unix};
