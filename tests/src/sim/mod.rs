//! The simulation: clients and a server machine on a bad network, under virtual
//! time, from a seed. Nothing here waits, and every run can be replayed.
//!
//! `wire` is the network, `client` and `server` its ends, `world` turns the
//! clock, `check` judges what happened, `trace` draws it.

mod check;
mod client;
mod server;
mod trace;
mod wire;
mod world;

pub use wire::Meddle;
pub use world::{Outcome, run};
