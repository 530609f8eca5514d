//! What both adapters' clients share and what needs no waiting: settings, the
//! pool and who waits for it, the layers of a connection, decoding, sockets
//! that are connecting.

mod caught;
mod course;
#[cfg(feature = "gzip")]
mod inflate;
#[cfg(not(feature = "gzip"))]
#[path = "no_inflate.rs"]
mod inflate;
mod jar;
mod keep;
mod layers;
mod lent;
mod line;
mod link;
mod lookup;
mod nudge;
mod received;
mod resolve;
mod settings;
mod socket;
mod unix;

pub use caught::caught;
pub use course::{Course, Needs, Rest, Upload, blame};
pub use inflate::{Inflate, Pulled};
pub use jar::SharedJar;
pub use keep::{Got, Keep, Next, Waiting};
pub use layers::Layers;
pub use lent::{Home, Kept, Lent, Slot};
pub use line::{Line, Progress, Turn, Wait, Wire};
pub use link::{BoxMachine, Link, ReadReady};
pub use lookup::Lookup;
pub use nudge::Nudge;
pub use received::Received;
pub use resolve::{Question, Resolved, Resolver, Service};
pub use settings::Settings;
pub use socket::{Connecting, Idle, wait_for};
pub use unix::{connect_unix, try_connect_unix};
