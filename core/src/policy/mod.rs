//! What a client decides between two connections: pure functions of plain data.
//! Holds no connection and sends nothing.

pub mod cookie;
pub mod jar;
pub mod pool;
