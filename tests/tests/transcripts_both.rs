//! Runs `tests/transcripts/both/*.txt`: what the applications of both sides do and are told, the
//! same over HTTP/1 and over HTTP/2. What is on the wire our own machines say.
//!
//! | line | means |
//! |---|---|
//! | `# text` | a remark |
//! | `C command`, `S command` | a client's or a server's command; what it gives stands behind ` -> ` unless it is `ok` |
//! | `C! event`, `S! event` | the next event of that side; before every other line none may be left |
//! | `@ 5s` | time passes (`ms`, `s`), and both machines tick |
//! | `1\| line`, `2\| line` | a line of one protocol alone, which has a remark above that says why |
//!
//! Commands: `request METHOD TARGET [Name: value;...] [empty|full TEXT|length N|stream]`,
//! `respond N STATUS [Name: value;...] [body]`, `interim N STATUS`, `send N TEXT`,
//! `finish N [Name: value]`, `recv N`, `discard N`, `reset N`, `limit N BYTES`, `shutdown`.
//! Exchanges have the number in which they began.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use purlin_core::config::Protocols;
use purlin_core::{
    Body, ClientConfig, ClientMachine, Close, Eof, Event, Fields, Id, Machine, Method, Misuse,
    Mono, Now, Recv, RequestHead, ResponseHead, ServerConfig, ServerMachine, Status, client,
    server,
};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Both sides, and what is between them.
struct Player {
    http2: bool,
    client: client::Connection,
    server: server::Connection,
    /// Each was told that the other has ended.
    told: [bool; 2],
    requests: u64,
    now: Now,
}

type Told = Result<(), String>;

impl Player {
    fn new(http2: bool) -> Player {
        let protocols = if http2 { Protocols::Http2 } else { Protocols::Http1 };
        let now = Now::at(Mono::from_secs(1), 784_111_777);
        let server = ServerConfig { protocols, ..ServerConfig::default() };
        let client = ClientConfig { protocols, ..ClientConfig::default() };
        let mut player = Player {
            http2,
            client: client::Connection::new(Arc::new(client), now),
            server: server::Connection::new(Arc::new(server), now),
            told: [false; 2],
            requests: 0,
            now,
        };
        player.carry();
        player
    }

    /// The id of an exchange: the numbers of streams are odd.
    fn id(&self, number: &str) -> Option<Id> {
        let number: Id = number.parse().ok()?;
        Some(if self.http2 { 2 * number - 1 } else { number })
    }

    fn number(&self, id: Id) -> Id {
        if self.http2 { id.div_ceil(2) } else { id }
    }

    /// Moves what is to be moved, and says who has ended.
    fn carry(&mut self) {
        loop {
            let mut bytes = Vec::new();
            self.client.transmit(&mut bytes, 100_000, self.now);
            let mut moved = !bytes.is_empty();
            self.server.receive(&bytes, self.now);
            bytes.clear();
            self.server.transmit(&mut bytes, 100_000, self.now);
            moved |= !bytes.is_empty();
            self.client.receive(&bytes, self.now);
            let client = self.client.want().close;
            if client.is_some() && !std::mem::replace(&mut self.told[1], true) {
                self.server.eof(end_of(client), self.now);
                moved = true;
            }
            let server = self.server.want().close;
            if server.is_some() && !std::mem::replace(&mut self.told[0], true) {
                self.client.eof(end_of(server), self.now);
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }

    fn play(&mut self, line: &str) -> Told {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            "#" => return Ok(()),
            "C!" | "S!" => return self.event(mark == "C!", rest),
            _ => {}
        }
        self.no_event()?;
        if mark == "@" {
            return self.wait(rest);
        }
        let (command, expected) = rest.split_once(" -> ").unwrap_or((rest, "ok"));
        let got = match mark {
            "C" => self.ask(command),
            "S" => self.answer(command),
            _ => None,
        };
        self.carry();
        same(&got.ok_or("is no line of a transcript")?, expected)
    }

    fn poll(&mut self, client: bool) -> Option<Event> {
        let event = if client {
            self.client.poll_event(self.now)
        } else {
            self.server.poll_event(self.now)
        };
        self.carry();
        event
    }

    fn no_event(&mut self) -> Told {
        for (client, mark) in [(true, "C!"), (false, "S!")] {
            if let Some(event) = self.poll(client) {
                return Err(format!("comes before: {mark} {}", self.describe(&event)));
            }
        }
        Ok(())
    }

    fn event(&mut self, client: bool, expected: &str) -> Told {
        let event = self.poll(client).ok_or("no event is there")?;
        same(&self.describe(&event), expected)
    }

    fn wait(&mut self, text: &str) -> Told {
        let millis = text.strip_suffix("ms").map(|number| (number, 1));
        let seconds = || text.strip_suffix('s').map(|number| (number, 1000));
        let (number, unit) = millis.or_else(seconds).ok_or("is no time")?;
        let number: u64 = number.parse().map_err(|_| "is no time")?;
        self.now = self.now.later(Duration::from_millis(number * unit));
        self.client.tick(self.now);
        self.server.tick(self.now);
        self.carry();
        Ok(())
    }

    fn ask(&mut self, command: &str) -> Option<String> {
        let Some(rest) = command.strip_prefix("request ") else {
            let (http2, now) = (self.http2, self.now);
            return both(&mut self.client, command, http2, now);
        };
        let (method, rest) = rest.split_once(' ')?;
        let (target, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut head =
            RequestHead::new(Method::from_bytes(method.as_bytes()).ok()?, target).ok()?;
        head.fields_mut().append("Host", "a").ok()?;
        let (list, rest) = listed(rest)?;
        for field in list.iter() {
            head.fields_mut().append(field.name, field.text()?).ok()?;
        }
        let taken = self.client.request(&head, body(rest)?, self.now);
        self.requests += u64::from(taken.is_ok());
        Some(taken.map_or_else(|misuse| format!("{misuse:?}"), |_| "ok".to_owned()))
    }

    fn answer(&mut self, command: &str) -> Option<String> {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let result = match name {
            "respond" | "interim" => {
                let id = self.id(number)?;
                let (status, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let mut head = ResponseHead::new(Status::from_code(status.parse().ok()?)?);
                let (list, rest) = listed(rest)?;
                *head.fields_mut() = list;
                match name {
                    "interim" => self.server.interim(id, &head, self.now),
                    _ => self.server.respond(id, &head, body(rest)?, self.now),
                }
            }
            _ => {
                let (http2, now) = (self.http2, self.now);
                return both(&mut self.server, command, http2, now);
            }
        };
        Some(said(result))
    }

    fn describe(&self, event: &Event) -> String {
        let number = |id: &Id| self.number(*id);
        match event {
            Event::Request { id, head, body, expects_continue } => {
                let expects = if *expects_continue { ", expects 100" } else { "" };
                let head = format!("{} {}{}", head.method(), head.target(), shown(head.fields()));
                format!("request {}: {head} {body:?}{expects}", number(id))
            }
            Event::Response { id, head, body } => {
                let head = format!("{}{}", head.status().code(), shown(head.fields()));
                format!("response {}: {head} {body:?}", number(id))
            }
            Event::Interim { id, head } => {
                format!("interim {}: {}{}", number(id), head.status().code(), shown(head.fields()))
            }
            Event::Failed { id, error } => {
                let id = id.map_or("all".to_owned(), |id| number(&id).to_string());
                format!("failed {id}: {:?} {:?}", error.kind, error.retry)
            }
            Event::Closed(reason) => format!("closed {reason:?}"),
            Event::Readable { id } => format!("readable {}", number(id)),
            Event::Writable { id } => format!("writable {}", number(id)),
            Event::Upgraded { id } => format!("upgraded {}", number(id)),
            Event::Reset { id, .. } => format!("reset {}", number(id)),
            Event::InputClosed => "input closed".to_owned(),
            Event::GoAway => "goaway".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

/// How the other side sees a socket end.
fn end_of(close: Option<Close>) -> Eof {
    if close == Some(Close::Abort) { Eof::Reset } else { Eof::Clean }
}

/// A command that both sides have.
fn both(machine: &mut impl Machine, command: &str, http2: bool, now: Now) -> Option<String> {
    let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
    if name == "shutdown" {
        machine.shutdown(now);
        return Some("ok".to_owned());
    }
    let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let number: Id = number.parse().ok()?;
    let id = if http2 { 2 * number - 1 } else { number };
    Some(said(match name {
        "recv" => {
            return Some(match machine.recv(id, now) {
                Recv::Data(data) => format!("data {}", data.escape_ascii()),
                Recv::End(None) => "end".to_owned(),
                Recv::End(Some(trailers)) => format!("end{}", shown(&trailers)),
                Recv::Pending => "pending".to_owned(),
                Recv::Failed(error) => format!("failed {:?}", error.kind),
            });
        }
        "send" => machine.send(id, &mut Bytes::from(rest.to_owned()), now),
        "finish" => {
            let trailers = if rest.is_empty() { None } else { Some(listed(rest)?.0) };
            machine.finish(id, trailers.as_ref(), now)
        }
        "discard" => machine.discard(id, now),
        "reset" => machine.reset(id, now),
        "limit" => machine.limit_body(id, rest.parse().ok()?),
        _ => return None,
    }))
}

fn said(result: Result<(), Misuse>) -> String {
    result.map_or_else(|misuse| format!("{misuse:?}"), |()| "ok".to_owned())
}

/// `[Name: value;...]`, and what follows.
fn listed(text: &str) -> Option<(Fields, &str)> {
    let mut fields = Fields::new();
    let Some((list, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return Some((fields, text));
    };
    for line in list.split(';') {
        let (name, value) = line.split_once(':')?;
        fields.append(name.trim(), value.trim()).ok()?;
    }
    Some((fields, rest.trim_start()))
}

fn body(text: &str) -> Option<Body> {
    let (kind, argument) = text.split_once(' ').unwrap_or((text, ""));
    Some(match kind {
        "" | "empty" => Body::Empty,
        "full" => Body::Full(Bytes::from(argument.to_owned())),
        "length" => Body::Length(argument.parse().ok()?),
        "stream" => Body::Stream,
        _ => return None,
    })
}

/// The fields that the applications gave: names are in small letters over HTTP/2, and what frames
/// a message is a protocol's affair.
fn shown(fields: &Fields) -> String {
    let all = fields.iter().filter_map(|field| {
        let name = field.name.to_ascii_lowercase();
        let value = String::from_utf8_lossy(field.value);
        name.starts_with("x-").then(|| format!(" {name}={value}"))
    });
    all.collect()
}

fn same(got: &str, expected: &str) -> Told {
    if got == expected { Ok(()) } else { Err(format!("is: {got}")) }
}

/// Plays a transcript over one protocol; says which line is wrong, and why.
fn play(text: &str, http2: bool) -> Told {
    let mut player = Player::new(http2);
    let (mine, others) = if http2 { ("2| ", "1| ") } else { ("1| ", "2| ") };
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with(others) {
            continue;
        }
        let line = line.strip_prefix(mine).unwrap_or(line);
        player.play(line).map_err(|why| format!("line {}: {line}\n    {why}", number + 1))?;
    }
    player.no_event().map_err(|why| format!("the end: {why}"))
}

/// Whether each line of one protocol alone has a reason above.
fn has_reasons(text: &str) -> bool {
    let mut reason = false;
    text.lines().all(|line| {
        let alone = line.starts_with("1| ") || line.starts_with("2| ");
        reason = line.starts_with("# ") || (alone && reason);
        !alone || reason
    })
}

#[test]
fn both_protocols_tell_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts/both");
    let (mut played, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        for (http2, protocol) in [(false, "HTTP/1"), (true, "HTTP/2")] {
            if let Err(why) = play(&text, http2) {
                wrong.push(format!("{name} over {protocol}: {why}"));
            }
        }
        assert!(has_reasons(&text), "{name}: a protocol differs without a reason");
        played += 1;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(played >= 10, "{played} transcripts");
}

#[test]
fn a_wrong_line_is_told() {
    for http2 in [false, true] {
        for (text, why) in [
            ("C request GET / empty\nS respond 1 200", "comes before: S! request 1: GET / Empty"),
            ("C request GET / empty\nS! request 1: GET / Unknown", "is: request 1: GET / Empty"),
            ("C! closed Shutdown", "no event is there"),
            ("C recv 1 -> ok", "is: "),
        ] {
            assert!(play(text, http2).is_err_and(|told| told.contains(why)), "{text}");
        }
    }
}
