//! A server with the handler that the vectors assume, and what can be seen of
//! it: the handler reads the whole body and answers 200 with two bytes, or the
//! error's own status if the body fails.
//!
//! It judges nothing.

use crate::peer::request::{self, End, Request};
use bytes::Bytes;
use purlin_core::config::Protocols;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Close, CloseReason, Eof, Event, Field, Fields, Id, Machine, Method, Mono, Now, Recv,
    RequestHead, ResponseHead, ServerConfig, ServerMachine, Status, Version, Why,
};
use std::sync::Arc;

/// Names and values, in order.
pub type FieldList = Vec<(Vec<u8>, Vec<u8>)>;

/// A request as the handler saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The method.
    pub method: String,
    /// The target as sent.
    pub target: String,
    /// The version.
    pub version: Version,
    /// The fields, in order.
    pub fields: FieldList,
    /// Host and port it is for.
    pub authority: Option<String>,
    /// What was read of the body.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: FieldList,
    /// How the body ended.
    pub end: BodyEnd,
}

/// How the body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyEnd {
    /// More may come.
    NotYet,
    /// Well.
    Whole,
    /// With an error.
    Failed,
}

/// Where the connection stands, as far as a driver can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for a request; `begun` if bytes of it may be there.
    Between {
        /// Whether bytes of it may be there.
        begun: bool,
    },
    /// An exchange is open.
    Body,
    /// It carries raw bytes.
    Tunnel,
    /// It ends.
    Closed(CloseReason),
}

/// Everything that can be seen. How it closes is not told, only that it does:
/// whether it lingers may depend on what has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the handler saw.
    pub messages: Vec<Message>,
    /// What went out, without 100 (Continue), which depends on what has arrived.
    pub output: Vec<u8>,
    /// Where it stands.
    pub state: State,
    /// Whether the driver is told to close.
    pub closing: bool,
    /// The raw bytes behind an upgrade.
    pub tunnel: Vec<u8>,
}

impl Seen {
    /// The same in the oracle's words.
    pub fn read(&self) -> (Vec<Request>, End) {
        let lower = |(name, value): &(Vec<u8>, Vec<u8>)| {
            (String::from_utf8_lossy(name).to_ascii_lowercase(), value.clone())
        };
        let all = self.messages.iter().map(|message| Request {
            method: message.method.clone(),
            target: message.target.clone(),
            fields: message.fields.iter().map(lower).collect(),
            body: message.body.clone(),
            end: match message.end {
                BodyEnd::NotYet => request::BodyEnd::Cut,
                BodyEnd::Whole => request::BodyEnd::Whole,
                BodyEnd::Failed => request::BodyEnd::Broken,
            },
        });
        let end = match self.state {
            State::Between { begun: false } => End::Idle,
            State::Between { begun: true } => End::Head,
            State::Body => End::Body,
            State::Tunnel => End::Tunnel,
            State::Closed(CloseReason::Fault(_)) => End::Refused,
            State::Closed(_) => End::Closed,
        };
        (all.collect(), end)
    }
}

/// The bytes of 100 (Continue).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection with the handler behind it.
pub struct Server {
    machine: Connection,
    /// A switch of protocols is how the handler answers.
    upgrades: bool,
    messages: Vec<Message>,
    /// How many 100 (Continue) went out while each message was read.
    pub continues: Vec<usize>,
    /// Everything that went out.
    pub output: Vec<u8>,
    tunnel: Vec<u8>,
    open: Option<Id>,
    upgraded: bool,
    closed: Option<CloseReason>,
}

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);

impl Server {
    /// A connection of HTTP/1 that was accepted just now.
    pub fn new(upgrades: bool) -> Server {
        let protocols = Protocols::Http1;
        let config = ServerConfig { general_options: false, protocols, ..ServerConfig::default() };
        Server {
            machine: Connection::new(Arc::new(config), NOW),
            upgrades,
            messages: Vec::new(),
            continues: Vec::new(),
            output: Vec::new(),
            tunnel: Vec::new(),
            open: None,
            upgraded: false,
            closed: None,
        }
    }

    /// Gives it these bytes, as far as it takes them.
    ///
    /// # Errors
    /// It neither takes them nor closes.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            let taken = self.machine.receive(bytes, NOW);
            bytes = &bytes[taken..];
            self.run();
            if taken == 0 && !self.machine.want().read {
                return match self.machine.want().close {
                    Some(Close::Graceful | Close::Abort) => Ok(()),
                    other => Err(format!("input is not taken, and close is {other:?}")),
                };
            }
        }
        Ok(())
    }

    /// Whether the driver is told to close.
    pub fn is_closing(&self) -> bool {
        self.machine.want().close.is_some()
    }

    /// The peer ends its sending in order.
    pub fn eof(&mut self) {
        self.machine.eof(Eof::Clean, NOW);
        self.run();
    }

    /// What can be seen by now.
    pub fn seen(&self) -> Seen {
        let state = match self.machine.deadline() {
            _ if self.closed.is_some() => self.closed.map_or(State::Body, State::Closed),
            _ if self.upgraded => State::Tunnel,
            _ if self.machine.in_exchange() => State::Body,
            deadline => State::Between { begun: !matches!(deadline, Some((_, Why::Idle))) },
        };
        Seen {
            messages: self.messages.clone(),
            output: without(&self.output, CONTINUE),
            state,
            closing: self.is_closing(),
            tunnel: self.tunnel.clone(),
        }
    }

    /// Events, commands and output until nothing moves.
    fn run(&mut self) {
        loop {
            let mut moved = false;
            while let Some(event) = self.machine.poll_event(NOW) {
                moved = true;
                self.handle(event);
            }
            let before = self.output.len();
            self.machine.transmit(&mut self.output, usize::MAX, NOW);
            let continues = count(&self.output[before..], CONTINUE);
            if let Some(last) = self.continues.last_mut() {
                *last += continues;
            }
            if !moved && self.output.len() == before {
                break;
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Request { id, head, .. } => {
                self.open = Some(id);
                self.messages.push(message(&head));
                self.continues.push(0);
                // It reads every body to its end, however long it says it is.
                let raised = self.machine.limit_body(id, u64::MAX);
                debug_assert!(raised.is_ok());
                self.read(id);
            }
            Event::Readable { id } => self.read(id),
            Event::Upgraded { .. } => {
                self.upgraded = true;
                self.read_tunnel();
            }
            Event::Closed(reason) => self.closed = Some(reason),
            _ => {}
        }
    }

    fn read(&mut self, id: Id) {
        if self.upgraded {
            return self.read_tunnel();
        }
        loop {
            let got = self.machine.recv(id, NOW);
            let Some(message) = self.messages.last_mut() else { return };
            let status = match got {
                Recv::Pending => return,
                Recv::Data(data) => {
                    message.body.extend_from_slice(&data);
                    continue;
                }
                Recv::End(trailers) => {
                    message.end = BodyEnd::Whole;
                    message.trailers = trailers.iter().flat_map(Fields::iter).map(owned).collect();
                    Status::OK
                }
                Recv::Failed(error) => {
                    message.end = BodyEnd::Failed;
                    error.answer.unwrap_or(Status::BAD_REQUEST)
                }
            };
            return self.answer(id, status);
        }
    }

    fn answer(&mut self, id: Id, status: Status) {
        let connect = self.messages.last().is_some_and(|m| m.method == Method::CONNECT.as_str());
        let (head, body) = match status {
            Status::OK if connect => (ResponseHead::new(status), Body::Empty),
            Status::OK if self.upgrades => {
                let mut head = ResponseHead::new(Status::SWITCHING_PROTOCOLS);
                let _ = head.fields_mut().append("Upgrade", "raw");
                (head, Body::Empty)
            }
            Status::OK => (ResponseHead::new(status), Body::Full(Bytes::from_static(b"ok"))),
            _ => (ResponseHead::new(status), Body::Empty),
        };
        let answered = self.machine.respond(id, &head, body, NOW);
        debug_assert!(answered.is_ok() || self.machine.want().close.is_some(), "{answered:?}");
        self.open = None;
    }

    fn read_tunnel(&mut self) {
        let id = self.messages.len() as Id;
        loop {
            match self.machine.recv(id, NOW) {
                Recv::Data(data) => self.tunnel.extend_from_slice(&data),
                Recv::Pending => break,
                Recv::End(_) | Recv::Failed(_) => {
                    let _ = self.machine.finish(id, None, NOW);
                    break;
                }
            }
        }
    }
}

/// Name and value.
pub(crate) fn owned(field: Field<'_>) -> (Vec<u8>, Vec<u8>) {
    (field.name.as_bytes().to_vec(), field.value.to_vec())
}

fn message(head: &RequestHead) -> Message {
    Message {
        method: head.method().as_str().to_owned(),
        target: head.target().to_owned(),
        version: head.version(),
        fields: head.fields().iter().map(owned).collect(),
        authority: head.authority().map(str::to_owned),
        body: Vec::new(),
        trailers: Vec::new(),
        end: BodyEnd::NotYet,
    }
}

fn count(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len()).filter(|window| *window == part).count()
}

fn without(text: &[u8], part: &[u8]) -> Vec<u8> {
    let mut rest = text;
    let mut kept = Vec::new();
    while let Some(at) = rest.windows(part.len()).position(|window| window == part) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    kept.extend_from_slice(rest);
    kept
}
