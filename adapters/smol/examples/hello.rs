//! The smallest server.
//!
//! Run `cargo run -p purlin-smol --example hello -- [ADDR]` (default
//! 127.0.0.1:8080). It prints its routes and the URL it listens on; then
//! `curl http://127.0.0.1:8080/hello/gopher` prints `hello, gopher`.

use purlin_smol::{Mux, Request, Response, Server};

fn main() -> purlin_smol::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let greeting = String::from("hello");
    let mut mux = Mux::new();
    mux.handle("GET /hello/{name}", async move |r: Request| {
        Response::text(format!("{greeting}, {}\n", r.param("name")))
    })?;
    mux.handle("GET /{$}", async |_: Request| "ask for /hello/{name}\n")?;
    println!("{mux:#}");
    smol::block_on(async {
        let bound = Server::new(mux).bind(address).await?;
        println!("listening on http://{}/", bound.local_addr());
        bound.serve().await
    })
}
