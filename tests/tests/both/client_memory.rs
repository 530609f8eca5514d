//! Large bodies through a client in flat memory, on either adapter: 1 GiB down
//! and 1 GiB up, of known and of unknown length. Alone in its file, because it
//! measures the memory of the whole process.

use crate::on::{Site, pieces, purlin};
use purlin::client::{Client, Request as Ask, Settings};
use purlin::{Bytes, Content, Request, Response, Server, Status};

#[test]
fn a_gibibyte_each_way_takes_no_memory() {
    const PIECE: usize = 256 * 1024;
    const COUNT: usize = 4096;
    const GIB: u64 = 1 << 30;
    let site = Site::start(
        Server::new(handler!(|mut request: Request| {
            if request.path() == "/down" {
                let piece = Bytes::from(vec![b'd'; PIECE]);
                let source = pieces(std::iter::repeat_n(piece, COUNT).map(Ok));
                let content = Content::Length(GIB, source);
                return Ok::<_, purlin::Error>(Response::new(Status::OK).with_content(content));
            }
            let mut length = 0;
            while let Some(piece) = wait!(request.body_mut().chunk())? {
                length += piece.len();
            }
            Ok(Response::text(length.to_string()))
        }))
        .body_limit(2 * GIB),
    );
    let url = |path: &str| format!("http://{}{path}", site.address);
    let client = Client::with(Settings::new().no_proxy());
    block!(client.get(url("/warm"))).unwrap();
    let before = crate::kit::held("a_gibibyte_each_way_takes_no_memory");

    let mut body = block!(client.get(url("/down"))).unwrap().into_body();
    let mut length = 0;
    while let Some(piece) = block!(body.chunk()).unwrap() {
        length += piece.len() as u64;
    }
    assert_eq!(length, GIB);
    for told in [Some(GIB), None] {
        let piece = Bytes::from(vec![b'u'; PIECE]);
        let source = pieces(std::iter::repeat_n(piece, COUNT).map(Ok));
        let mut up = block!(client.send(Ask::post(url("/up")).stream(source, told))).unwrap();
        assert_eq!(block!(up.text()).unwrap(), GIB.to_string());
    }
    let after = crate::kit::held("a_gibibyte_each_way_takes_no_memory");
    if let Some(((_, before), (_, after))) = before.zip(after) {
        assert!(after < before + (32 << 20), "{before} bytes before, {after} after");
    }
}
