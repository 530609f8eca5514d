//! A client without sockets, threads and clock: how to drive an `Exchange`, a
//! `Pool` and a client's machine by hand. Decides nothing that the core decides.
//!
//! ```text
//!   Exchange --asks--> World --get, put--> Pool          which connection
//!                        |
//!                        +--request, recv--> machine     what is said on it
//!                        |
//!                        +--bytes--> Socket --> Server   who hears it
//! ```
//!
//! Whoever plays a script calls an operation ([`World::start`], [`World::respond`],
//! [`World::sleep`], ...); each runs until nothing moves any more, and leaves what
//! happened in [`World::said`].
//!
//! It goes about a request as the adapters do, but for four liberties that a
//! driver may take, and Go takes:
//!
//! - A dial whose request has another connection by now goes on, for the next.
//! - Idle connections are watched, and leave the pool when their server closes them.
//! - Behind the bytes that a reader gets the end of the body is looked for, so
//!   that who reads exactly a body's length has freed its connection.
//! - Behind an answer without a body it is not waited for one that may have been left there.

mod body;
mod conn;
mod go;
mod keep;
mod said;
mod server;
mod setup;
mod socket;
mod task;
mod time;
mod world;

pub use said::{Failure, Said};
pub use setup::{Broken, Setup, Way};
pub use task::{Start, Upload};
pub use world::World;
