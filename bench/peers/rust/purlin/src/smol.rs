//! Purlin on smol, plain and with TLS, threads=N of them (0: one).
use peer_common::{JSON, user_post_body};
use purlin_smol::tls::ServerTls;
use purlin_smol::{BodyLength, Content, IntoResponse, Mux, Request, Response, ResponseHead, Server, Source, Status};
use smol::stream::iter;

fn main() -> purlin_smol::Result<()> {
    let args = peer_common::args();
    let server = |mux| Server::new(mux).threads(args.threads.max(1)).body_limit(1 << 40);
    if args.tls != 0 {
        let server = server(mux()?).tls(tls()?);
        if args.h1 == 0 {
            return smol::block_on(server.listen(("127.0.0.1", args.tls)));
        }
        std::thread::spawn(move || smol::block_on(server.listen(("127.0.0.1", args.tls))));
    }
    smol::block_on(server(mux()?).listen(("127.0.0.1", args.h1)))
}

/// The certificate of every peer; HTTP/1.1 alone.
fn tls() -> purlin_smol::Result<ServerTls> {
    let mut config = peer_common::tls_config();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(ServerTls::from_rustls(config.into())?)
}

fn mux() -> purlin_smol::Result<Mux> {
    let mut mux = Mux::new();
    mux.handle("GET /plaintext", async |_: Request| "Hello, World!")?;
    mux.handle("GET /json", async |_: Request| typed("application/json", Content::Full(JSON.into())))?;
    mux.handle("GET /users/{id}/posts/{post}", async |r: Request| user_post_body(&r.param("id"), &r.param("post")))?;
    mux.handle("GET /bytes/{n}", async |r: Request| match r.param("n").parse() {
        Ok(n) => bytes(Content::Length(n, Source::stream(iter(peer_common::pieces(n).map(Ok))))),
        Err(_) => Status::BAD_REQUEST.into_response(),
    })?;
    mux.handle("GET /owned", async |_: Request| Response::stream(Source::stream(iter(peer_common::owned().map(Ok)))))?;
    mux.handle("POST /hold", async |_: Request| {
        smol::Timer::after(std::time::Duration::from_secs(3600)).await;
        "nothing was read"
    })?;
    mux.handle("POST /echo", async |r: Request| {
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
