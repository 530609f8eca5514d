//! purlin-smol, end to end: what a writer and a response that is a value become on the wire.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/responses.rs"]
mod both;

use on::{Site, WriteExt};
use purlin_smol::{Error, ResponseWriter, Server, streaming};

#[test]
fn closing_a_writer_ends_its_response() {
    let (go, gone) = smol::channel::bounded::<()>(1);
    let handler = streaming(async move |_, mut writer: ResponseWriter| {
        writer.write_all(b"all").await?;
        writer.close().await?;
        on::pass(&gone).await;
        Ok::<_, Error>(())
    });
    let site = Site::start(Server::new(handler));
    let mut peer = site.connect();
    peer.send(kit::GET);
    assert_eq!(peer.response(), (200, "all".into()));
    drop(go);
}
