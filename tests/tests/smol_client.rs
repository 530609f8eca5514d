//! purlin-smol's client, end to end: real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/client.rs"]
mod both;
#[path = "both/client_connections.rs"]
mod connections;
#[path = "both/client_many.rs"]
mod many;
#[path = "both/client_policy.rs"]
mod policy;
#[path = "both/client_uploads.rs"]
mod uploads;

use kit::stage::Stage;
use purlin_smol::client::{Client, Request, Settings};
use smol::io::{AsyncReadExt, AsyncWriteExt, split};

#[test]
fn two_tasks_share_a_connection_that_was_upgraded() {
    const SIZE: usize = 20 << 20;
    let stage = Stage::echo();
    let client = Client::with(Settings::new().no_proxy());
    smol::block_on(async {
        for _ in 0..5 {
            let response = client.send(upgrade_of(&stage)).await.unwrap();
            let (mut reader, mut writer) = split(response.upgrade().unwrap());
            let executor = smol::LocalExecutor::new();
            let writes = executor.spawn(async move {
                let piece = vec![7; 64 * 1024];
                for _ in 0..SIZE / piece.len() {
                    writer.write_all(&piece).await.unwrap();
                }
            });
            let reads = executor.spawn(async move {
                let mut room = vec![0; 50_000];
                let mut left = SIZE;
                while left > 0 {
                    let count = reader.read(&mut room).await.unwrap();
                    assert!(count > 0 && room[..count].iter().all(|byte| *byte == 7));
                    left -= count;
                }
            });
            executor.run(smol::future::zip(writes, reads)).await;
        }
    });
}

fn upgrade_of(stage: &Stage) -> Request {
    Request::get(stage.url("/")).header("Connection", "upgrade").header("Upgrade", "echo")
}

#[test]
fn one_who_is_not_polled_keeps_nobody_waiting_who_shares_its_connection() {
    use purlin_core::config::Protocols;
    let peer = many::Peer::new(100, usize::MAX);
    let client = Client::with(Settings::new().no_proxy().protocols(Protocols::Http2));
    smol::block_on(async {
        // It moves the bytes for all, and then nobody lets it.
        let mut leads = Box::pin(client.get(peer.url("/never")));
        while peer.most() == 0 {
            assert!(smol::future::poll_once(&mut leads).await.is_none());
            smol::Timer::after(std::time::Duration::from_millis(2)).await;
        }
        for _ in 0..3 {
            let other = client.get(peer.url("/other")).await.unwrap().text().await.unwrap();
            assert_eq!(other, "/other");
        }
        drop(leads);
    });
}
