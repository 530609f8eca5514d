//! Servers against clients that others wrote, on either adapter.

mod crates;
mod programs;
mod served;
