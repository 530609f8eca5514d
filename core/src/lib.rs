//! The pure core of Purlin: HTTP connection machines and a router that decide
//! everything and touch nothing.

pub(crate) mod body;
pub(crate) mod buf;
pub mod config;
pub mod error;
pub mod h1;
pub mod head;
pub mod machine;
pub mod message;
pub mod server;
pub mod target;
pub mod time;

pub use config::{Leniency, Limits, ServerConfig, Timeouts};
pub use error::{CloseReason, Fault, Misuse, PeerError, Retry};
pub use head::{
    Field, Fields, InvalidField, Method, RequestHead, ResponseHead, Status, Version, imf_fixdate,
    names,
};
pub use machine::{
    Body, BodyLength, ClientMachine, Close, Eof, Event, Id, Machine, Recv, ServerMachine, Want,
};
pub use message::{Content, IntoResponse, Request, Response};
pub use target::Form;
pub use time::{Mono, Now, Rate, Why};
