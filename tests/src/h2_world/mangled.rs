//! A machine around a machine that says its frames otherwise, or breaks a rule where a world is
//! to be broken.

use super::broken::Breaker;
use super::frames::{Cut, Cutter};
use super::layers::{Shared, handed_on, sides_handed_on};
use super::odd::Odd;
use bytes::Bytes;
use purlin_core::{
    Body, ClientMachine, Close, Eof, Event, Fields, Id, Machine, Misuse, Mono, Now, Phase, Recv,
    RequestHead, ResponseHead, Reuse, Secured, ServerMachine, Want, Why,
};
use std::io::IoSlice;
use std::time::Duration;

/// How long a peer may take nothing of what goes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A machine whose frames are said otherwise, or that is broken.
pub(super) struct Mangled<M> {
    inside: M,
    odd: Option<Odd>,
    breaker: Breaker,
    sent: Cutter,
    got: Cutter,
    out: Vec<u8>,
    room: Vec<u8>,
    /// What came, and the machine had no room for.
    waiting: Vec<u8>,
    /// Until when some of what goes has to be taken.
    patience: Option<Mono>,
    log: Shared,
}

impl<M: Machine> Mangled<M> {
    pub(super) fn new(
        inside: M,
        client: bool,
        odd: Option<Odd>,
        breaker: Breaker,
        log: Shared,
    ) -> Mangled<M> {
        Mangled {
            inside,
            odd,
            breaker,
            sent: Cutter::new(client),
            got: Cutter::new(!client),
            out: Vec::new(),
            room: vec![0; 8192],
            waiting: Vec::new(),
            patience: None,
            log,
        }
    }

    /// Gives the machine what it has room for.
    fn feed(&mut self, now: Now) {
        let taken = self.inside.receive(&self.waiting, now);
        self.waiting.drain(..taken);
    }

    /// What came, frame by frame.
    fn takes(&mut self) -> Result<(), String> {
        while let Some(cut) = self.got.next()? {
            let Cut::Frame(mut frame) = cut else {
                cut.write(&mut self.waiting);
                continue;
            };
            if let Some(odd) = &mut self.odd {
                if !odd.is_for_machine(&frame) {
                    continue;
                }
                frame = odd.keep_back(frame);
            }
            if let Some(frame) = self.breaker.comes(frame) {
                frame.write(&mut self.waiting);
            }
        }
        Ok(())
    }

    /// Takes output of the machine, a little at a time: what waits there is the machine's affair.
    fn pull(&mut self, now: Now) -> Result<(), String> {
        if self.inside.want().close == Some(Close::Abort) {
            self.out.clear(); // nobody takes it
        }
        while self.out.is_empty() && self.inside.want().write {
            let mut bytes = Vec::new();
            self.inside.transmit(&mut bytes, 3000, now);
            self.sent.push(&bytes);
            while let Some(cut) = self.sent.next()? {
                let Cut::Frame(frame) = cut else {
                    cut.write(&mut self.out);
                    continue;
                };
                for frame in self.breaker.goes(frame) {
                    match &mut self.odd {
                        Some(odd) => odd.say(frame, now.mono, &mut self.out),
                        None => frame.write(&mut self.out),
                    }
                }
            }
        }
        Ok(())
    }
}

impl<M: Machine> Machine for Mangled<M> {
    fn read_buf(&mut self) -> &mut [u8] {
        let room = self.waiting.is_empty() && !self.inside.read_buf().is_empty();
        if room { &mut self.room } else { &mut [] }
    }

    fn filled(&mut self, n: usize, now: Now) {
        self.got.push(&self.room[..n]);
        let result = self.takes();
        self.log.check(result);
        self.feed(now);
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        self.feed(now);
        loop {
            let event = self.breaker.told_again().or_else(|| self.inside.poll_event(now))?;
            if let Some(event) = self.breaker.tells(event) {
                return Some(event);
            }
        }
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        let result = self.pull(now);
        self.log.check(result);
        if self.out.is_empty() || slices.is_empty() {
            return 0;
        }
        // Its time runs from here.
        self.inside.output(&mut [], now);
        self.patience.get_or_insert(now.mono + PATIENCE);
        slices[0] = IoSlice::new(&self.out);
        1
    }

    fn wrote(&mut self, n: usize, now: Now) {
        self.out.drain(..n.min(self.out.len()));
        let result = self.pull(now);
        self.log.check(result);
        self.patience = (!self.out.is_empty()).then_some(now.mono + PATIENCE);
        self.feed(now);
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        let odd = self.odd.as_ref().and_then(Odd::due).map(|at| (at, Why::Settings));
        let inside = self.inside.deadline().filter(|_| !self.breaker.sleeps());
        let patience = self.patience.filter(|_| !self.out.is_empty()).map(|at| (at, Why::Write));
        odd.into_iter().chain(inside).chain(patience).min()
    }

    fn tick(&mut self, now: Now) {
        if let Some(odd) = &mut self.odd {
            odd.tick(now.mono, &mut self.out);
        }
        self.inside.tick(now);
        if self.patience.take_if(|at| *at <= now.mono).is_some() {
            // What the machine's own deadline would do, were these bytes still its own.
            self.out.clear();
            if self.inside.want().close.is_none() {
                self.inside.eof(Eof::Reset, now);
            }
        }
    }

    fn want(&self) -> Want {
        let Want { read, write, close } = self.inside.want();
        let write = write || !self.out.is_empty() && close != Some(Close::Abort);
        let close = close.filter(|_| !write);
        Want { read: read && self.waiting.is_empty(), write, close }
    }

    fn trim(&mut self, now: Now) {
        self.inside.trim(now);
    }

    fn held(&self) -> usize {
        self.inside.held() + self.breaker.held()
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        self.breaker.gives(self.inside.recv(id, now))
    }

    fn is_flushed(&self, id: Id) -> bool {
        self.out.is_empty() && self.inside.is_flushed(id)
    }

    fn flush(&mut self, id: Id) -> bool {
        self.inside.flush(id)
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        if self.breaker.keeps() { Ok(()) } else { self.inside.discard(id, now) }
    }

    handed_on!();
}

sides_handed_on!(Mangled);
