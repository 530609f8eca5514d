//! The same for a client's connection: the server reads whole requests, and
//! each of them gets one response, or one failure, and nobody else's.

use super::ops::{Content, Extra, Op, Which};
use super::verbs::{Hands, START, small};
use crate::peer::request::{self, BodyEnd};
use bytes::Bytes;
use purlin_core::client::Connection;
use purlin_core::{
    Body, BodyLength, ClientConfig, ClientMachine, Close, Event, Id, Limits, Machine, Method,
    Misuse, RequestHead, Retry, Reuse,
};
use std::sync::Arc;

/// A client's connection in bad hands.
pub struct ClientChaos {
    hands: Hands<Connection>,
    /// The methods of the requests that were taken.
    asked: Vec<&'static str>,
    /// How many exchanges were told to be over.
    over: usize,
    /// The final response to the last request was told.
    answered: bool,
    failed: bool,
    /// The connection takes no further request.
    never: bool,
    /// How much went out as requests: what follows an upgrade is the application's affair.
    requests: Option<usize>,
}

impl ClientChaos {
    /// A connection with small limits, so that they are met.
    pub fn new() -> ClientChaos {
        let limits = small(Limits::CLIENT);
        let config = ClientConfig { limits, trace: true, ..ClientConfig::default() };
        ClientChaos {
            hands: Hands::new(Connection::new(Arc::new(config), START), limits),
            asked: Vec::new(),
            over: 0,
            answered: false,
            failed: false,
            never: false,
            requests: None,
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
        self.hands.check(true);
        self.check_reuse();
    }

    /// Lets the server read everything, and looks at it as a strict one does.
    pub fn finish(mut self) {
        while self.poll() {}
        self.hands.transmit(usize::MAX);
        self.check_sent();
    }

    /// A command; if it is refused, nothing has changed.
    fn command(&mut self, op: &Op) {
        let before = self.hands.snapshot();
        let reuse = self.hands.machine.reuse();
        let result = match op {
            Op::Request(method, content, extra) => self.request(method, *content, *extra),
            _ => {
                let last = self.asked.len() as Id;
                self.hands.command(op, |which| which.of(last))
            }
        };
        if let Err(misuse) = result {
            assert_eq!(self.hands.snapshot(), before, "{misuse:?} changed something: {op:?}");
            assert_eq!(self.hands.machine.reuse(), reuse, "{misuse:?} changed something: {op:?}");
        }
    }

    fn request(
        &mut self,
        method: &'static str,
        content: Content,
        extra: Extra,
    ) -> Result<(), Misuse> {
        let target = if method == "CONNECT" { "a:1" } else { "/" };
        let made = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
        let Ok(mut head) = RequestHead::new(made, target) else { return Ok(()) };
        for (name, value) in [("Host", "a")].into_iter().chain(extra) {
            head.fields_mut().append(name, value).unwrap_or_default();
        }
        let body = match content {
            Content::Empty => Body::Empty,
            Content::Full(size) => {
                self.hands.given += size;
                Body::Full(Bytes::from(vec![b'f'; size]))
            }
            Content::Length(length) => Body::Length(length),
            Content::Stream => Body::Stream,
        };
        self.hands.given += 200;
        let reuse = self.hands.machine.reuse();
        let taken = self.hands.machine.request(&head, body, self.hands.now);
        match (&taken, reuse) {
            (Ok(id), Reuse::Now) => assert_eq!(*id, Which::Next.of(self.asked.len() as Id)),
            (Err(Misuse::NotReusable | Misuse::Busy), Reuse::Now) | (Ok(_), _) => {
                panic!("{reuse:?}, and {taken:?}")
            }
            _ => {}
        }
        taken?;
        self.asked.push(method);
        self.answered = false;
        Ok(())
    }

    fn poll(&mut self) -> bool {
        let Some(event) = self.hands.machine.poll_event(self.hands.now) else {
            self.hands.is_quiet();
            return false;
        };
        assert!(!self.hands.closed, "{event:?} follows Closed");
        let last = self.asked.len() as Id;
        match event {
            Event::Interim { id, head } => {
                assert_eq!(id, last);
                assert!(head.status().is_informational() && !self.answered);
            }
            Event::Response { id, body, .. } => {
                assert_eq!(id, last, "a response belongs to its request");
                if body == BodyLength::Empty {
                    self.hands.received = id;
                }
                assert!(!self.answered && !self.failed, "one response to a request");
                self.answered = true;
            }
            Event::Failed { id, error } => {
                assert_eq!(id, Some(last), "a failure belongs to its request");
                assert!(!self.answered && !self.failed, "a failure instead of the response");
                let nothing = self.hands.sent.is_empty();
                assert!(!nothing || error.retry == Retry::Safe, "{error:?} with nothing sent");
                self.failed = true;
            }
            Event::Done { id, facts } => {
                self.over += 1;
                // It may be told once the next has begun.
                let received = self.hands.received >= id;
                assert!(received || !facts.keep_alive, "the peer ended it: {facts:?}");
                assert_eq!(id, self.over as Id, "every exchange is over once");
            }
            Event::Upgraded { id } => {
                assert_eq!(id, last);
                self.requests = Some(self.hands.sent.len() + self.hands.queued().len());
            }
            Event::Closed(_) => {
                assert_eq!(self.over, self.asked.len(), "closed within an exchange");
                self.hands.close();
            }
            Event::Flushed { id } => self.hands.flushed(id),
            Event::Readable { id } | Event::Writable { id } | Event::Sent { id } => {
                assert_eq!(id, last);
            }
            _ => {}
        }
        true
    }

    /// What is said of further requests is kept to.
    fn check_reuse(&mut self) {
        let reuse = self.hands.machine.reuse();
        let open = self.hands.machine.in_exchange();
        match reuse {
            Reuse::Now => assert!(!open && !self.never, "{reuse:?}"),
            Reuse::Later => assert!(open && !self.never, "{reuse:?}"),
            Reuse::Never(_) => self.never = true,
        }
    }

    /// The server saw the requests that were made, each whole but the last.
    fn check_sent(&mut self) {
        let sent = &self.hands.sent;
        let requests = self.requests.unwrap_or(sent.len()).min(sent.len());
        let (seen, _) = request::read_all(&sent[..requests]);
        let methods: Vec<&str> = seen.iter().map(|request| &*request.method).collect();
        assert!(self.asked.starts_with(&methods), "{methods:?} of {:?}", self.asked);
        let Some((last, before)) = seen.split_last() else { return };
        for request in before.iter().chain([last]) {
            assert_ne!(request.end, BodyEnd::Broken, "{}", sent.escape_ascii());
        }
        assert!(before.iter().all(|request| request.end == BodyEnd::Whole));
        let kept = self.hands.machine.reuse() == Reuse::Now;
        if kept {
            assert_eq!(methods.len(), self.asked.len(), "every request went out");
            assert_eq!(last.end, BodyEnd::Whole);
        }
        if last.end == BodyEnd::Cut && self.hands.closed {
            let close = self.hands.machine.want().close;
            assert!(matches!(close, Some(Close::Graceful | Close::Abort)), "{close:?}");
        }
    }
}

impl Default for ClientChaos {
    fn default() -> ClientChaos {
        ClientChaos::new()
    }
}
