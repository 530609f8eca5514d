//! A response that is written piece by piece, with a trailer at its end.
//!
//! Run `cargo run -p purlin-smol --example stream -- [ADDR]` (default
//! 127.0.0.1:8080), then `curl -Nv --raw http://127.0.0.1:8080/`: five lines, one
//! every half second, and behind them the trailer `Lines: 5`. End curl early
//! and the server says so.

use purlin_smol::{Request, ResponseWriter, Result, Server, names, streaming};
use std::time::Duration;

fn main() -> Result<()> {
    let addr = std::env::args().nth(1).unwrap_or_else(|| String::from("127.0.0.1:8080"));
    let server = Server::new(streaming(async |_: Request, writer: ResponseWriter| {
        let result = count(writer).await;
        if let Err(error) = &result {
            println!("{error}");
        }
        result
    }));
    smol::block_on(async {
        let bound = server.bind(addr).await?;
        println!("http://{}/", bound.local_addr());
        bound.serve().await
    })
}

async fn count(mut writer: ResponseWriter) -> Result<()> {
    let fields = writer.fields_mut();
    fields.append(names::CONTENT_TYPE, "text/plain")?;
    fields.append(names::TRAILER, "Lines")?;
    for line in 1..=5 {
        if writer.is_cancelled() {
            println!("nobody listens any more");
        }
        writer.write(format!("line {line}\n").as_bytes()).await?;
        writer.flush().await?; // the peer sees it now
        smol::Timer::after(Duration::from_millis(500)).await;
    }
    writer.trailers_mut().append("Lines", "5")?;
    writer.finish().await
}
