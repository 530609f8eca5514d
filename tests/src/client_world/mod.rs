//! A client's whole world from a seed: requests side by side over one pool,
//! through proxies and TLS, on bad wires, to good servers and bad ones, under
//! virtual time. Nothing here waits, and every run can be replayed.
//!
//! `setting` says what a world is like, and `errand` what is asked for. `task`
//! runs an exchange as the adapters do: `row` waits and dials, `drive` sends,
//! `body` reads, `link` is a connection, `client` what all requests share. `net` holds
//! the wires, `peer` what is at their far ends: a proxy (`front`), a good
//! server (`app`, which answers by a `reply`) or a bad one (`script`).
//! `ledger` keeps what servers saw, `check` judges, `world` turns the clock.

mod app;
mod body;
mod check;
mod client;
mod drive;
mod errand;
mod front;
mod layers;
mod ledger;
mod link;
mod net;
mod peer;
mod reply;
mod row;
mod script;
mod setting;
mod task;
mod world;

pub use crate::sim::Outcome;
pub use world::{Broken, run};
