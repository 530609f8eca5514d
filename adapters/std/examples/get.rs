//! Fetches a URL and prints the head, the text, and when what happened.
//!
//! ```text
//! cargo run -p purlin-std --example get -- http://127.0.0.1:8080/hello/gopher
//! ```

use purlin_std::client::{Client, Request, Result, Settings};
use std::time::Duration;

fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080/".to_owned());
    let client = Client::with(Settings::new().timeout(Duration::from_secs(30)));
    let mut response = client.send(Request::get(&url).header("Accept", "*/*"))?;
    println!("{} from {}", response.status(), response.url().redacted());
    for field in response.fields().iter() {
        println!("{}: {}", field.name, field.text().unwrap_or("(not text)"));
    }
    println!("\n{}", response.text()?);
    println!("{}", response.trace());
    Ok(())
}
