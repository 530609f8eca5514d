//! Runs `tests/transcripts/*.txt`: what a server machine does, as text.
//!
//! | line | means |
//! |---|---|
//! | `# text` | a remark |
//! | `> bytes` | input; `\r`, `\n`, `\\`, `\xNN` are escapes, and the line's own end is not sent |
//! | `< bytes` | all output there is, which may go on in further `<` lines; Date is left out |
//! | `! event` | the next event; before every other line none may be left |
//! | `@ 5s` | time passes (`ms`, `s`), and the machine ticks |
//! | `$ command` | a command, below; what it gives stands behind ` -> ` unless it is `ok` |
//! | `% observe` | at the beginning: an observer watches |
//! | `= told` | the next thing it is told; before every other line none may be left |
//!
//! Commands: `respond ID STATUS [Name: value;...] [empty|full TEXT|length N|stream]`,
//! `interim ID STATUS [Name: value;...]`, `send ID TEXT`, `finish ID [Name: value]`,
//! `recv ID`, `prefetch ID N`, `discard ID`, `reset ID`, `hijack ID`, `limit ID N`, `shutdown`,
//! `eof clean|truncated|reset`, `want` (of read, write and close), `deadline`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use purlin_core::observe::{Address, ConnState, Exchange, Observer, Peer, Watch};
use purlin_core::server::Connection;
use purlin_core::{
    Body, CloseReason, Eof, Event, Fields, Id, Machine, Misuse, Mono, Now, PeerError, Recv,
    Request, ResponseHead, ServerConfig, ServerMachine, Status,
};
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

struct Player {
    machine: Connection,
    now: Now,
    /// Output that no `<` line has named yet.
    out: String,
    watch: Option<Watch>,
    told: Arc<Told>,
}

/// What the observer was told, and no `=` line has named yet.
#[derive(Default)]
struct Told(Mutex<VecDeque<String>>);

impl Told {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push_back(line);
    }
}

impl Observer for Told {
    fn state(&self, _: &Peer, state: ConnState) {
        self.note(format!("{state:?}").to_lowercase());
    }

    fn fault(&self, _: &Peer, error: &PeerError) {
        self.note(format!("fault {:?}", error.kind));
    }

    fn exchange(&self, _: &Peer, exchange: &Exchange) {
        let Exchange { head, facts, .. } = exchange;
        let status = facts.status.map_or("-".to_owned(), |status| status.code().to_string());
        let took = [facts.first_byte, facts.head, facts.end].map(|at| at.since(Mono::from_secs(1)));
        self.note(format!(
            "{} {} {status} in {} out {} at {took:?}",
            head.method(),
            head.target(),
            facts.received,
            facts.sent
        ));
    }

    fn closed(&self, _: &Peer, reason: CloseReason) {
        self.note(format!("close {reason:?}"));
    }
}

impl Player {
    fn new() -> Player {
        let now = Now::at(Mono::from_secs(1), 784_111_777);
        let machine = Connection::new(Arc::new(ServerConfig::default()), now);
        Player { machine, now, out: String::new(), watch: None, told: Arc::default() }
    }

    /// Begins again, with somebody watching.
    fn observe(&mut self) {
        let config = ServerConfig { trace: true, ..ServerConfig::default() };
        self.machine = Connection::new(Arc::new(config), self.now);
        let peer = Peer::new(1, Address::Memory, Address::Memory);
        self.watch = Some(Watch::new(self.told.clone(), Arc::new(peer)));
    }

    fn told(&mut self, expected: &str) -> Result<(), String> {
        let told = self.told.0.lock().unwrap().pop_front();
        same(&told.ok_or("the observer is told nothing")?, expected)
    }

    /// What the line does differently from what it says, if anything.
    fn play(&mut self, line: &str) -> Result<(), String> {
        let (mark, text) = line.split_at(1);
        if mark == "#" {
            return Ok(());
        }
        let text = text.strip_prefix(' ').unwrap_or(text);
        if mark != "=" {
            if let Some(told) = self.told.0.lock().unwrap().front() {
                return Err(format!("the observer is told before: = {told}"));
            }
        }
        if mark != "!" && mark != "=" {
            self.no_event()?;
        }
        if mark != "<" && !self.out.is_empty() {
            return Err(format!("is more output: {}", self.out.escape_default()));
        }
        match mark {
            ">" => self.receive(&unescape(text)),
            "<" => self.output(&unescape(text)),
            "!" => self.event(text),
            "@" => self.wait(text),
            "=" => self.told(text),
            "%" if text == "observe" => {
                self.observe();
                Ok(())
            }
            "$" => self.command(text),
            _ => Err("is no line of a transcript".to_owned()),
        }
    }

    fn no_event(&mut self) -> Result<(), String> {
        match self.machine.poll_event(self.now) {
            None => Ok(()),
            Some(event) => Err(format!("comes before: ! {}", describe(&event))),
        }
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<(), String> {
        let taken = self.machine.receive(bytes, self.now);
        same(&taken.to_string(), &bytes.len().to_string())
    }

    fn output(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut out = Vec::new();
        self.machine.transmit(&mut out, usize::MAX, self.now);
        self.out += &String::from_utf8_lossy(&out).replace(DATE, "");
        let expected = String::from_utf8_lossy(bytes).into_owned();
        match self.out.strip_prefix(&expected) {
            Some(rest) if !expected.is_empty() || rest.is_empty() => {
                self.out = rest.to_owned();
                Ok(())
            }
            _ => Err(format!("is output: {}", self.out.escape_default())),
        }
    }

    fn event(&mut self, expected: &str) -> Result<(), String> {
        let event = self.machine.poll_event(self.now).ok_or("no event is there")?;
        if let Some(watch) = &mut self.watch {
            watch.event(&event);
            if let Event::Request { id, head, body, .. } = &event {
                watch.request(*id, &mut Request::new(head.clone(), *body, ()));
            }
        }
        same(&describe(&event), expected)
    }

    fn wait(&mut self, text: &str) -> Result<(), String> {
        let millis = text.strip_suffix("ms").map(|number| (number, 1));
        let seconds = || text.strip_suffix('s').map(|number| (number, 1000));
        let (number, unit) = millis.or_else(seconds).ok_or("is no time")?;
        let number: u64 = number.parse().map_err(|_| "is no time")?;
        let later = self.now.later(Duration::from_millis(number * unit));
        self.now = Now::at(later.mono, self.now.unix); // so that Date stays
        self.machine.tick(self.now);
        Ok(())
    }

    fn command(&mut self, text: &str) -> Result<(), String> {
        let (command, expected) = text.split_once(" -> ").unwrap_or((text, "ok"));
        let got = self.run(command).ok_or("is no command")?;
        same(&got, expected)
    }

    fn run(&mut self, command: &str) -> Option<String> {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        match name {
            "shutdown" => {
                self.machine.shutdown(self.now);
                return Some("ok".to_owned());
            }
            "eof" => {
                let how =
                    [("clean", Eof::Clean), ("truncated", Eof::Truncated), ("reset", Eof::Reset)];
                let (_, how) = how.into_iter().find(|(name, _)| *name == rest)?;
                self.machine.eof(how, self.now);
                return Some("ok".to_owned());
            }
            "want" => {
                let want = self.machine.want();
                return Some(format!("{} {} {:?}", want.read, want.write, want.close));
            }
            "deadline" => {
                let now = self.now.mono;
                let told = self.machine.deadline();
                return Some(told.map_or("none".to_owned(), |(at, why)| {
                    format!("{why:?} {:?}", at.since(now))
                }));
            }
            _ => {}
        }
        let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let id: Id = id.parse().ok()?;
        let result = match name {
            "recv" => return Some(self.recv(id)),
            "prefetch" => {
                let ready = self.machine.prefetch(id, rest.parse().ok()?, self.now);
                return Some(if ready { "ready" } else { "waiting" }.to_owned());
            }
            "respond" => self.respond(id, rest)?,
            "interim" => {
                let (head, _) = head(rest)?;
                self.machine.interim(id, &head, self.now)
            }
            "send" => {
                let mut data = Bytes::from(unescape(rest));
                self.machine.send(id, &mut data, self.now)
            }
            "finish" => {
                let trailers = (!rest.is_empty()).then(|| fields(rest)).flatten();
                self.machine.finish(id, trailers.as_ref(), self.now)
            }
            "discard" => self.machine.discard(id, self.now),
            "reset" => self.machine.reset(id, self.now),
            "hijack" => self.machine.hijack(id, self.now),
            "limit" => self.machine.limit_body(id, rest.parse().ok()?),
            _ => return None,
        };
        Some(result.map_or_else(|misuse| format!("{misuse:?}"), |()| "ok".to_owned()))
    }

    fn respond(&mut self, id: Id, rest: &str) -> Option<Result<(), Misuse>> {
        let (head, body) = head(rest)?;
        let (kind, argument) = body.split_once(' ').unwrap_or((body, ""));
        let body = match kind {
            "" | "empty" => Body::Empty,
            "full" => Body::Full(Bytes::from(unescape(argument))),
            "length" => Body::Length(argument.parse().ok()?),
            "stream" => Body::Stream,
            _ => return None,
        };
        Some(self.machine.respond(id, &head, body, self.now))
    }

    fn recv(&mut self, id: Id) -> String {
        match self.machine.recv(id, self.now) {
            Recv::Data(data) => format!("data {}", data.escape_ascii()),
            Recv::End(None) => "end".to_owned(),
            Recv::End(Some(trailers)) => format!("end {trailers:?}"),
            Recv::Pending => "pending".to_owned(),
            Recv::Failed(error) => format!("failed {:?}", error.kind),
        }
    }
}

/// `STATUS [Name: value;...]`, and what follows.
fn head(text: &str) -> Option<(ResponseHead, &str)> {
    let (status, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut head = ResponseHead::new(Status::from_code(status.parse().ok()?)?);
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((list, rest)) => {
            *head.fields_mut() = fields(list)?;
            rest.trim_start()
        }
        None => rest,
    };
    Some((head, rest))
}

fn fields(list: &str) -> Option<Fields> {
    let mut fields = Fields::new();
    for line in list.split(';') {
        let (name, value) = line.split_once(':')?;
        fields.append(name.trim(), value.trim()).ok()?;
    }
    Some(fields)
}

fn describe(event: &Event) -> String {
    match event {
        Event::Request { id, head, body, expects_continue } => {
            let expects = if *expects_continue { ", expects 100" } else { "" };
            format!("request {id}: {} {} {body:?}{expects}", head.method(), head.target())
        }
        Event::Failed { error, .. } => format!("failed {:?}", error.kind),
        Event::Closed(reason) => format!("closed {reason:?}"),
        Event::Readable { id } => format!("readable {id}"),
        Event::Writable { id } => format!("writable {id}"),
        Event::Upgraded { id } => format!("upgraded {id}"),
        Event::InputClosed => "input closed".to_owned(),
        Event::Begun => "begun".to_owned(),
        Event::Done { id, .. } => format!("done {id}"),
        other => format!("{other:?}"),
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte, byte == b'\\') {
            (_, false) => byte,
            _ => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b'x') => {
                    let hex = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                    u8::from_str_radix(&String::from_utf8_lossy(&hex), 16).unwrap()
                }
                other => other.unwrap_or(b'\\'),
            },
        });
    }
    bytes
}

fn same(got: &str, expected: &str) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("is: {got}")) }
}

/// Plays a transcript; says which line is wrong, and why.
fn play(text: &str) -> Result<(), String> {
    let mut player = Player::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        player.play(line).map_err(|why| format!("line {}: {line}\n    {why}", number + 1))?;
    }
    player.no_event().map_err(|why| format!("the end: {why}"))?;
    if let Some(told) = player.told.0.lock().unwrap().front() {
        return Err(format!("the end: the observer is told = {told}"));
    }
    let end =
        player.output(b"").and(if player.out.is_empty() { Ok(()) } else { Err("more".into()) });
    end.map_err(|why| format!("the end: {why}"))
}

#[test]
fn every_transcript_is_what_happens() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let mut played = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // Those that are played over both versions have a folder, and another player.
        if path.is_dir() {
            continue;
        }
        if let Err(why) = play(&fs::read_to_string(&path).unwrap()) {
            wrong.push(format!("{}: {why}", path.file_name().unwrap().to_string_lossy()));
        }
        played += 1;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(played >= 15, "{played} transcripts");
}

#[test]
fn a_wrong_line_is_told() {
    let request = "> GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\n";
    for (text, why) in [
        (format!("{request}< x"), "comes before: ! request 1: GET / Empty"),
        (format!("{request}! request 2: GET / Empty"), "is: request 1: GET / Empty"),
        (format!("{request}! request 1: GET / Empty\n$ respond 1 200 -> SecondResponse"), "is: ok"),
        (
            format!("{request}! request 1: GET / Empty\n$ respond 1 200\n< HTTP/1.1 404"),
            "is output",
        ),
        (format!("{request}! request 1: GET / Empty\n$ respond 1 200"), "the end"),
        ("! closed Shutdown".to_owned(), "no event is there"),
    ] {
        assert!(play(&text).is_err_and(|told| told.contains(why)), "{text}");
    }
}
