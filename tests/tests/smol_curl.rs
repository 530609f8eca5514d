//! purlin-smol and curl, end to end. Without curl each test says so and passes.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;

use on::Site;
use purlin_smol::{Error, Request, Response, ResponseWriter, Server, Source, streaming};
use std::io::Write;
use std::process::{Command, Stdio};

/// What curl prints with these arguments, given `input`; `None` without curl.
fn curl(args: &[&str], url: String, input: &[u8]) -> Option<String> {
    let mut command = Command::new("curl");
    command.args(["-sS", "--noproxy", "*", "--max-time", "60"]).args(args).arg(url);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        eprintln!("SKIPPED: curl is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || {
        // curl may have its answer before it has read everything.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    assert!(output.status.success(), "curl {args:?}: {}", output.status);
    Some(String::from_utf8(output.stdout).unwrap())
}

fn url(site: &Site, path: &str) -> String {
    format!("http://{}{path}", site.address)
}

async fn count(mut request: Request) -> Result<String, Error> {
    let length = request.body_mut().bytes().await?.len();
    let expects = request.field("expect").unwrap_or("nothing");
    Ok(format!("{} {length} {expects}", request.method()))
}

#[test]
fn curl_gets() {
    let site = Site::start(Server::new(async |request: Request| request.path().to_owned()));
    if let Some(text) = curl(&[], url(&site, "/a/b?c"), b"") {
        assert_eq!(text, "/a/b");
    }
}

#[test]
fn curl_gets_twice_over_one_connection() {
    let site = Site::start(Server::new(async |_: Request| "x"));
    let (one, args) = (url(&site, "/1"), ["-w", "%{num_connects}"]);
    if let Some(text) = curl(&[&args[..], &[&one]].concat(), url(&site, "/2"), b"") {
        assert_eq!(text, "x1x0");
    }
}

#[test]
fn curl_gets_with_http_10_and_a_stream_ends_with_the_connection() {
    let site = Site::start(Server::new(streaming(async |_, mut writer: ResponseWriter| {
        writer.write_all(&[b'x'; 100_000]).await
    })));
    if let Some(text) = curl(&["--http1.0"], url(&site, "/"), b"") {
        assert_eq!(text.len(), 100_000);
    }
}

#[test]
fn curl_asks_for_the_head_alone() {
    let site = Site::start(Server::new(async |_: Request| "hello"));
    if let Some(text) = curl(&["-I"], url(&site, "/"), b"") {
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.contains("Content-Length: 5\r\n"), "{text}");
    }
}

#[test]
fn curl_uploads_after_100_continue() {
    let site = Site::start(Server::new(count));
    let args = ["-H", "Expect: 100-continue", "--expect100-timeout", "60", "--data-binary", "@-"];
    if let Some(text) = curl(&args, url(&site, "/"), &[b'x'; 3_000_000]) {
        assert_eq!(text, "POST 3000000 100-continue");
    }
}

#[test]
fn curl_uploads_chunks() {
    let site = Site::start(Server::new(count));
    let args = ["-T", "-", "-H", "Transfer-Encoding: chunked", "-H", "Expect:"];
    if let Some(text) = curl(&args, url(&site, "/"), &[b'x'; 1_000_000]) {
        assert_eq!(text, "PUT 1000000 nothing");
    }
}

#[test]
fn curl_gets_its_own_upload_back() {
    let site = Site::start(Server::new(async |request: Request| {
        Response::stream(Source::from(request.into_body()))
    }));
    let args = ["-H", "Expect: 100-continue", "--expect100-timeout", "60", "--data-binary", "@-"];
    if let Some(text) = curl(&args, url(&site, "/"), &[b'x'; 5_000_000]) {
        assert_eq!(text.len(), 5_000_000);
    }
}

#[test]
fn curl_reads_413_where_the_body_is_too_long() {
    let site = Site::start(Server::new(count).body_limit(1000));
    let args = ["-H", "Expect:", "--data-binary", "@-", "-o", "-", "-w", " %{http_code}"];
    if let Some(text) = curl(&args, url(&site, "/"), &[b'x'; 200_000]) {
        assert!(text.ends_with(" 413"), "{text}");
    }
}
