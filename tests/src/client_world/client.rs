//! What a world is made of beside its requests, for whoever a thread runs: the wires and the
//! servers behind them, the time, names, dials, and work that is done elsewhere or later.

use super::errand::Errand;
use super::ledger::Ledger;
use super::net::{Excuse, Nature, Use, Wire};
use super::peer::{Peer, Scene};
use super::runtime::Socket;
use super::setting::Setting;
use super::world::Broken;
use crate::rng::Rng;
use crate::sim::trace::Trace;
use purlin_core::exchange::Route;
use purlin_core::{Mono, Now};
use purlin_engine::{Chore, Leaving, Work};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

thread_local! {
    static CLIENT: RefCell<Option<Client>> = const { RefCell::new(None) };
}

/// What a thread's world is made of.
pub(super) struct Client {
    pub(super) now: Now,
    pub(super) rng: Rng,
    pub(super) setting: Arc<Setting>,
    pub(super) errands: Vec<Arc<Errand>>,
    pub(super) wires: Vec<Wire>,
    pub(super) ledger: Ledger,
    pub(super) trace: Trace,
    pub(super) broken: Option<Broken>,
    /// Which request is at work.
    pub(super) current: Option<usize>,
    /// What is known of each request besides what it knows itself.
    pub(super) asked: Vec<Asked>,
    pub(super) dials: BTreeMap<usize, Dial>,
    /// A dial or a look-up has failed, or never ends.
    pub(super) unreached: bool,
    /// What is done elsewhere, and when.
    pub(super) works: Vec<(Mono, Fate, Work)>,
    /// What becomes of the look-up at hand.
    pub(super) finds: Fate,
    pub(super) chores: Vec<Due>,
    /// Responses that nobody wants any more.
    pub(super) left: Vec<Leaving<Socket>>,
    /// Connections that ended, and of which the pool was not told.
    pub(super) forgotten: Vec<Route>,
}

/// What is known of a request from the outside.
#[derive(Default)]
pub(super) struct Asked {
    /// The wire that it was sent on last.
    pub(super) wire: Option<usize>,
    /// The hop that it is at, and how often that has been sent.
    pub(super) hop: usize,
    pub(super) sendings: u32,
    /// How often anything of it was sent.
    pub(super) sent: u32,
    /// What explains a failure.
    pub(super) excuse: Excuse,
    /// What its caller has taken of the time.
    pub(super) own: Duration,
    /// When its source has more, and who is told.
    pub(super) later: Option<(Mono, Waker)>,
}

/// What becomes of a step of dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Succeeds,
    Fails,
}

/// A socket that is connecting.
pub(super) struct Dial {
    /// None if it never ends.
    pub(super) ends: Option<Mono>,
    pub(super) fate: Fate,
    pub(super) waker: Option<Waker>,
}

/// A chore that is done when its time has come, or it is woken.
pub(super) struct Due {
    pub(super) at: Mono,
    pub(super) flag: Arc<Flag>,
    pub(super) chore: Chore,
}

/// Whether something is to be polled.
#[derive(Debug, Default)]
pub(super) struct Flag {
    /// The request that it is of.
    of: Option<usize>,
    up: AtomicBool,
}

impl Flag {
    pub(super) fn of(name: usize) -> Arc<Flag> {
        Arc::new(Flag { of: Some(name), up: AtomicBool::new(true) })
    }

    pub(super) fn take(&self) -> bool {
        self.up.swap(false, Ordering::Relaxed)
    }

    pub(super) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    pub(super) fn raise(&self) {
        self.up.store(true, Ordering::Relaxed);
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        // One request tells another of nothing but a connection.
        let told = |client: &mut Client| {
            client.broken == Some(Broken::LosesWakes)
                && client.current.is_some_and(|current| self.of.is_some_and(|of| of != current))
        };
        if Client::try_with(told) != Some(true) {
            self.raise();
        }
    }
}

impl Client {
    /// Begins a world on this thread, in place of whatever there was.
    pub(super) fn begin(self) {
        CLIENT.with_borrow_mut(|client| *client = Some(self));
    }

    /// Ends it.
    pub(super) fn end() -> Option<Client> {
        CLIENT.with_borrow_mut(Option::take)
    }

    /// The world of this thread. Nothing of the engine's may be used or dropped meanwhile.
    pub(super) fn with<T>(work: impl FnOnce(&mut Client) -> T) -> T {
        CLIENT.with_borrow_mut(|client| work(client.as_mut().expect("a world has begun")))
    }

    /// The same where it may be over, or at work: what a panic leaves is dropped as well.
    pub(super) fn try_with<T>(work: impl FnOnce(&mut Client) -> T) -> Option<T> {
        CLIENT.with(|client| client.try_borrow_mut().ok()?.as_mut().map(work))
    }

    pub(super) fn new(
        rng: Rng,
        now: Now,
        setting: Arc<Setting>,
        errands: Vec<Arc<Errand>>,
        trace: Trace,
        broken: Option<Broken>,
    ) -> Client {
        Client {
            now,
            rng,
            setting,
            asked: errands.iter().map(|_| Asked::default()).collect(),
            errands,
            wires: Vec::new(),
            ledger: Ledger::default(),
            trace,
            broken,
            current: None,
            dials: BTreeMap::new(),
            unreached: false,
            works: Vec::new(),
            finds: Fate::Succeeds,
            chores: Vec::new(),
            left: Vec::new(),
            forgotten: Vec::new(),
        }
    }

    /// What is known of the request that is at work.
    pub(super) fn asking(&mut self) -> Option<&mut Asked> {
        self.asked.get_mut(self.current?)
    }

    /// When a step of dialling ends, if it ever does, and how.
    pub(super) fn fate(&mut self) -> (Option<Mono>, Fate) {
        let (rng, now) = (&mut self.rng, self.now.mono);
        let after = |millis: usize| Some(now + Duration::from_millis(millis as u64));
        let fated = match rng.below(100) {
            _ if self.setting.calm => (after(rng.below(30)), Fate::Succeeds),
            0..=1 => (None, Fate::Succeeds),
            2..=4 => (after(rng.below(2000)), Fate::Fails),
            5..=9 => (after(rng.below(20_000)), Fate::Succeeds),
            _ => (after(rng.below(30)), Fate::Succeeds),
        };
        self.unreached |= fated.0.is_none() || fated.1 == Fate::Fails;
        fated
    }

    /// Opens a wire along this route.
    ///
    /// # Errors
    /// Its far end cannot be made.
    pub(super) fn open(&mut self, route: &Route) -> Result<usize, String> {
        let (now, number) = (self.now, self.wires.len());
        let peer = Peer::new(&mut self.rng, number, route.clone(), &self.setting, now)?;
        let fated = !self.setting.calm && self.rng.chance(25);
        let (quality, system) = (self.setting.quality, self.setting.system);
        let nature = Nature { quality, system, fated };
        let mut wire = Wire::new(&mut self.rng, number, route.clone(), nature, peer, now);
        if self.broken == Some(Broken::FlipsBits) {
            wire.meddle(100 + 40 * (number % 7));
        }
        wire.user = self.current;
        self.trace.wire(now, || format!("c{number} to {route}"));
        self.wires.push(wire);
        Ok(number)
    }

    /// The client closes its end of a wire.
    pub(super) fn hang_up(&mut self, number: usize) {
        let Some(wire) = self.wires.get_mut(number).filter(|wire| wire.open) else { return };
        self.trace.client(self.now, || format!("c{number} is closed"));
        wire.hang_up(self.now.mono);
        let lease = !matches!(wire.used, Use::Idle(_));
        if lease && self.broken == Some(Broken::ForgetsOne) {
            self.forgotten.push(wire.route.clone());
        }
    }

    /// The wires and the servers do what is due; says whether anything happened.
    pub(super) fn serve(&mut self) -> bool {
        let Client { now, setting, errands, wires, ledger, trace, .. } = self;
        let mut scene = Scene { now: *now, ledger, setting, errands, trace };
        let mut any = false;
        for wire in wires.iter_mut().filter(|wire| !wire.is_over()) {
            any |= wire.run(&mut scene);
        }
        any
    }

    /// Who is to be told of something by now: of bytes or room, of a dial that has ended, of
    /// more from a source.
    pub(super) fn due(&mut self) -> Vec<Waker> {
        let now = self.now.mono;
        let wires = self.wires.iter_mut().filter_map(|wire| wire.tells(now));
        let over = |at: &Mono| *at <= now;
        let dials = self.dials.values_mut();
        let dials = dials.filter(|dial| dial.ends.as_ref().is_some_and(over));
        let dials = dials.filter_map(|dial| dial.waker.take());
        let later = self.asked.iter_mut().map(|asked| &mut asked.later);
        let later = later.filter_map(|later| later.take_if(|(at, _)| over(at)));
        wires.chain(dials).chain(later.map(|(_, waker)| waker)).collect()
    }

    /// Until when the process rests, if it does.
    pub(super) fn rests_until(&self) -> Option<Mono> {
        self.setting.rests.until(self.now.mono)
    }

    /// When a wire has something to do by itself.
    pub(super) fn next_of_wires(&self) -> Option<Mono> {
        self.wires.iter().filter(|wire| !wire.is_over()).filter_map(Wire::next).min()
    }

    /// When somebody is to be told of something, a chore or work is to be done, or the process rests.
    pub(super) fn next(&self) -> Option<Mono> {
        let rests = self.setting.rests.next(self.now.mono);
        let wires = self.wires.iter().filter_map(Wire::next_to_tell);
        let dials = self.dials.values().filter(|dial| dial.waker.is_some());
        let dials = dials.filter_map(|dial| dial.ends);
        let later = self.asked.iter().filter_map(|asked| Some(asked.later.as_ref()?.0));
        let works = self.works.iter().map(|(at, ..)| *at);
        let chores = self.chores.iter().map(|due| due.at);
        wires.chain(dials).chain(later).chain(works).chain(chores).chain(rests).min()
    }
}

/// What is done elsewhere or later is done by this world.
pub(super) struct System;

impl purlin_engine::System for System {
    fn now(&self) -> Now {
        Client::with(|client| client.now)
    }

    fn spawn(&self, _: &str, work: Work) -> std::io::Result<()> {
        Client::with(|client| {
            // One that never ends is forgotten: who waits for it is told nothing.
            if let (Some(at), fate) = client.fate() {
                client.works.push((at, fate, work));
            }
        });
        Ok(())
    }

    fn attend(&self, _: &str, chore: Chore) -> std::io::Result<Waker> {
        let flag = Arc::new(Flag::default());
        Client::with(|client| {
            if client.broken != Some(Broken::Hoards) {
                let at = client.now.mono;
                client.chores.push(Due { at, flag: flag.clone(), chore });
            }
        });
        Ok(Waker::from(flag))
    }
}
