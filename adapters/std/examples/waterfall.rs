//! Fetches a URL several times and draws when what happened: the first time a
//! name is looked up and a connection made, later it is kept.
//!
//! Run `cargo run -p purlin-std --example std_waterfall -- URL [TIMES]`.

use purlin_std::client::{Client, Result};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "http://127.0.0.1:8080/".into());
    let times = args.next().and_then(|times| times.parse().ok()).unwrap_or(2);
    let client = Client::new();
    for _ in 0..times {
        let mut response = client.get(&url)?;
        let length = response.bytes()?.len();
        println!("{}, {length} bytes, {}\n", response.status(), response.trace());
    }
    Ok(())
}
