//! A bad server: it says what no server should, or what old servers say, to the
//! first request that comes, and perhaps before it.

use super::errand::{Speech, content, size};
use super::layers;
use super::ledger::{Key, Seen, Served};
use super::peer::Scene;
use crate::rng::Rng;
use bytes::Bytes;
use purlin_core::exchange::Route;
use purlin_core::{Machine, Mono, Now, Recv};
use std::time::Duration;

/// The one exchange of a raw machine.
const ID: u64 = 1;

pub(super) struct Script {
    rng: Rng,
    wire: usize,
    kind: Kind,
    input: Vec<u8>,
    answered: bool,
    /// What is to be said, and when.
    says: Speech,
    /// What is done once all is said.
    then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Garbage,
    HugeHead,
    Cut,
    CutChunk,
    BadChunk,
    BothLengths,
    ManyInterims,
    DripsHead,
    DripsBody,
    NeverReads,
    /// It speaks before it is asked.
    Early,
    // What these say is whole.
    UntilClose,
    Http10,
    TooMuch,
    LateWords,
    /// It sends a body behind an answer that has none.
    LeavesBody,
}

const KINDS: [Kind; 16] = [
    Kind::Garbage,
    Kind::HugeHead,
    Kind::Cut,
    Kind::CutChunk,
    Kind::BadChunk,
    Kind::BothLengths,
    Kind::ManyInterims,
    Kind::DripsHead,
    Kind::DripsBody,
    Kind::NeverReads,
    Kind::Early,
    Kind::UntilClose,
    Kind::Http10,
    Kind::TooMuch,
    Kind::LateWords,
    Kind::LeavesBody,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Stays,
    Ends,
    Breaks,
}

impl Script {
    /// Whether it is to leave bodies behind; else it may do anything.
    pub(super) fn new(mut rng: Rng, wire: usize, leaves: bool, now: Now) -> Script {
        let any = *rng.pick(&KINDS);
        let kind = if leaves { Kind::LeavesBody } else { any };
        let mut says = Speech::new();
        if kind == Kind::Early {
            let at = now.mono + Duration::from_millis(*rng.pick(&[0, 20, 500]));
            says.push_back((at, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhm".into()));
        }
        let (input, answered, then) = (Vec::new(), false, Then::Stays);
        Script { rng, wire, kind, input, answered, says, then }
    }

    pub(super) fn run(
        &mut self,
        machine: &mut dyn Machine,
        route: &Route,
        scene: &mut Scene<'_>,
    ) -> bool {
        let now = scene.now;
        let mut any = false;
        while self.kind != Kind::NeverReads {
            let Recv::Data(data) = machine.recv(ID, now) else { break };
            any = true;
            if !self.answered {
                self.input.extend_from_slice(&data);
            }
        }
        if !self.answered {
            if let Some(seen) = Seen::parse(&self.input) {
                self.answered = true;
                self.hear(&seen, route, scene);
                any = true;
            }
        }
        while let Some((_, words)) = self.says.pop_front_if_due(now.mono) {
            let mut words = words;
            // A raw machine takes all that it is given, or has been lost.
            let _ = machine.send(ID, &mut words, now);
            any = true;
        }
        if self.answered && self.says.is_empty() && self.then != Then::Stays {
            let _ = match self.then {
                Then::Breaks => machine.reset(ID, now),
                Then::Ends | Then::Stays => machine.finish(ID, None, now),
            };
            self.then = Then::Stays;
            any = true;
        }
        any
    }

    fn hear(&mut self, seen: &Seen, route: &Route, scene: &mut Scene<'_>) {
        let (wire, kind) = (self.wire, self.kind);
        scene
            .trace
            .server(scene.now, || format!("c{wire} {} is answered with {kind:?}", seen.method));
        let key = scene.ledger.request(seen, route, scene.setting, scene.errands);
        let Some(key) = key else { return };
        let head_only = seen.method == "HEAD";
        let served = self.answer(key, head_only, layers::is_secret(route), scene);
        scene.ledger.serve(key, wire, served);
        if kind == Kind::LeavesBody {
            scene.ledger.leave_body(wire);
        }
    }

    /// Says what it says; tells what that is worth.
    fn answer(&mut self, key: Key, head_only: bool, secure: bool, scene: &Scene<'_>) -> Served {
        let size = 1 + size(&mut self.rng, scene.setting.most.min(5000));
        let body = content(&format!("script {} {}", key.0, key.1), size);
        let text = String::from_utf8_lossy(&body).into_owned();
        let now = scene.now.mono;
        let pick = *self.rng.pick(&[Then::Ends, Then::Breaks, Then::Stays]);
        let (words, then) = words(self.kind, &text, head_only, pick);
        self.then = then;
        match self.kind {
            Kind::DripsHead | Kind::DripsBody => {
                for (at, byte) in words.bytes().enumerate().take(200) {
                    let wait = Duration::from_millis(700) * u32::try_from(at).unwrap_or(0);
                    self.says.push_back((now + wait, Bytes::from(vec![byte])));
                }
            }
            _ => self.says.push_back((now, words.into())),
        }
        if self.kind == Kind::LateWords {
            let at = now + Duration::from_millis(*self.rng.pick(&[0, 30, 2000]));
            let late = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
            self.says.push_back((at, late.into()));
        }
        if self.kind == Kind::LeavesBody {
            let at = now + Duration::from_millis(*self.rng.pick(&[0, 0, 1, 30]));
            self.says.push_back((at, body.clone()));
        }
        let whole = if head_only { Bytes::new() } else { body };
        match self.kind {
            Kind::LeavesBody if head_only => Served::Whole(200, whole),
            Kind::LeavesBody => Served::Whole(204, Bytes::new()),
            Kind::Early => Served::Unasked,
            Kind::UntilClose if !secure => Served::Open(200, whole),
            Kind::UntilClose if then == Then::Breaks && !head_only => Served::Cut,
            Kind::UntilClose | Kind::Http10 | Kind::TooMuch | Kind::LateWords => {
                Served::Whole(200, whole)
            }
            // There is no body that could be bad.
            Kind::Cut | Kind::CutChunk | Kind::BadChunk | Kind::DripsBody if head_only => {
                Served::Whole(200, whole)
            }
            Kind::BothLengths if head_only => Served::Whole(200, whole),
            _ => Served::Cut,
        }
    }

    pub(super) fn next(&self) -> Option<Mono> {
        self.says.front().map(|(at, _)| *at)
    }
}

/// What is said to a request, whose proper answer has this text as its body.
fn words(kind: Kind, text: &str, head_only: bool, pick: Then) -> (String, Then) {
    let size = text.len();
    let (head, body, then) = match kind {
        Kind::Garbage => ("HTTP 200 OK\r\n\r\n".to_owned(), "", pick),
        Kind::HugeHead => (format!("HTTP/1.1 200 OK\r\nA: {}", "a".repeat(70_000)), "", pick),
        Kind::Cut | Kind::DripsBody => {
            let then = if pick == Then::Breaks { pick } else { Then::Ends };
            let (size, cut) = if kind == Kind::Cut { (size, size - 1) } else { (900_000, size) };
            (format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n"), &text[..cut], then)
        }
        Kind::CutChunk => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            (head.to_owned(), "5\r\nhello\r\n0\r\n", Then::Ends)
        }
        Kind::BadChunk => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            (head.to_owned(), "5\r\nhello0\r\n\r\n", pick)
        }
        Kind::BothLengths => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n";
            (head.to_owned(), "0\r\n\r\n", pick)
        }
        Kind::ManyInterims => ("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(40), "", pick),
        Kind::DripsHead => (format!("HTTP/1.1 200 OK\r\nA: {}", "a".repeat(200)), "", Then::Stays),
        Kind::NeverReads | Kind::Early => (String::new(), "", Then::Stays),
        Kind::UntilClose => {
            let then = if pick == Then::Breaks { pick } else { Then::Ends };
            ("HTTP/1.1 200 OK\r\n\r\n".to_owned(), text, then)
        }
        Kind::Http10 => {
            let head = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n";
            (format!("{head}Content-Length: {size}\r\n\r\n"), text, pick)
        }
        Kind::LeavesBody if !head_only => {
            ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), "", Then::Stays)
        }
        Kind::TooMuch | Kind::LateWords | Kind::LeavesBody => {
            (format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n"), text, Then::Stays)
        }
    };
    let more =
        if kind == Kind::TooMuch { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" } else { "" };
    let body = if head_only { "" } else { body };
    (format!("{head}{body}{more}"), then)
}

trait Due {
    fn pop_front_if_due(&mut self, now: Mono) -> Option<(Mono, Bytes)>;
}

impl Due for Speech {
    fn pop_front_if_due(&mut self, now: Mono) -> Option<(Mono, Bytes)> {
        if self.front()?.0 > now {
            return None;
        }
        self.pop_front()
    }
}
