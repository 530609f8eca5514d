//! Logs in with a form and stays logged in by a cookie, at a server of its own.
//!
//! Run `cargo run -p purlin-std --example std_login`; it prints `401 Unauthorized`,
//! then `200 OK: welcome` and `200 OK: you are ada`.

use purlin_std::client::{Client, Settings, cookie::Cookie};
use purlin_std::{Mux, Request, Response, Server, Status};

fn log_in(mut request: Request) -> Result<Response, purlin_std::Error> {
    let form = request.body_mut().text()?;
    if form != "user=ada&password=se%26cret" {
        return Ok(Response::text("who are you?").with_status(Status::FORBIDDEN));
    }
    let session = Cookie::new("session", "ada").with_path("/").with_http_only();
    Ok(Response::new(Status::SEE_OTHER)
        .with("Location", "/welcome")?
        .with_cookie(&session)
        .unwrap_or_else(|_| Response::new(Status::INTERNAL_SERVER_ERROR)))
}

fn me(request: Request) -> Response {
    match request.cookie("session") {
        Some(session) => Response::text(format!("you are {}", session.value)),
        None => Response::new(Status::UNAUTHORIZED),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut mux = Mux::new();
    mux.handle("POST /login", log_in)?;
    mux.handle("GET /welcome", |_: Request| "welcome")?;
    mux.handle("GET /me", me)?;
    let bound = Server::new(mux).bind("127.0.0.1:0")?;
    let site = format!("http://{}", bound.local_addr());
    let handle = bound.handle();
    let serving = std::thread::spawn(move || bound.serve());

    let client = Client::with(Settings::new().cookies());
    println!("{}", client.get(format!("{site}/me"))?.status());
    let form = [("user", "ada"), ("password", "se&cret")];
    let mut response = client.post_form(format!("{site}/login"), &form)?;
    println!("{}: {}", response.status(), response.text()?);
    let mut response = client.get(format!("{site}/me"))?;
    println!("{}: {}", response.status(), response.text()?);

    handle.close();
    serving.join().map_err(|_| "the server panicked")??;
    Ok(())
}
