//! A connection that stops being HTTP: after 101 (Switching Protocols) it is an echo.
//!
//! Run `cargo run -p purlin-std --example std_upgrade -- [ADDR]` (default 127.0.0.1:8080). curl
//! cannot go on after a 101, but it is a telnet too:
//! `(printf 'GET /echo HTTP/1.1\r\nHost: me\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'; cat) |
//! curl -N telnet://127.0.0.1:8080`. You will see the 101, and then every line that you type.

use purlin_std::{
    Mux, Request, Response, ResponseHead, ResponseWriter, Result, Server, Status, streaming,
};

fn main() -> Result {
    let mut mux = Mux::new();
    mux.handle("GET /echo", streaming(echo))?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let bound = Server::new(mux).bind(address)?;
    println!("listening on http://{}/", bound.local_addr());
    bound.serve()
}

fn echo(request: Request, writer: ResponseWriter) -> Result {
    if request.field("Upgrade") != Some("echo") {
        let refusal = Response::text("ask for the protocol echo\n").with("Upgrade", "echo")?;
        return writer.respond(refusal.with_status(Status::UPGRADE_REQUIRED));
    }
    let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
    let stream = writer.upgrade(head)?;
    let count = std::io::copy(&mut &stream, &mut &stream)?;
    println!("{count} bytes came and went");
    Ok(())
}
