//! Plays a script in a client's world.

use super::super::json::{fields, flag, items, latin1, text};
use crate::virtual_client::{Broken, Said, Setup, Start, Upload, Way, World};
use bytes::Bytes;
use purlin_core::exchange::{ClientPolicy, PhaseTimeouts, Proxies};
use purlin_core::policy::pool::PoolConfig;
use purlin_core::policy::proxy::Proxy;
use purlin_core::policy::redirect::{Follow, Policy};
use purlin_core::{ClientConfig, ClientTimeouts, Eof, Method, Rate};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What playing a script came to.
#[derive(Debug)]
pub(super) struct Played {
    /// The events of each step, in alphabetical order.
    pub(super) steps: Vec<Vec<String>>,
    pub(super) dials: usize,
    /// Which connections had the head of a request, in order.
    pub(super) served: BTreeMap<String, Vec<usize>>,
    pub(super) open: Vec<usize>,
    /// Who was answered before their request was whole, and on which connection.
    pub(super) early: BTreeMap<String, usize>,
}

pub(super) fn play(given: &Value, ways: &[Way], broken: Option<Broken>) -> Result<Played, String> {
    let mut world = World::new(setup(&given["config"], ways, broken)?);
    let mut steps = Vec::new();
    for (at, op) in items(given, "ops").iter().enumerate() {
        let before = world.said().len();
        step(&mut world, op).map_err(|why| format!("step {at}: {why}"))?;
        let mut lines: Vec<String> = world.said()[before..].iter().map(Said::to_string).collect();
        lines.sort();
        steps.push(lines);
    }
    let mut served: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for said in world.said() {
        if let Said::Request { conn, id, .. } = said {
            served.entry(id.clone()).or_default().push(*conn);
        }
    }
    let last = |id: &String| Some((id.clone(), *served.get(id)?.last()?));
    let early = world.answered_early().iter().filter_map(last).collect();
    let (dials, open) = (world.dials(), world.open());
    Ok(Played { steps, dials, served, open, early })
}

/// Go's limits of 0 are none, but for one; and it has no limits of its own of
/// how long anything may take.
fn setup(config: &Value, ways: &[Way], broken: Option<Broken>) -> Result<Setup, String> {
    let limit = |name: &str| config[name].as_i64().unwrap_or(0);
    let count = |name: &str| usize::try_from(limit(name)).ok().filter(|count| *count > 0);
    let time = |name: &str| u64::try_from(limit(name)).ok().filter(|ms| *ms > 0);
    let time = |name: &str| time(name).map_or(Duration::MAX, Duration::from_millis);
    let per_host = limit("max_idle_conns_per_host");
    let mut pool = PoolConfig {
        max_idle: count("max_idle_conns").unwrap_or(usize::MAX),
        max_idle_per_host: count("max_idle_conns_per_host").unwrap_or(2),
        max_per_host: count("max_conns_per_host"),
        idle_timeout: time("idle_conn_timeout_ms"),
        max_age: None,
        // Less than none at all is kept, not even for who waits.
        keep_alive: !flag(config, "disable_keep_alives") && per_host >= 0,
        ..PoolConfig::default()
    };
    if broken == Some(Broken::NoMaxPerHost) {
        pool.max_per_host = None;
    }
    if broken == Some(Broken::NeverExpires) {
        pool.idle_timeout = Duration::MAX;
    }
    let expect = u64::try_from(limit("expect_continue_timeout_ms")).unwrap_or(0);
    let timeouts = ClientTimeouts {
        first_byte: time("response_header_timeout_ms"),
        head: time("response_header_timeout_ms"),
        body: Rate::UNLIMITED,
        write: Rate::UNLIMITED,
        expect: Duration::from_millis(expect),
        ..ClientTimeouts::default()
    };
    let keep_alive = !flag(config, "disable_keep_alives");
    let machine = ClientConfig { keep_alive, timeouts, ..ClientConfig::default() };
    let never = Duration::MAX;
    let phases = PhaseTimeouts {
        total: None,
        pool: never,
        dns: never,
        connect: never,
        tunnel: never,
        setup: never,
        ..PhaseTimeouts::default()
    };
    let mut policy =
        ClientPolicy { timeouts: phases, attempts: u32::MAX, ..ClientPolicy::default() };
    policy.redirects = Policy { follow: Follow::Never, ..Policy::go() };
    let proxy = text(config, "proxy");
    if !proxy.is_empty() {
        policy.proxies = Proxies::All(Arc::new(Proxy::parse(proxy).map_err(|e| e.to_string())?));
    }
    Ok(Setup {
        policy: Arc::new(policy),
        machine: Arc::new(machine),
        pool,
        manual_dial: flag(config, "manual_dial"),
        ways: ways.to_vec(),
        broken,
    })
}

fn step(world: &mut World, op: &Value) -> Result<(), String> {
    let number = |name: &str| op[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let (id, conn, raw) = (text(op, "id"), number("conn"), latin1(&op["raw"]));
    match text(op, "op") {
        "start" => world.start(start(op)?).map_err(|error| error.to_string())?,
        "respond" => world.respond(id, &raw),
        "send" => world.send(conn, &raw),
        "server_close" => world.server_ends(conn, Eof::Clean),
        "server_reset" => world.server_ends(conn, Eof::Reset),
        "break_write" => world.break_write(conn, number("n")),
        "read_all" => world.read(id, None),
        "read" => world.read(id, Some(number("n"))),
        "close_body" => world.close_body(id),
        "cancel" => world.cancel(id),
        "sleep" => world.sleep(Duration::from_millis(op["ms"].as_u64().unwrap_or(0))),
        "close_idle" => world.close_idle(),
        "dial_ok" => world.dialled(conn, true),
        "dial_fail" => world.dialled(conn, false),
        "feed" => world.feed(id, raw.into()),
        "feed_end" => world.feed_end(id),
        other => return Err(format!("an operation {other:?}")),
    }
    Ok(())
}

fn start(op: &Value) -> Result<Start, String> {
    let data = Bytes::from_static(b"data");
    let body = match op["body"].as_str().unwrap_or("none") {
        "none" | "" => Upload::None,
        "replayable" => Upload::Memory(data),
        "stream" => Upload::Once { body: data, known: false },
        "known_stream" => Upload::Once { body: data, known: true },
        "pipe" => Upload::Pipe,
        other => return Err(format!("a body {other:?}")),
    };
    let mut all = Vec::new();
    for (name, value) in fields(&op["headers"]) {
        all.push((String::from_utf8(name).map_err(|e| e.to_string())?, value));
    }
    if flag(op, "close") {
        all.push(("Connection".to_owned(), b"close".to_vec()));
    }
    let method = Method::from_bytes(text(op, "method").as_bytes()).map_err(|e| e.to_string())?;
    Ok(Start { id: text(op, "id").into(), method, url: text(op, "url").into(), fields: all, body })
}
