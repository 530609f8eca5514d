//! What connections share: those of a server, and those of one thread.
//! Holds it; who uses what, the driver and the accept loops decide.

use crate::alarms::Alarms;
use crate::server::{Control, Roll};
use crate::warm::Warm;
use purlin_core::ServerConfig;
use std::sync::Arc;

/// What all connections of a server share.
pub(crate) struct Common {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) control: Arc<Control>,
    pub(crate) roll: Arc<Roll>,
}

/// What the connections of one thread share.
pub(crate) struct Place<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) common: Arc<Common>,
    pub(crate) warm: Warm,
    pub(crate) alarms: Alarms,
}

impl<H> Place<H> {
    pub(crate) fn new(handler: Arc<H>, common: Arc<Common>) -> Place<H> {
        Place { handler, common, warm: Warm::default(), alarms: Alarms::default() }
    }
}
