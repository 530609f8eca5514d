//! What the connections of a server have in common.
//! Holds it; who uses what, the driver and the accept loops decide.

use super::executor::Payload;
use purlin_engine::served::Registry;
use purlin_engine::{Control, Failure, Panics, ServerContext};
use std::ops::Deref;
use std::sync::Arc;

/// One server, while it serves.
pub(crate) struct Common {
    pub(crate) context: ServerContext,
    pub(crate) control: Arc<Control>,
    pub(crate) registry: Arc<Registry>,
}

impl Common {
    /// A panic that was told of and answered already, as far as it can be.
    pub(crate) fn panicked(&self, payload: Payload) {
        if self.panics == Panics::Propagate {
            self.control.fail(Failure::Panic(payload));
        }
    }
}

impl Deref for Common {
    type Target = ServerContext;

    fn deref(&self) -> &ServerContext {
        &self.context
    }
}
