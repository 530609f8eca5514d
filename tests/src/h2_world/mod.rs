//! The world of HTTP/2: a client and servers of the machine, many exchanges at once, on a bad
//! network, under virtual time, from a seed.
//!
//! `plan` draws what is played, `asker` and `answerer` are the applications, `link` is one
//! connection with a driver at each end, and `world` turns the clock. Around each machine are
//! `layers`: one (`metered`) keeps a second book of windows and streams (`meter`) by its `frames`,
//! one (`mangled`) says frames otherwise than they were written (`odd`), or breaks the machine
//! (`broken`). `ledger` knows what became of every request.

mod answerer;
mod asker;
mod broken;
mod frames;
mod layers;
mod ledger;
mod link;
mod mangled;
mod meter;
mod metered;
mod odd;
mod plan;
mod world;

pub use broken::Broken;
pub use world::run;
