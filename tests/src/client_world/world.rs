//! Turns the clock of a world: everything that is due happens, then time goes
//! on to whatever is due next, until every request has ended.

use super::check;
use super::client::{Client, System};
use super::errand::Errand;
use super::runtime::{self, Sim};
use super::setting::Setting;
use super::task::{Outcome as Ending, State, Task};
use super::watch::Watch;
use crate::rng::Rng;
use crate::sim::Outcome;
use crate::sim::trace::Trace;
use purlin_core::exchange::Route;
use purlin_core::policy::pool::{Get, Opened};
use purlin_core::{Mono, Now};
use purlin_engine::Agent;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

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
    /// What a caller drops keeps what it has.
    GivesNothingUp,
}

impl Broken {
    /// Every rule that can be broken.
    pub const ALL: [Broken; 16] = [
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
        Broken::GivesNothingUp,
    ];
}

/// Plays the world of a seed; it says how many requests were answered.
pub fn run(seed: u64, picture: bool, broken: Option<Broken>) -> Outcome {
    let played = catch_unwind(AssertUnwindSafe(|| play(seed, picture, broken)));
    let (verdict, requests) = played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        (Err(text.to_owned()), 0)
    });
    // What goes home needs a world to go home in.
    let left = Client::try_with(|client| std::mem::take(&mut client.left));
    drop(left);
    let (seconds, picture) = Client::end().map_or_else(Default::default, |client| {
        (client.now.mono.since(START.mono).as_secs(), client.trace.text())
    });
    Outcome { verdict, requests, seconds, picture }
}

fn play(seed: u64, picture: bool, broken: Option<Broken>) -> (Result<(), String>, usize) {
    let mut rng = Rng::new(seed);
    let setting = match Setting::new(&mut rng, START, broken) {
        Ok(setting) => {
            // What else a seed plays does not hang on this.
            let mut own = Rng::new(seed ^ 0x4832);
            let slow = !setting.rests.is_empty() || setting.system.is_some();
            let two = broken.is_none() && own.chance(30) && !(setting.calm && slow);
            Arc::new(if two { setting.with_http2(&mut own) } else { setting })
        }
        Err(why) => return (Err(why), 0),
    };
    let count = 2 + rng.below(8);
    let errands: Vec<_> =
        (0..count).map(|name| Arc::new(Errand::new(&mut rng, name, &setting))).collect();
    let agent = Agent::new(runtime::settings(&setting, broken), None, Arc::new(System));
    let agent =
        agent.within(move |machine, route, _| match Client::with(|client| client.open(route)) {
            Ok(wire) => Box::new(Watch::new(machine, wire, broken)),
            Err(why) => panic!("{why}"),
        });
    let trace = Trace::new(picture);
    Client::new(rng, START, setting.clone(), errands.clone(), trace, broken).begin();
    let tasks = errands.into_iter().enumerate();
    let tasks = tasks.map(|(name, errand)| Task::new(name, errand, &agent)).collect();
    let routes = check::routes(&setting);
    let closes_idle = setting.closes_idle;
    let mut world = World { agent: &agent, setting, routes, tasks, closes_idle, passes: 0 };
    let verdict = world.play();
    (verdict, world.tasks.iter().filter(|task| is_answered(task)).count())
}

fn is_answered(task: &Task<'_>) -> bool {
    matches!(task.state, State::Ended(Ending::Whole))
}

pub(super) struct World<'a> {
    pub(super) agent: &'a Agent<Sim>,
    pub(super) setting: Arc<Setting>,
    /// Wherever connections may lead.
    pub(super) routes: Vec<Route>,
    pub(super) tasks: Vec<Task<'a>>,
    /// When the client closes what is idle, if it does.
    closes_idle: Option<Mono>,
    passes: usize,
}

impl World<'_> {
    fn play(&mut self) -> Result<(), String> {
        loop {
            self.settle()?;
            if self.tasks.iter().all(Task::is_over) {
                return check::end(self);
            }
            let (now, rests) = Client::with(|client| (client.now, client.rests_until()));
            let own = if rests.is_some() { rests } else { self.next_of_client() };
            let wires = Client::with(|client| client.next_of_wires());
            match [own, wires].into_iter().flatten().min() {
                Some(at) if at > now.mono => {
                    Client::with(|client| client.now = now.later(at.since(now.mono)));
                }
                Some(_) => return Err(format!("nothing happens: {}", self.due())),
                None => return Err("everyone waits for ever".to_owned()),
            }
        }
    }

    fn next_of_client(&self) -> Option<Mono> {
        let tasks = self.tasks.iter().filter_map(Task::next).min();
        let client = Client::with(|client| client.next());
        [tasks, client, self.closes_idle].into_iter().flatten().min()
    }

    /// What is due.
    fn due(&self) -> String {
        let now = Client::with(|client| client.now.mono);
        let due = |next: Option<Mono>| next.is_some_and(|at| at <= now);
        let tasks = self.tasks.iter().filter(|task| due(task.next()));
        let tasks: Vec<_> = tasks.map(|task| format!("#{}", task.name)).collect();
        let wires: Vec<_> = Client::with(|client| {
            let wires = client.wires.iter();
            let wires = wires
                .filter(|wire| !wire.is_over() && due(wire.next()) || due(wire.next_to_tell()));
            wires.map(|wire| format!("c{}", wire.number)).collect()
        });
        format!("{tasks:?} and {wires:?} are due, or work, or a chore")
    }

    /// Everything that is due happens, in any order.
    fn settle(&mut self) -> Result<(), String> {
        loop {
            let mut moved = Client::with(Client::serve);
            let rests = Client::with(|client| client.rests_until().is_some());
            if !rests {
                moved |= self.run_client()?;
            }
            check::pass(self)?;
            self.passes += 1;
            if self.passes > PASSES {
                return Err(format!("no end after {PASSES} passes"));
            }
            match moved {
                true => {}
                false if rests => return Ok(()),
                false => return check::settled(self),
            }
        }
    }

    /// The client's process does what is due; says whether anything happened.
    fn run_client(&mut self) -> Result<bool, String> {
        let due = Client::with(Client::due);
        let mut moved = !due.is_empty();
        due.into_iter().for_each(Waker::wake);
        // What should have been done before, had the process not rested, is done first.
        let elsewhere_first = Client::with(|client| {
            let now = client.now.mono;
            client.rng.chance(50) || client.works.iter().any(|(at, ..)| *at < now)
        });
        if elsewhere_first {
            moved |= self.work();
        }
        let first = Client::with(|client| client.rng.below(self.tasks.len()));
        for at in 0..self.tasks.len() {
            let at = (first + at) % self.tasks.len();
            moved |= self.tasks[at].run()?;
        }
        if !elsewhere_first {
            moved |= self.work();
        }
        Ok(moved | self.close_idle() | self.forget())
    }

    /// Does what is due elsewhere; says whether there was any.
    fn work(&self) -> bool {
        let now = Client::with(|client| client.now);
        let is_due = |at: Mono| at <= now.mono;
        let (works, chores) = Client::with(|client| {
            let works = std::mem::take(&mut client.works).into_iter();
            let (works, later): (Vec<_>, _) = works.partition(|(at, ..)| is_due(*at));
            client.works = later;
            let chores = std::mem::take(&mut client.chores).into_iter();
            let (chores, later): (Vec<_>, _) =
                chores.partition(|due| is_due(due.at) || due.flag.is_up());
            client.chores = later;
            (works, chores)
        });
        let any = !works.is_empty() || !chores.is_empty();
        for (_, fate, work) in works {
            Client::with(|client| client.finds = fate);
            work();
        }
        for mut due in chores {
            due.flag.take();
            if let Some(at) = (due.chore)(now) {
                due.at = at;
                Client::with(|client| client.chores.push(due));
            }
        }
        any
    }

    fn close_idle(&mut self) -> bool {
        let now = Client::with(|client| client.now.mono);
        let closes = self.closes_idle.take_if(|at| *at <= now).is_some();
        if closes {
            self.agent.pool().close_idle();
        }
        closes
    }

    /// Has the pool count what is closed, where it is to.
    fn forget(&self) -> bool {
        let forgotten = Client::with(|client| std::mem::take(&mut client.forgotten));
        for route in &forgotten {
            self.agent.pool().look(|pool| {
                let now = Client::with(|client| client.now.mono);
                if let (Get::Dial(ticket), _) = pool.get(route, now) {
                    assert!(matches!(pool.opened(ticket), Opened::Yours));
                }
            });
        }
        !forgotten.is_empty()
    }
}
