//! reqwest on a current-thread runtime of tokio.
use peer_clients::Bench;

fn main() {
    let mut bench = Bench::new();
    let mut builder = reqwest::Client::builder().no_proxy();
    if std::env::var_os("H2C").is_some() {
        builder = builder.http2_prior_knowledge();
    }
    let client = builder.build().unwrap();
    let url: reqwest::Url = bench.url.parse().unwrap();
    let fetch = move |count: usize| {
        let (client, url) = (client.clone(), url.clone());
        async move {
            let mut bytes = 0;
            for _ in 0..count {
                let mut response = client.get(url.clone()).send().await.unwrap();
                while let Some(piece) = response.chunk().await.unwrap() {
                    bytes += piece.len() as u64;
                }
            }
            bytes
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        fetch(1).await;
        bench.start();
        let work = |i| tokio::spawn(fetch(bench.share(i)));
        let tasks: Vec<_> = (0..bench.conc).map(work).collect();
        let mut bytes = 0;
        for task in tasks {
            bytes += task.await.unwrap();
        }
        bench.done(bytes);
    });
}
