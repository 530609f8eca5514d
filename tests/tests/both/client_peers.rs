//! Clients against servers that others wrote, on either adapter.

#[path = "client_node.rs"]
mod node;

use crate::kit::until;
use crate::on::{NAME, pieces, purlin};
use crate::secure::Papers;
use purlin::client::{Client, Request as Ask, Settings};
use purlin::tls::{ClientTls, Roots};
use purlin::{Bytes, Status};
use purlin_core::Phase;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A program that is ended when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut Command) -> Option<Running> {
    match command.spawn() {
        Ok(child) => Some(Running(child)),
        Err(_) => {
            eprintln!("SKIPPED: {:?} is not installed", command.get_program());
            None
        }
    }
}

fn client() -> Client {
    Client::with(Settings::new().no_proxy().cookies())
}

#[test]
fn a_server_in_go_is_understood() {
    is_understood(&client(), "http", &[]);
}

#[test]
fn a_server_in_go_is_understood_over_tls() {
    let papers = Papers::new("go");
    let files = papers.files("server", &["localhost", "127.0.0.1"]);
    let client = Client::with(Settings::new().no_proxy().cookies().tls(papers.client()));
    is_understood(&client, "https", &files);
}

/// Talks to a server in Go, which speaks TLS with these files.
fn is_understood(client: &Client, scheme: &str, files: &[PathBuf]) {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/both/client_peer.go");
    let mut command = Command::new("go");
    command.args(["run", program]).args(files).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Some(mut go) = start(&mut command) else { return };
    let mut port = String::new();
    let mut said = BufReader::new(go.0.stdout.take().unwrap());
    assert_ne!(said.read_line(&mut port).unwrap(), 0, "it does not start");
    let url = |path: &str| format!("{scheme}://127.0.0.1:{}{path}", port.trim());

    let body = vec![b'x'; 3 << 20];
    for length in [Some(body.len() as u64), None] {
        let each: Vec<_> =
            body.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let request = Ask::post(url("/echo")).stream(pieces(each), length);
        let mut echoed = block!(client.send(request)).unwrap().into_body();
        assert!(block!(echoed.bytes()).unwrap() == body);
        let sum = echoed.trailers().and_then(|fields| fields.get("Sum"));
        assert_eq!(sum, Some(&*body.len().to_string()));
    }
    let mut hinted = block!(client.get(url("/hints"))).unwrap();
    assert_eq!(hinted.interims()[0].fields().get("Link"), Some("</a.css>"));
    assert_eq!(block!(hinted.text()).unwrap(), "hinted");
    assert_eq!(block!(client.get(url("/me"))).unwrap().status(), Status::UNAUTHORIZED);
    let mut me = block!(client.post_form(url("/login"), &[("user", "ada")])).unwrap();
    assert_eq!(me.url().path(), "/me");
    assert_eq!(block!(me.text()).unwrap(), "ada");
    let mut events = block!(client.get(url("/events"))).unwrap();
    assert_eq!(block!(events.text()).unwrap(), "data: 0\n\ndata: 1\n\ndata: 2\n\n");
    assert_eq!(block!(client.head(url("/hints"))).unwrap().status(), Status::OK);
    assert_eq!(client.idle(), 1, "all of it on one connection");
}

#[test]
fn openssl_is_understood() {
    let papers = Papers::new("openssl");
    let [certificate, key] = papers.files("server", &["localhost", "127.0.0.1"]);
    let client = Client::with(Settings::new().no_proxy().tls(papers.client()));
    for (option, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-www", "-quiet", option, "-accept", &port.to_string()]);
        command.arg("-cert").arg(&certificate).arg("-key").arg(&key);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Some(_openssl) = start(&mut command) else { return };
        until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        let mut page = block!(client.get(format!("https://localhost:{port}/"))).unwrap();
        assert_eq!(page.tls().unwrap().version, version.replace("TLSv", "TLS "));
        let text = block!(page.text()).unwrap();
        assert!(text.contains("Ciphers supported") && text.contains(version), "{text}");
    }
}

/// A certificate for `localhost`: what openssl is told of its own key, and of how an
/// authority that is made for it signs.
fn signed(papers: &Papers, name: &str, bits: &str, digest: &str) -> Option<[PathBuf; 3]> {
    let path = |kind: &str| papers.folder().join(format!("{name}{kind}"));
    let openssl = |args: &[&str]| {
        let output = crate::secure::run("openssl", args, "")?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {args:?}: {said}");
        Some(())
    };
    let text = |path: &PathBuf| path.display().to_string();
    let [ca, ca_key, key, asked, given] =
        ["-ca.pem", "-ca.key", ".key", ".csr", ".pem"].map(|kind| text(&path(kind)));
    let names = path(".ext");
    std::fs::write(&names, "subjectAltName=DNS:localhost\n").unwrap();
    let new = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=An authority"];
    let to = ["-keyout", &ca_key, "-out", &ca];
    openssl(&[&["req", "-x509"][..], &new[..], &to[..]].concat())?;
    let bits = format!("rsa:{bits}");
    let new = ["-newkey", &bits, "-nodes", "-subj", "/CN=localhost", "-keyout", &key];
    openssl(&[&["req", "-out", &asked][..], &new[..]].concat())?;
    let by = ["-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial", digest, "-days", "2"];
    let names = text(&names);
    let to = ["-in", &asked, "-out", &given, "-extfile", &names];
    openssl(&[&["x509", "-req"][..], &by[..], &to[..]].concat())?;
    Some([ca, key, given].map(PathBuf::from))
}

#[test]
fn what_is_too_weak_to_be_trusted_is_said_in_words() {
    let papers = Papers::new(&format!("weak-{NAME}"));
    for (name, bits, digest, words) in [
        ("short", "1024", "-sha256", "an RSA key of 1024 bits, where 2048 are the least"),
        ("sha1", "2048", "-sha1", "is signed with SHA-1, which is broken"),
        ("good", "2048", "-sha256", ""),
    ] {
        let Some([ca, key, given]) = signed(&papers, name, bits, digest) else { return };
        let roots = Roots::from_pem(&std::fs::read(ca).unwrap()).unwrap();
        let tls = ClientTls::new(roots).unwrap();
        let client = Client::with(Settings::new().no_proxy().tls(tls));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-www", "-quiet", "-cipher", "DEFAULT@SECLEVEL=0"]);
        command.args(["-accept", &port.to_string()]).arg("-cert").arg(given).arg("-key").arg(key);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Some(_openssl) = start(&mut command) else { return };
        until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        let got = block!(client.get(format!("https://localhost:{port}/")));
        match got {
            Ok(response) => assert_eq!((response.status(), name), (Status::OK, "good")),
            Err(error) => {
                let text = error.to_string();
                assert!(!words.is_empty() && text.contains(words), "{name}: {text}");
                assert_eq!(error.phase(), Some(Phase::Tls), "{text}");
            }
        }
    }
}

#[test]
fn nginx_is_understood() {
    let folder = std::env::temp_dir().join(format!("purlin-nginx-{NAME}-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("www")).unwrap();
    let text = "some text that gzip makes shorter, again and again ".repeat(100);
    std::fs::write(folder.join("www/text.txt"), &text).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = folder.display();
    let config = format!(
        "daemon off; master_process off; pid {place}/pid; error_log {place}/log;
        events {{}}
        http {{
            access_log off; gzip on; gzip_types text/plain; gzip_min_length 1;
            client_body_temp_path {place}/b; proxy_temp_path {place}/p;
            fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
            types {{ text/plain txt; }}
            server {{
                listen 127.0.0.1:{port}; root {place}/www; keepalive_requests 3;
                location /moved {{ return 302 /text.txt; }}
            }}
        }}"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-p").arg(&folder).stderr(Stdio::null());
    let Some(_nginx) = start(&mut command) else { return };
    until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let client = client();
    // More than it answers on one connection.
    for _ in 0..10 {
        let mut response = block!(client.get(url("/moved"))).unwrap();
        assert_eq!((response.url().path(), response.is_decoded()), ("/text.txt", true));
        assert_eq!(block!(response.text()).unwrap(), text);
    }
    let part = Ask::get(url("/text.txt")).header("Range", "bytes=0-3");
    let mut part = block!(client.send(part)).unwrap();
    assert_eq!((part.status().code(), block!(part.text()).unwrap()), (206, "some".into()));
    assert_eq!(block!(client.get(url("/none"))).unwrap().status(), Status::NOT_FOUND);
    std::fs::remove_dir_all(&folder).unwrap();
}
