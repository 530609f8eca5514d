//! TLS, with a certificate that is made on the spot and signed by nobody else.
//!
//! Run `cargo run -p purlin-examples --example std_tls -- [ADDR]` (default
//! 127.0.0.1:8443). Then `curl --insecure https://127.0.0.1:8443/` prints what
//! was settled, and `curl http://127.0.0.1:8443/` that it should speak TLS.

use purlin_std::tls::ServerTls;
use purlin_std::{Request, Server};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8443".into());
    let made = rcgen::generate_simple_self_signed(["localhost".into()])?;
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let tls = ServerTls::from_pem(chain.as_bytes(), key.as_bytes())?;
    let bound = Server::new(|request: Request| match request.tls() {
        Some(tls) => format!("you speak {} with {}\n", tls.version, tls.cipher),
        None => "no TLS\n".into(),
    })
    .tls(tls)
    .bind(address)?;
    println!("listening on https://{}/", bound.local_addr());
    Ok(bound.serve()?)
}
