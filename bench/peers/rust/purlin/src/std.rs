//! Purlin on threads.
use peer_common::{JSON, user_post_body};
use purlin_std::{BodyLength, Content, IntoResponse, Mux, Request, Response, ResponseHead, Server, Source, Status};

fn main() -> purlin_std::Result<()> {
    let args = peer_common::args();
    let mut mux = Mux::new();
    mux.handle("GET /plaintext", |_: Request| "Hello, World!")?;
    mux.handle("GET /json", |_: Request| typed("application/json", Content::Full(JSON.into())))?;
    mux.handle("GET /users/{id}/posts/{post}", |r: Request| user_post_body(&r.param("id"), &r.param("post")))?;
    mux.handle("GET /bytes/{n}", |r: Request| match r.param("n").parse() {
        Ok(n) => bytes(Content::Length(n, Source::pieces(peer_common::pieces(n).map(Ok)))),
        Err(_) => Status::BAD_REQUEST.into_response(),
    })?;
    mux.handle("POST /echo", |r: Request| {
        let length = r.length();
        let source = Source::from(r.into_body());
        bytes(match length {
            BodyLength::Empty => Content::Empty,
            BodyLength::Known(length) => Content::Length(length, source),
            BodyLength::Unknown => Content::Stream(source),
        })
    })?;
    Server::new(mux).body_limit(1 << 40).connections(20_000).listen(("127.0.0.1", args.h1))
}

fn bytes(content: Content<Source>) -> Response {
    typed("application/octet-stream", content)
}

fn typed(media_type: &str, content: Content<Source>) -> Response {
    let head = ResponseHead::new(Status::OK).with("Content-Type", media_type);
    Response::from_parts(head.expect("a valid field"), content)
}
