//! Logs in with a form and stays logged in by a cookie, at a server of its own.
//!
//! Run `cargo run -p purlin-smol --example login`; it prints `401 Unauthorized`,
//! then `200 OK: welcome` and `200 OK: you are ada`.

use purlin_smol::client::{Client, Settings, cookie::Cookie};
use purlin_smol::{Mux, Request, Response, Server, Status};

async fn log_in(mut request: Request) -> Result<Response, purlin_smol::Error> {
    let form = request.body_mut().text().await?;
    if form != "user=ada&password=se%26cret" {
        return Ok(Response::text("who are you?").with_status(Status::FORBIDDEN));
    }
    let session = Cookie::new("session", "ada").with_path("/").with_http_only();
    Ok(Response::new(Status::SEE_OTHER)
        .with("Location", "/welcome")?
        .with_cookie(&session)
        .unwrap_or_else(|_| Response::new(Status::INTERNAL_SERVER_ERROR)))
}

async fn me(request: Request) -> Response {
    match request.cookie("session") {
        Some(session) => Response::text(format!("you are {}", session.value)),
        None => Response::new(Status::UNAUTHORIZED),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    smol::block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut mux = Mux::new();
    mux.handle("POST /login", log_in)?;
    mux.handle("GET /welcome", async |_: Request| "welcome")?;
    mux.handle("GET /me", me)?;
    let bound = Server::new(mux).bind("127.0.0.1:0").await?;
    let site = format!("http://{}", bound.local_addr());
    let handle = bound.handle();
    let serving = std::thread::spawn(move || smol::block_on(bound.serve()));

    let client = Client::with(Settings::new().cookies());
    println!("{}", client.get(format!("{site}/me")).await?.status());
    let form = [("user", "ada"), ("password", "se&cret")];
    let mut response = client.post_form(format!("{site}/login"), &form).await?;
    println!("{}: {}", response.status(), response.text().await?);
    let mut response = client.get(format!("{site}/me")).await?;
    println!("{}: {}", response.status(), response.text().await?);

    handle.close();
    serving.join().map_err(|_| "the server panicked")??;
    Ok(())
}
