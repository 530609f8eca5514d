//! A handler as the vectors script it, in the terms of Go's `ResponseWriter`,
//! acted out on the core's draft.
//! It decides what Go's calls mean here, not what is right.

use crate::vectors::json::{flag, items, latin1, text};
use bytes::Bytes;
use purlin_core::message::{Outlet, PendingResponse};
use purlin_core::server::Connection;
use purlin_core::{
    Body, Event, Id, Machine, Misuse, Mono, Now, Recv, RequestHead, ResponseHead, ServerConfig,
    Status,
};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Between two pieces of what the client sends.
const PAUSE: Duration = Duration::from_millis(1500);

/// What came of a script.
pub(super) struct Outcome {
    pub(super) wire: Vec<u8>,
    pub(super) methods: Vec<String>,
    pub(super) calls: usize,
    pub(super) open: bool,
    pub(super) operations: Vec<Operation>,
    pub(super) panicked: bool,
    /// A `Connection` field that a handler set has `close` in it.
    pub(super) asked_to_close: bool,
    /// Names of fields that Go mends or sends as they are, and that cannot be made here.
    pub(super) refused: Vec<String>,
    /// The stream that a handler took over, as far as it wrote to it.
    pub(super) hijacked: Option<Vec<u8>>,
}

/// What a call of the handler came to.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) index: u64,
    pub(super) count: u64,
    pub(super) error: Option<String>,
    pub(super) got: Vec<u8>,
}

/// A connection with a scripted handler behind it.
pub(super) struct Script<'a> {
    machine: Connection,
    now: Now,
    steps: &'a [Value],
    run: Option<Run>,
    outcome: Outcome,
}

/// The handler, where it is.
struct Run {
    id: Id,
    draft: PendingResponse,
    step: usize,
    /// Go's header map.
    header: Vec<(String, Option<String>)>,
    /// The header that went out, once status or body were given.
    fixed: Option<Vec<(String, Option<String>)>>,
    /// Body bytes that were read and are not given out yet.
    unread: Vec<u8>,
    ended: bool,
    /// What a read has gathered so far.
    got: Vec<u8>,
    /// How much of a write is done.
    written: usize,
    /// Not to be run before.
    until: Mono,
    /// The handler has returned.
    over: bool,
    flushed: bool,
}

/// Whether a step is done.
enum Done {
    Yes,
    /// It waits, for input, room or time.
    Waits,
    /// The handler has ended by it.
    Over,
}

impl<'a> Script<'a> {
    pub(super) fn new(case: &'a Value) -> Script<'a> {
        let now = Now::at(Mono::from_secs(1), 784_111_777);
        let keep_alive = !flag(case, "keep_alives_disabled");
        let config = ServerConfig { keep_alive, ..ServerConfig::default() };
        Script {
            machine: Connection::new(Arc::new(config), now),
            now,
            steps: items(case, "handler"),
            run: None,
            outcome: Outcome {
                wire: Vec::new(),
                methods: Vec::new(),
                calls: 0,
                open: true,
                operations: Vec::new(),
                panicked: false,
                asked_to_close: false,
                refused: Vec::new(),
                hijacked: None,
            },
        }
    }

    /// The client sends this, and some time passes.
    pub(super) fn send(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.machine.receive(bytes, self.now);
            bytes = &bytes[taken..];
            self.turn();
            if taken == 0 {
                break;
            }
        }
        let end = self.now.mono + PAUSE;
        while self.now.mono < end {
            self.now = self.now.later(Duration::from_millis(100));
            self.machine.tick(self.now);
            self.turn();
        }
    }

    pub(super) fn end(mut self) -> Outcome {
        self.outcome.open = self.machine.want().close.is_none();
        self.outcome
    }

    /// Events, the handler and output until nothing moves.
    fn turn(&mut self) {
        loop {
            let mut moved = false;
            while let Some(event) = self.machine.poll_event(self.now) {
                moved = true;
                if let Event::Request { id, head, .. } = event {
                    self.begin(id, &head);
                }
            }
            moved |= self.handle();
            let before = self.outcome.wire.len();
            self.machine.transmit(&mut self.outcome.wire, usize::MAX, self.now);
            if !moved && self.outcome.wire.len() == before {
                return;
            }
        }
    }

    fn begin(&mut self, id: Id, head: &RequestHead) {
        self.outcome.calls += 1;
        self.outcome.methods.push(head.method().as_str().to_owned());
        self.run = Some(Run {
            id,
            draft: PendingResponse::new(head.method()),
            step: 0,
            header: Vec::new(),
            fixed: None,
            unread: Vec::new(),
            ended: false,
            got: Vec::new(),
            written: 0,
            until: self.now.mono,
            over: false,
            flushed: false,
        });
    }

    /// Runs the handler as far as it gets; says whether it did anything.
    fn handle(&mut self) -> bool {
        let Some(mut run) = self.run.take() else {
            return false;
        };
        let mut moved = false;
        while run.until <= self.now.mono {
            let step = self.steps.get(run.step).filter(|_| !run.over);
            let done = match step {
                Some(step) => self.step(&mut run, step),
                None => self.finish(&mut run),
            };
            match done {
                Done::Waits => break,
                Done::Over => return true,
                Done::Yes => {
                    run.step += 1;
                    moved = true;
                }
            }
        }
        self.run = Some(run);
        moved
    }

    fn step(&mut self, run: &mut Run, step: &Value) -> Done {
        let number = step["n"].as_u64().unwrap_or_default();
        let value = latin1(&step["v"]);
        match text(step, "op") {
            "set" | "add" | "del" | "nil" => run.edit(step),
            "status" => return self.status(run, number),
            "write" => return self.write(run, &value),
            "repeat" => return self.write(run, &value.repeat(to_usize(number))),
            "flush" => return self.flush(run),
            "read" => return self.read(run, Some(to_usize(number))),
            "read_all" => return self.read(run, None),
            "close_body" => {
                // What has ended needs no discarding.
                let _ = self.machine.discard(run.id, self.now);
                (run.ended, run.unread) = (true, Vec::new());
            }
            "panic" => return self.panic(run),
            "sleep" => run.until = self.now.mono + Duration::from_millis(number),
            "full_duplex" => self.note(run, 0, None, Vec::new()),
            "hijack" => return self.hijack(run, &value),
            "error" => return self.error(run, number, &value),
            "not_found" => return self.error(run, 404, b"404 page not found"),
            other => panic!("a script has the operation {other}"),
        }
        Done::Yes
    }

    fn note(&mut self, run: &Run, count: usize, error: Option<String>, got: Vec<u8>) {
        let (index, count) = (run.step as u64, count as u64);
        self.outcome.operations.push(Operation { index, count, error, got });
    }

    /// `WriteHeader`.
    fn status(&mut self, run: &mut Run, code: u64) -> Done {
        let status = u16::try_from(code).ok().and_then(Status::from_code);
        let Some(status) = status else {
            return self.panic(run);
        };
        if run.fixed.is_some() {
            return Done::Yes;
        }
        if status.is_informational() && status != Status::SWITCHING_PROTOCOLS {
            let mut head = ResponseHead::new(status);
            for (name, value) in run.lines() {
                let _ = head.fields_mut().append(&name, value);
            }
            // Where it is refused, it has no place.
            let _ = self.with(run, |_, to| to.machine.interim(to.id, &head, to.now));
            return Done::Yes;
        }
        run.draft.set_status(status);
        self.fix(run);
        Done::Yes
    }

    /// From here on Go's header map is of no effect.
    fn fix(&mut self, run: &mut Run) {
        if run.fixed.is_some() {
            return;
        }
        if run.header.iter().any(|(name, value)| name == "Content-Type" && value.is_none()) {
            run.draft.set_sniffing(false);
        }
        for (name, value) in run.lines() {
            if name.eq_ignore_ascii_case("connection") {
                let options = String::from_utf8_lossy(&value).to_ascii_lowercase();
                self.outcome.asked_to_close |= options.split(',').any(|one| one.trim() == "close");
            }
            // What would break the wire is refused here, and is left out.
            if run.draft.fields_mut().append(&name, value).is_err() {
                self.outcome.refused.push(name.to_ascii_lowercase());
            }
        }
        run.fixed = Some(run.header.clone());
    }

    fn with<T>(
        &mut self,
        run: &mut Run,
        act: impl FnOnce(&mut PendingResponse, &mut Outlet<'_>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        let mut to = Outlet { machine: &mut self.machine, id: run.id, now: self.now };
        act(&mut run.draft, &mut to)
    }

    fn write(&mut self, run: &mut Run, data: &[u8]) -> Done {
        self.fix(run);
        while run.written < data.len() {
            let rest = &data[run.written..];
            match self.with(run, |draft, to| draft.write(to, rest)) {
                Ok(0) => return Done::Waits,
                Ok(count) => run.written += count,
                Err(misuse) => {
                    let (error, count) = (error(misuse), std::mem::take(&mut run.written));
                    self.note(run, count, Some(error), Vec::new());
                    return Done::Yes;
                }
            }
        }
        let count = std::mem::take(&mut run.written);
        self.note(run, count, None, Vec::new());
        Done::Yes
    }

    fn flush(&mut self, run: &mut Run) -> Done {
        self.fix(run);
        run.flushed = true;
        match self.with(run, PendingResponse::flush) {
            Ok(false) => Done::Waits,
            Ok(true) => Done::Yes,
            Err(_) => self.fail(run),
        }
    }

    /// Reads so many bytes, or all.
    fn read(&mut self, run: &mut Run, most: Option<usize>) -> Done {
        let mut failed = None;
        while !run.ended && most.is_none_or(|most| run.unread.len() < most) {
            match self.machine.recv(run.id, self.now) {
                Recv::Data(data) => run.unread.extend_from_slice(&data),
                Recv::Pending => return Done::Waits,
                Recv::End(_) => run.ended = true,
                Recv::Failed(error) => {
                    run.ended = true;
                    failed = Some(error.to_string());
                }
            }
        }
        let count = most.unwrap_or(usize::MAX).min(run.unread.len());
        run.got = run.unread.drain(..count).collect();
        let got = std::mem::take(&mut run.got);
        self.note(run, count, failed, got);
        Done::Yes
    }

    /// `http.Error`.
    fn error(&mut self, run: &mut Run, code: u64, message: &[u8]) -> Done {
        run.header.retain(|(name, _)| name != "Content-Length");
        for (name, value) in
            [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
        {
            run.header.retain(|(known, _)| known != name);
            run.header.push((name.to_owned(), Some(value.to_owned())));
        }
        self.status(run, code);
        let written = [message, b"\n"].concat();
        // Its result is not told.
        let _ = self.with(run, |draft, to| draft.write(to, &written));
        Done::Yes
    }

    /// `Hijack`, then this raw, and the end.
    fn hijack(&mut self, run: &mut Run, raw: &[u8]) -> Done {
        match self.with(run, PendingResponse::hijack) {
            Ok(false) => return Done::Waits,
            Ok(true) => self.note(run, 0, None, Vec::new()),
            Err(misuse) => {
                self.note(run, 0, Some(error(misuse)), Vec::new());
                return Done::Yes;
            }
        }
        self.outcome.hijacked = Some(raw.to_vec());
        let mut data = Bytes::copy_from_slice(raw);
        let _ = self.machine.send(run.id, &mut data, self.now);
        let _ = self.machine.finish(run.id, None, self.now);
        let _ = self.machine.discard(run.id, self.now);
        Done::Over
    }

    fn panic(&mut self, run: &mut Run) -> Done {
        self.outcome.panicked = true;
        self.fail(run)
    }

    /// The handler has failed: 500, or the response breaks off.
    fn fail(&mut self, run: &mut Run) -> Done {
        let error = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
        let _ = self.with(run, |draft, to| {
            draft.fail(to, &error, Body::Full(Bytes::new()));
            Ok(())
        });
        Done::Over
    }

    /// The handler has returned.
    fn finish(&mut self, run: &mut Run) -> Done {
        self.fix(run);
        if !std::mem::replace(&mut run.over, true) {
            for (name, value) in run.trailers() {
                let _ = run.draft.trailers_mut().append(&name, value);
            }
        }
        match self.with(run, PendingResponse::finish) {
            Ok(false) => Done::Waits,
            Ok(true) => Done::Over,
            Err(Misuse::TooLittleBody | Misuse::TooMuchBody) => Done::Over,
            Err(_) => self.fail(run),
        }
    }
}

impl Run {
    /// A change of Go's header map.
    fn edit(&mut self, step: &Value) {
        let name = String::from_utf8_lossy(&latin1(&step["k"])).into_owned();
        let value = text(step, "v").to_owned();
        match text(step, "op") {
            "add" => self.header.push((name, Some(value))),
            "set" | "nil" => {
                let value = (text(step, "op") == "set").then_some(value);
                self.header.retain(|(known, _)| *known != name);
                self.header.push((name, value));
            }
            _ => self.header.retain(|(known, _)| *known != name),
        }
    }

    /// The lines of Go's header, as they would go out.
    fn lines(&self) -> Vec<(String, Vec<u8>)> {
        let lines = self.header.iter().filter_map(|(name, value)| {
            let value = latin1(&Value::String(value.clone()?));
            // The framing that Go chooses for this is what Purlin chooses without it.
            let ours = name == "Transfer-Encoding" || name.starts_with("Trailer:");
            (!ours).then(|| (name.clone(), value.trim_ascii().to_vec()))
        });
        lines.collect()
    }

    /// What Go's header map has for the end of the message: the names that were
    /// announced, and those behind a prefix.
    fn trailers(&self) -> Vec<(String, Vec<u8>)> {
        let fixed = self.fixed.as_deref().unwrap_or_default();
        let announced: Vec<String> = fixed
            .iter()
            .filter(|(name, _)| name == "Trailer")
            .filter_map(|(_, value)| value.as_deref())
            .flat_map(|value| value.split(','))
            .map(|name| canonical(name.trim()))
            .filter(|name| !FRAMING.contains(&&**name))
            .collect();
        let length = fixed.iter().any(|(name, _)| name == "Content-Length");
        let named = self.header.iter().filter_map(|(name, value)| {
            let value = latin1(&Value::String(value.clone()?));
            let announced = announced.contains(&canonical(name)).then(|| name.clone());
            // One that follows what has not gone out is lost in Go.
            let late = name.strip_prefix("Trailer:").filter(|_| self.flushed).map(str::to_owned);
            Some((announced.or(late)?, value))
        });
        if length { Vec::new() } else { named.collect() }
    }
}

/// What may be announced as a trailer, and is not sent as one.
const FRAMING: [&str; 3] = ["Content-Length", "Transfer-Encoding", "Trailer"];

fn error(misuse: Misuse) -> String {
    match misuse {
        Misuse::TooMuchBody => "content_length".to_owned(),
        Misuse::BodyNotAllowed => "body_not_allowed".to_owned(),
        other => other.to_string(),
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Go's spelling of a name.
fn canonical(name: &str) -> String {
    let mut first = true;
    let spell = |letter: char| {
        let spelt = if first { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        first = letter == '-';
        spelt
    };
    if name.contains([' ', ':']) { name.to_owned() } else { name.chars().map(spell).collect() }
}
