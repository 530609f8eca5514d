//! The pure core of Purlin: HTTP connection machines and a router that decide
//! everything and touch nothing.

pub mod router;
