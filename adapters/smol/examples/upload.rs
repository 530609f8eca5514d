//! A body of up to 1 GiB goes to a temporary file as it comes; nothing holds it whole.
//!
//! Run `cargo run -p purlin-smol --example upload -- [ADDR]` (default 127.0.0.1:8080), then
//! `curl --data-binary @FILE http://127.0.0.1:8080/upload`: its size, its checksum as `sum` prints
//! it, and where it is. Every other route of this server would take 16 MiB.

use purlin_smol::{Body, Mux, Request, Result, Server};
use smol::fs::{OpenOptions, remove_file};
use smol::io::AsyncWriteExt;
use std::env::temp_dir;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static UPLOADS: AtomicUsize = AtomicUsize::new(0);

fn main() -> Result {
    let mut mux = Mux::new();
    mux.handle("POST /upload", upload)?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    smol::block_on(async {
        let bound = Server::new(mux).bind(address).await?;
        println!("listening on http://{}/", bound.local_addr());
        bound.serve().await
    })
}

async fn upload(mut request: Request) -> Result<String> {
    request.body_mut().set_limit(1 << 30);
    let number = UPLOADS.fetch_add(1, Relaxed);
    let path = temp_dir().join(format!("purlin-upload-{}-{number}", std::process::id()));
    match store(request.body_mut(), &path).await {
        Ok((size, sum)) => Ok(format!("{size} bytes, checksum {sum:05}, {}\n", path.display())),
        Err(error) => {
            remove_file(&path).await?;
            Err(error) // 413 if it was too long
        }
    }
}

async fn store(body: &mut Body, path: &Path) -> Result<(usize, u16)> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).await?;
    let (mut size, mut sum) = (0, 0_u16);
    while let Some(piece) = body.chunk().await? {
        file.write_all(&piece).await?;
        size += piece.len();
        sum = piece.iter().fold(sum, |sum, &byte| sum.rotate_right(1).wrapping_add(byte.into()));
    }
    file.flush().await?;
    Ok((size, sum))
}
