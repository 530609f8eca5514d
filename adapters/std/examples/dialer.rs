//! Connects in its own way: a server that listens on no port, and a client
//! whose dialer leads there, whatever host its URLs name.
//!
//! Run `cargo run -p purlin-std --example std_dialer`; it prints
//! `200 OK: you asked for any.host`.

use purlin_std::client::{Client, Dialer, Settings};
use purlin_std::{Request, Server, in_memory};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (listener, memory) = in_memory()?;
    let server = Server::new(|request: Request| {
        format!("you asked for {}", request.authority().unwrap_or("nobody"))
    });
    let bound = server.with_listeners([listener]);
    let handle = bound.handle();
    let serving = std::thread::spawn(move || bound.serve());

    let dialer = Dialer::new(move |_host, _port| Ok(memory.connect()?.into()));
    let client = Client::with_dialer(Settings::new().no_proxy(), dialer);
    let mut response = client.get("http://any.host/")?;
    println!("{}: {}", response.status(), response.text()?);

    drop(client);
    handle.close();
    serving.join().map_err(|_| "the server panicked")??;
    Ok(())
}
