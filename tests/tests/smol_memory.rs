//! purlin-smol, end to end: what it holds while much passes through.
//! A process of its own, so that nothing else is counted.

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;

use on::Site;
use purlin_smol::{
    Bytes, Content, Error, IntoResponse, Method, Request, Response, Server, Source, Status,
};
use smol::stream::{self, StreamExt};

const LENGTH: usize = 1 << 30;
const PIECE: usize = 1 << 16;

/// The length of the body, counted without keeping it.
async fn count(mut request: Request) -> Result<String, Error> {
    request.body_mut().set_limit(u64::MAX);
    let mut length = 0;
    while let Some(piece) = request.body_mut().chunk().await? {
        length += piece.len();
    }
    Ok(length.to_string())
}

fn bytes() -> Response {
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let source = Source::stream(stream::repeat(piece).take(LENGTH / PIECE).map(Ok));
    Response::new(Status::OK).with_content(Content::Length(LENGTH as u64, source))
}

#[test]
fn a_gibibyte_goes_up_and_down_in_flat_memory() {
    let site = Site::start(Server::new(async |request: Request| match *request.method() {
        Method::GET => bytes(),
        _ => count(request).await.into_response(),
    }));
    let before = kit::peak_memory();
    let mut peer = site.connect();
    peer.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n"));
    let piece = vec![b'x'; PIECE];
    for _ in 0..LENGTH / PIECE {
        peer.send_bytes(&piece);
    }
    assert_eq!(peer.response(), (200, LENGTH.to_string()));
    peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.head();
    assert_eq!(peer.skip(LENGTH), LENGTH);
    if let (Some(before), Some(after)) = (before, kit::peak_memory()) {
        assert!(after - before < 16 << 20, "{before} bytes before, {after} after");
    } else {
        eprintln!("SKIPPED: this system does not tell how much memory was held");
    }
}
