//! Holds Purlin to its vectors: language-neutral cases, each an input and the result it must have.
//!
//! It decides nothing about HTTP; what is right stands in `tests/vectors/`.

pub mod vectors;
