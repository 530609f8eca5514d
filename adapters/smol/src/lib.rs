//! Purlin on smol.
