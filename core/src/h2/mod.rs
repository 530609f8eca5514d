//! HTTP/2 (RFC 9113), as far as it is built: what its machine will be made of.
//! Nothing of it is used by a connection yet, and nothing of it is public.

pub mod hpack;
