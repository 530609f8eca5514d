//! An axum router on purlin, and a purlin mux in front of it.
//!
//! Run `cargo run -p purlin-examples --example smol_axum -- [ADDR]` (default
//! 127.0.0.1:8080), then `curl http://127.0.0.1:8080/axum/hello/gopher` and
//! `curl http://127.0.0.1:8080/hello/gopher`: axum greets the first one, purlin the other. With
//! `curl -d 'a body' http://127.0.0.1:8080/axum/count` axum counts what it is sent.

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Extension, Router};
use purlin_smol::tower::ServiceHandler;
use purlin_smol::{Mux, Peer, Request, Result, Server};

fn main() -> Result {
    let router = Router::new()
        .route("/axum/hello/{name}", get(hello))
        .route("/axum/count", post(async |body: String| format!("{} bytes\n", body.len())));

    let mut mux = Mux::new();
    mux.handle("/axum/", ServiceHandler::new(router))?;
    mux.handle("GET /hello/{name}", async |request: Request| {
        format!("purlin greets {}\n", request.param("name"))
    })?;

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    smol::block_on(async {
        let bound = Server::new(mux).bind(address).await?;
        println!("listening on http://{}/", bound.local_addr());
        bound.serve().await
    })
}

async fn hello(Path(name): Path<String>, Extension(peer): Extension<Peer>) -> String {
    println!("{name} is at {}", peer.remote);
    format!("axum greets {name}\n")
}
