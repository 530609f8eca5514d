//! hyper-util's pooled client on a current-thread runtime of tokio.
use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use peer_clients::Bench;

fn main() {
    let mut bench = Bench::new();
    let uri: Uri = bench.url.parse().unwrap();
    let mut builder = Client::builder(TokioExecutor::new());
    builder.http2_only(std::env::var_os("H2C").is_some());
    let client = builder.build_http::<Empty<Bytes>>();
    let fetch = move |count: usize| {
        let (client, uri) = (client.clone(), uri.clone());
        async move {
            let mut bytes = 0;
            for _ in 0..count {
                let mut response = client.get(uri.clone()).await.unwrap();
                while let Some(frame) = response.frame().await {
                    bytes += frame.unwrap().data_ref().map_or(0, |data| data.len()) as u64;
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
