//! Middleware: all requests are logged, those that no route matches too, and a group of
//! routes is for those who sign in.
//!
//! Run `cargo run -p purlin-std --example std_middleware -- [ADDR]` (default 127.0.0.1:8080), then
//! `curl http://127.0.0.1:8080/` prints `hello`, `curl http://127.0.0.1:8080/admin/whoami` 401, and
//! with `-u ada:secret` it prints `ada`. The server prints a line for each.

use purlin_std::{Answer, IntoResponse, Mux, Next, around};
use purlin_std::{Request, Response, Result, Server, Status};

/// Who signed in: what `guarded` tells the handlers behind it.
struct User(&'static str);

fn main() -> Result {
    let mut mux = Mux::new();
    mux.wrap(around(logged));
    mux.handle("GET /{$}", |_: Request| "hello\n")?;
    let mut admin = mux.group("/admin");
    admin.wrap(around(guarded)); // inside the log
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

fn logged(request: Request, next: Next) -> Answer {
    let line = format!("{} {}", request.method(), request.path());
    // At its end the answer's size is known too, however it was written.
    next.exchange().on_end(move |facts| {
        let took = facts.end.since(facts.head);
        let status = facts.status.map_or(0, Status::code); // none if it was given up
        println!("{line} took {took:?}: {status}, {} bytes", facts.sent);
    });
    next.run(request)
}

fn guarded(mut request: Request, next: Next) -> Answer {
    let Some(user) = user(&request) else { return sign_in().into() };
    request.add_value(user);
    next.run(request)
}
