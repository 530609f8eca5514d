//! Turns the clock of a world: everything that is due happens, then time goes
//! on to whatever is due next, until every request has ended.

use super::check;
use super::client::Client;
use super::errand::Errand;
use super::ledger::Ledger;
use super::setting::Setting;
use super::task::{Outcome as Ending, State, Task};
use crate::rng::Rng;
use crate::sim::Outcome;
use crate::sim::trace::Trace;
use purlin_core::policy::pool::{Pool, PoolConfig};
use purlin_core::{Mono, Now};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// More passes than any run needs.
const PASSES: usize = 2_000_000;
const START: Now = Now::at(Mono::from_secs(1), 1_700_000_000);

/// A rule that a world breaks on purpose, to prove that this is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A connection is used again whatever its machine says.
    UsesWhatEnded,
    /// What may have been acted on is sent again.
    SendsAgain,
    /// What a dying connection took with it is not sent again.
    NeverRepeats,
    /// A connection that ended is not told the pool.
    ForgetsOne,
    /// A machine's deadlines pass unheeded.
    SleepsOn,
    /// Credentials go along to everybody.
    TellsSecrets,
    /// The pool has no limits.
    Overfills,
    /// What is idle for too long is not closed.
    Hoards,
    /// Who waits for a connection is not told of one.
    LosesWakes,
    /// A body that was cut is taken for whole.
    TakesCutForWhole,
    /// It is asked for the time before it is read what came.
    ClockFirst,
    /// The network changes bits.
    FlipsBits,
    /// A connection is kept behind an answer without a body, though bodies were left there.
    KeepsWhatWasLeft,
    /// What the system has taken counts as taken by the server.
    CountsWritten,
    /// A request's own limits hold for what is sent first, and for no redirect or retry.
    ForgetsLimits,
}

impl Broken {
    /// Every rule that can be broken.
    pub const ALL: [Broken; 15] = [
        Broken::UsesWhatEnded,
        Broken::SendsAgain,
        Broken::NeverRepeats,
        Broken::ForgetsOne,
        Broken::SleepsOn,
        Broken::TellsSecrets,
        Broken::Overfills,
        Broken::Hoards,
        Broken::LosesWakes,
        Broken::TakesCutForWhole,
        Broken::ClockFirst,
        Broken::FlipsBits,
        Broken::KeepsWhatWasLeft,
        Broken::CountsWritten,
        Broken::ForgetsLimits,
    ];
}

/// Plays the world of a seed; it says how many requests were answered.
pub fn run(seed: u64, picture: bool, broken: Option<Broken>) -> Outcome {
    let mut world = match World::new(seed, picture, broken) {
        Ok(world) => world,
        Err(why) => {
            return Outcome { verdict: Err(why), requests: 0, seconds: 0, picture: String::new() };
        }
    };
    let played = catch_unwind(AssertUnwindSafe(|| world.play()));
    let verdict = played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned())
    });
    Outcome {
        verdict,
        requests: world.tasks.iter().filter(|task| is_answered(task)).count(),
        seconds: world.client.now.mono.since(START.mono).as_secs(),
        picture: world.client.trace.text(),
    }
}

fn is_answered(task: &Task) -> bool {
    matches!(task.state, State::Ended(Ending::Whole))
}

struct World {
    client: Client,
    tasks: Vec<Task>,
    passes: usize,
}

impl World {
    fn new(seed: u64, picture: bool, broken: Option<Broken>) -> Result<World, String> {
        let mut rng = Rng::new(seed);
        let setting = Setting::new(&mut rng, START, broken)?;
        let count = 2 + rng.below(8);
        let errands: Vec<_> =
            (0..count).map(|name| Arc::new(Errand::new(&mut rng, name, &setting))).collect();
        let config = match broken {
            Some(Broken::Overfills) => PoolConfig::default(),
            _ => setting.pool.clone(),
        };
        let client = Client {
            now: START,
            rng,
            setting,
            errands,
            pool: Pool::new(config),
            wires: Vec::new(),
            woken: BTreeSet::new(),
            ledger: Ledger::default(),
            trace: Trace::new(picture),
            broken,
        };
        let tasks = (0..count).map(|name| Task::new(name, &client)).collect::<Result<_, _>>()?;
        Ok(World { client, tasks, passes: 0 })
    }

    fn play(&mut self) -> Result<(), String> {
        loop {
            self.settle()?;
            if self.tasks.iter().all(Task::is_over) {
                return check::end(&mut self.client, &self.tasks);
            }
            let rests = self.client.rests_until();
            let own = if rests.is_some() { rests } else { self.next_of_client() };
            let next = [own, self.client.next_of_wires()].into_iter().flatten().min();
            let now = self.client.now;
            match next {
                Some(at) if at > now.mono => self.client.now = now.later(at.since(now.mono)),
                Some(_) => return Err(format!("nothing happens: {}", self.due())),
                None => return Err("everyone waits for ever".to_owned()),
            }
        }
    }

    fn next_of_client(&mut self) -> Option<Mono> {
        let tasks = self.tasks.iter().filter_map(|task| task.next(&self.client)).min();
        [tasks, self.client.next()].into_iter().flatten().min()
    }

    /// What is due.
    fn due(&mut self) -> String {
        let now = self.client.now.mono;
        let due = |next: Option<Mono>| next.is_some_and(|at| at <= now);
        let tasks = self.tasks.iter().filter(|task| due(task.next(&self.client)));
        let tasks: Vec<_> = tasks.map(|task| format!("#{}", task.name)).collect();
        let wires = self.client.wires.iter().filter(|wire| !wire.is_over() && due(wire.next()));
        let wires: Vec<_> = wires.map(|wire| format!("c{}", wire.number)).collect();
        format!("{tasks:?} and {wires:?} are due, or the pool")
    }

    /// Everything that is due happens, in any order.
    fn settle(&mut self) -> Result<(), String> {
        loop {
            let mut moved = self.client.serve();
            let rests = self.client.rests_until().is_some();
            if !rests {
                moved |= self.run_client()?;
            }
            check::pass(&self.client)?;
            self.passes += 1;
            if self.passes > PASSES {
                return Err(format!("no end after {PASSES} passes"));
            }
            match moved {
                true => {}
                false if rests => return Ok(()),
                false => return check::settled(&mut self.client, &self.tasks),
            }
        }
    }

    /// The client's process does what is due; says whether anything happened.
    fn run_client(&mut self) -> Result<bool, String> {
        let mut moved = false;
        let first = self.client.rng.below(self.tasks.len());
        for at in 0..self.tasks.len() {
            let at = (first + at) % self.tasks.len();
            moved |= self.tasks[at].run(&mut self.client)?;
        }
        Ok(moved | self.client.tidy())
    }
}
