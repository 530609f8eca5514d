//! What a machine of either side is put through, and what must hold whichever it is.
//! It knows neither requests nor responses.

use super::ops::{Op, Raw, Which};
use bytes::Bytes;
use purlin_core::{Close, Eof, Fields, Id, Limits, Machine, Misuse, Mono, Now, Recv, Want, Why};
use std::collections::BTreeSet;
use std::io::IoSlice;
use std::time::Duration;

/// What `read_buf` promises when it gives anything.
const LEAST_READ: usize = 4096;

/// The present at the start.
pub(super) const START: Now = Now::at(Mono::from_secs(1), 784_111_777);

/// Small limits, so that they are met.
pub(super) const fn small(of: Limits) -> Limits {
    Limits {
        head_bytes: 8192,
        target_bytes: 1024,
        fields: 20,
        discard_bytes: 16 * 1024,
        body_bytes: 100_000,
        input_bytes: 8192,
        output_bytes: 8192,
        ..of
    }
}

/// A machine, and what it has shown.
pub(super) struct Hands<M> {
    pub(super) machine: M,
    limits: Limits,
    pub(super) now: Now,
    /// What has been written, in order.
    pub(super) sent: Vec<u8>,
    /// What `output` showed and nobody has written yet.
    shown: Vec<u8>,
    /// What the application has put into heads and whole bodies.
    pub(super) given: usize,
    /// The most that was queued at one time.
    peak: usize,
    pub(super) closed: bool,
    /// The application gave up on a message, or the connection is lost.
    pub(super) gave_up: bool,
    /// The connection is lost.
    pub(super) lost: bool,
    /// The exchanges that asked whether their output is out, and were not told yet.
    flushing: BTreeSet<Id>,
    /// The application is done with what this exchange receives: it was read to its
    /// end, or is not wanted.
    pub(super) received: Id,
    /// The application is done with what this exchange sends.
    pub(super) ended: Id,
}

/// What a command that fails must not change.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot(Want, Option<(Mono, Why)>, Vec<u8>);

impl<M: Machine> Hands<M> {
    pub(super) fn new(machine: M, limits: Limits) -> Hands<M> {
        Hands {
            machine,
            limits,
            now: START,
            sent: Vec::new(),
            shown: Vec::new(),
            given: 0,
            peak: 0,
            closed: false,
            gave_up: false,
            lost: false,
            flushing: BTreeSet::new(),
            received: 0,
            ended: 0,
        }
    }

    /// Does it, if it is a verb.
    pub(super) fn verb(&mut self, op: &Op) {
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
                self.lost |= *how == Eof::Reset;
                self.gave_up |= self.lost;
            }
            Op::Write(slices, count) => self.write(*slices, *count),
            Op::Transmit(most) => self.transmit(*most),
            Op::Pass(millis) => self.now = self.now.later(Duration::from_millis(*millis)),
            Op::Tick(at_deadline) => self.tick(*at_deadline),
            Op::Trim => self.trim(),
            Op::Allow(bytes) => self.allow(*bytes),
            Op::Shutdown => self.machine.shutdown(self.now),
            _ => {}
        }
    }

    /// Does it, if it is a command that both sides have, to the exchange of this id.
    pub(super) fn command(&mut self, op: &Op, id: impl Fn(Which) -> Id) -> Result<(), Misuse> {
        match op {
            Op::Send(which, size) => self.send(id(*which), *size),
            Op::Finish(which, trailer) => {
                self.end(id(*which), *trailer)?;
                self.ended = id(*which);
                Ok(())
            }
            Op::Flush(which) => {
                self.flush(id(*which));
                Ok(())
            }
            Op::Recv(which) => {
                self.recv(id(*which));
                Ok(())
            }
            Op::RecvAll(which) => {
                while self.recv(id(*which)) {}
                Ok(())
            }
            Op::Prefetch(which, most) => {
                self.machine.prefetch(id(*which), *most, self.now);
                Ok(())
            }
            Op::Discard(which) => {
                self.machine.discard(id(*which), self.now)?;
                self.received = id(*which);
                Ok(())
            }
            Op::Reset(which) => {
                let done = self.machine.reset(id(*which), self.now);
                self.gave_up |= done.is_ok();
                done
            }
            Op::LimitBody(which, bytes) => self.machine.limit_body(id(*which), *bytes),
            _ => Ok(()),
        }
    }

    pub(super) fn snapshot(&mut self) -> Snapshot {
        Snapshot(self.machine.want(), self.machine.deadline(), self.queued())
    }

    /// Everything that is to be written.
    pub(super) fn queued(&mut self) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 512];
        let used = self.machine.output(&mut slices, self.now);
        assert!(used < slices.len(), "more pieces than a queue of this size has");
        slices[..used].iter().flat_map(|slice| slice.to_vec()).collect()
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

    /// What is held already stays, and nothing is added by that.
    fn allow(&mut self, bytes: usize) {
        let (queued, held) = (self.queued(), self.machine.held());
        self.machine.allow_surplus(bytes);
        assert_eq!(self.queued(), queued, "output was taken back");
        assert!(self.machine.held() <= held, "{} bytes are held", self.machine.held());
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

    pub(super) fn transmit(&mut self, most: usize) {
        let all = self.queued();
        let mut out = Vec::new();
        let count = self.machine.transmit(&mut out, most, self.now);
        assert_eq!(count, out.len());
        assert_eq!(out, all[..most.min(all.len())], "transmit gives what output shows");
        self.sent.extend_from_slice(&out);
        self.shown = all[count..].to_vec();
    }

    fn send(&mut self, id: Id, size: usize) -> Result<(), Misuse> {
        let size = size.min(200_000);
        let mut data = Bytes::from(vec![b's'; size]);
        let result = self.machine.send(id, &mut data, self.now);
        assert!(result.is_ok() || data.len() == size, "refused data is taken");
        result
    }

    fn end(&mut self, id: Id, trailer: Option<&str>) -> Result<(), Misuse> {
        let mut fields = Fields::new();
        if let Some(name) = trailer {
            fields.append(name, "t").unwrap_or_default();
        }
        self.given += 50;
        self.machine.finish(id, trailer.map(|_| &fields), self.now)
    }

    /// Asks to be told once all is out, if it is not.
    fn flush(&mut self, id: Id) {
        let out = self.machine.flush(id);
        assert_eq!(out, !self.machine.want().write, "flush says what is so");
        assert_eq!(out, self.machine.is_flushed(id));
        // At the end of the connection nothing is told but that.
        if !out && !self.closed {
            self.flushing.insert(id);
        }
    }

    /// An exchange is told that its output is out.
    pub(super) fn flushed(&mut self, id: Id) {
        assert!(self.flushing.remove(&id), "{id} did not ask, or is told twice");
    }

    /// The connection's end was told, and nothing follows.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.flushing.clear();
    }

    /// There is no event any more: whoever waited for output to leave has been told.
    pub(super) fn is_quiet(&self) {
        let waits = !self.flushing.is_empty();
        assert!(!waits || self.machine.want().write, "{:?} are not told", self.flushing);
    }

    /// Whether there may be more at once.
    fn recv(&mut self, id: Id) -> bool {
        match self.machine.recv(id, self.now) {
            Recv::Data(data) => {
                assert!(!data.is_empty());
                self.given += 30; // it may have asked for 100 (Continue)
                true
            }
            Recv::End(_) => {
                self.received = id;
                false
            }
            Recv::Failed(_) => false,
            Recv::Pending => {
                self.given += 30;
                false
            }
        }
    }

    /// What must hold after every step. A lost connection drops its output; one
    /// that `reads_on` may still be read, and so is not closed by that.
    pub(super) fn check(&mut self, reads_on: bool) {
        let want = self.machine.want();
        let room = self.machine.read_buf().len();
        assert_eq!(want.read, room > 0, "want and read_buf agree");
        assert!(room == 0 || room >= LEAST_READ, "a room of {room}");
        let queued = self.queued();
        assert_eq!(want.write, !queued.is_empty(), "want and output agree");
        assert!(want.close.is_none() || !want.write, "closes over its own output");
        let dropped = !queued.starts_with(&self.shown);
        let may_drop = want.close == Some(Close::Abort) || (reads_on && self.lost);
        assert!(!dropped || may_drop, "output was taken back");
        self.gave_up |= dropped;
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
}
