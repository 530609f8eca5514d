//! Purlin's client on threads: one thread for each request at a time.
use peer_clients::Bench;
use purlin_std::client::{Client, Settings, Url};
use std::thread;

fn main() {
    let mut bench = Bench::new();
    let url = Url::parse(&bench.url).unwrap();
    let client = Client::with(Settings::new().no_proxy().compression(false));
    let (client, url) = (&client, &url);
    let fetch = |count: usize| {
        let mut bytes = 0;
        for _ in 0..count {
            let mut body = client.get(url).unwrap().into_body();
            while let Some(piece) = body.chunk().unwrap() {
                bytes += piece.len() as u64;
            }
        }
        bytes
    };
    fetch(1);
    bench.start();
    let bytes = if bench.conc == 1 {
        fetch(bench.requests)
    } else {
        thread::scope(|scope| {
            let work = |i| scope.spawn({ let share = bench.share(i); move || fetch(share) });
            let workers: Vec<_> = (0..bench.conc).map(work).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        })
    };
    bench.done(bytes);
}
