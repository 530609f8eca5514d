//! A server for an hour: hundreds of connections at a time, arriving and leaving
//! with every fault there is, one clock for all, and a graceful stop at the end.
//! Every connection is judged as a single one is; here is judged what they come
//! to together: what is held, what is counted, and that all of it ends.

use super::check::check;
use super::told::What;
use super::world::{START, Turn, World};
use crate::rng::Rng;
use purlin_core::observe::ConnState;
use purlin_core::{Machine, Mono, Now};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// At this many connections the one that has been idle for longest gives way.
const MOST_OPEN: usize = 150;
/// How long a stop may take: 30 s for what is in progress, 5 s for goodbyes.
const STOP: Duration = Duration::from_secs(35);

/// How an hour went.
#[derive(Clone, Debug)]
pub struct Hour {
    /// What did not hold, if anything.
    pub verdict: Result<(), String>,
    /// The connection that it did not hold for, if it is one.
    pub guilty: Option<u64>,
    /// The picture of the connection that was to be drawn.
    pub picture: String,
    /// What was counted.
    pub counts: Counts,
    /// The most connections that were open at one time.
    pub most_open: usize,
    /// The most bytes that their machines held.
    pub most_held: usize,
    /// The bytes that an open connection held, on average of each tenth of the time.
    pub average_held: Vec<usize>,
}

/// What an observer of the server would count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were accepted.
    pub accepted: usize,
    /// Connections that were closed.
    pub closed: usize,
    /// Connections that were taken over.
    pub hijacked: usize,
    /// Requests that reached the application.
    pub begun: usize,
    /// Exchanges that were over.
    pub done: usize,
    /// Faults of peers.
    pub faults: usize,
}

/// Plays an hour, or as long as `length` says, and draws one of its connections.
pub fn hour(seed: u64, length: Duration, draw: Option<u64>) -> Hour {
    let mut house = House::new(seed, length, draw);
    let verdict = house.play();
    let House { guilty, picture, counts, most_open, most_held, tenths, .. } = house;
    let average_held = tenths.iter().map(|tenth| tenth.held / tenth.open.max(1)).collect();
    Hour { verdict, guilty, picture, counts, most_open, most_held, average_held }
}

/// What was held in a tenth of the time, sampled at every event.
#[derive(Clone, Copy, Debug, Default)]
struct Tenth {
    held: usize,
    open: usize,
}

struct House {
    rng: Rng,
    now: Now,
    /// When nobody arrives any more.
    ends: Mono,
    length: Duration,
    draw: Option<u64>,
    /// When the next one arrives.
    arrives: Mono,
    worlds: BTreeMap<u64, World>,
    due: BTreeSet<(Mono, u64)>,
    /// What each connection that is open holds, and all of them.
    open: BTreeMap<u64, usize>,
    held: usize,
    stopped: bool,
    counts: Counts,
    guilty: Option<u64>,
    picture: String,
    most_open: usize,
    most_held: usize,
    tenths: [Tenth; 10],
}

impl House {
    fn new(seed: u64, length: Duration, draw: Option<u64>) -> House {
        House {
            rng: Rng::new(seed),
            now: START,
            ends: START.mono + length,
            length,
            draw,
            arrives: START.mono,
            worlds: BTreeMap::new(),
            due: BTreeSet::new(),
            open: BTreeMap::new(),
            held: 0,
            stopped: false,
            counts: Counts::default(),
            guilty: None,
            picture: String::new(),
            most_open: 0,
            most_held: 0,
            tenths: [Tenth::default(); 10],
        }
    }

    fn play(&mut self) -> Result<(), String> {
        loop {
            let next = self.due.first().map(|(at, _)| *at);
            let comes = (!self.stopped).then(|| self.arrives.min(self.ends));
            let Some(at) = next.into_iter().chain(comes).min() else {
                return self.end();
            };
            self.now = self.now.later(at.since(self.now.mono));
            if comes == Some(at) {
                self.arrive()?;
            }
            while let Some((at, name)) = self.due.first().copied() {
                if at > self.now.mono {
                    break;
                }
                self.due.pop_first();
                self.turn(name)?;
            }
            self.look()?;
        }
    }

    /// A few connections arrive, or the server stops.
    fn arrive(&mut self) -> Result<(), String> {
        if self.now.mono >= self.ends {
            self.stopped = true;
            return self.stop_all();
        }
        let crowd = if self.rng.chance(2) { 50 } else { self.rng.range(1, 3) };
        for _ in 0..crowd {
            self.counts.accepted += 1;
            let name = self.counts.accepted as u64;
            let draw = self.draw == Some(name);
            self.worlds.insert(name, World::new(self.rng.bits(), self.now, draw, None));
            self.open.insert(name, 0);
            self.turn(name)?;
            if self.open.len() > MOST_OPEN {
                self.press()?;
            }
        }
        self.arrives = self.now.mono + Duration::from_millis(self.rng.below(2000) as u64);
        Ok(())
    }

    /// The connection that has been idle for longest gives way.
    fn press(&mut self) -> Result<(), String> {
        let idle =
            self.open.keys().filter_map(|name| match self.worlds[name].server.told.state() {
                Some((since, ConnState::Idle)) => Some((since, *name)),
                _ => None,
            });
        match idle.min() {
            Some((_, name)) => self.shut_down(name),
            None => Ok(()),
        }
    }

    fn shut_down(&mut self, name: u64) -> Result<(), String> {
        if let Some(world) = self.worlds.get_mut(&name) {
            let at = world.server.shutdown.unwrap_or(self.now.mono);
            world.server.shutdown = Some(at.min(self.now.mono));
        }
        self.due.retain(|(_, other)| *other != name);
        self.turn(name)
    }

    fn stop_all(&mut self) -> Result<(), String> {
        let open: Vec<u64> = self.open.keys().copied().collect();
        open.into_iter().try_for_each(|name| self.shut_down(name))
    }

    fn turn(&mut self, name: u64) -> Result<(), String> {
        let Some(world) = self.worlds.get_mut(&name) else { return Ok(()) };
        let turn = world.turn(self.now);
        let held = world.server.machine.held();
        if let Some(before) = self.open.get_mut(&name) {
            self.held = self.held + held - *before;
            *before = held;
        }
        if world.server.socket_closed.is_some() {
            self.open.remove(&name);
        }
        match turn {
            Ok(Turn::At(at)) => _ = self.due.insert((at, name)),
            Ok(Turn::Over) => self.leave(name),
            Err(why) => {
                self.guilty = Some(name);
                self.leave(name);
                return Err(format!("connection {name}: {why}"));
            }
        }
        Ok(())
    }

    /// Counts what was told of a connection.
    fn leave(&mut self, name: u64) {
        let Some(world) = self.worlds.remove(&name) else { return };
        self.counts.begun += world.server.app.requests.len();
        for (_, what) in &world.server.told.history {
            match what {
                What::State(ConnState::Closed) => self.counts.closed += 1,
                What::State(ConnState::Hijacked) => self.counts.hijacked += 1,
                What::Exchange(..) => self.counts.done += 1,
                What::Fault(_) => self.counts.faults += 1,
                _ => {}
            }
        }
        if self.draw == Some(name) {
            self.picture = world.trace.text();
        }
    }

    /// After every event.
    fn look(&mut self) -> Result<(), String> {
        self.most_open = self.most_open.max(self.open.len());
        self.most_held = self.most_held.max(self.held);
        let passed = self.now.mono.since(START.mono).as_nanos();
        let tenth = usize::try_from(passed * 10 / self.length.as_nanos().max(1)).unwrap_or(9);
        if let Some(tenth) = self.tenths.get_mut(tenth) {
            tenth.held += self.held;
            tenth.open += self.open.len();
        }
        let lasts = self.now.mono.since(self.ends);
        check(self.open.is_empty() || lasts <= STOP, || {
            format!("{} connections are open {lasts:?} after the stop", self.open.len())
        })
    }

    /// All are gone.
    fn end(&self) -> Result<(), String> {
        let Counts { accepted, closed, hijacked, begun, done, .. } = self.counts;
        let left = self.worlds.len() + self.open.len();
        check(left == 0 && self.held == 0, || format!("{} bytes, {left} are left", self.held))?;
        check(closed + hijacked == accepted, || {
            format!("{accepted} were accepted, {closed} closed, {hijacked} taken over")
        })?;
        check(begun == done, || format!("{begun} requests were begun, {done} done"))?;
        // What a connection holds does not depend on how long the server has run.
        let of = |tenths: &[Tenth]| {
            let sum = |what: fn(&Tenth) -> usize| tenths.iter().map(what).sum::<usize>();
            sum(|tenth| tenth.held) / sum(|tenth| tenth.open).max(1)
        };
        let (early, late) = (of(&self.tenths[1..4]), of(&self.tenths[7..]));
        check(late <= 2 * early.max(4096), || {
            format!("a connection held {early} bytes early on, and {late} in the end")
        })
    }
}
