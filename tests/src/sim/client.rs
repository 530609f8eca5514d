//! A scripted client: well-behaved, pipelining, slow, dripping, expecting,
//! vanishing or malformed. It keeps what it sent and what it got.
//!
//! It judges nothing.

use super::trace::Trace;
use super::wire::{Carried, Pipe};
use crate::peer::response::{self, Found, Framing};
use crate::rng::Rng;
use crate::traffic::{self, Made, Mix};
use purlin_core::{Mono, Now};
use std::collections::VecDeque;
use std::time::Duration;

/// One step of a script.
#[derive(Clone, Debug)]
enum Act {
    Send(Vec<u8>),
    Pause(Duration),
    /// Until so many final responses have come.
    Await(usize),
    /// Until 100 (Continue) or so many final responses have come, or the time is up.
    AwaitContinue(usize, Duration),
    /// Ends its sending.
    Fin,
    /// Breaks the connection.
    Reset,
    /// Reads and sends nothing any more; what comes then is answered with a reset.
    Close,
    /// Reads and sends nothing any more, and says nothing.
    Vanish,
}

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
    pub(super) gone: bool,
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
        let mut client = Client {
            acts: VecDeque::new(),
            until: None,
            slow: None,
            read_at: Mono::ZERO,
            methods: Vec::new(),
            sent: Vec::new(),
            got: Vec::new(),
            ended: None,
            rude: false,
            gone: false,
            closed: false,
            parsed: 0,
            looked: 0,
            worth: 0,
            finals: 0,
            continues: 0,
        };
        if rng.chance(15) {
            let size = most.min(*rng.pick(&[50, 500, 5000]));
            client.slow = Some((size, Duration::from_millis(*rng.pick(&[10, 100, 3000]))));
        }
        client.write_script(rng, most);
        client
    }

    fn write_script(&mut self, rng: &mut Rng, most: usize) {
        let body = most.min(*rng.pick(&[50, 50, 2000, 2000, 20_000, 100_000]));
        let mix = Mix { body, last: true, expect: true };
        let (pipelines, drips) = (rng.chance(30), rng.chance(15));
        let mut past_the_last = false;
        for index in 0..rng.range(0, 6) {
            let made = traffic::request(rng, &format!("r{index}"), mix);
            self.send(rng, &made, drips);
            self.methods.push(made.method.clone());
            if made.last {
                if rng.chance(90) {
                    break;
                }
                past_the_last = true;
            }
            if !pipelines {
                self.acts.push_back(Act::Await(index + 1));
            }
            if rng.chance(10) {
                let pause = *rng.pick(&[1, 1000, 20_000, 74_000, 80_000]);
                self.acts.push_back(Act::Pause(Duration::from_millis(pause)));
            }
        }
        self.end_script(rng, mix);
        self.rude |= past_the_last;
    }

    /// How the client leaves: mostly well.
    fn end_script(&mut self, rng: &mut Rng, mix: Mix) {
        self.rude = true;
        match rng.below(12) {
            0 => {
                let made = traffic::request(rng, "broken", mix);
                let broken = traffic::mutate(rng, &made.wire);
                self.methods.push(made.method);
                self.acts.push_back(Act::Send(broken));
                self.acts
                    .push_back(Act::Send(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()));
                self.methods.push("GET".to_owned());
            }
            1 => {
                let made = traffic::request(rng, "cut", mix);
                let cut = rng.below(made.wire.len());
                self.methods.push(made.method);
                self.acts.push_back(Act::Send(made.wire[..cut].to_vec()));
                self.acts.push_back(rng.pick(&[Act::Fin, Act::Reset, Act::Vanish]).clone());
            }
            2 => {
                let leave = rng.pick(&[Act::Fin, Act::Reset, Act::Close, Act::Vanish]).clone();
                self.acts.push_back(leave);
            }
            _ => {
                self.rude = false;
                self.acts.push_back(Act::Await(self.methods.len()));
                if rng.chance(70) {
                    self.acts.push_back(Act::Fin);
                }
            }
        }
    }

    /// One request: head and body, whole, in pieces, or byte by byte.
    fn send(&mut self, rng: &mut Rng, made: &Made, drips: bool) {
        let (head, body) = made.wire.split_at(made.head_length);
        let expects = made.fields.iter().any(|(name, _)| name == "Expect");
        if drips && made.wire.len() < 400 {
            let pause = *rng.pick(&[1, 30, 100]);
            for byte in &made.wire {
                self.acts.push_back(Act::Send(vec![*byte]));
                self.acts.push_back(Act::Pause(Duration::from_millis(pause)));
            }
        } else if expects {
            self.acts.push_back(Act::Send(head.to_vec()));
            let patience = Duration::from_millis(*rng.pick(&[1, 1000, 60_000]));
            self.acts.push_back(Act::AwaitContinue(self.methods.len(), patience));
            self.acts.push_back(Act::Send(body.to_vec()));
        } else {
            let cut = rng.below(made.wire.len() + 1);
            self.acts.push_back(Act::Send(made.wire[..cut].to_vec()));
            if rng.chance(20) {
                let pause = *rng.pick(&[1, 500, 4000, 10_000]);
                self.acts.push_back(Act::Pause(Duration::from_millis(pause)));
            }
            self.acts.push_back(Act::Send(made.wire[cut..].to_vec()));
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
            Act::Send(bytes) if bytes.is_empty() => {}
            Act::Send(bytes) => {
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
