//! Has the engine's sources take the scheduler's locks.

fn main() {
    println!("cargo::rustc-cfg=purlin_races");
    println!("cargo::rerun-if-changed=build.rs");
}
