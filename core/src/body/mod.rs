//! Message bodies in HTTP/1: how long they are, and the chunked coding.
//! Knows no connection: it reads slices and says what they mean.

pub(crate) mod chunked;
pub(crate) mod framing;
pub(crate) mod incoming;
