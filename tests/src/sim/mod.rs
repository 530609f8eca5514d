//! The simulation: clients and a server machine on a bad network, under virtual
//! time, from a seed. Nothing here waits, and every run can be replayed.
//!
//! `wire` is the network, `client` (by its `script`) and `server` (with `app`,
//! which goes by its `plan`, and an observer, `told`) are its ends, `world` turns
//! the clock, and `hour` turns that of hundreds. `busy` is a world of its own, of systems
//! that take much at once, processes that rest (`rests`), and peers that are slow and in time:
//! every tenth seed plays that too. `check` judges what happened, with `states` and `due`; `trace`
//! draws it.

mod app;
mod bucket;
mod busy;
mod check;
mod client;
mod due;
mod hour;
mod plan;
mod raw;
pub(crate) mod rests;
mod script;
mod server;
mod states;
mod told;
pub(crate) mod trace;
pub(crate) mod wire;
mod world;

pub use busy::{Habit, download, upload};
pub use hour::{Counts, Hour, hour};
pub use wire::Meddle;
pub use world::{Outcome, run};
