//! The smallest server, on plain threads.
//!
//! Run `cargo run -p purlin-std --example std_hello -- [ADDR]` (default
//! 127.0.0.1:8080). It prints its routes and the URL it listens on; then
//! `curl http://127.0.0.1:8080/hello/gopher` prints `hello, gopher`.

use purlin_std::{Mux, Request, Response, Server};

fn main() -> purlin_std::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let greeting = String::from("hello");
    let mut mux = Mux::new();
    mux.handle("GET /hello/{name}", move |r: Request| {
        Response::text(format!("{greeting}, {}\n", r.param("name")))
    })?;
    mux.handle("GET /{$}", |_: Request| "ask for /hello/{name}\n")?;
    println!("{mux:#}");
    let bound = Server::new(mux).bind(address)?;
    println!("listening on http://{}/", bound.local_addr());
    bound.serve()
}
