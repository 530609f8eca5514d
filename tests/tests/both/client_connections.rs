//! A client's connections over real sockets, on either adapter: kept ones that have
//! ended, names and proxies on the way to new ones, and what becomes of a request meanwhile.

use super::both::{OK, ask, client, fetch};
use crate::kit::stage::Stage;
use crate::kit::until;
use crate::on::{dial, pieces, purlin};
use purlin::client::{Cause, Client, Connection, Request as Ask, Resolver, Settings};
use purlin::{Bytes, Fault};
use purlin_core::Phase;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn kept_connections_that_have_died_cost_one_try_however_many_they_are() {
    let gate = Arc::new(std::sync::Barrier::new(4));
    let waits = gate.clone();
    let stage = Stage::new(move |scene| {
        scene.hear();
        if scene.number < 4 {
            waits.wait();
        }
        scene.say(OK);
        scene.hear();
    });
    let (client, url) = (client(), stage.url("/"));
    let four: Vec<_> = (0..4)
        .map(|_| {
            let (client, url) = (client.clone(), url.clone());
            std::thread::spawn(move || fetch(&client, &url).unwrap())
        })
        .collect();
    four.into_iter().for_each(|one| drop(one.join().unwrap()));
    assert_eq!(client.idle(), 4);
    assert_eq!(fetch(&client, &url).unwrap().1, "ok");
    assert_eq!(stage.heard().len(), 6, "one was lost with the connection that was used last");
    assert_eq!(client.idle(), 1);
}

#[test]
fn what_an_answer_left_behind_is_not_taken_for_the_next() {
    for left in ["hello", "\r\n", "<p>HTTP/1.1 is no body</p>\r\n\r\n"] {
        let stage = Stage::new(move |scene| {
            let mut leaves = false;
            while let Some(head) = scene.hear() {
                if leaves {
                    // Late enough to come behind the next request.
                    scene.say(left);
                }
                leaves = head.starts_with("HEAD");
                scene.say(if leaves { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" } else { OK });
            }
        });
        let (client, url) = (client(), stage.url("/"));
        for _ in 0..3 {
            block!(client.head(&url)).unwrap();
            assert_eq!(fetch(&client, &url).unwrap().1, "ok", "{left:?}");
            client.close_idle();
        }
        // Later than anybody waits for it: that costs one request that cannot be sent again.
        let (client, post) = (self::client(), || Ask::post(&url));
        block!(client.head(&url)).unwrap();
        let error = ask(&client, post()).unwrap_err();
        let Cause::Peer(peer) = error.cause() else { panic!("{error}") };
        assert_eq!(peer.kind, Fault::UnaskedBytes, "{left:?}");
        for _ in 0..10 {
            block!(client.head(&url)).unwrap();
            assert_eq!(client.idle(), 0, "none is kept that would have it");
            assert_eq!(ask(&client, post()).unwrap().1, "ok", "{left:?}");
        }
    }
}

#[test]
fn a_body_that_a_server_leaves_behind_its_answers_costs_one_request_at_the_most() {
    for (ask_first, answer) in [
        (Ask::head as fn(String) -> Ask, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (Ask::delete, "HTTP/1.1 204 No Content\r\n\r\n"),
        (Ask::get, "HTTP/1.1 304 Not Modified\r\n\r\n"),
    ] {
        let stage = Stage::new(move |scene| {
            while let Some(head) = scene.hear() {
                if head.starts_with("POST") {
                    scene.say(OK);
                } else {
                    scene.say(answer);
                    std::thread::sleep(Duration::from_millis(1));
                    scene.say("hello");
                }
            }
        });
        let url = stage.url("/");
        let mut lost = 0;
        for _ in 0..20 {
            let client = client();
            let post = || {
                ask(&client, ask_first(url.clone())).unwrap();
                ask(&client, Ask::post(&url)).is_err()
            };
            lost += usize::from(post());
            assert!(!post() && !post(), "it was seen what this server does");
        }
        // Each would be, were it not waited for what comes.
        assert!(lost < 10, "{lost} of 20 were lost");
    }
}

#[test]
fn what_is_idle_for_too_long_is_closed_however_long_nothing_was() {
    let stage = Stage::saying(OK);
    let limit = Duration::from_millis(300);
    let client = Client::with(Settings::new().no_proxy().idle_timeout(limit));
    for _ in 0..3 {
        fetch(&client, &stage.url("/")).unwrap();
        let begun = Instant::now();
        until(|| client.idle() == 0);
        // Far from the limit, and from the half minute that nobody may look for.
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

#[test]
fn one_connection_says_what_became_of_its_request() {
    for (request, method) in [(Ask::get as fn(String) -> Ask, "GET"), (Ask::post, "POST")] {
        let stage = Stage::new(|scene| drop(scene.hear()));
        let url = stage.url("/");
        let mut connection = block!(Connection::connect(&url, Settings::new().no_proxy())).unwrap();
        let error = block!(connection.send(request(url.clone()))).unwrap_err();
        let Cause::Peer(peer) = error.cause() else { panic!("{method}: {error}") };
        assert_eq!(peer.kind, Fault::NoResponse, "{method}");
        let after = block!(connection.send(request(url))).unwrap_err();
        assert!(matches!(after.cause(), Cause::Closed(_)), "{method}: {after}");
    }
}

#[test]
fn a_body_nobody_read_from_is_there_for_the_next_try() {
    let stage = Stage::new(|scene| {
        let head = scene.hear();
        if scene.number == 0 {
            scene.say(OK);
            scene.hear();
            return;
        }
        assert!(head.unwrap().starts_with("PUT "));
        scene.say("HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(scene.take(4), b"body");
        scene.say(OK);
        scene.wait();
    });
    let (client, url) = (client(), stage.url("/"));
    fetch(&client, &url).unwrap();
    let body = pieces([Ok(Bytes::from("body"))]);
    let put = Ask::put(&url).expect_continue().stream(body, Some(4));
    assert_eq!(ask(&client, put).unwrap().0, 200);
}

#[test]
fn a_resolver_or_a_dialer_that_panics_is_called_that() {
    let settings = || Settings::new().no_proxy();
    let resolver = Resolver::new(|_, _| panic!("no map"));
    let error = fetch(&Client::with(settings().resolver(resolver)), "http://a.test/").unwrap_err();
    assert_eq!((error.phase(), error.is_timeout()), (Some(Phase::Dns), false), "{error}");
    assert!(error.to_string().ends_with("the resolver panicked: no map"), "{error}");
    let dialer = dial(|host| panic!("no way to {host}"));
    let error = fetch(&Client::with_dialer(settings(), dialer), "http://a.test/").unwrap_err();
    assert_eq!((error.phase(), error.is_timeout()), (Some(Phase::Connect), false), "{error}");
    assert!(error.to_string().ends_with("the dialer panicked: no way to a.test"), "{error}");
}

#[test]
fn a_name_that_hangs_holds_up_no_other_and_no_connection_that_comes_back() {
    let stage = Stage::saying(OK);
    let port = stage.address.port();
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let looks = AtomicUsize::new(0);
    let resolver = Resolver::new(move |host, _| {
        let second = host == "twice.test" && looks.fetch_add(1, Ordering::SeqCst) == 1;
        if second || host.starts_with("hangs") {
            // Until the test is over.
            let _ = gate.lock().unwrap().recv();
        }
        Ok(vec![([127, 0, 0, 1], port).into()])
    });
    let client = Client::with(settings_of(resolver));
    let first = block!(client.get("http://twice.test/")).unwrap();
    let second = {
        let client = client.clone();
        std::thread::spawn(move || fetch(&client, "http://twice.test/").unwrap().1)
    };
    for number in 0..100 {
        let short = Duration::from_millis(1);
        let hangs = Ask::get(format!("http://hangs-{number}.test/")).timeout(short);
        assert!(ask(&client, hangs).unwrap_err().is_timeout());
    }
    assert_eq!(fetch(&client, "http://healthy.test/").unwrap().1, "ok");
    // The one connection there is to this name comes back, and its look-up still hangs.
    let mut first = first;
    assert_eq!(block!(first.text()).unwrap(), "ok");
    assert_eq!(second.join().unwrap(), "ok");
    drop(open);
}

#[test]
fn a_proxy_that_makes_no_tunnel_is_named_with_its_own_words_and_has_its_own_time() {
    let short = Duration::from_millis(100);
    let refuses = Stage::new(|scene| {
        scene.hear();
        // It dials the far end meanwhile, for longer than TLS may take.
        std::thread::sleep(Duration::from_millis(300));
        scene.say("HTTP/1.0 502 CONNECT error: Connection refused\r\nX-Why: dns\r\n\r\n");
        scene.wait();
    });
    let silent = Stage::new(|scene| drop(scene.hear()));
    let rests = Stage::new(|scene| {
        scene.hear();
        scene.wait();
    });
    let through = |stage: &Stage| {
        let settings = Settings::new().proxy(&stage.url("")).unwrap();
        settings.setup_timeout(short)
    };
    let far = "https://a.test/";
    let error = fetch(&Client::with(through(&refuses)), far).unwrap_err();
    let text = error.to_string();
    let named = format!("GET {far}: tunnel: the proxy {} ", refuses.url(""));
    assert_eq!(text, format!("{named}answers 502 CONNECT error: Connection refused"));
    let Cause::Tunnel(trouble) = error.cause() else { panic!("{error}") };
    assert_eq!(trouble.head().unwrap().fields().get("X-Why"), Some("dns"));
    assert_eq!((error.phase(), error.is_connect()), (Some(Phase::Tunnel), true));

    let single = block!(Connection::connect(far, through(&silent))).err().unwrap();
    let pooled = fetch(&Client::with(through(&silent)), far).unwrap_err();
    for error in [single, pooled] {
        let text = format!("tunnel: the proxy {} closed without an answer", silent.url(""));
        assert!(error.to_string().ends_with(&text), "{error}");
    }
    let forwarded = fetch(&Client::with(through(&silent)), "http://a.test/").unwrap_err();
    assert!(forwarded.to_string().contains(&format!("proxy {}: ", silent.url(""))), "{forwarded}");

    let late = || through(&rests).tunnel_timeout(short);
    let single = block!(Connection::connect(far, late())).err().unwrap();
    let pooled = fetch(&Client::with(late()), far).unwrap_err();
    let socks = rests.url("").replace("http", "socks5");
    let socks = late().proxy(&socks).unwrap();
    let socks = fetch(&Client::with(socks), "http://a.test/").unwrap_err();
    for error in [single, pooled, socks] {
        assert!(error.is_timeout() && error.phase() == Some(Phase::Tunnel), "{error}");
        let text = error.to_string();
        assert!(text.contains("proxy ") && text.contains("100ms"), "{text}");
    }
}

fn settings_of(resolver: Resolver) -> Settings {
    Settings::new().no_proxy().resolver(resolver)
}
