//! curl asks `purlin-std`. Where there is no curl, that is said by name and nothing is shown.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod std_kit;

use purlin_std::{Content, Error, Request, Response, Source, Status};
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std_kit::{Running, start};

fn serve(mut request: Request) -> Result<Response, Error> {
    match request.path() {
        "/stream" => Ok(Response::stream(Source::reader(std::io::repeat(b's').take(100_000)))),
        "/known" => Ok(Response::new(Status::OK).with_content(Content::Length(
            100_000,
            Source::reader(std::io::repeat(b'k').take(100_000)),
        ))),
        _ => {
            let length = request.body_mut().bytes()?.len();
            Ok(Response::text(format!("{} {length}", request.method())))
        }
    }
}

/// Runs curl with these arguments and a URL of the server; nothing without curl.
fn curl(server: &Running, path: &str, args: &[&str], input: &[u8]) -> Option<Output> {
    let url = format!("http://{}{path}", server.address);
    let child = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60", "--verbose"])
        .args(args)
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: curl is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = feeding.join();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output)
}

/// What curl prints, and what it says about the exchange.
fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn curl_gets_a_page() {
    let server = start(serve);
    let Some(output) = curl(&server, "/", &[], b"") else { return };
    assert_eq!(texts(&output).0, "GET 0");
}

#[test]
fn curl_speaks_http_1_0() {
    let server = start(serve);
    for path in ["/stream", "/known"] {
        let Some(output) = curl(&server, path, &["--http1.0"], b"") else { return };
        let (body, talk) = texts(&output);
        assert_eq!(body.len(), 100_000);
        assert!(talk.contains("< HTTP/1.0 200 OK"), "{talk}");
        assert_eq!(talk.contains("Content-Length: 100000"), path == "/known", "{talk}");
    }
}

#[test]
fn curl_waits_for_100_before_it_uploads() {
    let server = start(serve);
    let args = ["--header", "Expect: 100-continue", "--data-binary", "@-"];
    let Some(output) = curl(&server, "/", &args, &vec![b'x'; 2 << 20]) else { return };
    let (body, talk) = texts(&output);
    assert_eq!(body, "POST 2097152");
    assert!(talk.contains("< HTTP/1.1 100 Continue"), "{talk}");
}

#[test]
fn curl_uploads_in_chunks() {
    let server = start(serve);
    let args = ["--header", "Transfer-Encoding: chunked", "--upload-file", "-"];
    let Some(output) = curl(&server, "/", &args, &vec![b'x'; 3 << 20]) else { return };
    assert_eq!(texts(&output).0, "PUT 3145728");
}

#[test]
fn curl_uses_one_connection_for_several_requests() {
    let server = start(serve);
    let again = format!("http://{}/known", server.address);
    let Some(output) = curl(&server, "/stream", &[&again], b"") else { return };
    let (body, talk) = texts(&output);
    assert_eq!(body.len(), 200_000);
    assert!(talk.to_lowercase().contains("re-using existing"), "{talk}");
}
