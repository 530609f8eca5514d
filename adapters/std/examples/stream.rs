//! A response that is sent while it is made, with a trailer field at its end.
//!
//! Run it: `cargo run -p purlin-std --example std_stream -- [ADDR]` (127.0.0.1:8080 without ADDR).
//! Then try `curl -N --raw http://127.0.0.1:8080/`: you will see a line each
//! half second, and behind the last one `Lines: 5`.

use purlin_std::{Error, Request, ResponseWriter, Server, streaming};
use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

fn main() -> purlin_std::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let bound = Server::new(streaming(|request, writer| {
        if let Err(error) = count(&request, writer) {
            eprintln!("{} {}: {error}", request.method(), request.path());
        }
    }))
    .bind(&address[..])?;
    println!("listening on http://{}/", bound.local_addr());
    bound.serve()
}

fn count(request: &Request, mut writer: ResponseWriter) -> Result<(), Error> {
    writer.fields_mut().append("Content-Type", "text/plain").expect("valid");
    for line in 1..=5 {
        writeln!(writer, "line {line} of {}", request.path())?;
        writer.flush()?;
        sleep(Duration::from_millis(500));
    }
    writer.trailers_mut().append("Lines", "5").expect("valid");
    writer.finish()
}
