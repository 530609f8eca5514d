//! Posts JSON and prints the answer.
//!
//! Run `cargo run -p purlin-std --example std_post_json -- URL [JSON]`. A status of
//! 400 or more ends it with an error that names the request.

use purlin_std::client::{Client, Request, Result, Settings};
use std::time::Duration;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "http://127.0.0.1:8080/items".into());
    let json = args.next().unwrap_or_else(|| r#"{"name":"purlin"}"#.into());
    let client = Client::with(Settings::new().timeout(Duration::from_secs(30)));
    let request = Request::post(url).header("Accept", "application/json").json(json);
    let mut response = client.send(request)?.error_for_status()?;
    println!("{}: {}", response.status(), response.text()?);
    Ok(())
}
