//! A scripted client: well-behaved, pipelining, slow, dripping, expecting,
//! vanishing or malformed. It keeps what it sent and what it got.
//!
//! It judges nothing.

use super::script::{Act, Script};
use super::trace::Trace;
use super::wire::{Carried, Pipe};
use crate::peer::response::{self, Found, Framing};
use crate::rng::Rng;
use purlin_core::{Mono, Now};
use std::collections::VecDeque;
use std::time::Duration;

/// How the other side was seen to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Fin,
    Reset,
}

/// The client's end of the connection.
#[derive(Debug)]
pub(super) struct Client {
    acts: VecDeque<Act>,
    until: Option<Mono>,
    /// So many bytes every so often, if it reads slowly.
    slow: Option<(usize, Duration)>,
    read_at: Mono,
    methods: Vec<String>,
    /// What the wire took.
    pub(super) sent: Vec<u8>,
    pub(super) got: Vec<u8>,
    pub(super) ended: Option<Ended>,
    /// It broke off, ended its sending early, went on behind a request that
    /// ends the connection, or sends what is not HTTP.
    pub(super) rude: bool,
    /// The index of a request that is larger than a limit.
    pub(super) oversized: Option<usize>,
    pub(super) gone: bool,
    /// The last final response made it a tunnel.
    tunnel: bool,
    /// Its socket is closed.
    closed: bool,
    parsed: usize,
    /// How far it has been looked at, and when looking is worth it again.
    looked: usize,
    worth: usize,
    finals: usize,
    continues: usize,
}

impl Client {
    /// A client with a script from this seed; `most` bounds its bodies.
    pub(super) fn new(rng: &mut Rng, most: usize) -> Client {
        let slow = rng.chance(15).then(|| {
            let size = most.min(*rng.pick(&[50, 500, 5000]));
            (size, Duration::from_millis(*rng.pick(&[10, 100, 3000, 100_000])))
        });
        let Script { acts, methods, rude, oversized } = Script::new(rng, most);
        Client {
            acts,
            methods,
            rude,
            oversized,
            slow,
            until: None,
            read_at: Mono::ZERO,
            sent: Vec::new(),
            got: Vec::new(),
            ended: None,
            gone: false,
            closed: false,
            tunnel: false,
            parsed: 0,
            looked: 0,
            worth: 0,
            finals: 0,
            continues: 0,
        }
    }

    /// The methods of the requests it sends.
    pub(super) fn methods(&self) -> Vec<&str> {
        self.methods.iter().map(String::as_str).collect()
    }

    /// Whether it reads slowly.
    pub(super) fn is_slow(&self) -> bool {
        self.slow.is_some()
    }

    /// Does what it can by now; says whether that was anything.
    pub(super) fn run(
        &mut self,
        now: Now,
        out: &mut Pipe,
        input: &mut Pipe,
        trace: &mut Trace,
    ) -> bool {
        if self.gone {
            return self.closed && self.answer_from_the_grave(now, out, input);
        }
        let read = self.read(now, input, trace);
        let mut acted = false;
        while !self.gone && self.act(now, out, trace) {
            acted = true;
        }
        read || acted
    }

    /// Bytes that come to a closed socket are answered with a reset, as in TCP.
    fn answer_from_the_grave(&mut self, now: Now, out: &mut Pipe, input: &mut Pipe) -> bool {
        match input.read(usize::MAX, now.mono) {
            Some(Carried::Bytes(_)) => {
                out.reset(now.mono);
                true
            }
            other => other.is_some(),
        }
    }

    fn read(&mut self, now: Now, input: &mut Pipe, trace: &mut Trace) -> bool {
        if self.ended.is_some() || self.read_at > now.mono {
            return false;
        }
        let most = self.slow.map_or(usize::MAX, |(most, _)| most);
        let Some(carried) = input.read(most, now.mono) else { return false };
        match carried {
            Carried::Bytes(bytes) => {
                trace.client(now, || format!("reads {} bytes", bytes.len()));
                self.got.extend_from_slice(&bytes);
                self.count();
            }
            Carried::Fin => self.ended = Some(Ended::Fin),
            Carried::Reset => self.ended = Some(Ended::Reset),
        }
        if let Some(ended) = self.ended {
            trace.client(now, || format!("sees {ended:?}"));
        }
        if let Some((_, every)) = self.slow {
            self.read_at = now.mono + every;
        }
        true
    }

    /// Counts the responses that are there.
    fn count(&mut self) {
        // Without a known length a message ends in an empty line: until one comes,
        // there is nothing new to count.
        let from = self.looked.saturating_sub(3);
        self.looked = self.got.len();
        let ends = self.got[from..].windows(4).any(|four| four == b"\r\n\r\n");
        if !ends && self.got.len() < self.worth {
            return;
        }
        while let Some(method) = self.methods.get(self.finals) {
            let Ok(Found::Whole(response, used)) =
                response::read(method, &self.got[self.parsed..], false)
            else {
                let told = response::told_length(&self.got[self.parsed..]);
                self.worth = told.map_or(usize::MAX, |length| self.parsed + length);
                return;
            };
            self.parsed += used;
            match response.status {
                100 => self.continues += 1,
                101.. if response.status >= 200 || response.framing == Framing::Tunnel => {
                    self.finals += 1;
                    self.continues = 0;
                    self.tunnel = response.framing == Framing::Tunnel;
                }
                _ => {}
            }
        }
    }

    fn act(&mut self, now: Now, out: &mut Pipe, trace: &mut Trace) -> bool {
        if self.ended.is_some() {
            // The other side is done: so is this one.
            out.fin(now.mono);
            self.gone = true;
            return true;
        }
        let Some(act) = self.acts.front_mut() else { return false };
        match act {
            Act::Send(bytes) | Act::Talk(bytes) if bytes.is_empty() => {}
            Act::Talk(_) if !self.tunnel => {}
            Act::Send(bytes) | Act::Talk(bytes) => {
                let count = out.write(bytes, now.mono);
                if count > 0 {
                    trace.bytes(now, ">", &bytes[..count]);
                    self.sent.extend(bytes.drain(..count));
                }
                return count > 0;
            }
            Act::Await(finals) if self.finals < *finals => return false,
            Act::Await(_) => {}
            Act::AwaitContinue(finals, _) if self.continues > 0 || self.finals > *finals => {}
            Act::Pause(wait) | Act::AwaitContinue(_, wait) => {
                let until = *self.until.get_or_insert(now.mono + *wait);
                if until > now.mono {
                    return false;
                }
            }
            Act::Fin => {
                trace.client(now, || "ends its sending".to_owned());
                out.fin(now.mono);
            }
            Act::Reset => {
                trace.client(now, || "breaks the connection".to_owned());
                out.reset(now.mono);
                self.gone = true;
            }
            Act::Close => {
                trace.client(now, || "closes".to_owned());
                out.fin(now.mono);
                (self.closed, self.gone) = (true, true);
            }
            Act::Vanish => {
                trace.client(now, || "vanishes".to_owned());
                self.gone = true;
            }
        }
        self.until = None;
        self.acts.pop_front();
        true
    }

    /// When it has something to do again, if nothing arrives.
    pub(super) fn next(&self, input: &Pipe) -> Option<Mono> {
        if self.gone {
            return input.next().filter(|_| self.closed);
        }
        let reads = input.next().filter(|_| self.ended.is_none()).map(|at| at.max(self.read_at));
        [self.until, reads].into_iter().flatten().min()
    }
}
