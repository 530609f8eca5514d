//! purlin-std's client, end to end: real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/client.rs"]
mod both;

use kit::stage::Stage;
use purlin_std::client::{Client, Request, Settings};
use purlin_std::{Bytes, Source};
use std::sync::{Mutex, mpsc};

#[test]
fn a_body_may_wait_for_what_the_server_makes_of_the_head() {
    let (tells, told) = mpsc::channel();
    let tells = Mutex::new(tells);
    let stage = Stage::new(move |scene| {
        scene.hear();
        tells.lock().unwrap().send(()).unwrap();
        assert_eq!(scene.take(15), b"5\r\nheard\r\n0\r\n\r\n");
        scene.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        scene.wait();
    });
    let body = std::iter::once_with(move || {
        told.recv_timeout(kit::LONG).unwrap();
        Ok(Bytes::from("heard"))
    });
    let client = Client::with(Settings::new().no_proxy());
    let request = Request::post(stage.url("/")).stream(Source::pieces(body), None);
    assert_eq!(client.send(request).unwrap().text().unwrap(), "ok");
}
