//! One client and one server on one connection: time goes to whatever happens
//! next, until the server has closed.

use super::client::Client;
use super::server::Server;
use super::trace::Trace;
use super::wire::{Meddle, Pipe, Quality};
use super::{busy, check};
use crate::rng::Rng;
use purlin_core::{Mono, Now};
use std::time::Duration;

/// More steps than any run needs.
const STEPS: usize = 1_000_000;

/// How a run went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What did not hold, if anything.
    pub verdict: Result<(), String>,
    /// Requests that the application saw.
    pub requests: usize,
    /// Virtual seconds.
    pub seconds: u64,
    /// The picture, if it was asked for.
    pub picture: String,
}

/// Plays the run of a seed, and of every tenth what happens on a busy machine, too: that has
/// no picture. `meddle` breaks the network at one byte that the
/// client sends, which the checks must find.
pub fn run(seed: u64, picture: bool, meddle: Option<(usize, Meddle)>) -> Outcome {
    let mut world = World::new(seed, START, picture, meddle);
    let mut now = START;
    let verdict = loop {
        match world.turn(now) {
            Ok(Turn::At(at)) => now = now.later(at.since(now.mono)),
            Ok(Turn::Over) => break Ok(()),
            Err(why) => break Err(why),
        }
    };
    let busy = seed % 10 == 0 && meddle.is_none();
    let verdict = if busy { verdict.and_then(|()| busy::both(seed)) } else { verdict };
    Outcome {
        verdict,
        requests: world.server.app.requests.len(),
        seconds: now.mono.since(START.mono).as_secs(),
        picture: world.trace.text(),
    }
}

pub(super) const START: Now = Now::at(Mono::ZERO, 784_111_777);

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing, until then.
    At(Mono),
    Over,
}

pub(super) struct World {
    client: Client,
    pub(super) server: Server,
    up: Pipe,
    down: Pipe,
    pub(super) trace: Trace,
    steps: usize,
}

impl World {
    /// A connection that is accepted at `start`.
    pub(super) fn new(
        seed: u64,
        start: Now,
        picture: bool,
        meddle: Option<(usize, Meddle)>,
    ) -> World {
        let mut rng = Rng::new(seed);
        let quality = Quality::any(&mut rng);
        let down = Pipe::new(Rng::new(rng.bits()), quality, None);
        let most = down.fits();
        let client = Client::new(&mut rng, most);
        let after = Duration::from_millis(*rng.pick(&[0, 10, 1000, 20_000, 100_000]));
        let shutdown = rng.chance(15).then_some(start.mono + after);
        World {
            client,
            up: Pipe::new(Rng::new(rng.bits()), quality, meddle),
            down,
            server: Server::new(Rng::new(rng.bits()), most, shutdown, start),
            trace: Trace::new(picture),
            steps: 0,
        }
    }

    /// Does everything that is due.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) fn turn(&mut self, now: Now) -> Result<Turn, String> {
        loop {
            let acted = self.client.run(now, &mut self.up, &mut self.down, &mut self.trace);
            let served = self.server.run(now, &mut self.up, &mut self.down, &mut self.trace)?;
            check::step(&self.server, now.mono, self.client.sent.len(), self.client.got.len())?;
            self.steps += 1;
            if self.steps > STEPS {
                return Err(format!("no end after {STEPS} steps"));
            }
            if !acted && !served {
                break;
            }
        }
        let next = [self.client.next(&self.down), self.server.next(now.mono, &self.up)];
        match next.into_iter().flatten().min() {
            Some(at) if at > now.mono => Ok(Turn::At(at)),
            Some(_) => Err("something is due, and nothing happens".to_owned()),
            None if self.server.socket_closed.is_some() => {
                check::end(&self.client, &self.server).map(|()| Turn::Over)
            }
            None => Err("everyone waits for ever".to_owned()),
        }
    }
}
