//! purlin-smol, end to end: what a writer and a response that is a value become on the wire.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

#[path = "smol_e2e/peer.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod peer;

use peer::Site;
use purlin_smol::{
    Bytes, Content, Error, Misuse, Request, Response, ResponseWriter, Result, Server, Source,
    Status, streaming,
};
use smol::io::AsyncWriteExt;
use std::sync::mpsc;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// The head and the whole rest of one answer to this method.
fn answer<H: purlin_smol::Handler>(method: &str, handler: H) -> (String, String) {
    let site = Site::start(Server::new(handler));
    let mut peer = site.connect();
    peer.send(&format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    (peer.head(), String::from_utf8(peer.rest()).unwrap())
}

#[test]
fn the_type_of_what_is_written_is_guessed_unless_that_is_turned_off() {
    let (head, body) = answer(
        "GET",
        streaming(async |_, mut writer: ResponseWriter| writer.write(b"<html>hi").await),
    );
    assert!(head.contains("Content-Type: text/html; charset=utf-8\r\n"), "{head}");
    assert_eq!(body, "<html>hi");
    let (head, _) = answer(
        "GET",
        streaming(async |_, mut writer: ResponseWriter| {
            writer.sniffing(false).write(b"<html>hi").await
        }),
    );
    assert!(!head.contains("Content-Type"), "{head}");
}

#[test]
fn the_first_byte_of_body_settles_the_head() {
    let (head, body) = answer(
        "GET",
        streaming(async |_, mut writer: ResponseWriter| -> Result {
            writer.status(Status::ACCEPTED).write(b"a").await?;
            writer.status(Status::NOT_FOUND).fields_mut().append("X-Late", "1")?;
            writer.write(b"b").await
        }),
    );
    assert!(head.starts_with("HTTP/1.1 202 Accepted\r\n") && !head.contains("Late"), "{head}");
    assert_eq!(body, "ab");
}

#[test]
fn a_declared_length_is_kept_to() {
    let (tell, told) = mpsc::sync_channel(1);
    let (_, body) = answer(
        "GET",
        streaming(async move |_, mut writer: ResponseWriter| -> Result {
            writer.fields_mut().append("Content-Length", "3")?;
            writer.write(b"abc").await?;
            tell.send(writer.write(b"d").await).unwrap();
            Ok(())
        }),
    );
    assert!(matches!(told.recv().unwrap(), Err(Error::Misuse(Misuse::TooMuchBody))));
    assert_eq!(body, "abc", "what was declared goes out");
}

#[test]
fn less_than_the_declared_length_is_broken_off() {
    let (head, body) = answer(
        "GET",
        streaming(async |_, mut writer: ResponseWriter| -> Result {
            writer.fields_mut().append("Content-Length", "10")?;
            writer.write(b"abc").await
        }),
    );
    assert!(head.contains("Content-Length: 10\r\n"), "{head}");
    assert_eq!(body, "abc");
}

#[test]
fn a_writer_is_an_async_write() {
    let (head, body) = answer(
        "GET",
        streaming(async |_, mut writer: ResponseWriter| {
            writer.write_all(&[b'x'; 100_000]).await?;
            Ok::<_, Error>(writer.close().await?)
        }),
    );
    assert!(head.contains("Transfer-Encoding: chunked\r\n"), "{head}");
    assert!(body.ends_with("x\r\n0\r\n\r\n"));
}

#[test]
fn the_fields_of_a_writer_go_with_the_value_it_responds_with() {
    let (head, body) = answer(
        "GET",
        streaming(async |_, mut writer: ResponseWriter| -> Result {
            writer.fields_mut().append("X-Id", "7")?;
            writer.fields_mut().append("Content-Type", "text/plain")?;
            writer.respond(Response::html("<p>")).await
        }),
    );
    assert!(head.contains("Content-Type: text/html") && head.contains("X-Id: 7\r\n"), "{head}");
    assert_eq!(head.matches("Content-Type").count(), 1);
    assert_eq!(body, "<p>");
}

/// Tells when it is read from.
fn endless(read: mpsc::SyncSender<()>) -> Source {
    let piece = Bytes::from_static(&[b'x'; 1000]);
    Source::stream(smol::stream::repeat_with(move || {
        let _ = read.try_send(());
        Ok(piece.clone())
    }))
}

#[test]
fn the_source_behind_a_head_is_never_read() {
    let (read, was_read) = mpsc::sync_channel(1);
    let site = Site::start(Server::new(async move |request: Request| {
        let source = endless(read.clone());
        match request.path() {
            "/length" => Response::new(Status::OK).with_content(Content::Length(1 << 40, source)),
            _ => Response::stream(source),
        }
    }));
    let mut peer = site.connect();
    peer.send("HEAD /length HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().contains("Content-Length: 1099511627776\r\n"));
    peer.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(!peer.head().contains("Content-Length"));
    assert!(was_read.try_recv().is_err());
    peer.send(GET);
    peer.head();
    assert!(was_read.try_recv().is_ok(), "but behind a GET it is");
}

#[test]
fn a_response_that_contradicts_itself_is_500() {
    let site = Site::start(Server::new(async |request: Request| {
        let response = match request.path() {
            "/whole" => Response::text("hello"),
            _ => Response::stream(Source::reader(smol::io::Cursor::new("hello"))),
        };
        response.with("Content-Length", "7")
    }));
    for path in ["/whole", "/stream"] {
        let mut peer = site.connect();
        peer.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let head = peer.head();
        if path == "/whole" {
            assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
        } else {
            assert_eq!(peer.rest(), b"hello", "two bytes too few");
        }
    }
}
