//! The locks of what is shared: the system's, or those of a scheduler that tries
//! interleavings (`tests/races`). Nothing else differs between the two.

#[cfg(purlin_races)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(purlin_races))]
pub(crate) use std::sync::{Mutex, MutexGuard};
