//! Purlin in a poll loop of its own: the core's example `custom_runtime`, with the bench's routes.
use purlin_core::{Content, IntoResponse, Mux, Response, ResponseHead, ServerConfig, Status};
use std::net::SocketAddr;

#[allow(dead_code)] // its `main`
#[path = "../../../../../core/examples/custom_runtime.rs"]
mod custom_runtime;
use custom_runtime::Handler;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = peer_common::args();
    let plaintext: Handler = |_| "Hello, World!".into_response();
    let json: Handler = |_| {
        let head = ResponseHead::new(Status::OK).with("Content-Type", "application/json").expect("a valid field");
        Response::from_parts(head, Content::Full(peer_common::JSON.into()))
    };
    let post: Handler = |r| Response::text(peer_common::user_post_body(&r.param("id"), &r.param("post")));
    let mut mux = Mux::new();
    mux.handle("GET /plaintext", plaintext)?;
    mux.handle("GET /json", json)?;
    mux.handle("GET /users/{id}/posts/{post}", post)?;
    let address = SocketAddr::from(([127, 0, 0, 1], args.h1));
    let listener = mio::net::TcpListener::bind(address)?;
    Ok(custom_runtime::serve(listener, &mux, ServerConfig::default())?)
}
