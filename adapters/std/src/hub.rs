//! What the connections of a server have in common.
//! Holds it; each part knows its own affairs.

use crate::control::Control;
use crate::handler::Handler;
use crate::poller::Poller;
use crate::pool::Pool;
use purlin_core::observe::{Observer, Peer};
use purlin_core::{ServerConfig, Values};
use std::fmt;
use std::sync::Arc;

/// Makes the values of a connection out of the server's.
pub(crate) type ConnectionValues = Arc<dyn Fn(&Peer, Values) -> Values + Send + Sync>;

/// What to do about a handler that panics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panics {
    /// The request is answered with 500, or its response breaks off, and the server lives.
    #[default]
    Answer,
    /// The server closes, and [`Bound::serve`](crate::Bound::serve) panics with the same payload.
    Propagate,
}

/// One server, while it serves.
pub(crate) struct Hub {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) control: Arc<Control>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) poller: Poller,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) values: Values,
    pub(crate) connection_values: Option<ConnectionValues>,
    pub(crate) panics: Panics,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({:?})", self.control)
    }
}
