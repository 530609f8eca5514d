//! A body of up to 1 GiB goes to a temporary file as it comes; nothing holds it whole.
//!
//! Run `cargo run -p purlin-std --example std_upload -- [ADDR]` (default 127.0.0.1:8080), then
//! `curl --data-binary @FILE http://127.0.0.1:8080/upload`: its size, its checksum as `sum` prints
//! it, and where it is. Every other route of this server would take 16 MiB.

use purlin_std::{Body, Mux, Request, Result, Server};
use std::env::temp_dir;
use std::fs::{File, remove_file};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static UPLOADS: AtomicUsize = AtomicUsize::new(0);

fn main() -> Result {
    let mut mux = Mux::new();
    mux.handle("POST /upload", upload)?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let bound = Server::new(mux).bind(address)?;
    println!("listening on http://{}/", bound.local_addr());
    bound.serve()
}

fn upload(mut request: Request) -> Result<String> {
    request.body_mut().set_limit(1 << 30);
    let number = UPLOADS.fetch_add(1, Relaxed);
    let path = temp_dir().join(format!("purlin-upload-{}-{number}", std::process::id()));
    match store(request.body_mut(), &path) {
        Ok((size, sum)) => Ok(format!("{size} bytes, checksum {sum:05}, {}\n", path.display())),
        Err(error) => {
            remove_file(&path)?;
            Err(error) // 413 if it was too long
        }
    }
}

fn store(body: &mut Body, path: &Path) -> Result<(usize, u16)> {
    let mut file = File::create_new(path)?;
    let (mut size, mut sum) = (0, 0_u16);
    while let Some(piece) = body.chunk()? {
        file.write_all(&piece)?;
        size += piece.len();
        sum = piece.iter().fold(sum, |sum, &byte| sum.rotate_right(1).wrapping_add(byte.into()));
    }
    Ok((size, sum))
}
