//! The kit for tests of handlers, of both adapters: what is recorded is what a
//! connection would have brought, and a server without a port is a whole one.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use purlin_core::testing::{Ending, Recorded, TestRequest, get, post};
use purlin_core::{Fields, Method, Misuse, ResponseHead, Status};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

const ASKS: &str = "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
const HELLO: &str = "GET /hello/one HTTP/1.1\r\nHost: a\r\n\r\n";

/// Holds what both recorders record of the same requests to the same expectations.
fn check(record: &dyn Fn(TestRequest) -> Recorded) {
    plain(record);
    streamed(record);
    broken(record);
    raw(record);
}

fn plain(record: &dyn Fn(TestRequest) -> Recorded) {
    let hello = record(get("/hello/go%20pher"));
    assert_eq!((hello.status(), hello.text()), (Status::OK, "hello, go pher"));
    assert_eq!(hello.field("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(hello.ending(), Ending::Whole);
    assert_eq!(record(get("/nowhere")).status(), Status::NOT_FOUND);
    let refused = record(post("/hello/x", ""));
    assert_eq!((refused.status().code(), refused.field("allow")), (405, Some("GET, HEAD")));
    let head = record(TestRequest::new(Method::HEAD, "/hello/x"));
    assert_eq!((head.field("content-length"), head.text()), (Some("8"), ""));

    let address = ([192, 0, 2, 1], 5000).into();
    let whoami = get("/whoami").remote(address).value(7_u8);
    assert_eq!(record(whoami).text(), "192.0.2.1:5000 7");
    assert_eq!(record(get("/whoami")).text(), "memory 0");
    let text = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    assert_eq!(record(TestRequest::from_text(text).unwrap()).text(), "body");
}

fn streamed(record: &dyn Fn(TestRequest) -> Recorded) {
    let large = vec![b'x'; 8 << 20];
    assert!(record(post("/echo", large.clone())).body() == &large);
    let mut trailers = Fields::new();
    trailers.append("X-Sum", "4").unwrap();
    let request = TestRequest::new(Method::POST, "/stream").pieces(["a", "bcd"]);
    let answer = record(request.trailers(trailers));
    assert_eq!((answer.status(), answer.text()), (Status::ACCEPTED, "abcd"));
    assert_eq!(answer.trailers().get("x-sum"), Some("4"));
    let hints: Vec<_> = answer.interim().iter().map(ResponseHead::status).collect();
    assert_eq!(hints, [Status::EARLY_HINTS]);
    assert_eq!(answer.ending(), Ending::Whole);
    assert_eq!(record(get("/elsewhere")).text(), "from elsewhere");
}

fn broken(record: &dyn Fn(TestRequest) -> Recorded) {
    let too_much = post("/echo", vec![0; (16 << 20) + 1]);
    assert_eq!(record(too_much).status(), Status::CONTENT_TOO_LARGE);
    assert_eq!(record(post("/echo", "half").cut()).status(), Status::BAD_REQUEST);
    let short = record(get("/short"));
    assert_eq!((short.status(), short.ending()), (Status::OK, Ending::Aborted));
    let panics = catch_unwind(AssertUnwindSafe(|| record(get("/panic"))));
    assert_eq!(message(&*panics.unwrap_err()), "as asked for");
    assert_eq!(record(get("/hello/x")).text(), "hello, x", "it goes on");
}

fn raw(record: &dyn Fn(TestRequest) -> Recorded) {
    let upgraded = record(TestRequest::from_text(ASKS).unwrap());
    assert_eq!(upgraded.status(), Status::SWITCHING_PROTOCOLS);
    assert_eq!((upgraded.ending(), upgraded.text()), (Ending::Upgraded, "raw"));
    assert_eq!(record(get("/upgrade")).status(), Status::INTERNAL_SERVER_ERROR);
    let hijacked = record(get("/hijack"));
    assert_eq!((hijacked.ending(), hijacked.text()), (Ending::Hijacked, "raw"));
    assert!(hijacked.head().is_none());
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload.downcast_ref::<&str>().copied().or(payload.downcast_ref().map(String::as_str)).unwrap()
}

/// Holds a server without a port to what one with a port does.
fn check_server(send: &dyn Fn(&str) -> std::io::Result<String>) {
    let twice = send(&HELLO.repeat(2)).unwrap();
    assert_eq!(twice.matches("hello, one").count(), 2, "{twice}");
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(send(&get("/whoami")).unwrap().ends_with("\r\n\r\nmemory 0"));
    assert!(send(&get("/nowhere")).unwrap().starts_with("HTTP/1.1 404 "));
    assert!(send("GET / HTTP/1.1\r\n\r\n").unwrap().starts_with("HTTP/1.1 400 "));
    assert!(send(ASKS).unwrap().ends_with("\r\n\r\nraw"));
    // Larger than what sockets keep, both ways at once.
    let body = "x".repeat(4 << 20);
    let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    assert!(send(&(head + &body)).unwrap().ends_with(&body));
    let refused = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n";
    assert!(send(&(refused.to_owned() + &body)).unwrap().starts_with("HTTP/1.1 413 "));
}

/// A server that was told to stop refuses, once it has seen to who was let in before.
fn refuses_soon(send: &dyn Fn() -> std::io::Result<String>) {
    let late = Instant::now() + Duration::from_secs(60);
    while send().is_ok() {
        assert!(Instant::now() < late, "it goes on");
    }
}

mod threads {
    use super::*;
    use purlin_std::testing::{Recorder, TestServer};
    use purlin_std::{Error, Mux, Panics, Request, ResponseWriter, Result, Server, streaming};
    use std::io::{Read, Write};

    fn mux() -> Mux {
        let mut mux = Mux::new();
        mux.handle("POST /stream", streaming(stream)).unwrap();
        mux.handle("GET /short", streaming(short)).unwrap();
        mux.handle("GET /elsewhere", streaming(elsewhere)).unwrap();
        mux.handle("GET /upgrade", streaming(upgrade)).unwrap();
        mux.handle("GET /hijack", streaming(hijack)).unwrap();
        mux.handle("GET /hello/{name}", |r: Request| format!("hello, {}", r.param("name")))
            .unwrap();
        mux.handle("POST /echo", |mut r: Request| r.body_mut().bytes()).unwrap();
        mux.handle("GET /panic", |_: Request| -> &str { panic!("as asked for") }).unwrap();
        mux.handle("GET /whoami", |request: Request| {
            let number = request.value::<u8>().copied().unwrap_or(0);
            format!("{} {number}", request.peer().unwrap().remote)
        })
        .unwrap();
        mux
    }

    fn stream(mut request: Request, mut writer: ResponseWriter) -> Result {
        writer.interim(&ResponseHead::new(Status::EARLY_HINTS))?;
        writer.status(Status::ACCEPTED);
        while let Some(piece) = request.body_mut().chunk()? {
            writer.write_bytes(piece)?;
            writer.flush()?;
        }
        *writer.trailers_mut() = request.body().trailers().cloned().unwrap_or_default();
        Ok(())
    }

    fn short(_: Request, mut writer: ResponseWriter) -> Result {
        writer.fields_mut().append("Content-Length", "9")?;
        writer.write_all(b"short")
    }

    fn elsewhere(_: Request, mut writer: ResponseWriter) -> Result {
        std::thread::spawn(move || writer.write_all(b"from elsewhere"));
        Ok(())
    }

    fn upgrade(_: Request, writer: ResponseWriter) -> Result {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "x")?;
        let mut stream = writer.upgrade(head)?;
        stream.write_all(b"raw")?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    }

    fn hijack(_: Request, writer: ResponseWriter) -> Result {
        let mut stream = writer.hijack()?;
        stream.write_all(b"raw")?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    }

    #[test]
    fn answers_are_recorded() {
        let recorder = Recorder::new(mux());
        check(&|request| recorder.record(request));
    }

    #[test]
    fn a_request_is_a_value_too() {
        let mut request = purlin_std::testing::request(post("/a?b", "body").value(7_u8));
        assert_eq!((request.query(), request.value::<u8>()), (Some("b"), Some(&7)));
        assert_eq!(request.body_mut().text().unwrap(), "body");
        assert!(request.body().is_end());
    }

    #[test]
    fn a_server_without_a_port_is_a_whole_one() {
        let server = TestServer::new(mux());
        check_server(&|text| server.send(text));
    }

    #[test]
    fn its_deadlines_pass() {
        let server = TestServer::start(Server::new(mux()).head_timeout(Duration::from_millis(50)));
        let mut stream = server.connect().unwrap();
        stream.write_all(b"GET / HT").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }

    #[test]
    fn it_stops_when_it_is_told_to_and_when_it_is_dropped() {
        let server = TestServer::new(mux());
        let mut stream = server.connect().unwrap();
        stream.write_all(b"GET / HT").unwrap();
        drop(server);
        let mut rest = Vec::new();
        // What it was cut with is the system's affair.
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty());

        let server = TestServer::new(mux());
        assert_eq!(server.handle().shutdown(Duration::from_secs(60)), 0);
        refuses_soon(&|| server.send(HELLO));
    }

    #[test]
    fn a_panic_that_propagates_is_the_tests() {
        let server = TestServer::start(Server::new(mux()).panics(Panics::Propagate));
        // What is left of the connection is not told.
        let _ = server.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
        let panic = catch_unwind(AssertUnwindSafe(|| drop(server))).unwrap_err();
        assert_eq!(message(&*panic), "as asked for");
    }

    #[test]
    fn a_misuse_is_the_handlers() {
        let early = streaming(|_: Request, mut writer: ResponseWriter| {
            let head = ResponseHead::new(Status::OK);
            let refused = writer.interim(&head).unwrap_err();
            assert!(matches!(refused, Error::Misuse(Misuse::WrongStatus)));
        });
        assert_eq!(Recorder::new(early).record(get("/")).status(), Status::OK);
    }
}

mod tasks {
    use super::*;
    use purlin_smol::testing::{Recorder, TestServer};
    use purlin_smol::{Mux, Panics, Request, ResponseWriter, Result, Server, streaming};
    use smol::io::{AsyncReadExt, AsyncWriteExt};

    fn mux() -> Mux {
        let mut mux = Mux::new();
        mux.handle("POST /stream", streaming(stream)).unwrap();
        mux.handle("GET /short", streaming(short)).unwrap();
        mux.handle("GET /elsewhere", streaming(elsewhere)).unwrap();
        mux.handle("GET /upgrade", streaming(upgrade)).unwrap();
        mux.handle("GET /hijack", streaming(hijack)).unwrap();
        mux.handle("GET /hello/{name}", async |r: Request| format!("hello, {}", r.param("name")))
            .unwrap();
        mux.handle("POST /echo", async |mut r: Request| r.body_mut().bytes().await).unwrap();
        mux.handle("GET /panic", async |_: Request| -> &str { panic!("as asked for") }).unwrap();
        mux.handle("GET /whoami", async |request: Request| {
            let number = request.value::<u8>().copied().unwrap_or(0);
            format!("{} {number}", request.peer().unwrap().remote)
        })
        .unwrap();
        mux
    }

    async fn stream(mut request: Request, mut writer: ResponseWriter) -> Result {
        writer.interim(&ResponseHead::new(Status::EARLY_HINTS))?;
        writer.status(Status::ACCEPTED);
        while let Some(piece) = request.body_mut().chunk().await? {
            writer.write_bytes(piece).await?;
            writer.flush().await?;
        }
        *writer.trailers_mut() = request.body().trailers().cloned().unwrap_or_default();
        Ok(())
    }

    async fn short(_: Request, mut writer: ResponseWriter) -> Result {
        writer.fields_mut().append("Content-Length", "9")?;
        writer.write_all(b"short").await
    }

    async fn elsewhere(_: Request, mut writer: ResponseWriter) -> Result {
        smol::spawn(async move { writer.write_all(b"from elsewhere").await }).detach();
        Ok(())
    }

    async fn upgrade(_: Request, writer: ResponseWriter) -> Result {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "x")?;
        let mut stream = writer.upgrade(head)?;
        stream.write_all(b"raw").await?;
        stream.read_to_end(&mut Vec::new()).await?;
        Ok(())
    }

    async fn hijack(_: Request, writer: ResponseWriter) -> Result {
        let mut stream = writer.hijack().await?;
        stream.write_all(b"raw").await?;
        stream.read_to_end(&mut Vec::new()).await?;
        Ok(())
    }

    #[test]
    fn answers_are_recorded() {
        let recorder = Recorder::new(mux());
        check(&|request| smol::block_on(recorder.record(request)));
    }

    #[test]
    fn a_request_is_a_value_too() {
        let mut request = purlin_smol::testing::request(post("/a?b", "body").value(7_u8));
        assert_eq!((request.query(), request.value::<u8>()), (Some("b"), Some(&7)));
        assert_eq!(request.body().remaining(), Some(4));
        assert_eq!(smol::block_on(request.body_mut().text()).unwrap(), "body");
        assert!(request.body().is_end());
    }

    #[test]
    fn a_server_without_a_port_is_a_whole_one() {
        let server = TestServer::new(mux());
        check_server(&|text| smol::block_on(server.send(text)));
    }

    #[test]
    fn its_deadlines_pass() {
        let server = TestServer::start(Server::new(mux()).head_timeout(Duration::from_millis(50)));
        let answer = smol::block_on(async {
            let mut stream = server.connect().unwrap();
            stream.write_all(b"GET / HT").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        });
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }

    #[test]
    fn it_stops_when_it_is_told_to_and_when_it_is_dropped() {
        let server = TestServer::new(mux());
        let mut stream = server.connect().unwrap();
        smol::block_on(stream.write_all(b"GET / HT")).unwrap();
        drop(server);
        let mut rest = Vec::new();
        // What it was cut with is the system's affair.
        let _ = smol::block_on(stream.read_to_end(&mut rest));
        assert!(rest.is_empty());

        let server = TestServer::new(mux());
        assert_eq!(smol::block_on(server.handle().shutdown(Duration::from_secs(60))), 0);
        refuses_soon(&|| smol::block_on(server.send(HELLO)));
    }

    #[test]
    fn a_panic_that_propagates_is_the_tests() {
        let server = TestServer::start(Server::new(mux()).panics(Panics::Propagate));
        // What is left of the connection is not told.
        let _ = smol::block_on(server.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n"));
        let panic = catch_unwind(AssertUnwindSafe(|| drop(server))).unwrap_err();
        assert_eq!(message(&*panic), "as asked for");
    }
}
