//! Clients against a server in node, on either adapter, plain and with TLS.

use super::{Running, start};
use crate::on::{NAME, pieces, purlin};
use crate::secure::Papers;
use purlin::client::{Cause, Client, Error, Request as Ask, Settings};
use purlin::{Bytes, Fault, Status};
use purlin_core::Phase;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

struct Node {
    url: String,
    client: Client,
    _running: Running,
    _papers: Papers,
}

impl Node {
    /// A server and who asks it; none without node.
    fn start(test: &str, tls: bool) -> Option<Node> {
        let papers = Papers::new(&format!("node-{NAME}-{test}-{tls}"));
        let mut command = Command::new("node");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/both/client_peer.mjs"));
        if tls {
            command.args(papers.files("server", &["localhost"]));
        }
        let mut running = start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let mut port = String::new();
        let mut said = BufReader::new(running.0.stdout.take().unwrap());
        assert_ne!(said.read_line(&mut port).unwrap(), 0, "it does not start");
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}", port.trim());
        let client = Client::with(Settings::new().no_proxy().tls(papers.client()));
        Some(Node { url, client, _running: running, _papers: papers })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn ask(&self, request: Ask) -> Result<(u16, String), Error> {
        let mut response = block!(self.client.send(request))?;
        let text = block!(response.text())?;
        Ok((response.status().code(), text))
    }

    #[track_caller]
    fn text(&self, path: &str) -> String {
        let (status, text) = self.ask(Ask::get(self.at(path))).unwrap();
        assert_eq!(status, 200);
        text
    }

    /// Sends a body and gets it back; says how it came there.
    fn echo(&self, request: Ask, body: &[u8]) -> String {
        let mut echoed = block!(self.client.send(request)).unwrap().into_body();
        assert!(block!(echoed.bytes()).unwrap() == body);
        let trailers = echoed.trailers().unwrap();
        assert_eq!(trailers.get("Sum"), Some(&*body.len().to_string()));
        trailers.get("Came").unwrap().to_owned()
    }
}

fn each(test: &str, check: impl Fn(&Node)) {
    for tls in [false, true] {
        let Some(node) = Node::start(test, tls) else { return };
        check(&node);
    }
}

#[test]
fn node_is_understood() {
    each("understood", |node| {
        let body: Vec<u8> = (0_u8..251).cycle().take(3_000_000).collect();
        let part = |piece: &[u8]| Ok(Bytes::copy_from_slice(piece));
        let source = || pieces(body.chunks(70_000).map(part).collect::<Vec<_>>());
        let length = body.len().to_string();
        let post = || Ask::post(node.at("/echo"));
        assert_eq!(node.echo(post().body(body.clone()), &body), length);
        assert_eq!(node.echo(post().stream(source(), Some(body.len() as u64)), &body), length);
        assert_eq!(node.echo(post().stream(source(), None), &body), "chunked");
        let leave = post().body(body.clone()).expect_continue();
        assert_eq!(node.echo(leave, &body), length);
        let mut hinted = block!(node.client.get(node.at("/hints"))).unwrap();
        assert_eq!(hinted.interims()[0].status(), Status::EARLY_HINTS);
        assert_eq!(hinted.interims()[0].fields().get("Link"), Some("</a.css>"));
        assert_eq!(block!(hinted.text()).unwrap(), "hinted");
        assert_eq!(node.text("/drip"), "one byte at a time");
        assert_eq!(node.text("/gzip"), "text that repeats ".repeat(1000));
        assert_eq!(block!(node.client.head(node.at("/gzip"))).unwrap().status(), Status::OK);
        assert_eq!(node.text("/moved"), "1", "all of it on one connection");
        assert_eq!(node.text("/until-close"), "until the end");
        assert_eq!(node.client.idle(), 0);
        assert_eq!(node.text("/count"), "2");
    });
}

#[test]
fn what_node_refuses_is_not_sent() {
    each("refuses", |node| {
        let unread = std::iter::from_fn(|| -> Option<std::io::Result<Bytes>> {
            panic!("the body is read without leave")
        });
        let request = Ask::post(node.at("/refuse")).stream(pieces(unread), None).expect_continue();
        assert_eq!(node.ask(request).unwrap(), (403, "no".into()));
    });
}

#[test]
fn a_connection_that_node_lets_idle_no_longer_is_not_missed() {
    each("idle", |node| {
        assert_eq!(node.text("/count"), "1");
        // Each time it is closed anew, at about the time it is wanted.
        for pause in (150..=250).step_by(10) {
            std::thread::sleep(Duration::from_millis(pause));
            node.text("/count");
        }
        // What may not be sent twice, once it is closed for sure.
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(node.echo(Ask::post(node.at("/echo")).body("abc"), b"abc"), "3");
        assert!(node.text("/count").parse::<u32>().unwrap() > 1, "it never closed any");
    });
}

#[test]
fn what_node_cuts_is_not_taken_for_whole() {
    each("cuts", |node| {
        let plain = node.url.starts_with("http:");
        let reset = if plain { Fault::Reset } else { Fault::Truncated };
        for (path, fault) in [
            ("/cut-head", Fault::Truncated),
            ("/cut-length", Fault::Truncated),
            ("/cut-chunks", Fault::Truncated),
            ("/reset", reset),
        ] {
            let error = node.ask(Ask::get(node.at(path))).unwrap_err();
            let Cause::Peer(peer) = error.cause() else { panic!("{path}: {error}") };
            assert_eq!((peer.kind, error.phase()), (fault, Some(Phase::Receive)), "{path}");
        }
        assert_eq!(node.client.idle(), 0);
        assert_eq!(node.text("/count"), "5");
    });
}
