//! HTTP/2 (RFC 9113): a machine for either side, and what it is made of.
//! `server` and `client` say when it is spoken; nothing of it is public but what they show.
//!
//! | module | holds |
//! |---|---|
//! | [`connection`] | the machine of either side; [`Http2`](crate::config::Http2) has its numbers |
//! | [`frame`] | single frames: read, checked for their form, written |
//! | [`hpack`] | fields as octets, and back |
//! | [`head`] | lists of fields to heads, and back |
//! | [`errors`] | what a peer can break, whom it ends, and by which code |
//! | [`states`] | the states of a stream, and which frames may come in each |
//! | [`streams`] | the streams of a connection |
//! | [`window`], [`credit`] | the windows that are sent into, and those that are granted |
//! | [`schedule`], [`priority`] | whose turn it is to send, and how urgent each is |
//! | [`again`] | what was made of a text the last time |
//! | [`buckets`] | what is legal and costs us something, with its limits |

pub mod again;
pub mod buckets;
pub mod connection;
pub mod credit;
pub mod errors;
pub mod frame;
pub mod head;
pub mod hpack;
pub mod priority;
pub mod schedule;
pub mod states;
pub mod streams;
pub mod window;
