//! Fetches a URL through a proxy.
//!
//! Run `cargo run -p purlin-std --example std_proxy -- PROXY URL`, the proxy as
//! `http://`, `https://`, `socks5://` or `socks5h://`, perhaps with
//! `user:password@`. Without one, the environment says (`HTTP_PROXY`,
//! `HTTPS_PROXY`, `NO_PROXY`).

use purlin_std::client::{Client, Result, Settings};

fn main() -> Result<()> {
    let mut args: Vec<_> = std::env::args().skip(1).collect();
    let url = args.pop().unwrap_or_else(|| "http://127.0.0.1:8080/".into());
    let mut settings = Settings::new();
    if let Some(proxy) = args.pop() {
        settings = settings.proxy(&proxy)?;
    }
    let mut response = Client::with(settings).get(url)?;
    println!("{}\n{}", response.status(), response.text()?);
    Ok(())
}
