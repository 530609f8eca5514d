//! Examples of Purlin that need more than Purlin. Their programs are in `std` and `smol`.

/// The recipes of the cookbook compile, and run where they can.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/cookbook.md")]
pub struct Cookbook;
