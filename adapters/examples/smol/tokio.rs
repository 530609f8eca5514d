//! Purlin on tokio: connections are tokio's tasks, and handlers use what tokio has.
//!
//! Run `cargo run -p purlin-examples --example smol_tokio -- [ADDR]` (default
//! 127.0.0.1:8080), then `curl http://127.0.0.1:8080/hello/gopher`; the answer takes 100 ms
//! of tokio's time. `curl http://127.0.0.1:8080/again` has the server ask itself,
//! by the client of `purlin-smol`, which runs on any executor as it is.

use purlin_smol::{Request, Result, SendMux, Server};
use std::io;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    // A SendMux, since tokio moves tasks between its threads.
    let mut mux = SendMux::new();
    mux.handle("GET /hello/{name}", async |request: Request| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        format!("hello, {}\n", request.param("name"))
    })?;
    mux.handle("GET /again", async |request: Request| {
        let own = request.peer().map(|peer| peer.local.to_string()).unwrap_or_default();
        let url = format!("http://{own}/hello/again");
        let mut response = purlin_smol::get(&url).await.map_err(io::Error::other)?;
        response.text().await.map_err(io::Error::other)
    })?;
    let bound = Server::new(mux).bind(address.as_str()).await?;
    println!("serving on http://{}", bound.local_addr());
    bound.serve_on(|connection| drop(tokio::spawn(connection))).await
}
