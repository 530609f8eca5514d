//! What a client does, from a seed: well-behaved, pipelining, slow, dripping,
//! expecting, upgrading, vanishing or malformed.
//! It says what is to be done, and does nothing.

use crate::rng::Rng;
use crate::traffic::{self, Made, Mix};
use std::collections::VecDeque;
use std::time::Duration;

/// One step of a script.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Send(Vec<u8>),
    /// The same, if the connection has become a raw stream.
    Talk(Vec<u8>),
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

/// A script, and what is known of it.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) acts: VecDeque<Act>,
    /// The methods of the requests in it.
    pub(super) methods: Vec<String>,
    /// It breaks off, ends its sending early, goes on behind a request that
    /// ends the connection, or sends what is not HTTP.
    pub(super) rude: bool,
    /// The index of a request that is larger than a limit.
    pub(super) oversized: Option<usize>,
}

impl Script {
    /// A script from this seed; `most` bounds its bodies.
    pub(super) fn new(rng: &mut Rng, most: usize) -> Script {
        let mut script = Script::default();
        script.write(rng, most);
        script
    }

    fn write(&mut self, rng: &mut Rng, most: usize) {
        let body = most.min(*rng.pick(&[50, 50, 2000, 2000, 20_000, 100_000]));
        let mix = Mix { body, last: true, expect: true };
        let (pipelines, drips) = (rng.chance(30), rng.chance(15));
        let (mut last, mut past_the_last) = (false, false);
        for index in 0..rng.range(0, 6) {
            let made = traffic::request(rng, &format!("r{index}"), mix);
            self.send(rng, &made, drips);
            self.methods.push(made.method.clone());
            past_the_last |= last;
            if made.last {
                last = true;
                if rng.chance(90) {
                    break;
                }
            }
            if !pipelines {
                self.acts.push_back(Act::Await(index + 1));
            }
            if rng.chance(10) {
                let pause = *rng.pick(&[1, 1000, 20_000, 74_000, 80_000]);
                self.acts.push_back(Act::Pause(Duration::from_millis(pause)));
            }
        }
        match rng.below(12) {
            _ if last => {}
            0 => self.ask_for_upgrade(rng, mix),
            1 => self.send_what_is_refused(rng, most),
            _ => {}
        }
        self.end(rng, mix);
        self.rude |= past_the_last;
    }

    /// A request that asks for a raw stream, and what is said on it.
    fn ask_for_upgrade(&mut self, rng: &mut Rng, mix: Mix) {
        let mut made = traffic::request(rng, "upgrade", Mix { last: false, expect: false, ..mix });
        let fields = b"Upgrade: sim\r\nConnection: upgrade\r\n";
        let at = made.head_length - 2;
        made.wire.splice(at..at, fields.iter().copied());
        made.head_length += fields.len();
        self.send(rng, &made, false);
        self.methods.push(made.method);
        self.acts.push_back(Act::Await(self.methods.len()));
        for _ in 0..rng.below(4) {
            let size = rng.below(mix.body + 1);
            self.acts.push_back(Act::Talk(vec![b'r'; size]));
            self.acts.push_back(Act::Pause(Duration::from_millis(*rng.pick(&[1, 1000, 30_000]))));
        }
    }

    /// No HTTP at all, or more of it than there are limits.
    fn send_what_is_refused(&mut self, rng: &mut Rng, most: usize) {
        self.rude = true;
        let line = "GET /refused HTTP/1.1\r\nHost: a\r\n";
        let fields = format!("{line}{}\r\n", "X: y\r\n".repeat(101));
        let mut sent = match rng.below(4) {
            0 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            1 => (0..rng.below(300)).map(|_| rng.bits().to_le_bytes()[0]).collect(),
            2 if most >= 100_000 => {
                self.oversized = Some(self.methods.len());
                format!("{line}X: {}\r\n\r\n", "y".repeat(70_000)).into_bytes()
            }
            _ => fields.into_bytes(),
        };
        sent.extend(b"\r\n");
        self.acts.push_back(Act::Send(sent));
        self.methods.push("GET".to_owned());
    }

    /// How the client leaves: mostly well.
    fn end(&mut self, rng: &mut Rng, mix: Mix) {
        let rude = std::mem::replace(&mut self.rude, true);
        match rng.below(14) {
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
            3 => {
                // In the middle of an answer, or of its own request.
                let pause = *rng.pick(&[1, 30, 700, 10_000]);
                let leave = rng.pick(&[Act::Fin, Act::Reset, Act::Close, Act::Vanish]).clone();
                let at = rng.below(self.acts.len() + 1);
                self.acts.truncate(at);
                self.acts.push_back(Act::Pause(Duration::from_millis(pause)));
                self.acts.push_back(leave);
            }
            4 => {
                // It has said everything, and waits for the answers.
                self.rude = rude;
                self.acts.push_back(Act::Fin);
                self.acts.push_back(Act::Await(self.methods.len()));
            }
            _ => {
                self.rude = rude;
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
}
