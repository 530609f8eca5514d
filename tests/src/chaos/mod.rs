//! Does anything to a connection, in any order, and checks after every step
//! what must hold whatever is done. It panics when something does not.
//!
//! It judges the contract, not which request is right: vectors and oracle do that.

mod client;
mod ops;
mod verbs;

pub use client::ClientChaos;
pub use ops::{Content, Extra, Op, Raw, Which, decode, decode_client};

use crate::peer::response::{self, Framing, Response};
use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Close, Event, Id, Limits, Machine, Misuse, ResponseHead, ServerConfig, ServerMachine,
    Status,
};
use std::sync::Arc;
use verbs::{Hands, START, small};

/// A server's connection in bad hands.
pub struct Chaos {
    hands: Hands<Connection>,
    /// The methods of the requests that were told.
    methods: Vec<String>,
    /// How many exchanges were told to be over.
    over: usize,
    /// The final statuses that `respond` took.
    answered: Vec<u16>,
    /// The exchange that was asked to be followed, and the status that is to be told of it.
    followed: Option<Id>,
    owed: Option<Status>,
    failed: bool,
    /// The application took the connection over: what it sends is its own affair.
    hijacked: bool,
}

impl Chaos {
    /// A connection with small limits, so that they are met.
    pub fn new() -> Chaos {
        let limits = small(Limits::SERVER);
        let config =
            ServerConfig { limits, trace: true, general_options: false, ..ServerConfig::default() };
        Chaos {
            hands: Hands::new(Connection::new(Arc::new(config), START), limits),
            methods: Vec::new(),
            over: 0,
            answered: Vec::new(),
            followed: None,
            owed: None,
            failed: false,
            hijacked: false,
        }
    }

    /// Does one thing, and checks.
    pub fn step(&mut self, op: &Op) {
        match op {
            Op::Poll => _ = self.poll(),
            Op::PollAll => while self.poll() {},
            _ => {
                self.hands.verb(op);
                self.command(op);
            }
        }
        self.hands.check(false);
    }

    /// Lets the peer read everything, and looks at it as a strict client does.
    pub fn finish(mut self) {
        self.write_all();
        self.check_sent();
    }

    /// A command; if it is refused, nothing has changed.
    fn command(&mut self, op: &Op) {
        let before = self.hands.snapshot();
        let now = self.hands.now;
        let result = match op {
            Op::Respond(which, status, content, extra) => {
                self.respond(*which, *status, *content, *extra)
            }
            Op::Interim(which, status, extra) => {
                let head = self.head(*status, *extra);
                let id = self.id(*which);
                self.hands.machine.interim(id, &head, now)
            }
            Op::Hijack(which) => {
                let id = self.id(*which);
                let taken = self.hands.machine.hijack(id, now);
                self.hijacked |= taken.is_ok();
                taken
            }
            Op::Follow(which) => {
                let id = self.id(*which);
                let taken = self.hands.machine.follow(id);
                self.followed = taken.map_or(self.followed, |()| Some(id));
                taken
            }
            _ => {
                let last = self.methods.len() as Id;
                self.hands.command(op, |which| which.of(last))
            }
        };
        if let Err(misuse) = result {
            assert_eq!(self.hands.snapshot(), before, "{misuse:?} changed something: {op:?}");
        }
    }

    fn id(&self, which: Which) -> Id {
        which.of(self.methods.len() as Id)
    }

    fn poll(&mut self) -> bool {
        let Some(event) = self.hands.machine.poll_event(self.hands.now) else {
            self.hands.is_quiet();
            return false;
        };
        assert!(!self.hands.closed, "{event:?} follows Closed");
        match event {
            Event::Request { id, head, .. } => {
                assert_eq!(id, self.id(Which::Next), "ids go up by one");
                assert_eq!(self.over, self.methods.len(), "an exchange begins within another");
                self.methods.push(head.method().as_str().to_owned());
                assert!(!self.failed, "a request follows a refusal");
            }
            Event::Failed { error, .. } => {
                self.failed = true;
                self.hands.given += 400;
                assert!(error.kind.rule().len() > 3);
            }
            Event::Answered { id, head } => {
                assert_eq!(id, self.id(Which::Last));
                assert!(self.over < self.methods.len(), "it answers what is over");
                assert_eq!(self.owed.take(), Some(head.status()), "another answer");
            }
            Event::Done { id, facts } => {
                assert_eq!(self.owed, None, "an answer was not told");
                self.over += 1;
                assert_eq!(id, self.id(Which::Last));
                assert_eq!(self.over, self.methods.len(), "an exchange is over, and was not told");
                let ended = self.hands.ended == id;
                assert!(ended || !facts.keep_alive, "the peer ended it: {facts:?}");
                assert!(facts.first_byte <= facts.head && facts.head <= facts.end, "{facts:?}");
            }
            Event::Closed(_) => {
                assert_eq!(self.over, self.methods.len(), "closed within an exchange");
                self.hands.close();
            }
            Event::Flushed { id } => self.hands.flushed(id),
            Event::Readable { id } | Event::Writable { id } | Event::Upgraded { id } => {
                assert_eq!(id, self.id(Which::Last));
            }
            _ => {}
        }
        true
    }

    fn write_all(&mut self) {
        for _ in 0..1000 {
            self.hands.transmit(usize::MAX);
            while self.poll() {}
            if !self.hands.machine.want().write {
                break;
            }
        }
    }

    fn head(&mut self, status: u16, extra: Extra) -> ResponseHead {
        let mut head = ResponseHead::new(Status::from_code(status).unwrap_or(Status::OK));
        if let Some((name, value)) = extra {
            head.fields_mut().append(name, value).unwrap_or_default();
        }
        self.hands.given += 200;
        head
    }

    fn respond(
        &mut self,
        which: Which,
        status: u16,
        content: Content,
        extra: Extra,
    ) -> Result<(), Misuse> {
        let head = self.head(status, extra);
        let body = match content {
            Content::Empty => Body::Empty,
            Content::Full(size) => {
                self.hands.given += size;
                Body::Full(Bytes::from(vec![b'f'; size]))
            }
            Content::Length(length) => Body::Length(length),
            Content::Stream => Body::Stream,
        };
        let id = self.id(which);
        let whole = matches!(body, Body::Empty | Body::Full(_));
        self.hands.machine.respond(id, &head, body, self.hands.now)?;
        if whole {
            self.hands.ended = id;
        }
        self.answered.push(status);
        self.owed = Some(head.status()).filter(|_| self.followed == Some(id));
        Ok(())
    }

    /// The peer saw a sequence of whole messages, each the one that was given.
    fn check_sent(&mut self) {
        if self.hijacked {
            return;
        }
        let close = self.hands.machine.want().close;
        let ended = matches!(close, Some(Close::Graceful | Close::Linger)) && !self.hands.gave_up;
        let methods = |last| {
            let methods = self.methods.iter().map(String::as_str);
            methods.chain([last]).collect::<Vec<_>>()
        };
        // What was refused may have been a HEAD request, whose answer has no body.
        let last =
            if self.failed && self.hands.sent.ends_with(b"\r\n\r\n") { "HEAD" } else { "GET" };
        let (all, rest) = match response::read_all(&methods(last), &self.hands.sent, ended) {
            Ok(read) => read,
            Err(why) => panic!("the peer saw {why} in {}", self.hands.sent.escape_ascii()),
        };
        let tunnel = all.last().is_some_and(|last| last.framing == Framing::Tunnel);
        assert!(!ended || tunnel || rest.is_empty(), "cut: {}", rest.escape_ascii());
        let is_final = |one: &&Response| one.status >= 200 || one.framing == Framing::Tunnel;
        let finals: Vec<u16> = all.iter().filter(is_final).map(|one| one.status).collect();
        let known = finals.len().min(self.answered.len());
        assert_eq!(finals[..known], self.answered[..known], "the statuses that were given");
        assert!(finals.len() <= known + usize::from(self.failed), "an answer nobody gave");
    }
}

impl Default for Chaos {
    fn default() -> Chaos {
        Chaos::new()
    }
}
