//! A client's whole world from a seed: requests side by side over one pool,
//! through proxies and TLS, on bad wires, to good servers and bad ones, under
//! virtual time. Nothing here waits, and every run can be replayed.
//!
//! `setting` says what a world is like, and `errand` what is asked for. `task`
//! has the engine run a request, and reads the response as a caller does; `runtime` is what
//! the engine needs of a world for that, and `watch` the layer around every machine that
//! sees what is asked of it. `client` is what all requests share. `net` holds
//! the wires, `peer` what is at their far ends: a proxy (`front`), a good
//! server (`apps`, each of which answers by a `reply`) or a bad one (`script`).
//! `ledger` keeps what servers saw, `check` judges, `world` turns the clock.

mod app;
mod apps;
mod check;
mod client;
mod errand;
mod front;
pub(crate) mod layers;
mod ledger;
mod net;
mod peer;
mod reply;
mod runtime;
mod script;
mod setting;
mod task;
mod watch;
mod world;

pub use crate::sim::Outcome;
pub use world::{Broken, run};
