//! What stands around handlers, on either adapter.

use crate::kit::LONG;
use crate::kit::peer::Peer;
use crate::on::{Site, purlin};
use purlin::{
    Answer, Error, IntoResponse, Mux, Next, Request, Response, ResponseWriter, Server, SharedMux,
    Status, around, streaming,
};
use std::sync::mpsc;

pub(crate) fn get(site: &Site, path: &str) -> (String, String) {
    let mut peer = site.connect();
    peer.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    (peer.head(), body(peer))
}

fn body(mut peer: Peer) -> String {
    String::from_utf8(peer.rest()).unwrap()
}

#[test]
fn middleware_sees_and_changes_the_response_of_a_value_and_of_no_other() {
    let (tell, told) = mpsc::channel();
    let mut mux = Mux::new();
    mux.wrap(around(handler!(|request: Request, next: Next| {
        let answer = wait!(next.run(request));
        tell.send(answer.response().map(Response::status)).unwrap();
        answer.map(|response| response.with("X-Seen", "1").into_response())
    })));
    mux.handle("/value", handler!(|_: Request| (Status::ACCEPTED, "value"))).unwrap();
    mux.handle("/fails", handler!(|_: Request| Err::<(), _>(Status::NOT_FOUND))).unwrap();
    let written =
        handler!(|_: Request, mut writer: ResponseWriter| { wait!(writer.write_all(b"written")) });
    mux.handle("/written", streaming(written)).unwrap();
    let site = Site::start(Server::new(mux));
    let (head, body) = get(&site, "/value");
    assert!(head.starts_with("HTTP/1.1 202 ") && head.contains("X-Seen: 1\r\n"), "{head}");
    assert_eq!((&*body, told.recv_timeout(LONG).unwrap()), ("value", Some(Status::ACCEPTED)));
    assert!(get(&site, "/fails").0.starts_with("HTTP/1.1 404 "));
    assert_eq!(told.recv_timeout(LONG).unwrap(), Some(Status::NOT_FOUND));
    let (head, body) = get(&site, "/written");
    assert!(!head.contains("X-Seen"), "{head}");
    assert_eq!((&*body, told.recv_timeout(LONG).unwrap()), ("written", None));
}

#[test]
fn middleware_may_answer_by_itself_with_a_value_or_an_error_or_a_writer() {
    let mut mux = Mux::new();
    mux.wrap(around(handler!(|request: Request, next: Next| -> Result<Answer, Error> {
        match request.path() {
            "/value" => Ok(Response::text("by itself").into()),
            "/status" => Ok(Status::FORBIDDEN.into()),
            "/error" => Err(Error::Misuse(purlin::Misuse::WrongStatus)),
            "/writer" => {
                let mut writer = next.exchange().writer();
                wait!(writer.write(b"written"))?;
                Ok(Answer::written())
            }
            _ => Ok(wait!(next.run(request))),
        }
    })));
    mux.handle("/", handler!(|_: Request| "behind")).unwrap();
    let site = Site::start(Server::new(mux));
    assert_eq!(get(&site, "/value").1, "by itself");
    assert!(get(&site, "/status").0.starts_with("HTTP/1.1 403 "));
    assert!(get(&site, "/error").0.starts_with("HTTP/1.1 500 "));
    assert_eq!(get(&site, "/writer").1, "written");
    assert_eq!(get(&site, "/").1, "behind");
}

#[test]
fn what_is_wrapped_first_is_outermost_and_groups_are_inside() {
    let tag = |tag: &'static str| {
        around(handler!(|mut request: Request, next: Next| {
            let before = request.value::<String>().cloned().unwrap_or_default();
            request.add_value(before + tag);
            wait!(next.run(request))
        }))
    };
    let mut mux = Mux::new();
    mux.wrap(tag("a")).wrap(tag("b"));
    let mut group = mux.group("/in");
    group.wrap(tag("c"));
    let tags = handler!(|r: Request| r.value::<String>().cloned().unwrap_or_default());
    group.handle("/x", tags).unwrap();
    let site = Site::start(Server::new(mux));
    assert_eq!(get(&site, "/in/x").1, "abc");
}

#[test]
fn what_wraps_a_mux_sees_every_request_and_what_became_of_it() {
    let (tell, told) = mpsc::channel();
    let mut mux = Mux::new();
    mux.handle("GET /tree/", handler!(|_: Request| "tree")).unwrap();
    mux.wrap(around(handler!(|request: Request, next: Next| {
        let found = request.pattern().map(str::to_owned);
        let refused = request.refusal().is_some();
        let answer = wait!(next.run(request));
        let status = answer.response().map(|response| response.status().code());
        tell.send((found, refused, status)).unwrap();
        answer
    })));
    mux.handle("GET /late", handler!(|_: Request| "late")).unwrap();
    let site = Site::start(Server::new(mux));
    let own = |pattern: &str| Some(pattern.to_owned());
    for (line, expected) in [
        ("GET /tree/", (own("GET /tree/"), false, Some(200))),
        ("GET /late", (own("GET /late"), false, Some(200))),
        ("GET /none", (None, true, Some(404))),
        ("POST /tree/", (None, true, Some(405))),
        ("GET /tree", (None, true, Some(307))),
        ("GET /x/../tree/", (None, true, Some(307))),
    ] {
        let mut peer = site.connect();
        peer.send(&format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        assert!(peer.head().starts_with(&format!("HTTP/1.1 {} ", expected.2.unwrap())), "{line}");
        assert_eq!(told.recv_timeout(LONG).unwrap(), expected, "{line}");
    }
}

#[test]
fn what_wraps_a_mux_sees_what_is_answered_otherwise_and_a_group_sees_its_routes_alone() {
    let tag = |tag: &'static str| {
        around(handler!(|request: Request, next: Next| {
            let answer = wait!(next.run(request));
            answer.map(|response| response.with("X-Seen", tag).into_response())
        }))
    };
    let mux = SharedMux::from({
        let mut mux = Mux::new();
        mux.group("/in").wrap(tag("group")).handle("", handler!(|_: Request| "in")).unwrap();
        mux
    });
    mux.otherwise(handler!(|_: Request| (Status::IM_A_TEAPOT, "otherwise")));
    mux.wrap(tag("mux"));
    let site = Site::start(Server::new(mux));
    let (head, _) = get(&site, "/in");
    assert!(head.contains("X-Seen: group\r\nX-Seen: mux\r\n"), "{head}");
    for path in ["/in/none", "/none"] {
        let (head, body) = get(&site, path);
        assert!(head.starts_with("HTTP/1.1 418 ") && !head.contains("group"), "{head}");
        assert!(head.contains("X-Seen: mux\r\n") && body == "otherwise", "{head}");
    }
}

#[test]
fn middleware_is_told_of_every_answer_however_it_is_written() {
    let (tell, told) = mpsc::channel();
    let mut mux = Mux::new();
    mux.wrap(around(handler!(|request: Request, next: Next| {
        let (head, end) = (tell.clone(), tell.clone());
        next.exchange().on_head(move |given| {
            let kind = given.fields().get("X-Kind").unwrap_or("none");
            head.send(format!("head {} {kind}", given.status().code())).unwrap();
        });
        next.exchange().on_end(move |facts| {
            let status = facts.status.map(Status::code);
            end.send(format!("end {status:?} {}", facts.sent)).unwrap();
        });
        wait!(next.run(request))
    })));
    let value = handler!(|_: Request| Response::text("value").with("X-Kind", "value"));
    mux.handle("/value", value).unwrap();
    let written = handler!(|_: Request, mut writer: ResponseWriter| {
        writer.status(Status::CREATED);
        writer.fields_mut().append("X-Kind", "written").unwrap();
        wait!(writer.write(b"writ"))?;
        wait!(writer.flush())?;
        wait!(writer.write(b"ten"))?;
        Ok::<(), Error>(())
    });
    mux.handle("/written", streaming(written)).unwrap();
    let broken = handler!(|_: Request, mut writer: ResponseWriter| {
        wait!(writer.write(b"half"))?;
        wait!(writer.flush())?;
        writer.abort();
        Ok::<(), Error>(())
    });
    mux.handle("/broken", streaming(broken)).unwrap();
    let site = Site::start(Server::new(mux));
    let next = || told.recv_timeout(LONG).unwrap();
    for (path, head, end) in [
        ("/value", "head 200 value", "end Some(200) 5"),
        ("/written", "head 201 written", "end Some(201) 7"),
        ("/broken", "head 200 none", "end Some(200) 4"),
        ("/none", "head 404 none", "end Some(404) 19"),
    ] {
        let mut peer = site.connect();
        peer.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        peer.rest();
        assert_eq!((&*next(), &*next()), (head, end), "{path}");
    }
    assert!(told.try_recv().is_err(), "each is told once");
}

#[test]
fn who_is_told_of_an_answer_may_panic_and_the_connection_goes_on() {
    let (tell, told) = mpsc::channel();
    let mut mux = Mux::new();
    mux.wrap(around(handler!(|request: Request, next: Next| {
        let tell = tell.clone();
        next.exchange().on_end(|_| panic!("not today"));
        next.exchange().on_end(move |facts| tell.send(facts.sent).unwrap());
        wait!(next.run(request))
    })));
    mux.handle("/", handler!(|_: Request| "hello")).unwrap();
    let site = Site::start(Server::new(mux));
    let mut peer = site.connect();
    for _ in 0..2 {
        peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(peer.response().0, 200);
        assert_eq!(told.recv_timeout(LONG).unwrap(), 5);
    }
}
