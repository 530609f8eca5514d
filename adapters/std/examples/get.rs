//! Fetches a URL and prints the head and the text.
//!
//! Run `cargo run -p purlin-std --example std_get -- URL`; against the example
//! `hello`, `http://127.0.0.1:8080/hello/gopher` prints `200 OK`, the fields and
//! `hello, gopher`.

use purlin_std::client::Result;

fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8080/".into());
    let mut response = purlin_std::get(url)?;
    println!("{} from {}", response.status(), response.url().redacted());
    for field in response.fields().iter() {
        println!("{}: {}", field.name, String::from_utf8_lossy(field.value));
    }
    println!("\n{}", response.text()?);
    Ok(())
}
