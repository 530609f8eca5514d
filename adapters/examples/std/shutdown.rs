//! A graceful end: Ctrl-C stops accepting, and what is in progress is still answered.
//!
//! Run `cargo run -p purlin-examples --example std_shutdown -- [ADDR]` (default 127.0.0.1:8080), then
//! `curl http://127.0.0.1:8080/` and, within two seconds, Ctrl-C here: curl still prints
//! `slow, but whole`, and the server says that one request in progress was finished.

use purlin_std::{Request, Result, Server};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

static IN_PROGRESS: AtomicUsize = AtomicUsize::new(0);

fn slow(_: Request) -> &'static str {
    IN_PROGRESS.fetch_add(1, Relaxed);
    thread::sleep(Duration::from_secs(2));
    IN_PROGRESS.fetch_sub(1, Relaxed);
    "slow, but whole\n"
}

fn main() -> Result {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || stop.send(()).unwrap_or_default())
        .expect("there is no other handler");
    let bound = Server::new(slow).bind(address)?;
    println!("listening on http://{}/", bound.local_addr());
    let handle = bound.handle();
    let serving = thread::spawn(|| bound.serve());
    stopped.recv().expect("the handler of Ctrl-C lives on");
    let waiting = IN_PROGRESS.load(Relaxed);
    println!("stopping, {waiting} in progress");
    let cut = handle.shutdown(Duration::from_secs(10));
    let finished = waiting - IN_PROGRESS.load(Relaxed);
    println!("{finished} in progress were finished, {cut} connections were cut");
    serving.join().expect("serving does not panic")
}
