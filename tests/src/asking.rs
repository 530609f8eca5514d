//! A client that asks once and reads what it gets, and what can be seen of it:
//! the response to one request that has been written whole.
//!
//! It judges nothing.

use crate::assumed::{BodyEnd, FieldList, owned};
use purlin_core::client::Connection;
use purlin_core::{
    Body, ClientConfig, ClientMachine, Close, CloseReason, Eof, Event, Fault, Fields, Id, Machine,
    Method, Mono, Now, Recv, RequestHead, ResponseHead, Reuse, Version,
};
use std::sync::Arc;

/// The final response as the application saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: Vec<u8>,
    /// The version.
    pub version: Version,
    /// The fields, in order.
    pub fields: FieldList,
    /// What was read of the body, or of the raw stream.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: FieldList,
    /// How the body ended.
    pub end: BodyEnd,
}

/// Everything that can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The statuses of the interim responses.
    pub interims: Vec<u16>,
    /// The final response, if its head came.
    pub message: Option<Message>,
    /// Why there is none.
    pub failed: Option<Fault>,
    /// The exchange carries raw bytes.
    pub tunnel: bool,
    /// Whether the connection takes a further request.
    pub reuse: Reuse,
    /// Why the connection ends.
    pub closed: Option<CloseReason>,
    /// Whether the driver is told to close.
    pub closing: bool,
}

/// A connection with an application that reads everything.
pub struct Client {
    machine: Connection,
    id: Id,
    seen: Seen,
}

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);

impl Client {
    /// A client that has sent a request of this method, without a body.
    ///
    /// # Errors
    /// The request cannot be sent.
    pub fn new(method: &str) -> Result<Client, String> {
        let mut machine = Connection::new(Arc::new(ClientConfig::default()), NOW);
        let method = Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?;
        let target = if method == Method::CONNECT { "h:80" } else { "/" };
        let mut head = RequestHead::new(method, target).map_err(|e| e.to_string())?;
        head.fields_mut().append("Host", "h").map_err(|e| e.to_string())?;
        let id = machine.request(&head, Body::Empty, NOW).map_err(|e| e.to_string())?;
        machine.transmit(&mut Vec::new(), usize::MAX, NOW);
        let seen = Seen {
            interims: Vec::new(),
            message: None,
            failed: None,
            tunnel: false,
            reuse: machine.reuse(),
            closed: None,
            closing: false,
        };
        Ok(Client { machine, id, seen })
    }

    /// Gives it these bytes, as far as it takes them.
    ///
    /// # Errors
    /// It neither takes them nor closes.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            let taken = self.machine.receive(bytes, NOW);
            bytes = &bytes[taken..];
            self.run()?;
            if taken == 0 && !self.machine.want().read {
                return match self.machine.want().close {
                    Some(Close::Graceful | Close::Abort) => Ok(()),
                    other => Err(format!("input is not taken, and close is {other:?}")),
                };
            }
        }
        Ok(())
    }

    /// The server ends its sending in order.
    ///
    /// # Errors
    /// More than one final response was told.
    pub fn eof(&mut self) -> Result<(), String> {
        self.machine.eof(Eof::Clean, NOW);
        self.run()
    }

    /// What can be seen by now.
    pub fn seen(&self) -> Seen {
        let closing = self.machine.want().close.is_some();
        Seen { reuse: self.machine.reuse(), closing, ..self.seen.clone() }
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(event) = self.machine.poll_event(NOW) {
            match event {
                Event::Interim { head, .. } => self.seen.interims.push(head.status().code()),
                Event::Response { head, .. } => {
                    let before = self.seen.message.replace(message(&head));
                    if before.is_some() {
                        return Err("a second response".to_owned());
                    }
                }
                Event::Failed { error, .. } => self.seen.failed = Some(error.kind),
                Event::Upgraded { .. } => self.seen.tunnel = true,
                Event::Closed(reason) => self.seen.closed = Some(reason),
                _ => {}
            }
            self.read();
        }
        Ok(())
    }

    fn read(&mut self) {
        let Some(message) = self.seen.message.as_mut() else { return };
        while message.end == BodyEnd::NotYet {
            match self.machine.recv(self.id, NOW) {
                Recv::Pending => return,
                Recv::Data(data) => message.body.extend_from_slice(&data),
                Recv::End(trailers) => {
                    message.end = BodyEnd::Whole;
                    message.trailers = trailers.iter().flat_map(Fields::iter).map(owned).collect();
                    if self.seen.tunnel {
                        let finished = self.machine.finish(self.id, None, NOW);
                        debug_assert_eq!(finished, Ok(()));
                    }
                }
                Recv::Failed(_) => message.end = BodyEnd::Failed,
            }
        }
    }
}

fn message(head: &ResponseHead) -> Message {
    Message {
        status: head.status().code(),
        reason: head.reason().unwrap_or_default().to_vec(),
        version: head.version(),
        fields: head.fields().iter().map(owned).collect(),
        body: Vec::new(),
        trailers: Vec::new(),
        end: BodyEnd::NotYet,
    }
}
