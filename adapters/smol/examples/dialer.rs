//! Connects in its own way: a server that listens on no port, and a client
//! whose dialer leads there, whatever host its URLs name.
//!
//! Run `cargo run -p purlin-smol --example dialer`; it prints
//! `200 OK: you asked for any.host`.

use purlin_smol::client::{Client, Dialer, Settings};
use purlin_smol::{Request, Server, in_memory};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    smol::block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (listener, memory) = in_memory()?;
    let server = Server::new(async |request: Request| {
        format!("you asked for {}", request.authority().unwrap_or("nobody"))
    });
    let bound = server.with_listeners([listener]);
    let handle = bound.handle();
    let serving = std::thread::spawn(move || smol::block_on(bound.serve()));

    let dialer = Dialer::new(move |_host, _port| {
        let stream = memory.connect();
        async move { Ok(stream?.into()) }
    });
    let client = Client::with_dialer(Settings::new().no_proxy(), dialer);
    let mut response = client.get("http://any.host/").await?;
    println!("{}: {}", response.status(), response.text().await?);

    drop(client);
    handle.close();
    serving.join().map_err(|_| "the server panicked")??;
    Ok(())
}
