//! The benchmark's server: the routes that the bench harness asks for.
//!
//! Run it: `cargo run --release -p purlin-std --example bench -- ADDR`.
//! You will see nothing; `curl http://ADDR/plaintext` says `Hello, World!`.

use purlin_std::{
    BodyLength, Content, IntoResponse, Request, Response, ResponseHead, Server, Source, Status,
};
use std::io::{Read, repeat};

fn main() -> purlin_std::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let server = Server::new(route).body_limit(1 << 40).connections(20_000);
    server.listen(&address[..])
}

fn route(request: Request) -> Response {
    match request.path() {
        "/plaintext" => "Hello, World!".into_response(),
        "/json" => {
            let head = ResponseHead::new(Status::OK).with("Content-Type", "application/json");
            let text = r#"{"message":"Hello, World!","n":42,"ok":true}"#;
            Response::from_parts(head.expect("valid"), Content::Full(text.into()))
        }
        "/echo" => echo(request),
        path => match path.split('/').collect::<Vec<_>>()[..] {
            ["", "users", user, "posts", post] => {
                Response::text(format!("user={user} post={post}"))
            }
            ["", "bytes", count] => match count.parse() {
                Ok(count) => {
                    bytes(Content::Length(count, Source::reader(repeat(b'x').take(count))))
                }
                Err(_) => Status::BAD_REQUEST.into_response(),
            },
            _ => Status::NOT_FOUND.into_response(),
        },
    }
}

fn echo(request: Request) -> Response {
    let length = request.length();
    let source = Source::reader(request.into_body());
    bytes(match length {
        BodyLength::Empty => Content::Empty,
        BodyLength::Known(length) => Content::Length(length, source),
        BodyLength::Unknown => Content::Stream(source),
    })
}

fn bytes(content: Content<Source>) -> Response {
    let head = ResponseHead::new(Status::OK).with("Content-Type", "application/octet-stream");
    Response::from_parts(head.expect("valid"), content)
}
