//! Middleware: all requests are logged, and a group of routes is for those who sign in.
//!
//! Run `cargo run -p purlin-std --example middleware -- [ADDR]` (default 127.0.0.1:8080), then
//! `curl http://127.0.0.1:8080/` prints `hello`, `curl http://127.0.0.1:8080/admin/whoami` 401, and
//! with `-u ada:secret` it prints `ada`. The server prints a line for each.

use purlin_std::{BoxHandler, Handler, IntoResponse, Mux, Request, Response, Result};
use purlin_std::{ResponseWriter, Server, Status, streaming};
use std::time::Instant;

/// Who signed in: what `guarded` tells the handlers behind it.
struct User(&'static str);

fn main() -> Result {
    let mut mux = Mux::new();
    mux.wrap(logged);
    mux.handle("GET /{$}", |_: Request| "hello\n")?;
    let mut admin = mux.group("/admin");
    admin.wrap(guarded); // inside the log
    admin.handle("GET /whoami", |r: Request| r.value().map_or("?", |User(name)| *name))?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let bound = Server::new(mux).bind(address)?;
    println!("listening on http://{}/", bound.local_addr());
    bound.serve()
}

/// Knows `ada:secret`, in base64.
fn user(request: &Request) -> Option<User> {
    (request.field("Authorization")? == "Basic YWRhOnNlY3JldA==").then_some(User("ada"))
}

fn sign_in() -> Response {
    let refusal: Response = Status::UNAUTHORIZED.into_response();
    refusal.with("WWW-Authenticate", "Basic realm=\"admin\"").into_response()
}

fn logged(next: BoxHandler) -> BoxHandler {
    BoxHandler::new(streaming(move |request: Request, writer: ResponseWriter| {
        let (start, line) = (Instant::now(), format!("{} {}", request.method(), request.path()));
        next.serve(request, writer);
        println!("{line} took {:?}", start.elapsed());
    }))
}

fn guarded(next: BoxHandler) -> BoxHandler {
    BoxHandler::new(streaming(move |mut request: Request, writer: ResponseWriter| {
        let Some(user) = user(&request) else { return writer.respond(sign_in()) };
        request.add_value(user);
        next.serve(request, writer);
        Ok(())
    }))
}
