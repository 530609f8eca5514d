//! Clients over real sockets, on either adapter: against servers of ours and
//! against ones that misbehave. Asserts what comes of it, not how long it takes.

use crate::kit::stage::{Scene, Stage};
use crate::kit::{LONG, until};
use crate::on::{NAME, ReadExt, Site, WriteExt, dial, pieces, purlin};
use flate2::Compression;
use flate2::write::GzEncoder;
use purlin::client::cookie::Cookie;
use purlin::client::{
    Cause, Client, Connection, Dialer, Error, Leniency, Limits, Rate, Request as Ask, Resolver,
    Settings, redirect,
};
use purlin::{
    BodyLength, Bytes, Fault, Mux, Request, Response, ResponseWriter, Server, Status, streaming,
};
use purlin_core::Phase;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(crate) fn client() -> Client {
    Client::with(Settings::new().no_proxy())
}

/// Sends a request and reads all of the response.
pub(crate) fn ask(client: &Client, request: Ask) -> Result<(u16, String), Error> {
    let mut response = block!(client.send(request))?;
    let text = block!(response.text())?;
    Ok((response.status().code(), text))
}

pub(crate) fn fetch(client: &Client, url: &str) -> Result<(u16, String), Error> {
    ask(client, Ask::get(url))
}

macro_rules! echo {
    () => {
        handler!(|mut request: Request| wait!(request.body_mut().bytes()))
    };
}

fn url_of(site: &Site, path: &str) -> String {
    format!("http://{}{path}", site.address)
}

#[test]
fn requests_of_every_kind_are_answered_on_one_connection() {
    let peers = Arc::new(Mutex::new(HashSet::new()));
    let seen = peers.clone();
    let told = handler!(|mut request: Request| {
        seen.lock().unwrap().insert(format!("{:?}", request.peer()));
        let body = wait!(request.body_mut().text())?;
        let kind = request.field("Content-Type").unwrap_or("-").to_owned();
        let length = request.field("Content-Length").unwrap_or("-").to_owned();
        Ok::<_, purlin::Error>(format!("{} {kind} {length} {body}", request.method()))
    });
    let site = Site::start(Server::new(told));
    let (client, url) = (client(), url_of(&site, "/x"));
    assert_eq!(fetch(&client, &url).unwrap().1, "GET - - ");
    let response = block!(client.head(&url)).unwrap();
    assert_eq!((response.status(), response.length()), (Status::OK, BodyLength::Empty));
    let post = block!(client.post(&url, "text/plain", "abc"));
    assert_eq!(block!(post.unwrap().text()).unwrap(), "POST text/plain 3 abc");
    let form = block!(client.post_form(&url, &[("a", "b c")]));
    let form = block!(form.unwrap().text()).unwrap();
    assert_eq!(form, "POST application/x-www-form-urlencoded 5 a=b+c");
    assert_eq!(ask(&client, Ask::post(&url)).unwrap().1, "POST - 0 ");
    let put = Ask::put(&url).json("{}");
    assert_eq!(ask(&client, put).unwrap().1, "PUT application/json 2 {}");
    let parts = || pieces(["ab", "cd"].map(|part| Ok(Bytes::from(part))));
    let known = Ask::post(&url).stream(parts(), Some(4));
    assert_eq!(ask(&client, known).unwrap().1, "POST - 4 abcd");
    let unknown = Ask::post(&url).stream(parts(), None);
    assert_eq!(ask(&client, unknown).unwrap().1, "POST - - abcd");
    assert_eq!((peers.lock().unwrap().len(), client.idle()), (1, 1));
    client.close_idle();
    assert_eq!(client.idle(), 0);
    fetch(&client, &url).unwrap();
    assert_eq!(peers.lock().unwrap().len(), 2);
}

#[test]
fn a_body_streams_both_ways_however_long_it_is() {
    const LENGTH: usize = 20 << 20;
    let site = Site::start(Server::new(echo!()).body_limit(1 << 30));
    // Larger than what is queued at once, and smaller.
    for size in [1 << 20, 1 << 15] {
        let piece = Bytes::from(vec![b'x'; size]);
        for length in [Some(LENGTH as u64), None] {
            let each = std::iter::repeat_n(piece.clone(), LENGTH / size).map(Ok);
            let request = Ask::post(url_of(&site, "/")).stream(pieces(each), length);
            let mut response = block!(client().send(request)).unwrap();
            assert_eq!(response.status(), Status::OK);
            let mut count = 0;
            while let Some(piece) = block!(response.body_mut().chunk()).unwrap() {
                assert!(piece.iter().all(|byte| *byte == b'x'));
                count += piece.len();
            }
            assert_eq!(count, LENGTH);
        }
    }
}

#[test]
fn a_stream_of_a_wrong_length_or_that_fails_is_an_error() {
    let site = Site::start(Server::new(echo!()));
    let url = url_of(&site, "/");
    let part = || Ok(Bytes::from_static(b"abc"));
    for length in [2, 4] {
        let request = Ask::post(&url).stream(pieces([part()]), Some(length));
        let error = ask(&client(), request).unwrap_err();
        assert!(matches!(error.cause(), Cause::Misuse(_)), "{error}");
        assert_eq!(error.phase(), Some(Phase::Send));
    }
    let failing = pieces([part(), Err(std::io::Error::other("no more paper"))]);
    let error = ask(&client(), Ask::post(&url).stream(failing, None)).unwrap_err();
    assert!(matches!(error.cause(), Cause::Body(_)), "{error}");
    assert!(error.to_string().contains("no more paper"), "{error}");
}

#[test]
fn redirects_are_followed_with_what_may_go_along() {
    let other = Stage::saying(OK);
    let elsewhere = other.url("/elsewhere");
    let mut mux = Mux::new();
    let to =
        move |place: String, status: Status| Response::new(status).with("Location", place).unwrap();
    let away = elsewhere.clone();
    mux.handle("/away", handler!(|_: Request| to(away.clone(), Status::FOUND))).unwrap();
    mux.handle("/keep", handler!(|_: Request| to("/echo".into(), Status::PERMANENT_REDIRECT)))
        .unwrap();
    mux.handle("/loop", handler!(|_: Request| to("/loop".into(), Status::FOUND))).unwrap();
    mux.handle("/bad", handler!(|_: Request| to("ftp://a/".into(), Status::FOUND))).unwrap();
    mux.handle("/echo", echo!()).unwrap();
    let site = Site::start(Server::new(mux));
    let client = client();

    let secret = Ask::get(url_of(&site, "/away")).basic_auth("me", "secret").header("X-Own", "1");
    let response = block!(client.send(secret)).unwrap();
    assert_eq!((response.url().as_str(), response.earlier().len()), (&*elsewhere, 1));
    let heard = other.heard().remove(0);
    assert!(heard.contains("X-Own: 1\r\n") && !heard.contains("Authorization"), "{heard}");
    assert!(heard.contains("Referer: http://"), "{heard}");

    let keep = Ask::post(url_of(&site, "/keep")).body("again");
    assert_eq!(ask(&client, keep).unwrap(), (200, "again".into()));
    let part = || pieces([Ok(Bytes::from_static(b"anew"))]);
    let anew = Ask::post(url_of(&site, "/keep")).replay(part, None);
    assert_eq!(ask(&client, anew).unwrap(), (200, "anew".into()));
    let once = Ask::post(url_of(&site, "/keep")).stream(part(), None);
    assert_eq!(ask(&client, once).unwrap().0, 308, "what cannot be sent again is answered");

    let error = fetch(&client, &url_of(&site, "/loop")).unwrap_err();
    assert!(matches!(error.cause(), Cause::Redirect(redirect::Failure::TooMany(10))), "{error}");
    let error = fetch(&client, &url_of(&site, "/bad")).unwrap_err();
    assert!(error.to_string().contains("ftp"), "{error}");
    let never = redirect::Policy { follow: redirect::Follow::Never, ..Default::default() };
    let never = Client::with(Settings::new().no_proxy().redirects(never));
    assert_eq!(fetch(&never, &url_of(&site, "/loop")).unwrap().0, 302);
}

#[test]
fn cookies_are_kept_if_that_is_wanted() {
    let handler = handler!(|request: Request| {
        let text = request.cookie("n").map_or("none".into(), |cookie| cookie.value);
        Response::text(text).with_cookie(&Cookie::new("n", "1").with_path("/")).unwrap()
    });
    let site = Site::start(Server::new(handler));
    let keeps = Client::with(Settings::new().no_proxy().cookies());
    for (client, second) in [(keeps, "1"), (client(), "none")] {
        assert_eq!(fetch(&client, &url_of(&site, "/")).unwrap().1, "none");
        assert_eq!(fetch(&client, &url_of(&site, "/")).unwrap().1, second);
    }
}

fn gzip(content: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut encoder, content).unwrap();
    encoder.finish().unwrap().into()
}

#[test]
fn gzip_is_undone_where_it_was_asked_for_by_the_client_itself() {
    let content = "text that repeats ".repeat(10_000);
    let coded = gzip(content.as_bytes());
    let sent = coded.clone();
    let site = Site::start(Server::new(handler!(|request: Request| {
        let asked = request.field("Accept-Encoding") == Some("gzip");
        let response = Response::bytes(sent.clone());
        if asked { response.with("Content-Encoding", "gzip").unwrap() } else { response }
    })));
    let url = url_of(&site, "/");
    let client = client();
    let mut response = block!(client.get(&url)).unwrap();
    assert!(response.is_decoded() && response.field("Content-Encoding").is_none());
    assert_eq!(block!(response.text()).unwrap(), content);
    let mut own = block!(client.send(Ask::get(&url).header("Accept-Encoding", "gzip"))).unwrap();
    assert_eq!(block!(own.bytes()).unwrap(), coded, "whoever asks undoes it");
    assert_eq!(client.idle(), 1);

    // Much from little, and a piece at a time.
    let bomb = gzip(&vec![0; 64 << 20]);
    let site = Site::start(Server::new(handler!(|_: Request| {
        Response::bytes(bomb.clone()).with("Content-Encoding", "gzip").unwrap()
    })));
    let mut body = block!(client.get(url_of(&site, "/"))).unwrap().into_body();
    let mut total = 0;
    while let Some(piece) = block!(body.chunk()).unwrap() {
        assert!(piece.len() <= 64 * 1024);
        total += piece.len();
    }
    assert_eq!(total, 64 << 20);

    let cut =
        Stage::saying("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone");
    let error = fetch(&client, &cut.url("/")).unwrap_err();
    assert!(matches!(error.cause(), Cause::Decode(_)), "{error}");
}

#[test]
fn a_host_has_no_more_connections_than_it_may() {
    // Those that carry a request: one that was given up while it was dialled is open
    // for the server until it looks, whatever the client has instead by then.
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (open.clone(), most.clone());
    let stage = Stage::new(move |scene| {
        while scene.hear().is_some() {
            let count = now.fetch_add(1, Ordering::SeqCst) + 1;
            peak.fetch_max(count, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(2));
            now.fetch_sub(1, Ordering::SeqCst);
            scene.say(OK);
        }
    });
    let client = Client::with(Settings::new().no_proxy().max_per_host(2));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(fetch(&client, &stage.url("/")).unwrap(), (200, "ok".into()));
                }
            });
        }
    });
    assert_eq!(stage.heard().len(), 40);
    assert!(most.load(Ordering::SeqCst) <= 2);
    assert!(client.idle() <= 2);
}

#[test]
fn an_unread_body_gives_its_connection_back_if_it_is_short() {
    let short = Stage::saying(OK);
    let long = Stage::new(|scene| {
        scene.hear();
        scene.say("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nbegun");
        scene.wait();
    });
    let client = client();
    drop(block!(client.get(short.url("/"))).unwrap());
    assert_eq!(client.idle(), 1);
    drop(block!(client.get(long.url("/"))).unwrap());
    assert_eq!(client.idle(), 1, "only the short one is kept");
    fetch(&client, &short.url("/")).unwrap();
    assert_eq!(client.idle(), 1);
}

#[test]
fn an_idle_connection_that_ended_is_not_held_for_long() {
    let stage = Stage::new(|scene| {
        scene.hear();
        scene.say(OK);
    });
    let client = client();
    fetch(&client, &stage.url("/")).unwrap();
    until(|| client.idle() == 0);
}

#[test]
fn what_is_left_of_a_redirect_is_waited_for() {
    let stage = Stage::new(|scene| {
        scene.hear();
        scene.say("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 4\r\n\r\nha");
        std::thread::sleep(Duration::from_millis(5));
        scene.say("lf");
        while scene.hear().is_some() && scene.say(OK) {}
    });
    // On a busy machine five milliseconds can be fifty.
    let one = (0..20).any(|_| {
        let client = client();
        let before = stage.heard().len();
        let came = fetch(&client, &stage.url("/"));
        let on_one = came.is_ok_and(|(_, text)| text == "ok") && client.idle() == 1;
        on_one && stage.heard().len() == before + 2
    });
    assert!(one, "the connection is not used again");
}

#[test]
fn a_connection_that_died_is_replaced_for_what_may_be_sent_again() {
    let once = || {
        Stage::new(|scene| {
            if scene.hear().is_some() {
                scene.say(OK);
            }
        })
    };
    for (request, heard) in
        [(|url: &str| Ask::get(url), 2), (|url: &str| Ask::put(url).body("x"), 2)]
            as [(fn(&str) -> Ask, usize); 2]
    {
        let stage = once();
        let client = client();
        for _ in 0..heard {
            assert_eq!(ask(&client, request(&stage.url("/"))).unwrap().1, "ok");
        }
        assert_eq!(stage.heard().len(), heard);
    }
    // One that is cut while the request waits: only what is idempotent is sent again.
    for (method, tries) in [("GET", 3), ("POST", 2)] {
        let stage = Stage::new(|scene| {
            if scene.hear().is_some() && scene.number == 0 && scene.say(OK) {
                scene.hear();
            } else if scene.number > 0 {
                scene.say(OK);
            }
        });
        let client = client();
        fetch(&client, &stage.url("/")).unwrap();
        let method = purlin::Method::from_bytes(method.as_bytes()).unwrap();
        let second = ask(&client, Ask::new(method, stage.url("/")));
        assert_eq!(stage.heard().len(), tries);
        match second {
            Ok((status, _)) => assert_eq!((status, tries), (200, 3)),
            Err(error) => {
                assert_eq!((error.phase(), tries), (Some(Phase::Wait), 2), "{error}");
            }
        }
    }
}

#[test]
fn a_refusal_before_its_time_stops_the_upload() {
    let stage = Stage::new(|scene| {
        scene.hear();
        scene.take(10_000);
        let refusal = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n";
        scene.say(&format!("{refusal}Content-Length: 3\r\n\r\nbig"));
        scene.wait();
    });
    let piece = Bytes::from(vec![0; 100_000]);
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let each = std::iter::repeat_n(piece, 100_000).map(move |piece| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(piece)
    });
    let client = client();
    let request = Ask::post(stage.url("/")).stream(pieces(each), None);
    assert_eq!(ask(&client, request).unwrap(), (413, "big".into()));
    assert!(taken.load(Ordering::Relaxed) < 10_000, "10 GB were not sent");
    assert_eq!(client.idle(), 0, "the connection is not used again");
}

#[test]
fn a_body_waits_for_leave_or_for_a_while() {
    let asked = |scene: &mut Scene| {
        let head = scene.hear().unwrap();
        assert!(head.contains("Expect: 100-continue\r\n"), "{head}");
    };
    let leave = Stage::new(move |scene| {
        asked(scene);
        scene.say("HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(scene.take(4), b"body");
        scene.say(OK);
    });
    let refuses = Stage::new(move |scene| {
        asked(scene);
        scene.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(scene.take(4), b"");
    });
    let silent = Stage::new(move |scene| {
        asked(scene);
        assert_eq!(scene.take(4), b"body");
        scene.say(OK);
    });
    let client = Client::with(Settings::new().no_proxy().expect_timeout(Duration::from_millis(50)));
    for (stage, status) in [(leave, 200), (refuses, 413), (silent, 200)] {
        let request = Ask::post(stage.url("/")).body("body").expect_continue();
        assert_eq!(ask(&client, request).unwrap().0, status);
    }
}

#[test]
fn interim_responses_are_told() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
    let stage = Stage::saying(format!("{hints}HTTP/1.1 102 Processing\r\n\r\n{OK}"));
    let mut response = block!(client().get(stage.url("/"))).unwrap();
    let interims: Vec<u16> = response.interims().iter().map(|head| head.status().code()).collect();
    assert_eq!(interims, [103, 102]);
    assert_eq!(response.interims()[0].fields().get("Link"), Some("</a.css>"));
    assert_eq!(block!(response.text()).unwrap(), "ok");
    let endless = Stage::new(|scene| {
        scene.hear();
        while scene.say("HTTP/1.1 102 Processing\r\n\r\n") {}
    });
    let error = fetch(&client(), &endless.url("/")).unwrap_err();
    assert!(
        matches!(error.cause(), Cause::Peer(peer) if peer.kind == Fault::TooManyInterims),
        "{error}"
    );
}

#[test]
fn an_upgrade_leaves_raw_bytes() {
    let stage = Stage::new(|scene| {
        let head = scene.hear().unwrap();
        let tunnel = head.starts_with("CONNECT far.test:22 HTTP/1.1\r\n");
        let upgrade =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n";
        scene.say(if tunnel { "HTTP/1.1 200 OK\r\n" } else { upgrade });
        scene.say("\r\nfirst,");
        let text = scene.take(5);
        std::io::Write::write_all(&mut scene.stream, &text).unwrap();
        scene.wait();
    });
    let upgrade =
        Ask::get(stage.url("/")).header("Connection", "upgrade").header("Upgrade", "echo");
    let connect = Ask::new(purlin::Method::CONNECT, "http://far.test:22");
    let address = stage.address;
    let dialer = move |_: &str| std::net::TcpStream::connect(address);
    for request in [upgrade, connect] {
        let client = Client::with_dialer(Settings::new().no_proxy(), dial(dialer));
        let response = block!(client.send(request)).unwrap();
        let mut stream = response.upgrade().unwrap();
        block!(stream.write_all(b"hello")).unwrap();
        block!(stream.flush()).unwrap();
        finish!(stream);
        let mut text = String::new();
        block!(stream.read_to_string(&mut text)).unwrap();
        assert_eq!(text, "first,hello");
    }
    assert!(block!(client().get(Stage::saying(OK).url("/"))).unwrap().upgrade().is_none());
}

#[test]
fn a_switch_to_what_nobody_asked_for_is_refused() {
    let tls = "TLS/1.2,TLS/1.1,TLS/1.0";
    for (asked, answered, fault) in [
        ("websocket", "h2c", Some(Fault::UnaskedProtocol)),
        ("websocket, h2c", "h2c, websocket, raw", Some(Fault::UnaskedProtocol)),
        ("", "h2c", Some(Fault::UnaskedUpgrade)),
        ("websocket, h2c", "H2C", None),
        // As cupsd answers.
        (tls, "TLS/1.2,TLS/1.1,TLS/1.0\r\nContent-Length: 0", None),
    ] {
        let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Keep-Alive\r\nUpgrade:";
        let stage = Stage::saying(format!("{head} {answered}\r\n\r\n"));
        let mut request = Ask::get(stage.url("/"));
        if !asked.is_empty() {
            request = request.header("Upgrade", asked);
        }
        let Some(fault) = fault else {
            let response = block!(client().send(request)).unwrap();
            assert!(response.upgrade().is_some(), "{answered}");
            continue;
        };
        let error = block!(client().send(request)).map(|_| ()).unwrap_err();
        assert!(matches!(error.cause(), Cause::Peer(peer) if peer.kind == fault), "{error}");
        assert!(error.to_string().contains("(RFC 9110 §7.8)"), "{error}");
        assert_eq!(stage.heard().len(), 1, "it is not sent again");
    }
}

#[test]
fn one_connection_is_its_owners() {
    let stage = Stage::saying(OK);
    let settings = || Settings::new().no_proxy();
    let mut connection = block!(Connection::connect(stage.url("/"), settings())).unwrap();
    for _ in 0..3 {
        let mut response = block!(connection.send(Ask::get(stage.url("/")))).unwrap();
        assert!(!connection.is_free());
        let busy = block!(connection.send(Ask::get(stage.url("/")))).unwrap_err();
        assert!(matches!(busy.cause(), Cause::Busy), "{busy}");
        assert_eq!(block!(response.text()).unwrap(), "ok");
        assert!(connection.is_free());
    }
    assert_eq!(stage.heard().len(), 3);
    let refused = block!(Connection::connect("http://127.0.0.1:1/", settings())).unwrap_err();
    assert!(refused.is_connect(), "{refused}");
    let last = Stage::saying("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let mut connection = block!(Connection::connect(last.url("/"), settings())).unwrap();
    block!(connection.send(Ask::get(last.url("/")))).unwrap();
    let ended = block!(connection.send(Ask::get(last.url("/")))).unwrap_err();
    assert!(matches!(ended.cause(), Cause::Closed(_)), "{ended}");
    let silent = Stage::new(Scene::wait);
    let url = format!("https://{}/", silent.address);
    let short = settings().timeout(Duration::from_millis(100));
    let silent = block!(Connection::connect(&url, short)).unwrap_err();
    let text = silent.to_string();
    assert!(
        silent.phase() == Some(Phase::Tls) && text.contains("100ms") && text.contains(&url),
        "{text}"
    );
    let stream = std::net::TcpStream::connect(stage.address).unwrap();
    let mut over = block!(Connection::over(stream, "http://any.test/", settings())).unwrap();
    assert_eq!(block!(over.send(Ask::get("http://any.test/x"))).unwrap().status(), Status::OK);
    assert!(stage.heard()[3].contains("Host: any.test\r\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_unix_socket_whose_server_is_busy_is_waited_for() {
    let name = format!("purlin-busy-{}-{}", std::process::id(), NAME);
    let path = std::env::temp_dir().join(name);
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    socket.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    socket.listen(1).unwrap();
    let connect = || purlin_net::client::try_connect_unix(&path).unwrap();
    let waiting: Vec<_> = std::iter::from_fn(connect).collect();

    let short = Settings::new().no_proxy().connect_timeout(Duration::from_millis(50));
    let client = Client::with_dialer(short, Dialer::unix(&path));
    let error = fetch(&client, "http://any.test/").unwrap_err();
    assert!(error.is_timeout(), "{error}");

    let server = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        drop(waiting);
        loop {
            let mut stream = std::net::TcpStream::from(socket.accept().unwrap().0);
            let mut room = [0; 4096];
            if std::io::Read::read(&mut stream, &mut room).is_ok_and(|taken| taken > 0) {
                return std::io::Write::write_all(&mut stream, OK.as_bytes()).unwrap();
            }
        }
    });
    let client = Client::with_dialer(Settings::new().no_proxy(), Dialer::unix(&path));
    assert_eq!(fetch(&client, "http://any.test/").unwrap().1, "ok");
    server.join().unwrap();
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn dialers_and_resolvers_may_be_ones_own() {
    let path = std::env::temp_dir().join(format!("purlin-client-{}-{}", std::process::id(), NAME));
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut room = [0; 4096];
        assert_ne!(std::io::Read::read(&mut stream, &mut room).unwrap(), 0);
        std::io::Write::write_all(&mut stream, OK.as_bytes()).unwrap();
    });
    let unix = Client::with_dialer(Settings::new().no_proxy(), Dialer::unix(&path));
    assert_eq!(fetch(&unix, "http://any.test/").unwrap().1, "ok");
    std::fs::remove_file(&path).unwrap();

    let stage = Stage::saying(OK);
    let port = stage.address.port();
    // Nobody is at the first address, and the second is tried beside it.
    let resolver = Resolver::new(move |host, _| {
        assert_eq!(host, "name.test");
        Ok(vec![([192, 0, 2, 1], 9).into(), ([127, 0, 0, 1], port).into()])
    });
    let client = Client::with(Settings::new().no_proxy().resolver(resolver));
    assert_eq!(fetch(&client, "http://name.test/").unwrap().1, "ok");
    let nobody = Resolver::new(|_, _| Ok(Vec::new()));
    let client = Client::with(Settings::new().no_proxy().resolver(nobody));
    let error = fetch(&client, "http://name.test/").unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Dns));
    assert!(error.to_string().contains("name.test"), "{error}");
}

#[test]
fn each_wait_has_its_end_and_each_error_its_phase() {
    let short = Duration::from_millis(100);
    let silent = || {
        Stage::new(|scene| {
            if scene.hear().is_some() {
                scene.wait();
            }
        })
    };
    let stage = silent();
    let client = Client::with(Settings::new().no_proxy().response_timeout(short));
    let error = fetch(&client, &stage.url("/")).unwrap_err();
    assert!(error.is_timeout() && error.phase() == Some(Phase::Wait), "{error}");
    assert_eq!(stage.heard().len(), 1, "it is not sent a second time");

    let secret = format!("http://user:secret@{}/", stage.address);
    let error = ask(&client, Ask::get(&secret).timeout(short)).unwrap_err();
    assert!(error.is_timeout() && !error.to_string().contains("secret"), "{error}");

    let stalls = Stage::new(|scene| {
        scene.hear();
        scene.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        scene.wait();
    });
    // Long enough to come so far on a busy machine.
    let whole = Duration::from_secs(2);
    let error = ask(&self::client(), Ask::get(stalls.url("/")).timeout(whole)).unwrap_err();
    assert!(error.is_timeout() && error.phase() == Some(Phase::Receive), "{error}");
    assert!(error.to_string().ends_with("; 4 of 10 bytes came"), "{error}");
    let head = Stage::new(|scene| {
        scene.hear();
        scene.say("HTTP/1.1 200 OK\r\nContent-Le");
        scene.wait();
    });
    let error = ask(&client, Ask::get(head.url("/")).timeout(short)).unwrap_err();
    assert!(error.is_timeout(), "{error}");

    let slow = Resolver::new(|_, _| {
        std::thread::sleep(Duration::from_secs(2));
        Ok(Vec::new())
    });
    let slow = Settings::new().no_proxy().dns_timeout(short).resolver(slow);
    let error = fetch(&Client::with(slow), "http://slow.test/").unwrap_err();
    assert!(error.is_timeout() && error.phase() == Some(Phase::Dns), "{error}");

    let turn = Settings::new().no_proxy().max_per_host(1);
    let client = Client::with(turn);
    let held = block!(client.get(stalls.url("/"))).unwrap();
    let waits = ask(&client, Ask::get(stalls.url("/")).timeout(short)).unwrap_err();
    assert!(waits.is_timeout() && waits.phase() == Some(Phase::Connect), "{waits}");
    drop(held);
    assert_eq!(block!(client.get(stalls.url("/"))).unwrap().status(), Status::OK);

    let refused = fetch(&client, "http://127.0.0.1:1/").unwrap_err();
    assert_eq!(refused.phase(), Some(Phase::Connect));
    assert!(refused.to_string().starts_with("GET http://127.0.0.1:1/: connect: "), "{refused}");
}

#[test]
fn a_body_that_comes_slowly_is_given_no_more_time_than_the_whole() {
    // Long enough to begin the body on a busy machine.
    let limit = Duration::from_secs(2);
    let stage = Stage::new(|scene| {
        scene.hear();
        scene.wait();
    });
    let slow = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(10));
        Ok(Bytes::from("x"))
    });
    let request = Ask::post(stage.url("/")).stream(pieces(slow), None).timeout(limit);
    let error = ask(&client(), request).unwrap_err();
    assert!(error.is_timeout() && error.phase() == Some(Phase::Send), "{error}");
}

#[test]
fn what_a_client_sends_with_every_request_is_not_for_others() {
    let other = Stage::saying(OK);
    let away =
        format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", other.url("/"));
    let first = Stage::saying(away);
    let settings = Settings::new().no_proxy();
    let settings = settings.default_header("Authorization", "Bearer secret").unwrap();
    let client = Client::with(settings.default_header("User-Agent", "mine").unwrap());
    fetch(&client, &first.url("/")).unwrap();
    assert!(first.heard()[0].contains("Authorization: Bearer secret\r\n"));
    let (heard, lines) = (&other.heard()[0], |name| other.heard()[0].matches(name).count());
    assert!(!heard.contains("secret"), "{heard}");
    assert_eq!((lines("User-Agent"), heard.contains("User-Agent: mine\r\n")), (1, true));
}

#[test]
fn an_error_says_where_to_look() {
    let stage = Stage::new(|scene| {
        scene.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        scene.wait();
    });
    let url = format!("https://{}/", stage.address);
    let plain = fetch(&client(), &url).unwrap_err().to_string();
    assert!(plain.contains("the server speaks plain HTTP"), "{plain}");
    let settings = Settings::new().proxy("http://127.0.0.1:1/").unwrap();
    let proxy = fetch(&Client::with(settings), "http://a.test/").unwrap_err().to_string();
    assert!(
        proxy.starts_with("GET http://a.test/: connect: proxy http://127.0.0.1:1/: "),
        "{proxy}"
    );

    let settings = Settings::new().no_proxy().max_per_host(1);
    let client = Client::with(settings.turn_timeout(Duration::from_millis(50)));
    let half = Stage::new(|scene| {
        scene.hear();
        scene.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    let mut held = block!(client.get(half.url("/"))).unwrap();
    let turn = fetch(&client, &half.url("/")).unwrap_err();
    assert!(turn.is_timeout() && matches!(turn.cause(), Cause::NoTurn(_)), "{turn}");
    let body = held.body_mut();
    assert_eq!(block!(body.chunk()).unwrap().unwrap(), "half");
    assert!(block!(body.chunk()).is_err());
    let again = block!(body.chunk()).unwrap_err();
    assert!(matches!(again.cause(), Cause::BrokenOff) && !body.is_end(), "{again}");
}

/// A stage that answers every request after a while.
fn slow(wait: Duration) -> Stage {
    Stage::new(move |scene| {
        while scene.hear().is_some() {
            std::thread::sleep(wait);
            scene.say(OK);
        }
    })
}

#[test]
fn a_request_may_have_limits_of_its_own() {
    let short = Duration::from_millis(100);
    let stage = slow(Duration::from_millis(400));
    let own = Ask::get(stage.url("/")).response_timeout(short);
    let error = ask(&client(), own).unwrap_err();
    assert!(error.is_timeout() && error.phase() == Some(Phase::Wait), "{error}");

    let hasty = Client::with(Settings::new().no_proxy().response_timeout(short).max_response(1));
    let patient = Ask::get(stage.url("/")).response_timeout(LONG).max_response(2);
    assert_eq!(ask(&hasty, patient).unwrap(), (200, "ok".into()));
    // They end with it.
    let error = fetch(&hasty, &stage.url("/")).unwrap_err();
    assert!(error.is_timeout(), "{error}");

    let quick = Stage::saying(OK);
    let error = fetch(&hasty, &quick.url("/")).unwrap_err();
    assert!(
        matches!(error.cause(), Cause::Peer(peer) if peer.kind == Fault::BodyTooLarge),
        "{error}"
    );
    let own = Ask::get(quick.url("/")).max_response(1);
    assert!(ask(&client(), own).is_err());
    assert_eq!(fetch(&client(), &quick.url("/")).unwrap().0, 200);
}

#[test]
fn a_limit_holds_however_the_body_is_delimited() {
    let small = |most| Client::with(Settings::new().no_proxy().max_response(most));
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabcde",
        "HTTP/1.0 200 OK\r\n\r\nabcde",
    ] {
        let stage = Stage::new(move |scene| {
            scene.hear();
            scene.say(answer);
        });
        let url = stage.url("/");
        let own = |most| Ask::get(&url).max_response(most);
        for fits in [fetch(&small(5), &url), ask(&small(4), own(5))] {
            assert_eq!(fits.unwrap(), (200, "abcde".into()), "{answer}");
        }
        for over in [fetch(&small(4), &url), ask(&small(5), own(4)), ask(&client(), own(0))] {
            let error = over.unwrap_err();
            let kind =
                matches!(error.cause(), Cause::Peer(peer) if peer.kind == Fault::BodyTooLarge);
            assert!(kind, "{answer} {error}");
        }
    }
    let endless = Stage::new(|scene| {
        scene.hear();
        scene.say("HTTP/1.1 200 OK\r\n\r\n");
        while scene.say("and so on, ") {}
    });
    assert!(fetch(&small(100_000), &endless.url("/")).is_err());
    // What is upgraded is no body.
    let echo = Stage::echo();
    let upgrade = Ask::get(echo.url("/")).header("Upgrade", "echo").max_response(1);
    let mut stream = block!(client().send(upgrade)).unwrap().upgrade().unwrap();
    block!(stream.write_all(b"more than a byte")).unwrap();
    let mut heard = [0; 16];
    block!(stream.read_exact(&mut heard)).unwrap();
    assert_eq!(&heard, b"more than a byte");
}

#[test]
fn what_came_in_place_of_a_response_is_shown() {
    let stage = Stage::saying("ICY 200 OK\r\nicy-name: \u{1b}[31m\r\n\r\n");
    let error = fetch(&client(), &stage.url("/")).unwrap_err();
    assert!(error.to_string().ends_with("; the server sent \"ICY 200 OK\""), "{error}");
    assert_eq!(error.came(), Some("ICY 200 OK"));
    assert!(matches!(error.cause(), Cause::Peer(peer) if peer.kind == Fault::BadStatusLine));

    let error = fetch(&client(), "http://user:secret@a b/").unwrap_err();
    assert!(error.to_string().starts_with("GET http://***@a b/: bad URL: "), "{error}");
}

#[test]
fn what_old_servers_answer_is_read_where_that_is_allowed() {
    let settings = || Settings::new().no_proxy();
    let lenient = Leniency {
        both_lengths: true,
        chunked_http10: true,
        space_before_colon: true,
        bare_lf: true,
        ..Limits::CLIENT.leniency
    };
    let many = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nok", "X: y\r\n".repeat(150));
    let long =
        format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 2\r\n\r\nok", "y".repeat(70_000));
    let chunks = "\r\n2 ;\r\nok\r\n0 \r\n\r\n";
    let hint = format!("HTTP/1.1 103 E\r\nX: {}\r\n\r\n{OK}", "y".repeat(50));
    for (answer, plain, more) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok".to_owned(), true, settings()),
        (format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{chunks}"), true, settings()),
        (
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n{chunks}"
            ),
            false,
            settings().leniency(lenient),
        ),
        (
            format!("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n{chunks}"),
            false,
            settings().leniency(lenient),
        ),
        (
            "HTTP/1.1 200 OK\nX : y\nContent-Length: 2\n\nok".to_owned(),
            false,
            settings().leniency(lenient),
        ),
        (many, false, settings().max_fields(200)),
        (long, false, settings().max_head(100_000)),
        (hint, true, settings().max_interim(100)),
    ] {
        let stage = Stage::saying(answer.as_str());
        let first = answer.lines().next().unwrap();
        assert_eq!(fetch(&client(), &stage.url("/")).is_ok(), plain, "{first}");
        let client = Client::with(more);
        for _ in 0..2 {
            assert_eq!(fetch(&client, &stage.url("/")).unwrap(), (200, "ok".into()), "{first}");
        }
    }
    let hint = format!("HTTP/1.1 103 E\r\nX: {}\r\n\r\n{OK}", "y".repeat(100));
    let stage = Stage::saying(hint);
    assert!(fetch(&Client::with(settings().max_interim(100)), &stage.url("/")).is_err());
}

#[test]
fn a_reader_that_pauses_is_not_taken_for_a_server_that_does() {
    let stage = Stage::new(|scene| {
        scene.hear();
        scene.say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        std::thread::sleep(Duration::from_millis(1300));
        scene.say("half");
        scene.wait();
    });
    let grace = Duration::from_secs(1);
    let rate = Rate { bytes_per_second: 1_000_000, grace, burst: grace };
    let client = Client::with(Settings::new().no_proxy().body_rate(rate));
    let mut body = block!(client.get(stage.url("/"))).unwrap().into_body();
    assert_eq!(block!(body.chunk()).unwrap().unwrap(), "half");
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(block!(body.chunk()).unwrap().unwrap(), "half");
    assert_eq!(block!(body.chunk()).unwrap(), None);
    client.close_idle();

    let mut body = block!(client.get(stage.url("/"))).unwrap().into_body();
    assert_eq!(block!(body.chunk()).unwrap().unwrap(), "half");
    let error = block!(body.chunk()).unwrap_err();
    assert!(error.is_timeout() && error.phase() == Some(Phase::Receive), "{error}");
}

#[test]
fn a_response_that_is_cut_anywhere_is_never_taken_for_whole() {
    let whole = [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
    ];
    for text in whole {
        let at = Arc::new(AtomicUsize::new(0));
        let cut = at.clone();
        let stage = Stage::new(move |scene| {
            scene.hear();
            scene.say(&text[..cut.load(Ordering::SeqCst)]);
        });
        let client = client();
        for end in 0..=text.len() {
            at.store(end, Ordering::SeqCst);
            let before = stage.heard().len();
            let came = fetch(&client, &stage.url("/"));
            assert_eq!(came.is_ok(), end == text.len(), "cut at {end}: {came:?}");
            if let Ok((_, body)) = came {
                assert_eq!(body, "0123456789");
            }
            assert_eq!(stage.heard().len(), before + 1, "a new connection is not tried twice");
        }
    }
}

#[test]
fn garbage_and_excess_are_errors_that_name_the_rule() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    for (said, fault) in [
        ("SSH-2.0-OpenSSH\r\n", Fault::BadVersion),
        ("HTTP/1.1 2000 OK\r\n\r\n", Fault::BadStatusLine),
        ("HTTP/1.1 200 OK\r\nA B: c\r\n\r\n", Fault::BadFieldName),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", Fault::BadContentLength),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Fault::BothLengths,
        ),
        (&*long, Fault::HeadTooLarge),
    ] {
        let stage = Stage::saying(said);
        let error = fetch(&client(), &stage.url("/")).unwrap_err();
        let Cause::Peer(peer) = error.cause() else { panic!("{error}") };
        let version = matches!(peer.kind, Fault::BadStatusLine | Fault::BadVersion);
        assert!(peer.kind == fault || (version && fault == Fault::BadVersion), "{said}: {error}");
        assert_eq!(stage.heard().len(), 1);
    }
    let extra = Stage::saying(format!("{OK}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"));
    let client = client();
    for _ in 0..3 {
        assert_eq!(fetch(&client, &extra.url("/")).unwrap().1, "ok");
        assert_eq!(client.idle(), 0, "what was not asked for ends the connection");
    }
}

#[test]
fn trailers_and_streams_of_a_server_of_ours_arrive() {
    let handler = streaming(handler!(|_: Request, mut writer: ResponseWriter| {
        for n in 0..100 {
            wait!(writer.write(format!("{n},").as_bytes()))?;
        }
        writer.trailers_mut().append("Sum", "4950")?;
        wait!(writer.finish())
    }));
    let site = Site::start(Server::new(handler));
    let mut body = block!(client().get(url_of(&site, "/"))).unwrap().into_body();
    let text = block!(body.text()).unwrap();
    assert_eq!(text.matches(',').count(), 100);
    assert_eq!(body.trailers().and_then(|fields| fields.get("Sum")), Some("4950"));
}

#[test]
fn a_server_that_stops_in_the_middle_is_noticed() {
    let endless = streaming(handler!(|_: Request, mut writer: ResponseWriter| {
        while wait!(writer.write_all(&[b'x'; 1000])).is_ok() {}
        Ok::<_, purlin::Error>(())
    }));
    let site = Site::start(Server::new(endless));
    let mut body = block!(client().get(url_of(&site, "/"))).unwrap().into_body();
    assert!(block!(body.chunk()).unwrap().is_some());
    site.shutdown_within(Duration::from_millis(50));
    let error = loop {
        match block!(body.chunk()) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it never ended"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.phase(), Some(Phase::Receive));
    assert!(block!(body.chunk()).is_err(), "asked again, it has not ended well");
}
