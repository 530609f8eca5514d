//! The application that the vectors assume, behind a client's machine: it makes requests,
//! reads what answers them, and notes what it saw. It judges nothing.

use std::sync::Arc;

use bytes::Bytes;
use purlin_core::config::Http2;
use purlin_core::h2::connection::Connection;
use purlin_core::{
    Body, ClientConfig, ClientMachine, Event, Id, Machine, Method, Misuse, Mono, Now, Recv,
    RequestHead, Retry,
};
use serde_json::Value;

use super::super::h2_server::Fed;
use super::super::h2_server::app::pairs;
use super::super::json::{FieldList, fields, flag, text};

/// A request, and what became of it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) name: String,
    /// None as long as nothing went out.
    pub(super) id: Option<Id>,
    pub(super) status: Option<u64>,
    pub(super) interim: Vec<u64>,
    pub(super) fields: FieldList,
    pub(super) body: Vec<u8>,
    pub(super) trailers: FieldList,
    /// The end of the response was seen.
    pub(super) complete: bool,
    /// It gets no response.
    pub(super) error: Option<Retry>,
    /// Its response does not come to its end.
    pub(super) failed: Option<Retry>,
    pub(super) cancelled: bool,
    head: RequestHead,
    /// What is given with the head, until that is made.
    whole: Option<Body>,
    /// What is given behind it.
    rest: Bytes,
    is_tunnel: bool,
    reads: bool,
}

impl Asked {
    /// Whether nothing more is to be seen of it.
    fn is_over(&self) -> bool {
        self.complete || self.error.is_some() || self.failed.is_some() || self.cancelled
    }
}

/// A connection with the application behind it.
pub(super) struct Client {
    pub(super) machine: Connection,
    pub(super) asked: Vec<Asked>,
    pub(super) output: Vec<u8>,
    now: Now,
}

impl Fed for Client {
    fn machine(&mut self) -> &mut Connection {
        &mut self.machine
    }

    fn now(&self) -> Now {
        self.now
    }

    fn settle(&mut self, takes_output: bool) {
        loop {
            let mut moved = false;
            while let Some(event) = self.machine.poll_event(self.now) {
                self.event(event);
                moved = true;
            }
            for at in 0..self.asked.len() {
                moved |= self.begin(at) || self.give(at) || self.read(at);
            }
            if takes_output {
                moved |= self.machine.transmit(&mut self.output, usize::MAX, self.now) > 0;
            }
            if !moved {
                return;
            }
        }
    }

    fn sent(&self) -> usize {
        self.output.len()
    }
}

impl Client {
    pub(super) fn new() -> Client {
        let now = Now::at(Mono::from_secs(1), 784_111_777);
        let http2 = Http2 { connection_window: 65_535, ..Http2::DEFAULT };
        let config = ClientConfig { http2, ..ClientConfig::default() };
        Client {
            machine: Connection::client(Arc::new(config), false, now),
            asked: Vec::new(),
            output: Vec::new(),
            now,
        }
    }

    /// Notes a request, which is made as soon as there is room for it.
    pub(super) fn ask(&mut self, request: &Value) -> Result<(), String> {
        let method = Method::from_bytes(text(request, "method").as_bytes());
        let method = method.map_err(|fault| format!("{fault:?}"))?;
        let is_tunnel = method == Method::CONNECT;
        let protocol = request["protocol"].as_str();
        let authority = text(request, "authority");
        // A tunnel is to a port, which the vectors leave out.
        let ported = is_tunnel && protocol.is_none();
        let authority = if ported { format!("{authority}:443") } else { authority.to_owned() };
        let target = if ported { &authority } else { text(request, "path") };
        let head = match protocol {
            Some(protocol) => RequestHead::extended_connect(protocol, target),
            None => RequestHead::new(method, target),
        };
        let mut head = head.map_err(|fault| format!("{fault:?}"))?;
        let host = (b"Host".to_vec(), authority.as_bytes().to_vec());
        for (name, value) in [host].into_iter().chain(fields(&request["fields"])) {
            let name = String::from_utf8_lossy(&name);
            head.fields_mut().append(&name, &value).map_err(|fault| format!("{fault:?}"))?;
        }
        let length = request["body"].as_u64().and_then(|length| usize::try_from(length).ok());
        let content = Bytes::from(vec![b'x'; length.unwrap_or_default()]);
        let (whole, rest) = match length {
            _ if is_tunnel => (Body::Empty, content),
            None => (Body::Empty, Bytes::new()),
            Some(_) if flag(request, "body_open") => (Body::Stream, content),
            Some(_) => (Body::Full(content), Bytes::new()),
        };
        self.asked.push(Asked {
            name: text(request, "name").to_owned(),
            id: None,
            status: None,
            interim: Vec::new(),
            fields: Vec::new(),
            body: Vec::new(),
            trailers: Vec::new(),
            complete: false,
            error: None,
            failed: None,
            cancelled: false,
            head,
            whole: Some(whole),
            rest,
            is_tunnel,
            reads: request["read"].as_bool() != Some(false),
        });
        Ok(())
    }

    pub(super) fn cancel(&mut self, name: &str) {
        for asked in self.asked.iter_mut().filter(|asked| asked.name == name) {
            asked.cancelled = true;
            if let Some(id) = asked.id {
                self.machine.reset(id, self.now).expect("it is open");
            }
        }
    }

    fn of(&mut self, id: Id) -> &mut Asked {
        let found = self.asked.iter_mut().find(|asked| asked.id == Some(id));
        found.expect("events are of requests that were made")
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Interim { id, head } => {
                self.of(id).interim.push(u64::from(head.status().code()));
            }
            Event::Response { id, head, .. } => {
                let asked = self.of(id);
                assert!(asked.status.is_none(), "one response is final");
                asked.status = Some(u64::from(head.status().code()));
                asked.fields = pairs(head.fields().iter());
                asked.is_tunnel &= head.status().is_success();
            }
            Event::Failed { id: Some(id), error } => {
                let asked = self.of(id);
                assert!(asked.error.is_none() && !asked.complete, "it fails once");
                asked.error = Some(error.retry);
                let _ = self.machine.discard(id, self.now); // the connection may be over
            }
            Event::Closed(_) => {
                for at in 0..self.asked.len() {
                    // What was read as far as there is anything has its end.
                    while self.read(at) {}
                    let asked = &mut self.asked[at];
                    if asked.status.is_some() && !asked.is_over() {
                        asked.failed = Some(Retry::Never);
                    }
                }
            }
            Event::Reset { .. } | Event::Request { .. } => panic!("{event:?} is not for a client"),
            _ => {}
        }
    }

    /// Makes a request, if there is room for it.
    fn begin(&mut self, at: usize) -> bool {
        let asked = &mut self.asked[at];
        let Some(body) = asked.whole.clone().filter(|_| !asked.is_over()) else { return false };
        asked.error = match self.machine.request(&asked.head, body, self.now) {
            Err(Misuse::Busy) => return false,
            Ok(id) => {
                asked.id = Some(id);
                None
            }
            Err(Misuse::NotReusable) => Some(Retry::Safe),
            Err(_) => Some(Retry::Never),
        };
        asked.whole = None;
        true
    }

    /// Gives content, as much as there is room for.
    fn give(&mut self, at: usize) -> bool {
        let asked = &mut self.asked[at];
        let Some(id) = asked.id.filter(|_| !asked.is_over() && !asked.rest.is_empty()) else {
            return false;
        };
        if asked.is_tunnel && asked.status.is_none() {
            return false;
        }
        let before = asked.rest.len();
        match self.machine.send(id, &mut asked.rest, self.now) {
            Ok(()) => asked.rest.len() < before,
            Err(Misuse::Answered) => {
                asked.rest = Bytes::new();
                true
            }
            Err(misuse) => panic!("{misuse}"),
        }
    }

    fn read(&mut self, at: usize) -> bool {
        let asked = &mut self.asked[at];
        let Some(id) = asked.id.filter(|_| asked.reads && !asked.is_over()) else { return false };
        if asked.status.is_none() {
            return false;
        }
        match self.machine.recv(id, self.now) {
            Recv::Pending => return false,
            Recv::Data(piece) => asked.body.extend_from_slice(&piece),
            Recv::End(trailers) => {
                asked.complete = true;
                asked.trailers = trailers.iter().flat_map(|fields| pairs(fields.iter())).collect();
            }
            Recv::Failed(error) => {
                asked.failed = Some(error.retry);
                let _ = self.machine.discard(id, self.now); // the connection may be over
            }
        }
        true
    }
}
