//! Does anything to a connection, in any order, and checks after every step
//! what must hold whatever is done. It panics when something does not.
//!
//! It judges the contract, not which request is right: vectors and oracle do that.

mod ops;

pub use ops::{Content, Extra, Op, Raw, Which, decode};

use crate::peer::response::{self, Framing, Response};
use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Close, Eof, Event, Fields, Id, Limits, Machine, Misuse, Mono, Now, Recv, ResponseHead,
    ServerConfig, ServerMachine, Status, Want, Why,
};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

/// What `read_buf` promises when it gives anything.
const LEAST_READ: usize = 4096;

/// A connection in bad hands.
pub struct Chaos {
    machine: Connection,
    limits: Limits,
    now: Now,
    /// The methods of the requests that were told.
    methods: Vec<String>,
    /// How many exchanges were told to be over.
    over: usize,
    /// The final statuses that `respond` took.
    answered: Vec<u16>,
    /// What has been written, in order.
    sent: Vec<u8>,
    /// What `output` showed and nobody has written yet.
    shown: Vec<u8>,
    /// What the application has put into heads and whole bodies.
    given: usize,
    /// The most that was queued at one time.
    peak: usize,
    failed: bool,
    closed: bool,
    /// The application gave up on a message.
    gave_up: bool,
    /// The application took the connection over: what it sends is its own affair.
    hijacked: bool,
}

/// What a command that fails must not change.
#[derive(Debug, PartialEq)]
struct Snapshot(Want, Option<(Mono, Why)>, Vec<u8>);

impl Chaos {
    /// A connection with small limits, so that they are met.
    pub fn new() -> Chaos {
        let limits = Limits {
            head_bytes: 8192,
            target_bytes: 1024,
            fields: 20,
            discard_bytes: 16 * 1024,
            body_bytes: 100_000,
            input_bytes: 8192,
            output_bytes: 8192,
            ..Limits::default()
        };
        let now = Now::at(Mono::from_secs(1), 784_111_777);
        let config =
            ServerConfig { limits, trace: true, general_options: false, ..ServerConfig::default() };
        Chaos {
            machine: Connection::new(Arc::new(config), now),
            limits,
            now,
            methods: Vec::new(),
            over: 0,
            answered: Vec::new(),
            sent: Vec::new(),
            shown: Vec::new(),
            given: 0,
            peak: 0,
            failed: false,
            closed: false,
            gave_up: false,
            hijacked: false,
        }
    }

    /// Does one thing, and checks.
    pub fn step(&mut self, op: &Op) {
        self.apply(op);
        self.check();
    }

    /// Lets the peer read everything, and looks at it as a strict client does.
    pub fn finish(mut self) {
        self.write_all();
        self.check_sent();
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Receive(Raw(bytes)) => {
                let taken = self.machine.receive(bytes, self.now);
                assert!(taken <= bytes.len());
                assert!(taken == bytes.len() || !self.machine.want().read, "room, and not taken");
            }
            Op::Fill(Raw(bytes), claimed) => {
                let room = self.machine.read_buf();
                let count = room.len().min(bytes.len());
                room[..count].copy_from_slice(&bytes[..count]);
                self.machine.filled(*claimed, self.now);
            }
            Op::Eof(how) => {
                self.machine.eof(*how, self.now);
                self.gave_up |= *how == Eof::Reset;
            }
            Op::Poll => _ = self.poll(),
            Op::PollAll => while self.poll() {},
            Op::Write(slices, count) => self.write(*slices, *count),
            Op::Transmit(most) => self.transmit(*most),
            Op::Pass(millis) => self.now = self.now.later(Duration::from_millis(*millis)),
            Op::Tick(at_deadline) => self.tick(*at_deadline),
            Op::Trim => self.trim(),
            Op::Shutdown => self.machine.shutdown(self.now),
            _ => self.command(op),
        }
    }

    /// A command; if it is refused, nothing has changed.
    fn command(&mut self, op: &Op) {
        let before = self.snapshot();
        let result = match op {
            Op::Respond(which, status, content, extra) => {
                self.respond(*which, *status, *content, *extra)
            }
            Op::Interim(which, status, extra) => {
                let head = self.head(*status, *extra);
                self.machine.interim(self.id(*which), &head, self.now)
            }
            Op::Send(which, size) => self.send(*which, *size),
            Op::Finish(which, trailer) => self.end(*which, *trailer),
            Op::Recv(which) => {
                self.recv(*which);
                Ok(())
            }
            Op::RecvAll(which) => {
                while self.recv(*which) {}
                Ok(())
            }
            Op::Prefetch(which, most) => {
                let id = self.id(*which);
                self.machine.prefetch(id, *most, self.now);
                Ok(())
            }
            Op::Discard(which) => self.machine.discard(self.id(*which), self.now),
            Op::Reset(which) => {
                let done = self.machine.reset(self.id(*which), self.now);
                self.gave_up |= done.is_ok();
                done
            }
            Op::Hijack(which) => {
                let taken = self.machine.hijack(self.id(*which), self.now);
                self.hijacked |= taken.is_ok();
                taken
            }
            Op::LimitBody(which, bytes) => self.machine.limit_body(self.id(*which), *bytes),
            _ => Ok(()),
        };
        if let Err(misuse) = result {
            assert_eq!(self.snapshot(), before, "{misuse:?} changed something: {op:?}");
        }
    }

    fn id(&self, which: Which) -> Id {
        let last = self.methods.len() as Id;
        match which {
            Which::Last => last,
            Which::Before => last.saturating_sub(1),
            Which::Next => last + 1,
        }
    }

    fn snapshot(&mut self) -> Snapshot {
        Snapshot(self.machine.want(), self.machine.deadline(), self.queued())
    }

    /// Everything that is to be written.
    fn queued(&mut self) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 512];
        let used = self.machine.output(&mut slices, self.now);
        assert!(used < slices.len(), "more pieces than a queue of this size has");
        slices[..used].iter().flat_map(|slice| slice.to_vec()).collect()
    }

    fn poll(&mut self) -> bool {
        let Some(event) = self.machine.poll_event(self.now) else { return false };
        assert!(!self.closed, "{event:?} follows Closed");
        match event {
            Event::Request { id, head, .. } => {
                assert_eq!(id, self.id(Which::Next), "ids go up by one");
                assert_eq!(self.over, self.methods.len(), "an exchange begins within another");
                self.methods.push(head.method().as_str().to_owned());
                assert!(!self.failed, "a request follows a refusal");
            }
            Event::Failed(error) => {
                self.failed = true;
                self.given += 400;
                assert!(error.kind.rule().len() > 3);
            }
            Event::Done { id, facts } => {
                self.over += 1;
                assert_eq!(id, self.id(Which::Last));
                assert_eq!(self.over, self.methods.len(), "an exchange is over, and was not told");
                assert!(facts.first_byte <= facts.head && facts.head <= facts.end, "{facts:?}");
            }
            Event::Closed(_) => {
                assert_eq!(self.over, self.methods.len(), "closed within an exchange");
                self.closed = true;
            }
            Event::Readable { id } | Event::Writable { id } | Event::Upgraded { id } => {
                assert_eq!(id, self.id(Which::Last));
            }
            _ => {}
        }
        true
    }

    fn tick(&mut self, at_deadline: bool) {
        if let Some((at, _)) = self.machine.deadline().filter(|_| at_deadline) {
            self.now = self.now.later(at.since(self.now.mono));
        }
        self.machine.tick(self.now);
        let deadline = self.machine.deadline();
        assert!(deadline.is_none_or(|(at, _)| at > self.now.mono), "{deadline:?} has passed");
    }

    /// Without output, only what came in is held.
    fn trim(&mut self) {
        self.machine.trim(self.now);
        let held = self.machine.held();
        let most = self.most_input();
        assert!(self.machine.want().write || held <= most, "{held} bytes are held");
    }

    fn write(&mut self, slices: usize, count: usize) {
        let mut some = vec![IoSlice::new(&[]); slices];
        let used = self.machine.output(&mut some, self.now);
        let part: Vec<u8> = some[..used].iter().flat_map(|slice| slice.to_vec()).collect();
        let all = self.queued();
        assert!(all.starts_with(&part), "fewer slices give another prefix");
        self.machine.wrote(count, self.now);
        let count = count.min(all.len());
        self.sent.extend_from_slice(&all[..count]);
        self.shown = all[count..].to_vec();
    }

    fn transmit(&mut self, most: usize) {
        let all = self.queued();
        let mut out = Vec::new();
        let count = self.machine.transmit(&mut out, most, self.now);
        assert_eq!(count, out.len());
        assert_eq!(out, all[..most.min(all.len())], "transmit gives what output shows");
        self.sent.extend_from_slice(&out);
        self.shown = all[count..].to_vec();
    }

    fn write_all(&mut self) {
        for _ in 0..1000 {
            self.transmit(usize::MAX);
            while self.poll() {}
            if !self.machine.want().write {
                break;
            }
        }
    }

    fn head(&mut self, status: u16, extra: Extra) -> ResponseHead {
        let mut head = ResponseHead::new(Status::from_code(status).unwrap_or(Status::OK));
        if let Some((name, value)) = extra {
            head.fields_mut().append(name, value).unwrap_or_default();
        }
        self.given += 200;
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
                self.given += size;
                Body::Full(Bytes::from(vec![b'f'; size]))
            }
            Content::Length(length) => Body::Length(length),
            Content::Stream => Body::Stream,
        };
        self.machine.respond(self.id(which), &head, body, self.now)?;
        self.answered.push(status);
        Ok(())
    }

    fn send(&mut self, which: Which, size: usize) -> Result<(), Misuse> {
        let size = size.min(200_000);
        let mut data = Bytes::from(vec![b's'; size]);
        let result = self.machine.send(self.id(which), &mut data, self.now);
        assert!(result.is_ok() || data.len() == size, "refused data is taken");
        result
    }

    fn end(&mut self, which: Which, trailer: Option<&str>) -> Result<(), Misuse> {
        let mut fields = Fields::new();
        if let Some(name) = trailer {
            fields.append(name, "t").unwrap_or_default();
        }
        self.given += 50;
        self.machine.finish(self.id(which), trailer.map(|_| &fields), self.now)
    }

    /// Whether there may be more at once.
    fn recv(&mut self, which: Which) -> bool {
        match self.machine.recv(self.id(which), self.now) {
            Recv::Data(data) => {
                assert!(!data.is_empty());
                self.given += 30; // it may have asked for 100 (Continue)
                true
            }
            Recv::End(_) | Recv::Failed(_) => false,
            Recv::Pending => {
                self.given += 30;
                false
            }
        }
    }

    /// What must hold after every step.
    fn check(&mut self) {
        let want = self.machine.want();
        let room = self.machine.read_buf().len();
        assert_eq!(want.read, room > 0, "want and read_buf agree");
        assert!(room == 0 || room >= LEAST_READ, "a room of {room}");
        let queued = self.queued();
        assert_eq!(want.write, !queued.is_empty(), "want and output agree");
        assert!(want.close.is_none() || !want.write, "closes over its own output");
        let lost = !queued.starts_with(&self.shown);
        assert!(!lost || want.close == Some(Close::Abort), "output was taken back");
        self.gave_up |= lost;
        assert!(!self.closed || want.write || want.close.is_some(), "closed, and stays open");
        self.peak = self.peak.max(queued.len());
        self.shown = queued;
        self.check_memory();
    }

    fn most_input(&self) -> usize {
        self.limits.input_bytes.max(self.limits.head_bytes + LEAST_READ)
    }

    /// What is held stays under the limits, whatever came in.
    fn check_memory(&self) {
        let queue = self.limits.output_bytes + self.given;
        assert!(self.peak <= queue, "{} bytes are queued", self.peak);
        let held = self.machine.held();
        let most = self.most_input() + 4 * (self.peak + LEAST_READ);
        assert!(held <= most, "{held} bytes are held");
    }

    /// The peer saw a sequence of whole messages, each the one that was given.
    fn check_sent(&mut self) {
        if self.hijacked {
            return;
        }
        let close = self.machine.want().close;
        let ended = matches!(close, Some(Close::Graceful | Close::Linger)) && !self.gave_up;
        let methods = |last| {
            let methods = self.methods.iter().map(String::as_str);
            methods.chain([last]).collect::<Vec<_>>()
        };
        // What was refused may have been a HEAD request, whose answer has no body.
        let last = if self.failed && self.sent.ends_with(b"\r\n\r\n") { "HEAD" } else { "GET" };
        let (all, rest) = match response::read_all(&methods(last), &self.sent, ended) {
            Ok(read) => read,
            Err(why) => panic!("the peer saw {why} in {}", self.sent.escape_ascii()),
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
