//! A server that says hello, on plain threads.
//!
//! Run it: `cargo run -p purlin-std --example hello -- [ADDR]` (127.0.0.1:8080 without ADDR).
//! You will see the URL it listens on. Then try, in another terminal:
//!
//! ```text
//! $ curl http://127.0.0.1:8080/
//! hello
//! $ curl http://127.0.0.1:8080/hello/gopher
//! hello, gopher
//! ```

use purlin_std::{Request, Response, Server, Status};

fn main() -> purlin_std::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let bound = Server::new(hello).bind(&address[..])?;
    println!("listening on http://{}/", bound.local_addr());
    bound.serve()
}

fn hello(request: Request) -> Response {
    match request.path() {
        "/" => Response::text("hello\n"),
        path => match path.strip_prefix("/hello/") {
            Some(name) if !name.is_empty() => Response::text(format!("hello, {name}\n")),
            _ => Response::text("no such page\n").with_status(Status::NOT_FOUND),
        },
    }
}
