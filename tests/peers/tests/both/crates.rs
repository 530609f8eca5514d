//! reqwest and ureq ask, on either adapter, plain and with TLS.

use super::served::{BIG, Served, pattern};
use crate::kit::LONG;
use crate::on::NAME;
use reqwest::blocking::{Body, Client, Response};
use reqwest::redirect::Policy;
use std::io::Read as _;
use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::typestate::AgentScope;
use ureq::{Agent, SendBody};

const PLAIN_AND_TLS: [bool; 2] = [false, true];

fn reqwest(served: &Served) -> Client {
    let ca = std::fs::read(served.papers.path("ca.pem")).unwrap();
    let ca = reqwest::Certificate::from_pem(&ca).unwrap();
    let client = Client::builder().no_proxy().timeout(LONG).use_rustls_tls();
    client.add_root_certificate(ca).build().unwrap()
}

fn text(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().unwrap())
}

/// A reader that no length is known of.
fn unknown(bytes: Vec<u8>) -> Body {
    Body::new(std::io::Cursor::new(bytes))
}

#[test]
fn reqwest_asks_on_kept_connections() {
    for tls in PLAIN_AND_TLS {
        let served = Served::start(&format!("reqwest-{NAME}"), tls);
        let client = reqwest(&served);
        let get = |path: &str| client.get(served.at(path)).send().unwrap();
        for _ in 0..10 {
            assert_eq!(text(get("/hello")), (200, "hello".into()));
        }
        let post = |body: Body| client.post(served.at("/sum")).body(body).send().unwrap();
        assert_eq!(text(post("abc".into())).1, "POST 3 3 -");
        assert_eq!(text(post("".into())).1, "POST 0 0 -");
        let large = pattern(BIG);
        assert_eq!(text(post(large.clone().into())).1, format!("POST {BIG} {BIG} -"));
        assert_eq!(text(post(unknown(large.clone()))).1, format!("POST - {BIG} -"));
        for path in ["/big", "/stream"] {
            let response = get(path);
            let length = (path == "/big").then_some(BIG as u64);
            assert_eq!(response.content_length(), length);
            assert!(response.bytes().unwrap() == large, "{path}");
        }
        let echoed = client.post(served.at("/echo")).body(unknown(large.clone())).send().unwrap();
        assert!(echoed.bytes().unwrap() == large);
        let head = client.head(served.at("/big")).send().unwrap();
        assert_eq!(head.headers()["content-length"], BIG.to_string());
        assert_eq!(text(head), (200, String::new()));
        assert_eq!(text(get("/none")).0, 404);
        assert_eq!(text(get("/hints")).1, "hinted");
        let coded = get("/gzip");
        assert_eq!(coded.headers()["content-encoding"], "gzip");
        let mut content = String::new();
        flate2::read::GzDecoder::new(coded).read_to_string(&mut content).unwrap();
        assert_eq!(content, "text that repeats ".repeat(1000));
        let moved = client.post(served.at("/moved")).body("abc").send().unwrap();
        assert_eq!(moved.url().path(), "/sum");
        assert_eq!(text(moved).1, "GET - 0 -");
        let kept = client.post(served.at("/keep")).body("abc").send().unwrap();
        assert_eq!(text(kept).1, "POST 3 3 -");
        // hyper may dial while a connection is on its way back to its pool.
        assert!(served.connections() <= 3, "{} connections", served.connections());
    }
}

#[test]
fn reqwest_reads_the_answer_to_an_upload_that_is_refused() {
    for tls in PLAIN_AND_TLS {
        let served = Served::start(&format!("reqwest-refused-{NAME}"), tls);
        let client = reqwest(&served);
        // Not from a reader: reqwest fails where hyper reads no more of one, answered or not.
        for _ in 0..20 {
            let body = pattern(BIG);
            let response = client.post(served.at("/refuse")).body(body).send().unwrap();
            assert_eq!(text(response), (403, "no".into()));
        }
        // A body that is short is read to its end, and the connection kept.
        let before = served.connections();
        for _ in 0..3 {
            let response = client.post(served.at("/refuse")).body("abc").send().unwrap();
            assert_eq!(text(response), (403, "no".into()));
        }
        assert!(served.connections() <= before + 2);
    }
}

#[test]
fn reqwest_asks_from_many_threads_and_goes_away() {
    for tls in PLAIN_AND_TLS {
        let served = Served::start(&format!("reqwest-many-{NAME}"), tls);
        let client = reqwest(&served);
        let url = served.at("/hello");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let response = client.get(&url).send().unwrap();
                        assert_eq!(text(response).1, "hello");
                    }
                });
            }
        });
        assert!(served.connections() <= 24, "{} connections", served.connections());
        let mut begun = [0; 5];
        let mut endless = client.get(served.at("/endless")).send().unwrap();
        endless.read_exact(&mut begun).unwrap();
        assert_eq!(&begun, b"begun");
        drop(endless);
        served.left();
        let never = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        if !tls {
            let response = never.get(served.at("/moved")).send().unwrap();
            assert_eq!(response.headers()["location"], "/sum");
        }
    }
}

fn ureq(served: &Served) -> ConfigBuilder<AgentScope> {
    let ca = std::fs::read(served.papers.path("ca.pem")).unwrap();
    let ca = Certificate::from_pem(&ca).unwrap();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[ca])).build();
    let config = Agent::config_builder().proxy(None).tls_config(tls).http_status_as_error(false);
    config.timeout_global(Some(LONG))
}

type Answered = Result<http::Response<ureq::Body>, ureq::Error>;

fn bytes(answered: Answered) -> (u16, Vec<u8>) {
    let mut response = answered.unwrap();
    let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec().unwrap();
    (response.status().as_u16(), body)
}

fn words(answered: Answered) -> (u16, String) {
    let (status, body) = bytes(answered);
    (status, String::from_utf8(body).unwrap())
}

#[test]
fn ureq_asks_all_on_one_connection() {
    for tls in PLAIN_AND_TLS {
        let served = Served::start(&format!("ureq-{NAME}"), tls);
        let agent: Agent = ureq(&served).build().into();
        let get = |path: &str| agent.get(served.at(path)).call();
        for _ in 0..10 {
            assert_eq!(words(get("/hello")), (200, "hello".into()));
        }
        let large = pattern(BIG);
        for expects in [false, true] {
            let post = |path: &str| {
                let request = agent.post(served.at(path));
                if expects { request.header("Expect", "100-continue") } else { request }
            };
            assert_eq!(words(post("/sum").send("abc")).1, "POST 3 3 -");
            assert_eq!(words(post("/sum").send(&large)).1, format!("POST {BIG} {BIG} -"));
            let stream = || SendBody::from_owned_reader(std::io::Cursor::new(large.clone()));
            assert_eq!(words(post("/sum").send(stream())).1, format!("POST - {BIG} -"));
        }
        assert_eq!(words(agent.post(served.at("/sum")).send_empty()).1, "POST 0 0 -");
        for path in ["/big", "/stream"] {
            assert!(bytes(get(path)).1 == large, "{path}");
        }
        // It writes all of a body before it reads: more than sockets hold would stand still.
        let some = pattern(50_000);
        assert!(bytes(agent.put(served.at("/echo")).send(&some)).1 == some);
        let head = agent.head(served.at("/big")).call().unwrap();
        assert_eq!(head.headers()["content-length"], BIG.to_string());
        assert_eq!(words(Ok(head)), (200, String::new()));
        assert_eq!(words(get("/none")).0, 404);
        assert_eq!(words(get("/hints")).1, "hinted");
        let coded = get("/gzip").unwrap();
        assert_eq!(coded.headers()["content-encoding"], "gzip");
        let mut content = String::new();
        let (_, coded) = bytes(Ok(coded));
        flate2::read::GzDecoder::new(&*coded).read_to_string(&mut content).unwrap();
        assert_eq!(content, "text that repeats ".repeat(1000));
        assert_eq!(words(agent.post(served.at("/moved")).send("abc")).1, "GET - 0 -");
        assert_eq!(words(get("/keep")).1, "GET - 0 -");
        assert_eq!(served.connections(), 1, "TLS: {tls}");
    }
}

#[test]
fn ureq_sends_no_body_that_is_refused_before() {
    for tls in PLAIN_AND_TLS {
        let served = Served::start(&format!("ureq-refused-{NAME}"), tls);
        let agent: Agent = ureq(&served).timeout_await_100(Some(LONG)).build().into();
        for path in ["/refuse", "/none"] {
            let request = agent.post(served.at(path)).header("Expect", "100-continue");
            let unread = std::io::repeat(b'x').take(u64::MAX);
            let answered = request.send(SendBody::from_owned_reader(unread));
            let status = if path == "/none" { 404 } else { 403 };
            assert_eq!(words(answered).0, status);
        }
        assert_eq!(served.connections(), 2, "what was not sent ends the connection");
        // Without asking first, a body that is short is read to its end.
        for _ in 0..3 {
            assert_eq!(words(agent.post(served.at("/refuse")).send("abc")).0, 403);
        }
        assert_eq!(served.connections(), 3);
    }
}
