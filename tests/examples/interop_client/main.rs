//! The client that asks the servers and proxies of `tests/interop`, on either adapter.
//!
//! `cargo run -p purlin-tests --example interop_client -- smol|std [OPTION...] URL...` asks for
//! each URL in turn, with one pool of connections, and prints a line for each: the status, the
//! count of bytes and their SHA-256, or `error:` and why. It ends with 1 if there was an error.
//! Most options are those of curl that it has:
//!
//! | | |
//! |---|---|
//! | `-X METHOD` | the method: GET, or PUT with a body |
//! | `-H 'NAME: VALUE'` | a field more |
//! | `-d FILE` | a body, read before it is sent |
//! | `-T FILE` | a body of known length, streamed |
//! | `-c FILE` | a body of unknown length |
//! | `-e` | `Expect: 100-continue` |
//! | `-u USER:PASSWORD` | Basic authentication |
//! | `-o FILE` | where the content is put, of the last URL |
//! | `--next` | what is above this line is for the URLs before it, and is said anew for those behind it |
//! | `-x PROXY` | through this proxy |
//! | `-r FILE` | whose certificates count, in PEM |
//! | `-z` | gzip is asked for, and undone |
//! | `-i` | the head and trailer fields are printed too |
//! | `-k` | `kept` or `new` is printed too: the connection |
//! | `-n COUNT` | everything so many times over |
//! | `-w MILLISECONDS` | a pause before each request but the first |
#![allow(clippy::duplicate_mod, reason = "what both adapters do is written once")]
#![allow(clippy::print_stdout, reason = "what was answered is its output")]

mod on_smol;
mod on_std;
mod options;

use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool> {
    let mut args = std::env::args().skip(1);
    let adapter = args.next().ok_or("interop_client smol|std [OPTION...] URL...")?;
    let options = options::parse(args)?;
    match &*adapter {
        "smol" => on_smol::ask(&options),
        "std" => on_std::ask(&options),
        other => Err(format!("no adapter {other}").into()),
    }
}
