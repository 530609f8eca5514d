//! Downloads a URL into a file, with a progress bar.
//!
//! The file is to be what the server has, byte for byte. Many a server says
//! `Content-Encoding: gzip` of a `.tar.gz`; a client that undoes that writes another
//! file, whose checksum is wrong. So nothing is undone here: `compression(false)`.
//!
//! Run `cargo run -p purlin-examples --example std_download -- URL FILE`; it prints how
//! many bytes came.

use indicatif::{ProgressBar, ProgressStyle};
use purlin_std::BodyLength;
use purlin_std::client::{Client, Settings};
use std::fs::File;
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "http://127.0.0.1:8080/".into());
    let path = args.next().unwrap_or_else(|| "download".into());
    let client = Client::with(Settings::new().compression(false));
    let response = client.get(url)?.error_for_status()?;
    let bar = match response.length() {
        BodyLength::Known(length) => ProgressBar::new(length),
        _ => ProgressBar::no_length(),
    };
    let style = "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style)?);
    let mut file = File::create(&path)?;
    let mut body = response.into_body();
    while let Some(piece) = body.chunk()? {
        file.write_all(&piece)?;
        bar.inc(piece.len() as u64);
    }
    bar.finish();
    println!("{} bytes in {path}", bar.position());
    Ok(())
}
