//! One client and one server on one connection: time goes to whatever happens
//! next, until the server has closed.

use super::check;
use super::client::Client;
use super::server::Server;
use super::trace::Trace;
use super::wire::{Meddle, Pipe, Quality};
use crate::rng::Rng;
use purlin_core::{Mono, Now};

/// More steps than any run needs.
const STEPS: usize = 200_000;

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

/// Plays the run of a seed. `meddle` breaks the network at one byte that the
/// client sends, which the checks must find.
pub fn run(seed: u64, picture: bool, meddle: Option<(usize, Meddle)>) -> Outcome {
    let mut world = World::new(seed, picture, meddle);
    let verdict = world.play();
    Outcome {
        verdict,
        requests: world.server.requests.len(),
        seconds: world.now.mono.since(START.mono).as_secs(),
        picture: world.trace.text(),
    }
}

const START: Now = Now::at(Mono::ZERO, 784_111_777);

struct World {
    now: Now,
    client: Client,
    server: Server,
    up: Pipe,
    down: Pipe,
    trace: Trace,
}

impl World {
    fn new(seed: u64, picture: bool, meddle: Option<(usize, Meddle)>) -> World {
        let mut rng = Rng::new(seed);
        let quality = Quality::any(&mut rng);
        let down = Pipe::new(Rng::new(rng.bits()), quality, None);
        let most = down.fits();
        let client = Client::new(&mut rng, most);
        World {
            now: START,
            client,
            up: Pipe::new(Rng::new(rng.bits()), quality, meddle),
            down,
            server: Server::new(Rng::new(rng.bits()), most, START),
            trace: Trace::new(picture),
        }
    }

    fn play(&mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            let acted = self.client.run(self.now, &mut self.up, &mut self.down, &mut self.trace);
            let served =
                self.server.run(self.now, &mut self.up, &mut self.down, &mut self.trace)?;
            check::step(
                &self.server,
                self.now.mono,
                self.client.sent.len(),
                self.client.got.len(),
            )?;
            if acted || served {
                continue;
            }
            let next = [self.client.next(&self.down), self.server.next(self.now.mono, &self.up)]
                .into_iter()
                .flatten()
                .min();
            match next {
                Some(at) if at > self.now.mono => {
                    self.now = self.now.later(at.since(self.now.mono));
                }
                Some(_) => return Err("something is due, and nothing happens".to_owned()),
                None if self.server.socket_closed => return check::end(&self.client, &self.server),
                None => return Err("everyone waits for ever".to_owned()),
            }
        }
        Err(format!("no end after {STEPS} steps"))
    }
}
