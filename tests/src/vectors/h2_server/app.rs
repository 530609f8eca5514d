//! The application that the vectors of HTTP/2 assume, behind a server's machine.
//! It does what a path says and notes what it saw; it judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use purlin_core::config::Http2;
use purlin_core::h2::connection::Connection;
use purlin_core::{
    Body, Event, Fields, Id, Machine, Method, Mono, Now, Recv, RequestHead, ResponseHead,
    ServerConfig, ServerMachine, Status,
};

use super::super::json::FieldList;
use super::Fed;

/// A request as the application saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) method: String,
    pub(super) authority: Option<String>,
    /// Path and query; `None` of a CONNECT that has none.
    pub(super) path: Option<String>,
    pub(super) protocol: Option<String>,
    /// Without Host.
    pub(super) fields: FieldList,
    pub(super) body: Vec<u8>,
    pub(super) trailers: FieldList,
    /// Its end was seen.
    pub(super) complete: bool,
    /// An error was seen in place of its end.
    pub(super) failed: bool,
}

/// What a handler still does.
#[derive(Debug)]
enum Work {
    /// It reads, and then answers so.
    Reads(Answer),
    /// It sends back what comes; a piece may wait for room.
    Echoes(Bytes),
    /// It never does anything more.
    Sleeps,
}

#[derive(Clone, Debug)]
enum Answer {
    Whole(Status, Bytes),
    Early,
    Trailers,
    Nothing,
}

/// A connection with the application behind it.
pub(super) struct Server {
    pub(super) machine: Connection,
    pub(super) now: Now,
    pub(super) messages: BTreeMap<Id, Message>,
    pub(super) output: Vec<u8>,
    /// The most handlers at once.
    pub(super) most_running: usize,
    pub(super) most_held: usize,
    work: BTreeMap<Id, Work>,
}

impl Fed for Server {
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
            for id in self.work.keys().copied().collect::<Vec<_>>() {
                moved |= self.go_on(id);
            }
            self.most_held = self.most_held.max(self.machine.held());
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

impl Server {
    pub(super) fn new(max_concurrent: Option<u32>, extended_connect: bool) -> Server {
        let now = Now::at(Mono::from_secs(1), 784_111_777);
        let http2 = Http2 {
            max_concurrent: max_concurrent.unwrap_or(Http2::DEFAULT.max_concurrent),
            connection_window: 65_535,
            extended_connect,
            ..Http2::DEFAULT
        };
        let config = ServerConfig { http2, ..ServerConfig::default() };
        Server {
            machine: Connection::new(Arc::new(config), now),
            now,
            messages: BTreeMap::new(),
            output: Vec::new(),
            most_running: 0,
            most_held: 0,
            work: BTreeMap::new(),
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Request { id, head, .. } => self.begin(id, &head),
            Event::Reset { id, .. } | Event::Failed { id: Some(id), .. } => {
                // What came before it is read, if the handler reads.
                while matches!(self.work.get(&id), Some(Work::Reads(_))) && self.read_on(id) {}
                self.work.remove(&id);
                self.fail(id);
                // An exchange that is over already is nobody's to let go of.
                let _ = self.machine.discard(id, self.now);
            }
            Event::Closed(_) => {
                for id in std::mem::take(&mut self.work).into_keys() {
                    self.fail(id);
                }
            }
            _ => {}
        }
    }

    fn fail(&mut self, id: Id) {
        if let Some(message) = self.messages.get_mut(&id) {
            message.failed |= !message.complete;
        }
    }

    fn begin(&mut self, id: Id, head: &RequestHead) {
        let is_tunnel = *head.method() == Method::CONNECT;
        let query = head.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", head.path());
        let others = head.fields().iter().filter(|field| !field.is("host"));
        let message = Message {
            method: head.method().to_string(),
            authority: head.authority().map(str::to_owned),
            path: Some(path.clone()).filter(|path| !path.is_empty()),
            protocol: head.protocol().map(str::to_owned),
            fields: pairs(others),
            body: Vec::new(),
            trailers: Vec::new(),
            complete: false,
            failed: false,
        };
        self.messages.insert(id, message);
        let work = if is_tunnel { self.tunnel(id) } else { work_of(&path) };
        self.work.insert(id, work);
        self.most_running = self.most_running.max(self.work.len());
    }

    fn tunnel(&mut self, id: Id) -> Work {
        let head = ResponseHead::new(Status::OK);
        self.machine.respond(id, &head, Body::Stream, self.now).expect("a tunnel begins");
        Work::Echoes(Bytes::new())
    }

    /// One step of a handler; says whether it got on.
    fn go_on(&mut self, id: Id) -> bool {
        match self.work.get_mut(&id) {
            None | Some(Work::Sleeps) => false,
            Some(Work::Echoes(piece)) if !piece.is_empty() => {
                let before = piece.len();
                let sent = self.machine.send(id, piece, self.now);
                sent.expect("a tunnel takes what comes");
                before > piece.len()
            }
            Some(Work::Reads(Answer::Early)) => {
                self.work.remove(&id);
                let head = ResponseHead::new(Status::OK);
                let body = Body::Full(Bytes::from_static(b"ok"));
                self.machine.respond(id, &head, body, self.now).expect("an early answer");
                true
            }
            Some(_) => self.read_on(id),
        }
    }

    fn read_on(&mut self, id: Id) -> bool {
        let Some(message) = self.messages.get_mut(&id) else { return false };
        match self.machine.recv(id, self.now) {
            Recv::Pending => false,
            Recv::Data(piece) => {
                message.body.extend_from_slice(&piece);
                if let Some(Work::Echoes(waiting)) = self.work.get_mut(&id) {
                    *waiting = piece;
                }
                true
            }
            Recv::End(trailers) => {
                message.complete = true;
                message.trailers =
                    trailers.iter().flat_map(|fields| pairs(fields.iter())).collect();
                self.answer(id);
                true
            }
            Recv::Failed(error) => {
                message.failed = true;
                self.work.remove(&id);
                // The application goes before the events do: it may be over already.
                if let Some(status) = error.answer {
                    let head = ResponseHead::new(status);
                    let _ = self.machine.respond(id, &head, Body::Empty, self.now);
                }
                true
            }
        }
    }

    fn answer(&mut self, id: Id) {
        let Some(work) = self.work.remove(&id) else { return };
        let now = self.now;
        let answered = match work {
            Work::Reads(Answer::Whole(status, body)) => {
                if status == Status::EARLY_HINTS {
                    let hints = ResponseHead::new(status);
                    self.machine.interim(id, &hints, now).expect("an interim response");
                }
                let status = if status.is_informational() { Status::OK } else { status };
                let body = if body.is_empty() { Body::Empty } else { Body::Full(body) };
                self.machine.respond(id, &ResponseHead::new(status), body, now)
            }
            Work::Reads(Answer::Trailers) => {
                let trailers = Fields::from_pairs([("x-t", "1")]).expect("a field");
                let head = ResponseHead::new(Status::OK);
                let mut data = Bytes::from_static(b"ok");
                self.machine
                    .respond(id, &head, Body::Stream, now)
                    .and_then(|()| self.machine.send(id, &mut data, now))
                    .and_then(|()| self.machine.finish(id, Some(&trailers), now))
            }
            Work::Echoes(_) => self.machine.finish(id, None, now),
            Work::Reads(Answer::Nothing | Answer::Early) | Work::Sleeps => {
                self.work.insert(id, Work::Sleeps);
                Ok(())
            }
        };
        answered.expect("an answer to a whole request");
    }
}

fn work_of(path: &str) -> Work {
    let ok = Bytes::from_static(b"ok");
    let number = path.strip_prefix("/n/").and_then(|number| number.parse::<usize>().ok());
    match (path, number) {
        (_, Some(number)) => Work::Reads(Answer::Whole(Status::OK, vec![b'x'; number].into())),
        ("/hold", _) => Work::Reads(Answer::Nothing),
        ("/stall", _) => Work::Sleeps,
        ("/early", _) => Work::Reads(Answer::Early),
        ("/204", _) => Work::Reads(Answer::Whole(Status::NO_CONTENT, Bytes::new())),
        ("/304", _) => Work::Reads(Answer::Whole(Status::NOT_MODIFIED, Bytes::new())),
        ("/103", _) => Work::Reads(Answer::Whole(Status::EARLY_HINTS, ok)),
        ("/trailers", _) => Work::Reads(Answer::Trailers),
        _ => Work::Reads(Answer::Whole(Status::OK, ok)),
    }
}

pub(in crate::vectors) fn pairs<'a>(
    fields: impl Iterator<Item = purlin_core::Field<'a>>,
) -> FieldList {
    fields
        .map(|field| (field.name.to_ascii_lowercase().into_bytes(), field.value.to_vec()))
        .collect()
}
