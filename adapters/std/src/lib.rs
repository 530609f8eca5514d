//! Purlin on std.
