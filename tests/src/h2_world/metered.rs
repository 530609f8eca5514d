//! A machine around a machine that keeps the second book of it, by what goes through.

use super::frames::Frame;
use super::layers::{Shared, handed_on, sides_handed_on};
use super::meter::Meter;
use bytes::Bytes;
use purlin_core::{
    Body, ClientMachine, Eof, Event, Fields, Id, Machine, Misuse, Mono, Now, Phase, Recv,
    RequestHead, ResponseHead, Reuse, Secured, ServerMachine, Want, Why,
};
use std::io::IoSlice;
use std::time::Duration;

/// A machine of which a second book is kept.
pub(super) struct Metered<M> {
    inside: M,
    meter: Meter,
    client: bool,
    log: Shared,
}

impl<M: Machine> Metered<M> {
    pub(super) fn new(inside: M, client: bool, window: u32, log: Shared) -> Metered<M> {
        Metered { inside, meter: Meter::new(client, window.max(65_535)), client, log }
    }

    /// The next bytes of its output, as many.
    fn peek(&mut self, count: usize, now: Now) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 64];
        let used = self.inside.output(&mut slices, now);
        let mut bytes = Vec::new();
        for slice in &slices[..used] {
            bytes.extend_from_slice(&slice[..slice.len().min(count - bytes.len())]);
        }
        bytes
    }
}

impl<M: Machine> Machine for Metered<M> {
    fn read_buf(&mut self) -> &mut [u8] {
        self.inside.read_buf()
    }

    fn filled(&mut self, n: usize, now: Now) {
        let result = self.meter.got(&self.inside.read_buf()[..n]);
        self.log.check(result);
        self.inside.filled(n, now);
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        let event = self.inside.poll_event(now);
        let rests = event.is_none() && !self.inside.want().write;
        if rests && self.inside.want().close.is_none() && !self.inside.read_buf().is_empty() {
            let result = self.meter.rests();
            self.log.check(result);
        }
        event
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        self.inside.output(slices, now)
    }

    fn wrote(&mut self, n: usize, now: Now) {
        let bytes = self.peek(n, now);
        let arrow = if self.client { "-->" } else { "<--" };
        let log = &self.log;
        let each = |frame: &Frame| {
            log.with(|log| {
                if let Some(frames) = &mut log.frames {
                    frames.push(format!("{arrow} {frame}"));
                }
            });
        };
        let result = self.meter.sent(&bytes, each);
        self.log.check(result);
        self.inside.wrote(n, now);
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        self.inside.deadline()
    }

    fn tick(&mut self, now: Now) {
        self.inside.tick(now);
    }

    fn want(&self) -> Want {
        self.inside.want()
    }

    fn trim(&mut self, now: Now) {
        self.inside.trim(now);
    }

    fn held(&self) -> usize {
        self.inside.held()
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        self.inside.recv(id, now)
    }

    fn is_flushed(&self, id: Id) -> bool {
        self.inside.is_flushed(id)
    }

    fn flush(&mut self, id: Id) -> bool {
        self.inside.flush(id)
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.inside.discard(id, now)
    }

    handed_on!();
}

sides_handed_on!(Metered);
