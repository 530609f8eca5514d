//! Server-sent events: a tick a second, for as long as somebody listens.
//!
//! Run `cargo run -p purlin-std --example std_sse -- [ADDR]` (default 127.0.0.1:8080), then
//! `curl -N http://127.0.0.1:8080/`: a tick a second. End curl, and the server tells how many
//! ticks it had.

use purlin_std::{Request, ResponseWriter, Result, Server, names, streaming};
use std::thread::sleep;
use std::time::Duration;

fn main() -> Result {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let bound = Server::new(streaming(ticks)).bind(address)?;
    println!("listening on http://{}/", bound.local_addr());
    bound.serve()
}

fn ticks(_: Request, mut writer: ResponseWriter) -> Result {
    writer.fields_mut().append(names::CONTENT_TYPE, "text/event-stream")?;
    writer.fields_mut().append("Cache-Control", "no-store")?;
    let mut visit = Visit(0);
    while !writer.is_cancelled() {
        visit.0 += 1;
        writer.write(format!("id: {}\ndata: tick\n\n", visit.0).as_bytes())?;
        writer.flush()?; // the client sees it now
        sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// Ticks of one listener. Dropped also when a write fails.
struct Visit(u32);

impl Drop for Visit {
    fn drop(&mut self) {
        println!("gone after {} ticks", self.0);
    }
}
