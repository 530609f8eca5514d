//! What a client decides between connections, over real sockets: which proxy is
//! spoken to, what is sent once more, what is the answer.

use crate::kit::stage::Stage;
use crate::on::{NAME, pieces, purlin};
use purlin::client::{Client, Connection, Dialer, Proxies, Request as Ask, Settings, redirect};
use purlin_core::policy::proxy::ProxyEnv;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Settings as they are where the environment names a proxy.
fn behind_a_proxy() -> Settings {
    let env = ProxyEnv::from_values(|name| {
        (name == "HTTP_PROXY").then(|| "http://user:secret@proxy.test:3128".to_owned())
    });
    Settings::new().proxies(Proxies::Env(Arc::new(env)))
}

/// A Unix socket that says what it was asked.
fn unix(name: &str) -> (std::path::PathBuf, mpsc::Receiver<String>) {
    let id = std::process::id();
    let path = std::env::temp_dir().join(format!("purlin-policy-{id}-{NAME}-{name}"));
    let listener = UnixListener::bind(&path).unwrap();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut room = [0; 4096];
            let count = std::io::Read::read(&mut stream, &mut room).unwrap();
            tell.send(String::from_utf8_lossy(&room[..count]).into_owned()).unwrap();
            std::io::Write::write_all(&mut stream, OK.as_bytes()).unwrap();
        }
    });
    (path, told)
}

#[test]
fn the_environments_proxies_are_not_for_a_dialer_of_ones_own() {
    let (path, told) = unix("dialer");
    let client = Client::with_dialer(behind_a_proxy(), Dialer::unix(&path));
    assert_eq!(block!(client.get("http://docker/v1/info")).unwrap().status().code(), 200);
    let asked = told.recv().unwrap();
    assert!(asked.starts_with("GET /v1/info HTTP/1.1\r\n"), "{asked}");
    assert!(!asked.contains("Proxy-Authorization"), "{asked}");

    // One that the settings name is to be reached by it.
    let named = Settings::new().proxy("http://user:secret@proxy.test:3128").unwrap();
    let client = Client::with_dialer(named, Dialer::unix(&path));
    block!(client.get("http://docker/v1/info")).unwrap();
    let asked = told.recv().unwrap();
    assert!(asked.starts_with("GET http://docker/v1/info HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic "), "{asked}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_connection_speaks_to_no_proxy_that_it_does_not_lead_to() {
    let stage = Stage::saying(OK);
    let stream = std::net::TcpStream::connect(stage.address).unwrap();
    let over = Connection::over(stream, "http://any.test/", behind_a_proxy());
    let mut over = block!(over).unwrap();
    block!(over.send(Ask::get("http://any.test/x"))).unwrap();
    let through = Settings::new().proxy(&stage.url("").replace("://", "://user:secret@")).unwrap();
    let mut through = block!(Connection::connect("http://any.test/", through)).unwrap();
    block!(through.send(Ask::get("http://any.test/y"))).unwrap();
    let heard = stage.heard();
    assert!(heard[0].starts_with("GET /x ") && !heard[0].contains("Proxy-Auth"), "{}", heard[0]);
    assert!(heard[1].starts_with("GET http://any.test/y "), "{}", heard[1]);
    assert!(heard[1].contains("Proxy-Authorization: Basic "), "{}", heard[1]);
}

#[test]
fn a_redirect_that_is_not_to_be_followed_is_the_answer() {
    for location in ["myapp://cb?code=1", "mailto:me@a.test", "/100%/x", "http://a:99999/"] {
        let stage = Stage::saying(format!(
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\nbody"
        ));
        let last = |_: &redirect::Hop, _: &[purlin::client::Url]| redirect::Verdict::UseLast;
        for follow in [redirect::Follow::Never, redirect::Follow::Check(Arc::new(last))] {
            let policy = redirect::Policy { follow, ..redirect::Policy::default() };
            let client = Client::with(Settings::new().no_proxy().redirects(policy));
            let mut response = block!(client.get(stage.url("/"))).unwrap();
            assert_eq!(response.status().code(), 302);
            assert_eq!(block!(response.text()).unwrap(), "body", "{location}");
        }
        let single = Connection::connect(stage.url("/"), Settings::new().no_proxy());
        let response = block!(block!(single).unwrap().send(Ask::get(stage.url("/")))).unwrap();
        assert_eq!(response.status().code(), 302, "{location}");
        let followed = block!(Client::with(Settings::new().no_proxy()).get(stage.url("/")));
        assert!(followed.is_err(), "{location}");
    }
}

#[test]
fn a_refused_expectation_is_left_out_once() {
    let stage = Stage::new(|scene| {
        while let Some(head) = scene.hear() {
            if head.contains("Expect: ") {
                scene.say("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
                continue;
            }
            let body = scene.take(4);
            let status = if body == b"body" { "200 OK" } else { "400 Bad Request" };
            scene.say(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    let client = Client::with(Settings::new().no_proxy());
    let post = || Ask::post(stage.url("/up"));
    // A body that can be had once was not read from.
    let once = post().stream(pieces([Ok("body".into())]), Some(4));
    for request in [post().body("body"), once] {
        let request = request.expect_continue();
        let response = block!(client.send(request)).unwrap();
        assert_eq!((response.status().code(), response.earlier().len()), (200, 1));
    }
    let asked: Vec<bool> = stage.heard().iter().map(|head| head.contains("Expect")).collect();
    assert_eq!(asked, [true, false, true, false]);
}

#[test]
fn a_connection_is_not_used_again_behind_what_its_server_says() {
    // On how many connections two requests come, with so much time between them.
    let connections = |said: &str, wait: Duration| {
        let answer = OK.replace("Content-Length", &format!("Keep-Alive: {said}\r\nContent-Length"));
        let stage = Stage::new(move |scene| {
            while scene.hear().is_some() {
                scene.say(&answer.replace("ok", &scene.number.to_string()).replace(": 2", ": 1"));
            }
        });
        let client = Client::with(Settings::new().no_proxy());
        let ask = || block!(block!(client.get(stage.url("/"))).unwrap().text()).unwrap();
        let first = ask();
        std::thread::sleep(wait);
        assert_eq!(first, "0");
        ask()
    };
    let soon = Duration::ZERO;
    assert_eq!(connections("timeout=60, max=100", soon), "0");
    assert_eq!(connections("max=100", soon), "0");
    assert_eq!(connections("timeout=x", soon), "0");
    assert_eq!(connections("timeout=0", soon), "1");
    assert_eq!(connections("max=5, timeout=1", Duration::from_millis(600)), "1");
}
