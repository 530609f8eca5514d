//! A client's world by hand: what Purlin does where Go does otherwise, and that
//! a world which breaks a rule is found out by the vectors.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use bytes::Bytes;
use purlin_core::policy::pool::PoolConfig;
use purlin_core::{Eof, Method};
use purlin_tests::rng::Rng;
use purlin_tests::vectors::{KINDS, Profile, holds_if_broken};
use purlin_tests::virtual_client::{Broken, Said, Setup, Start, Upload, Way, World};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn cases() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/client/pool.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A world, and how much of what happened in it has been looked at.
struct Play(World, usize);

impl Play {
    fn new(setup: Setup) -> Play {
        Play(World::new(setup), 0)
    }

    fn start(&mut self, method: Method, id: &str, body: Upload) -> &mut Play {
        let url = "http://a.test/".to_owned();
        let start = Start { id: id.to_owned(), method, url, fields: Vec::new(), body };
        self.0.start(start).unwrap();
        self
    }

    fn get(&mut self, id: &str) -> &mut Play {
        self.start(Method::GET, id, Upload::None)
    }

    fn respond(&mut self, id: &str, bytes: &[u8]) -> &mut Play {
        self.0.respond(id, bytes);
        self
    }

    /// What happened since the last look.
    #[track_caller]
    fn expect(&mut self, lines: &[&str]) -> &mut Play {
        let said: Vec<String> = self.0.said()[self.1..].iter().map(ToString::to_string).collect();
        self.1 = self.0.said().len();
        assert_eq!(said, lines);
        self
    }
}

#[test]
fn put_and_delete_are_sent_again_on_a_new_connection() {
    for (method, ways, again) in [
        (Method::PUT, vec![], true),
        (Method::DELETE, vec![], true),
        (Method::POST, vec![], false),
        (Method::PUT, vec![Way::PutOnce], false),
    ] {
        let mut play = Play::new(Setup { ways, ..Setup::default() });
        play.get("g").expect(&["dial 1 a.test:80", "request 1 g GET /"]);
        play.respond("g", OK).expect(&["response g 200"]);
        let request = format!("request 1 p {method} /");
        play.start(method.clone(), "p", Upload::None).expect(&[&request]);
        play.0.server_ends(1, Eof::Clean);
        if again {
            let request = format!("request 2 p {method} /");
            play.expect(&["client_closed 1", "dial 2 a.test:80", &request]);
        } else {
            play.expect(&["client_closed 1", "error p no response"]);
        }
    }
}

#[test]
fn what_no_byte_was_written_of_is_sent_again_from_a_new_connection_too() {
    let setup = Setup { manual_dial: true, ..Setup::default() };
    let mut play = Play::new(setup);
    play.start(Method::POST, "p", Upload::Memory(Bytes::from_static(b"data")));
    play.expect(&["dial 1 a.test:80"]);
    play.0.break_write(1, 0);
    play.0.dialled(1, true);
    play.expect(&["client_closed 1", "dial 2 a.test:80"]);
    play.0.dialled(2, true);
    play.expect(&["request 2 p POST /", "request_body 2 p \"data\""]);
}

#[test]
fn an_answer_before_the_request_is_whole_ends_the_upload() {
    let mut play = Play::new(Setup::default());
    play.start(Method::POST, "p", Upload::Pipe).expect(&["dial 1 a.test:80", "request 1 p POST /"]);
    play.0.feed("p", Bytes::from_static(b"some"));
    play.expect(&[]);
    play.respond("p", OK);
    play.expect(&["response p 200", "request_body 1 p \"some\" cut", "client_closed 1"]);
    assert_eq!(play.0.answered_early(), ["p"]);
    play.get("g").expect(&["dial 2 a.test:80", "request 2 g GET /"]);
}

/// Three connections that are idle.
fn three_kept(setup: Setup) -> Play {
    let mut play = Play::new(setup);
    for id in ["a", "b", "c"] {
        play.get(id);
    }
    for id in ["a", "b", "c"] {
        play.respond(id, OK);
        play.0.sleep(Duration::from_millis(1));
    }
    play.1 = play.0.said().len();
    play
}

#[test]
fn kept_connections_that_have_died_cost_a_request_one_try() {
    let mut play = three_kept(Setup::default());
    play.get("g").expect(&["request 3 g GET /"]);
    play.0.server_ends(3, Eof::Reset);
    let older = ["client_closed 1", "client_closed 2", "client_closed 3"];
    play.expect(&[&older[..], &["dial 4 a.test:80", "request 4 g GET /"]].concat());
    // What came back since then is no older one.
    let mut play = three_kept(Setup::default());
    play.get("g").get("h").expect(&["request 3 g GET /", "request 2 h GET /"]);
    play.respond("h", OK).expect(&["response h 200"]);
    play.0.sleep(Duration::from_millis(1));
    play.0.server_ends(3, Eof::Clean);
    play.respond("g", OK);
    play.get("i");
    assert_eq!(play.0.dials(), 4);
}

#[test]
fn what_cannot_be_sent_again_is_not_sent_where_kept_connections_end_behind_an_answer() {
    let mut play = Play::new(Setup::default());
    let post = |play: &mut Play, id: &str, lines: &[&str]| {
        play.start(Method::POST, id, Upload::None).expect(lines);
    };
    post(&mut play, "a", &["dial 1 a.test:80", "request 1 a POST /"]);
    play.respond("a", OK).expect(&["response a 200"]);
    // Its server has closed it when the next comes.
    post(&mut play, "b", &["request 1 b POST /"]);
    play.0.server_ends(1, Eof::Clean);
    play.expect(&["client_closed 1", "error b no response"]);
    for (id, conn) in [("c", 2), ("d", 3), ("e", 4)] {
        let dial = format!("dial {conn} a.test:80");
        post(&mut play, id, &[&dial, &format!("request {conn} {id} POST /")]);
        play.respond(id, OK).expect(&[&format!("response {id} 200")]);
    }
    // What can be sent again is, and shows by its answer that they are kept.
    play.get("g").expect(&["request 4 g GET /"]);
    play.respond("g", OK).expect(&["response g 200"]);
    post(&mut play, "h", &["request 4 h POST /"]);
    play.respond("h", OK).expect(&["response h 200"]);
    // So does one that is there after a second.
    post(&mut play, "i", &["request 4 i POST /"]);
    play.0.server_ends(4, Eof::Clean);
    let older = ["client_closed 2", "client_closed 3"];
    play.expect(&[&older[..], &["client_closed 4", "error i no response"]].concat());
    for (id, conn) in [("j", 5), ("k", 6)] {
        let dial = format!("dial {conn} a.test:80");
        post(&mut play, id, &[&dial, &format!("request {conn} {id} POST /")]);
        play.respond(id, OK).expect(&[&format!("response {id} 200")]);
    }
    play.0.sleep(Duration::from_secs(1));
    post(&mut play, "l", &["request 5 l POST /"]);
    play.respond("l", OK).expect(&["response l 200"]);
    post(&mut play, "m", &["request 5 m POST /"]);
}

#[test]
fn what_is_left_over_on_a_kept_connection_is_no_answer() {
    for (method, again) in [(Method::GET, true), (Method::POST, false)] {
        let mut play = Play::new(Setup::default());
        play.start(Method::HEAD, "h", Upload::None);
        play.respond("h", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        play.start(method.clone(), "r", Upload::None);
        play.1 = play.0.said().len();
        play.0.send(1, b"hello");
        if again {
            let request = format!("request 2 r {method} /");
            play.expect(&["client_closed 1", "dial 2 a.test:80", &request]);
        } else {
            play.expect(&["client_closed 1", "error r broken"]);
            play.start(Method::GET, "g", Upload::None);
            play.expect(&["dial 2 a.test:80", "request 2 g GET /"]);
        }
        // Behind such an answer none is kept from now on.
        let id = if again { "r" } else { "g" };
        play.respond(id, OK).expect(&[&format!("response {id} 200")]);
        play.start(Method::HEAD, "i", Upload::None).expect(&["request 2 i HEAD /"]);
        play.respond("i", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        play.expect(&["response i 200", "client_closed 2"]);
    }
    // Before a request is sent it costs nothing.
    let mut play = Play::new(Setup::default());
    play.start(Method::HEAD, "h", Upload::None);
    play.respond("h", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    play.1 = play.0.said().len();
    play.0.send(1, b"hello");
    play.expect(&["client_closed 1"]);
    play.start(Method::POST, "p", Upload::None).expect(&["dial 2 a.test:80", "request 2 p POST /"]);
}

#[test]
fn who_waits_has_the_time_that_the_plan_gives() {
    let pool = PoolConfig { max_per_host: Some(1), ..PoolConfig::default() };
    let mut play = Play::new(Setup { pool, ..Setup::default() });
    play.get("a").get("b").expect(&["dial 1 a.test:80", "request 1 a GET /"]);
    play.0.sleep(Duration::from_secs(29));
    play.expect(&[]);
    play.0.sleep(Duration::from_secs(1));
    let late = "error b GET http://a.test/: connect: all connections that there may be were in use for 30s";
    play.expect(&[late]);
    play.respond("a", OK).expect(&["response a 200"]);
}

#[test]
fn a_world_that_breaks_a_rule_is_found_out() {
    let cases = cases();
    for broken in Broken::ALL {
        let fails = |case: &&Value| holds_if_broken(case, *broken).is_err();
        let failed = cases.iter().filter(fails).count();
        // Not because nothing holds in it.
        assert!((3..cases.len() - 20).contains(&failed), "{broken:?}: {failed}");
    }
}

#[test]
fn a_wrong_expectation_is_found_in_every_place() {
    let kind = KINDS.iter().find(|kind| kind.name == "pool").unwrap();
    let name = |case: &&Value| case["in"]["name"] == "max conns: server hangup frees a slot";
    let case = cases().into_iter().find(|case| name(&case)).unwrap();
    kind.check.case(&case, Profile::ALL).unwrap();
    for (place, other) in [
        ("/out/dials", json!(1)),
        ("/out/open_conns", json!([1, 2])),
        ("/out/served/r2", json!([1])),
        ("/out/steps/0/events/0/addr", json!("b:80")),
        ("/out/steps/0/events/1/conn", json!(2)),
        ("/out/steps/0/events/1/id", json!("r2")),
        ("/out/steps/0/events/1/method", json!("HEAD")),
        ("/out/steps/0/events/1/target", json!("/")),
        ("/out/steps/1/step", json!(1)),
        ("/out/steps/1/events", json!([])),
        ("/out/steps/1/events/2/err", json!("reset")),
        ("/out/steps/2/events/0/status", json!(204)),
        ("/in/config/max_conns_per_host", json!(0)),
    ] {
        let mut wrong = case.clone();
        *wrong.pointer_mut(place).unwrap() = other;
        assert!(kind.check.case(&wrong, Profile::ALL).is_err(), "{place}");
    }
}

#[test]
fn no_way_of_gos_excuses_what_it_is_not_about() {
    let kind = KINDS.iter().find(|kind| kind.name == "pool").unwrap();
    for (name, place, other) in [
        ("hangup on reused conn: PUT without body", "/out/steps/3/events/1/err", json!("reset")),
        ("hangup on reused conn: PUT without body", "/out/steps/2/events/0/conn", json!(2)),
        ("no reuse across hosts or ports", "/out/steps/6/events/0/conn", json!(2)),
        ("nothing written on fresh conn", "/out/dials", json!(2)),
        (
            "early response with body, upload still unfinished",
            "/out/steps/2/events/1/body",
            json!("x"),
        ),
        ("early response, upload still unfinished 50ms later", "/out/steps/3/events", json!([])),
        ("early response while the request body is unsent", "/in/ops/0/body", json!("stream")),
    ] {
        let case = cases().iter().find(|case| case["in"]["name"] == name).unwrap().clone();
        kind.check.case(&case, Profile::ALL).unwrap();
        let mut wrong = case;
        *wrong.pointer_mut(place).unwrap() = other;
        assert!(kind.check.case(&wrong, Profile::ALL).is_err(), "{name}: {place}");
    }
}

/// Any operation, on anything.
fn any_operation(world: &mut World, dice: &mut Rng, number: usize) {
    let (id, conn) = (dice.below(number + 1).to_string(), dice.below(world.dials() + 2));
    let answers: [&[u8]; 7] = [
        OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
    ];
    let answer = answers[dice.below(answers.len())];
    match dice.below(24) {
        0..5 => {
            let methods = [Method::GET, Method::POST, Method::PUT, Method::HEAD];
            let data = Bytes::from_static(b"data");
            let body = match dice.below(5) {
                0 => Upload::Memory(data),
                1 => Upload::Once { body: data, known: dice.chance(50) },
                2 => Upload::Pipe,
                _ => Upload::None,
            };
            let mut fields = Vec::new();
            if dice.chance(20) {
                fields.push(("Expect".to_owned(), b"100-continue".to_vec()));
            }
            let url = format!("http://{}/", ["a", "b"][dice.below(2)]);
            let method = methods[dice.below(4)].clone();
            world.start(Start { id: number.to_string(), method, url, fields, body }).unwrap();
        }
        5..10 => world.respond(&id, answer),
        10 => world.send(conn, answer),
        11 => world.server_ends(conn, [Eof::Clean, Eof::Reset][dice.below(2)]),
        12 => world.break_write(conn, dice.below(200)),
        13 | 14 => world.read(&id, None),
        15 => world.read(&id, Some(dice.below(5))),
        16 => world.close_body(&id),
        17 => world.cancel(&id),
        18 => world.close_idle(),
        19 => world.dialled(conn, dice.chance(70)),
        20 => world.feed(&id, Bytes::from_static(b"more")),
        21 => world.feed_end(&id),
        _ => world.sleep(Duration::from_millis(dice.range(1, 400).try_into().unwrap())),
    }
}

#[test]
fn any_script_keeps_the_limits_and_every_request_is_told_one_thing() {
    for seed in 0..2_000 {
        let mut dice = Rng::new(seed);
        let most = dice.range(1, 3);
        let idle_timeout = Duration::from_millis(300);
        let pool = PoolConfig { max_per_host: Some(most), idle_timeout, ..PoolConfig::default() };
        let manual_dial = dice.chance(50);
        let mut world = World::new(Setup { pool, manual_dial, ..Setup::default() });
        for number in 0..60 {
            any_operation(&mut world, &mut dice, number);
            let hosts = |host: &str| {
                let dials = world.said().iter().filter_map(|said| match said {
                    Said::Dial { conn, address } if address == host => Some(*conn),
                    _ => None,
                });
                let open = world.open();
                dials.filter(|conn| open.contains(conn)).count()
            };
            assert!(hosts("a:80") <= most && hosts("b:80") <= most, "seed {seed}");
        }
        let mut told: Vec<&String> = world.said().iter().filter_map(answer_of).collect();
        let count = told.len();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), count, "seed {seed}");
        let malformed = world.said().iter().any(|said| matches!(said, Said::Malformed { .. }));
        assert!(!malformed, "seed {seed}");
    }
}

fn answer_of(said: &Said) -> Option<&String> {
    match said {
        Said::Response { id, .. } | Said::Error { id, .. } => Some(id),
        _ => None,
    }
}
