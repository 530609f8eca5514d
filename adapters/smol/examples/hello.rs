//! The smallest server.
//!
//! Run `cargo run -p purlin-smol --example hello -- [ADDR]` (default
//! 127.0.0.1:8080). It prints the URL it listens on; then
//! `curl http://127.0.0.1:8080/hello/gopher` prints `hello, gopher`.

use purlin_smol::{IntoResponse, Request, Response, Result, Server, Status};

fn main() -> Result<()> {
    let addr = std::env::args().nth(1).unwrap_or_else(|| String::from("127.0.0.1:8080"));
    let greeting = String::from("hello");
    let server = Server::new(async move |request: Request| -> Response {
        match request.path().strip_prefix("/hello/") {
            Some(name) => Response::text(format!("{greeting}, {name}\n")),
            None if request.path() == "/" => Response::text("ask for /hello/NAME\n"),
            None => Status::NOT_FOUND.into_response(),
        }
    });
    smol::block_on(async {
        let bound = server.bind(addr).await?;
        println!("http://{}/hello/gopher", bound.local_addr());
        bound.serve().await
    })
}
