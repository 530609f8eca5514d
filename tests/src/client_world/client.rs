//! What all requests of the client share: the pool, the connections' wires, and
//! the servers behind them. It does as `purlin_net` does for the adapters.

use super::errand::Errand;
use super::layers;
use super::ledger::Ledger;
use super::link::Link;
use super::net::{Nature, Wire};
use super::peer::{Peer, Scene};
use super::setting::Setting;
use super::world::Broken;
use crate::rng::Rng;
use crate::sim::trace::Trace;
use purlin_core::exchange::Route;
use purlin_core::policy::pool::{Changes, Pool, Ticket};
use purlin_core::{Mono, Now, Reuse};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of buffers that a connection may keep when it comes back.
const KEPT: usize = 256 * 1024;
/// How long a connection is idle before it gives back its buffers.
pub(super) const REST: Duration = Duration::from_secs(5);

/// A pool of connections, keyed by their routes.
pub(super) type Connections = Pool<Route, Box<Link>>;

/// What all requests share.
pub(super) struct Client {
    pub(super) now: Now,
    pub(super) rng: Rng,
    pub(super) setting: Setting,
    pub(super) errands: Vec<Arc<Errand>>,
    pub(super) pool: Connections,
    pub(super) wires: Vec<Wire>,
    /// Who waits for a connection and is to ask again.
    pub(super) woken: BTreeSet<Ticket>,
    pub(super) ledger: Ledger,
    pub(super) trace: Trace,
    pub(super) broken: Option<Broken>,
}

impl Client {
    /// What the pool says of others is done.
    pub(super) fn act(&mut self, changes: Changes<Box<Link>>) {
        if self.broken != Some(Broken::LosesWakes) {
            self.woken.extend(changes.wake);
        }
        for link in changes.close {
            self.hang_up(&link);
        }
    }

    fn hang_up(&mut self, link: &Link) {
        self.trace.client(self.now, || format!("c{} is closed", link.wire));
        self.wires[link.wire].hang_up(self.now.mono);
    }

    /// Opens a wire and puts the machines on it.
    ///
    /// # Errors
    /// They cannot be made.
    pub(super) fn open(&mut self, route: &Route) -> Result<Box<Link>, String> {
        let (now, number) = (self.now, self.wires.len());
        let machine = layers::build(&self.setting, route, now)?;
        let peer = Peer::new(&mut self.rng, number, route.clone(), &self.setting, now)?;
        let fated = !self.setting.calm && self.rng.chance(25);
        let (quality, system) = (self.setting.quality, self.setting.system);
        let nature = Nature { quality, system, fated };
        let mut wire = Wire::new(&mut self.rng, number, route.clone(), nature, peer, now);
        if self.broken == Some(Broken::FlipsBits) {
            wire.meddle(100 + 40 * (number % 7));
        }
        self.trace.wire(now, || format!("c{number} to {route}"));
        self.wires.push(wire);
        let mut link = Box::new(Link::new(number, machine, route.clone(), now));
        link.habit = self.broken;
        Ok(link)
    }

    /// Whether a kept connection can still be used.
    pub(super) fn look(&mut self, link: &mut Link) -> Reuse {
        let now = self.now;
        link.read(&mut self.wires[link.wire], true, now, &mut self.trace);
        while link.machine.poll_event(now).is_some() {}
        match self.broken {
            Some(Broken::UsesWhatEnded) => Reuse::Now,
            _ => link.machine.reuse(),
        }
    }

    /// A connection comes back, to be used again if it can be.
    pub(super) fn give_back(&mut self, mut link: Box<Link>) {
        let now = self.now;
        while link.machine.poll_event(now).is_some() {}
        let good = link.machine.reuse() == Reuse::Now && !link.machine.want().write;
        if !good && self.broken != Some(Broken::UsesWhatEnded) {
            let why = link.machine.reuse();
            self.ledger.unfit(link.wire, &link.route, why);
            let close = self.pool.not_kept(&link.route, link.back.bodiless, why, now.mono);
            self.act(Changes { wake: Vec::new(), close });
            return self.lose(&link);
        }
        if link.machine.held() > KEPT {
            link.machine.trim(now);
        }
        self.trace.client(now, || format!("c{} is free", link.wire));
        if let Some(kept) = link.kept.take() {
            self.pool.served(&link.route, &kept);
        }
        let (route, back) = (link.route.clone(), link.back);
        let changes = self.pool.put_back(&route, link, back, now.mono);
        self.act(changes);
    }

    /// A request was lost with this connection.
    pub(super) fn died(&mut self, link: Option<&Link>) {
        let Some((link, kept)) = link.and_then(|link| Some((link, link.kept?))) else { return };
        let why = link.machine.reuse();
        self.ledger.unfit(link.wire, &link.route, why);
        let close = self.pool.died(&link.route, &kept, why);
        self.act(Changes { wake: Vec::new(), close });
    }

    /// A connection that a request had is closed.
    pub(super) fn lose(&mut self, link: &Link) {
        self.hang_up(link);
        if self.broken != Some(Broken::ForgetsOne) {
            let changes = self.pool.closed(&link.route);
            self.act(changes);
        }
    }

    /// Who waited for a connection waits no more.
    pub(super) fn leave(&mut self, ticket: Ticket, dials: bool) {
        self.woken.remove(&ticket);
        let now = self.now.mono;
        if !dials {
            let changes = self.pool.cancel(ticket, now);
            return self.act(changes);
        }
        let (given, changes) = self.pool.failed(ticket);
        self.act(changes);
        if let Some(given) = given {
            let (route, back) = (given.conn.route.clone(), given.back());
            let changes = self.pool.put_back(&route, given.conn, back, now);
            self.act(changes);
        }
    }

    /// Closes what is idle for too long, and has what rests give back its
    /// buffers; says whether anything was closed.
    pub(super) fn tidy(&mut self) -> bool {
        let now = self.now;
        let over = match self.broken {
            Some(Broken::Hoards) => Vec::new(),
            _ => self.pool.expire(now.mono),
        };
        let mut any = !over.is_empty();
        self.act(Changes { wake: Vec::new(), close: over });
        if self.setting.closes_idle.is_some_and(|at| at <= now.mono) {
            (self.setting.closes_idle, any) = (None, true);
            let idle = self.pool.close_idle();
            self.trace.client(now, || format!("{} that are idle are closed", idle.len()));
            self.act(Changes { wake: Vec::new(), close: idle });
        }
        for (link, since) in self.pool.idle_mut() {
            if now.mono.since(since) >= REST {
                link.machine.trim(now);
            }
        }
        any
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

    /// Until when the process rests, if it does.
    pub(super) fn rests_until(&self) -> Option<Mono> {
        self.setting.rests.until(self.now.mono)
    }

    /// When a wire has something to do by itself.
    pub(super) fn next_of_wires(&self) -> Option<Mono> {
        self.wires.iter().filter(|wire| !wire.is_over()).filter_map(Wire::next).min()
    }

    /// When the pool has something to do by itself, or the process rests.
    pub(super) fn next(&mut self) -> Option<Mono> {
        let now = self.now.mono;
        let rests = self.setting.rests.next(now);
        let rest = self.pool.idle_mut().map(|(_, since)| since + REST).filter(|at| *at > now).min();
        let idle = self.pool.deadline();
        [rests, rest, idle, self.setting.closes_idle].into_iter().flatten().min()
    }
}
