//! The two byte queues of a connection: what came in and what goes out.
//! They hold and hand over; they know nothing of messages.

mod input;
mod output;

pub(crate) use input::InBuf;
pub(crate) use output::OutBuf;

/// What `read_buf` promises when it gives anything.
pub(crate) const LEAST_READ: usize = 4096;

#[cfg(test)]
mod tests;
