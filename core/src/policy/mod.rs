//! What a client decides between two connections: pure functions of plain data.
//! Holds no connection and sends nothing.
//!
//! | module | decides |
//! |---|---|
//! | [`auth`] | what user and password of a URL become |
//! | [`coding`] | whether compressed content is asked for and taken apart |
//! | [`cookie`] | what a cookie says, read and written |
//! | [`jar`] | which cookies are kept, and which go with a request |
//! | [`lookup`] | which name is looked up when, and how many at once |
//! | [`pool`] | which connection a request gets: a kept one, a new one, or one that it waits for |
//! | [`proxy`] | which proxy a URL goes through, from the environment |
//! | [`race`] | which of a name's addresses is tried when |
//! | [`redirect`] | where a redirect leads, and what goes along |
//! | [`retry`] | whether a request that failed is sent again |

pub mod auth;
pub mod coding;
pub mod cookie;
pub mod jar;
pub mod lookup;
pub mod pool;
pub mod proxy;
pub mod race;
pub mod redirect;
pub mod retry;
