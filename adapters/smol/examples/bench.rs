//! The benchmark server: /plaintext /json /echo /bytes/{n} /users/{id}/posts/{post}.
//!
//! Run `cargo run --release -p purlin-smol --example bench -- ADDR [--threads N]`.
//! It prints the URL it listens on, and serves until it is killed.

use futures_lite::stream;
use purlin_smol::{
    Bytes, Content, IntoResponse, Request, Response, Result, Server, Source, Status, names,
};

const BINARY: &str = "application/octet-stream";
static PIECE: [u8; 65536] = [b'x'; 65536];

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let addr = args.next().unwrap_or_else(|| String::from("127.0.0.1:8080"));
    let threads = args.nth(1).and_then(|count| count.parse().ok());
    let mut server = Server::new(answer).body_limit(1 << 40);
    if let Some(threads) = threads {
        server = server.threads(threads);
    }
    smol::block_on(async {
        let bound = server.bind(addr).await?;
        println!("http://{}/plaintext", bound.local_addr());
        bound.serve().await
    })
}

async fn answer(request: Request) -> Result<Response> {
    match request.path() {
        "/plaintext" => Ok("Hello, World!".into_response()),
        "/json" => {
            let text = Bytes::from_static(br#"{"message":"Hello, World!","n":42,"ok":true}"#);
            typed("application/json", Content::Full(text))
        }
        "/echo" => typed(BINARY, Content::Stream(Source::from(request.into_body()))),
        path => parameters(path).unwrap_or_else(|| Ok(Status::NOT_FOUND.into_response())),
    }
}

fn parameters(path: &str) -> Option<Result<Response>> {
    if let Some(length) = path.strip_prefix("/bytes/") {
        let length = length.parse().ok()?;
        return Some(typed(BINARY, Content::Length(length, bytes(length))));
    }
    let (id, post) = path.strip_prefix("/users/")?.split_once("/posts/")?;
    Some(Ok(Response::text(format!("user={id} post={post}"))))
}

fn typed(content_type: &str, content: Content<Source>) -> Result<Response> {
    Ok(Response::new(Status::OK).with(names::CONTENT_TYPE, content_type)?.with_content(content))
}

/// `length` bytes in pieces of 64 KiB.
fn bytes(length: u64) -> Source {
    Source::stream(stream::unfold(length, |left| async move {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE.len());
        (count > 0).then(|| (Ok(Bytes::from_static(&PIECE[..count])), left - count as u64))
    }))
}
