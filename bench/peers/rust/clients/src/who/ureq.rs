//! ureq: one thread for each request at a time, one agent for all.
use peer_clients::Bench;
use std::io::Read;
use std::thread;

fn main() {
    let mut bench = Bench::new();
    let config = ureq::Agent::config_builder().proxy(None).max_idle_connections_per_host(64);
    let agent: ureq::Agent = config.build().into();
    let url = bench.url.clone();
    let fetch = |count: usize| {
        let (mut bytes, mut room) = (0, vec![0; 64 * 1024]);
        for _ in 0..count {
            let response = agent.get(&url).call().unwrap();
            let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
            loop {
                match body.read(&mut room).unwrap() {
                    0 => break,
                    count => bytes += count as u64,
                }
            }
        }
        bytes
    };
    fetch(1);
    bench.start();
    let bytes = if bench.conc == 1 {
        fetch(bench.requests)
    } else {
        let fetch = &fetch;
        thread::scope(|scope| {
            let work = |i| scope.spawn({ let share = bench.share(i); move || fetch(share) });
            let workers: Vec<_> = (0..bench.conc).map(work).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        })
    };
    bench.done(bytes);
}
