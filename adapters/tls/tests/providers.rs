//! A request over TLS in memory, with whatever cryptography the features choose,
//! and the roots of the operating system, if they are asked for.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use purlin_core::{
    Body, ClientMachine, Event, Machine, Method, Now, Recv, RequestHead, ResponseHead,
    ServerMachine, Status, client, server,
};
use purlin_tls::{ClientTls, ServerTls, Tls};
use std::sync::Arc;

/// A certificate of its own authority, and its key, in PEM.
fn papers() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Asks a server with these papers, and says what it answered, or why it did not.
fn ask(client: &ClientTls, (chain, key): &(String, String)) -> Result<String, String> {
    let now = Now::at(purlin_core::Mono::from_secs(1), 1_800_000_000);
    let tls = ServerTls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let (mut server, _) = tls.connection(Arc::new(server::Config::default()), now);
    let inner = client::Connection::new(Arc::default(), now);
    let mut client = Tls::client(client, "localhost", inner, now).unwrap();
    let mut head = RequestHead::new(Method::GET, "/").unwrap();
    head.fields_mut().append("Host", "localhost").unwrap();
    let id = client.request(&head, Body::Empty, now).unwrap();
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        client.transmit(&mut up, usize::MAX, now);
        server.transmit(&mut down, usize::MAX, now);
        let took = server.receive(&up, now);
        up.drain(..took);
        let took = client.receive(&down, now);
        down.drain(..took);
        while let Some(event) = server.poll_event(now) {
            if let Event::Request { id, .. } = event {
                let head = ResponseHead::new(Status::OK);
                server.respond(id, &head, Body::Full("sealed".into()), now).unwrap();
            }
        }
        while let Some(event) = client.poll_event(now) {
            if let Event::Failed { .. } = event {
                return Err(client.error().unwrap().to_string());
            }
        }
        if let Recv::Data(data) = client.recv(id, now) {
            return Ok(String::from_utf8_lossy(&data).into_owned());
        }
    }
    Err("nothing came".into())
}

#[test]
fn a_request_is_answered_and_a_stranger_is_not_trusted() {
    let (known, stranger) = (papers(), papers());
    let roots = purlin_tls::Roots::from_pem(known.0.as_bytes()).unwrap();
    let client = ClientTls::new(roots).unwrap();
    assert_eq!(ask(&client, &known).as_deref(), Ok("sealed"));
    let refused = ask(&client, &stranger).unwrap_err();
    assert!(refused.contains("the certificate cannot be used"), "{refused}");
}

/// The system's roots are what `SSL_CERT_FILE` names, where that is heeded: a
/// child of this test sees one.
#[cfg(all(feature = "platform-roots", target_os = "linux"))]
#[test]
fn what_the_system_trusts_is_trusted() {
    use std::process::Command;
    let (mine, child) = ("PURLIN_TEST_KEY", std::env::var("PURLIN_TEST_KEY"));
    if let Ok(key) = child {
        let chain = std::fs::read_to_string(std::env::var("SSL_CERT_FILE").unwrap()).unwrap();
        let client = ClientTls::with_platform_roots().unwrap();
        assert_eq!(ask(&client, &(chain, key)).as_deref(), Ok("sealed"));
        assert!(ask(&client, &papers()).unwrap_err().contains("the certificate cannot be used"));
        return;
    }
    let (chain, key) = papers();
    let file = std::env::temp_dir().join(format!("purlin-roots-{}.pem", std::process::id()));
    std::fs::write(&file, chain).unwrap();
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "what_the_system_trusts_is_trusted"])
        .env("SSL_CERT_FILE", &file)
        .env(mine, key)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}
