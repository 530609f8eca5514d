//! Purlin on threads, plain and with TLS.
use peer_common::{JSON, user_post_body};
use purlin_std::tls::ServerTls;
use purlin_std::{BodyLength, Content, IntoResponse, Mux, Request, Response, ResponseHead, Server, Source, Status};

fn main() -> purlin_std::Result<()> {
    let args = peer_common::args();
    let server = |mux| Server::new(mux).body_limit(1 << 40).connections(20_000);
    let mut threads = Vec::new();
    if args.h1 != 0 {
        let server = server(mux()?);
        threads.push(std::thread::spawn(move || server.listen(("127.0.0.1", args.h1))));
    }
    if args.tls != 0 {
        let server = server(mux()?).tls(tls()?);
        threads.push(std::thread::spawn(move || server.listen(("127.0.0.1", args.tls))));
    }
    threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
}

/// The certificate of every peer; HTTP/1.1 alone.
fn tls() -> purlin_std::Result<ServerTls> {
    let mut config = peer_common::tls_config();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(ServerTls::from_rustls(config.into())?)
}

fn mux() -> purlin_std::Result<Mux> {
    let mut mux = Mux::new();
    mux.handle("GET /plaintext", |_: Request| "Hello, World!")?;
    mux.handle("GET /json", |_: Request| typed("application/json", Content::Full(JSON.into())))?;
    mux.handle("GET /users/{id}/posts/{post}", |r: Request| user_post_body(&r.param("id"), &r.param("post")))?;
    mux.handle("GET /bytes/{n}", |r: Request| match r.param("n").parse() {
        Ok(n) => bytes(Content::Length(n, Source::pieces(peer_common::pieces(n).map(Ok)))),
        Err(_) => Status::BAD_REQUEST.into_response(),
    })?;
    mux.handle("GET /owned", |_: Request| Response::stream(Source::pieces(peer_common::owned().map(Ok))))?;
    mux.handle("POST /hold", |_: Request| {
        std::thread::sleep(std::time::Duration::from_secs(3600));
        "nothing was read"
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
    Ok(mux)
}

fn bytes(content: Content<Source>) -> Response {
    typed("application/octet-stream", content)
}

fn typed(media_type: &str, content: Content<Source>) -> Response {
    let head = ResponseHead::new(Status::OK).with("Content-Type", media_type);
    Response::from_parts(head.expect("a valid field"), content)
}
