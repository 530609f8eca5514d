//! Purlin's client on smol: one task for each request at a time, all on one thread.
use peer_clients::Bench;
use purlin_smol::client::{Client, Settings, Url};

fn main() {
    let mut bench = Bench::new();
    let url = Url::parse(&bench.url).unwrap();
    let client = Client::with(Settings::new().no_proxy().compression(false));
    let local = smol::LocalExecutor::new();
    let fetch = async |count: usize| {
        let mut bytes = 0;
        for _ in 0..count {
            let mut body = client.get(&url).await.unwrap().into_body();
            while let Some(piece) = body.chunk().await.unwrap() {
                bytes += piece.len() as u64;
            }
        }
        bytes
    };
    smol::block_on(fetch(1));
    bench.start();
    let bytes = if bench.conc == 1 {
        smol::block_on(fetch(bench.requests))
    } else {
        smol::block_on(local.run(async {
            let work = |i| local.spawn(fetch(bench.share(i)));
            let tasks: Vec<_> = (0..bench.conc).map(work).collect();
            let mut bytes = 0;
            for task in tasks {
                bytes += task.await;
            }
            bytes
        }))
    };
    bench.done(bytes);
}
