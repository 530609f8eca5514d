//! The server that the clients of `tests/interop` ask, on either adapter.
//!
//! `cargo run -p purlin-tests --example interop_server -- smol|std ADDR FOLDER` prints where it
//! listens, and then a line for each exchange and each fault: the number of the connection, the
//! request line, the fields, the status.

#![allow(clippy::print_stdout, reason = "what it was asked is its output")]
#![allow(clippy::duplicate_mod, reason = "what both adapters do is written once")]

mod answers;
mod cgi;
mod files;
mod log;
mod on_smol;
mod on_std;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(adapter), Some(address), Some(folder)) = (args.next(), args.next(), args.next())
    else {
        return Err("interop_server smol|std ADDR FOLDER".into());
    };
    let folder = folder.into();
    match &*adapter {
        "smol" => on_smol::serve(&address, folder),
        "std" => on_std::serve(&address, folder),
        other => Err(format!("no adapter {other}").into()),
    }
}
