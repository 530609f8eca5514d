//! A purlin mux inside hyper on real sockets, and inside an axum router.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

#[path = "../../tests/kit/mod.rs"]
mod kit;
mod tower_kit;

use http_body::Body as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use kit::LONG;
use kit::peer::{Guard, Peer};
use purlin_smol::tower::{AnswerBody, HandlerService};
use purlin_smol::{
    Address, Error, Misuse, Request, Response, ResponseHead, ResponseWriter, SendHandler, SendMux,
    Source, Status, Values, streaming,
};
use smol::Async;
use smol_hyper::rt::FuturesIo;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::task::Context;
use tower_kit::{frames, pieces};
use tower_service::Service;

/// Hyper with a handler of ours, in tasks that end with the test's process.
fn serve(handler: impl SendHandler) -> SocketAddr {
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
    let address = listener.get_ref().local_addr().unwrap();
    let service = HandlerService::new(handler);
    smol::spawn(async move {
        loop {
            let (stream, remote) = listener.accept().await.unwrap();
            let local = Address::Tcp(address);
            let peer = purlin_smol::Peer::new(7, Address::Tcp(remote), local);
            let service = service.clone();
            let service = service_fn(move |mut request: http::Request<_>| {
                request.extensions_mut().insert(peer.clone());
                service.clone().call(request)
            });
            let mut hyper = http1::Builder::new();
            let connection =
                hyper.half_close(true).serve_connection(FuturesIo::new(stream), service);
            // What ends it is what a test is about.
            smol::spawn(async { drop(connection.await) }).detach();
        }
    })
    .detach();
    address
}

fn ask(address: SocketAddr, text: &str) -> String {
    let mut peer = Peer::new(address);
    peer.send(text);
    String::from_utf8(peer.rest()).unwrap()
}

fn request(line: &str, rest: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{rest}")
}

fn get(path: &str) -> String {
    request(&format!("GET {path}"), "\r\n")
}

#[test]
fn routes_parameters_and_refusals_are_purlins() {
    let mut mux = SendMux::default();
    mux.handle("GET /hello/{name}", async |r: Request| format!("hello, {}\n", r.param("name")))
        .unwrap();
    mux.handle("POST /items", async |mut r: Request| {
        r.body_mut().text().await.map(|text| (Status::CREATED, text))
    })
    .unwrap();
    let address = serve(mux);
    let answer = ask(address, &get("/hello/go%20pher?x"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("content-length: 15\r\n"));
    assert!(answer.ends_with("\r\n\r\nhello, go pher\n"), "{answer}");
    let answer = ask(address, &request("POST /items", "Content-Length: 3\r\n\r\nabc"));
    assert!(answer.starts_with("HTTP/1.1 201 ") && answer.ends_with("abc"), "{answer}");
    let answer = ask(address, &get("/nowhere"));
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.ends_with("404 page not found\n"));
    let answer = ask(address, &get("/items"));
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: POST\r\n"), "{answer}");
    let answer = ask(address, &request("HEAD /hello/x", "\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.contains("content-length: 9\r\n"), "{answer}");
}

#[test]
fn a_body_is_echoed_while_it_comes_with_its_trailers() {
    let echo = streaming(async |mut request: Request, mut writer: ResponseWriter| {
        writer.fields_mut().append("Trailer", "X-Sum")?;
        while let Some(piece) = request.body_mut().chunk().await? {
            writer.write_bytes(piece).await?;
            writer.flush().await?;
        }
        let trailers = request.body().trailers().cloned().unwrap_or_default();
        *writer.trailers_mut() = trailers;
        Ok::<(), Error>(())
    });
    let mut peer = Peer::new(serve(echo));
    let head = "Transfer-Encoding: chunked\r\nTE: trailers\r\n\r\n";
    peer.send(&request("POST /", &format!("{head}3\r\none\r\n")));
    assert!(peer.head().contains("transfer-encoding: chunked\r\n"));
    assert_eq!(peer.exactly(8), b"3\r\none\r\n");
    peer.send("3\r\ntwo\r\n0\r\nX-Sum: 6\r\n\r\n");
    assert_eq!(peer.exactly(8), b"3\r\ntwo\r\n");
    assert_eq!(peer.rest(), b"0\r\nx-sum: 6\r\n\r\n");
}

#[test]
fn a_large_body_goes_both_ways_whole() {
    let echo = async |mut request: Request| {
        request.body_mut().set_limit(1 << 30);
        Response::stream(Source::from(request.into_body()))
    };
    let mut peer = Peer::new(serve(echo));
    let size: u32 = 8 << 20;
    peer.send(&request("POST /", &format!("Content-Length: {size}\r\n\r\n")));
    let mut twin = peer.twin();
    let body: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
    let sending = std::thread::spawn(move || {
        twin.send_bytes(&body);
        body
    });
    peer.head();
    let mut got = Vec::new();
    loop {
        let line = peer.line();
        let count = usize::from_str_radix(&line, 16).unwrap();
        got.extend(peer.exactly(count));
        assert_eq!(peer.line(), "");
        if count == 0 {
            break;
        }
    }
    assert!(got == sending.join().unwrap());
}

#[test]
fn a_client_that_goes_takes_the_handler_along() {
    let (tell, gone) = sync_channel(2);
    let handler = streaming(move |_: Request, mut writer: ResponseWriter| {
        let guard = Guard(tell.clone());
        async move {
            let _guard = guard;
            writer.write(b"begun").await?;
            writer.flush().await?;
            loop {
                writer.write(&[b'x'; 1024]).await?;
                smol::future::yield_now().await;
            }
            #[expect(unreachable_code, reason = "it says what the result is")]
            Ok::<(), Error>(())
        }
    });
    let mut peer = Peer::new(serve(handler));
    peer.send(&get("/"));
    peer.head();
    drop(peer);
    gone.recv_timeout(LONG).unwrap();
}

#[test]
fn an_answer_that_is_given_up_can_be_told_from_its_end() {
    let (seen, wait) = async_channel::bounded::<()>(1);
    let handler = streaming(move |request: Request, mut writer: ResponseWriter| {
        let wait = wait.clone();
        async move {
            if request.path() == "/late" {
                writer.write(b"some").await?;
                writer.flush().await?;
                let _ = wait.recv().await;
            }
            writer.abort();
            Ok::<(), Error>(())
        }
    });
    let address = serve(handler);
    let mut peer = Peer::new(address);
    peer.send(&get("/late"));
    peer.head();
    assert_eq!(peer.exactly(9), b"4\r\nsome\r\n");
    seen.try_send(()).unwrap();
    assert_eq!(peer.rest(), b"", "no last chunk");
    assert_eq!(ask(address, &get("/")), "", "no answer");
}

#[test]
fn a_panic_is_answered_and_the_connection_goes_on() {
    let handler = async |request: Request| {
        assert_ne!(request.path(), "/panic", "as asked for");
        "fine"
    };
    let mut peer = Peer::new(serve(handler));
    peer.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 500 "));
    peer.send(&get("/"));
    assert!(String::from_utf8(peer.rest()).unwrap().ends_with("\r\n\r\nfine"));
}

#[test]
fn a_request_cut_short_fails_where_it_is_read() {
    let (tell, told) = sync_channel(1);
    let handler = async move |mut request: Request| {
        tell.send(request.body_mut().bytes().await.is_err()).unwrap();
    };
    // The future of a handler for any executor borrows nothing.
    let handler = Arc::new(handler);
    let handler = move |request: Request| {
        let handler = handler.clone();
        async move { handler(request).await }
    };
    let mut peer = Peer::new(serve(handler));
    peer.send(&request("POST /", "Content-Length: 9\r\n\r\nhalf"));
    peer.half_close();
    assert!(told.recv_timeout(LONG).unwrap());
}

#[test]
fn the_peer_and_other_extensions_are_values() {
    let handler = async |request: Request| {
        let peer = request.peer().unwrap();
        format!("{} {}", peer.number, peer.remote.socket_addr().is_some())
    };
    assert!(ask(serve(handler), &get("/")).ends_with("\r\n\r\n7 true"));

    let handler = async |request: Request| {
        let others = request.value::<http::Extensions>().unwrap();
        format!("{} {}", request.value::<u8>().unwrap(), others.get::<u16>().unwrap())
    };
    let mut request = http::Request::new(pieces(&[]));
    request.extensions_mut().insert(Values::default().with(8_u8));
    request.extensions_mut().insert(16_u16);
    let (_, text) = answer(&mut HandlerService::new(handler), request);
    assert_eq!(text, "8 16");
}

#[test]
fn an_upgrade_is_a_misuse() {
    let handler = streaming(async |_: Request, writer: ResponseWriter| {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "x")?;
        match writer.upgrade(head) {
            Err(error @ Error::Misuse(Misuse::NotUpgradable)) => Err::<(), _>(error),
            other => panic!("{other:?}"),
        }
    });
    let asked = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let mut peer = Peer::new(serve(handler));
    peer.send(asked);
    assert!(peer.head().starts_with("HTTP/1.1 500 "));
}

/// What a service answers, taken as fast as it comes.
fn answer<H: SendHandler>(
    service: &mut HandlerService<H>,
    request: http::Request<tower_kit::Frames>,
) -> (u16, String) {
    smol::block_on(async {
        let (parts, mut body) = service.call(request).await.unwrap().into_parts();
        let mut text = Vec::new();
        while let Some(frame) = next(&mut body).await {
            text.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        (parts.status.as_u16(), String::from_utf8(text).unwrap())
    })
}

async fn next(
    body: &mut AnswerBody,
) -> Option<Result<http_body::Frame<purlin_smol::Bytes>, Error>> {
    smol::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx)).await
}

#[test]
fn a_request_that_cannot_be_one_is_refused() {
    let mut service = HandlerService::new(async |_: Request| "never");
    let request = http::Request::get("/\"quoted\"").body(pieces(&[])).unwrap();
    assert_eq!(answer(&mut service, request), (400, String::new()));
}

#[test]
fn a_request_of_http_2_is_routed_by_its_authority_and_path() {
    let mut mux = SendMux::default();
    mux.handle("one.test/hello/{name}", async |r: Request| format!("one {}", r.param("name")))
        .unwrap();
    mux.handle("/", async |r: Request| format!("{} {}", r.version(), r.authority().unwrap()))
        .unwrap();
    let mut service = HandlerService::new(mux);
    let mut ask = |uri: &str, version| {
        let request = http::Request::get(uri).version(version);
        answer(&mut service, request.body(pieces(&[])).unwrap()).1
    };
    for version in [http::Version::HTTP_2, http::Version::HTTP_3] {
        assert_eq!(ask("https://one.test/hello/x", version), "one x");
        assert_eq!(ask("https://two.test/hello/x", version), "HTTP/2.0 two.test");
    }
}

#[test]
fn a_handler_reads_no_faster_than_it_asks() {
    let (give, body) = frames();
    (0..100).for_each(|_| give.data("piece"));
    let (step, steps) = async_channel::unbounded::<()>();
    let mut service = HandlerService::new(move |mut request: Request| {
        let steps = steps.clone();
        async move {
            while steps.recv().await.is_ok() {
                request.body_mut().chunk().await?;
            }
            Ok::<_, Error>("done")
        }
    });
    let mut answering = service.call(http::Request::new(body));
    let mut cx = Context::from_waker(std::task::Waker::noop());
    for read in 0..10 {
        assert!(std::pin::Pin::new(&mut answering).poll(&mut cx).is_pending());
        assert_eq!(give.waiting(), 100 - read);
        step.try_send(()).unwrap();
    }
    drop(step);
    let response = smol::block_on(answering).unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(4));
}

#[test]
fn a_handler_writes_no_faster_than_its_answer_is_taken() {
    let written = Arc::new(Mutex::new(0));
    let count = written.clone();
    let mut service =
        HandlerService::new(streaming(move |_: Request, mut writer: ResponseWriter| {
            let count = count.clone();
            async move {
                for _ in 0..1000 {
                    writer.write(&[b'x'; 10_000]).await?;
                    *count.lock().unwrap() += 10_000;
                }
                Ok::<(), Error>(())
            }
        }));
    let answering = service.call(http::Request::new(pieces(&[])));
    let mut body = smol::block_on(answering).unwrap().into_body();
    let mut taken = 0;
    while let Some(frame) = smol::block_on(next(&mut body)) {
        assert!(*written.lock().unwrap() <= taken + 1_000_000, "it runs ahead");
        taken += frame.unwrap().into_data().unwrap().len();
    }
    assert_eq!(taken, 10_000_000);
}

#[test]
fn a_mux_is_the_fallback_of_an_axum_router() {
    let mut mux = SendMux::default();
    mux.handle("/purlin/{x}", async |r: Request| format!("purlin {}", r.param("x"))).unwrap();
    let router: axum::Router = axum::Router::new()
        .route("/axum", axum::routing::get("axum"))
        .fallback_service(HandlerService::new(mux));
    // And all of it is served by purlin again.
    let address = serve(purlin_smol::tower::ServiceHandler::new(router));
    assert!(ask(address, &get("/axum")).ends_with("\r\n\r\naxum"));
    assert!(ask(address, &get("/purlin/y")).ends_with("\r\n\r\npurlin y"));
    assert!(ask(address, &get("/else")).starts_with("HTTP/1.1 404 "));
}
