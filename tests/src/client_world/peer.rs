//! The far end of a wire: perhaps a proxy, and behind it a good server or a bad one.
//! It keeps a socket as drivers do; what is said there is for `front`, `app` and `script`.

use super::app::App;
use super::apps::Apps;
use super::errand::Errand;
use super::front::{Front, Stage};
use super::layers;
use super::ledger::Ledger;
use super::net::{Excuse, Tube};
use super::script::Script;
use super::setting::Setting;
use crate::rng::Rng;
use crate::sim::trace::Trace;
use crate::sim::wire::Carried;
use purlin_core::config::Protocols;
use purlin_core::exchange::Route;
use purlin_core::server::Connection;
use purlin_core::{
    Close, CloseReason, Eof, Event, Fault, Machine, Mono, Now, Rate, ServerConfig, Timeouts, Why,
};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

/// What servers have around them at one moment.
pub(super) struct Scene<'a> {
    pub(super) now: Now,
    pub(super) ledger: &'a mut Ledger,
    pub(super) setting: &'a Setting,
    pub(super) errands: &'a [Arc<Errand>],
    pub(super) trace: &'a mut Trace,
}

/// The far end of a wire.
pub(super) struct Peer {
    /// Which wire it is the end of.
    pub(super) wire: usize,
    pub(super) route: Route,
    front: Option<Front>,
    behind: Behind,
    /// What came behind the talk with the proxy.
    early: Vec<u8>,
    /// It reads so many bytes every so often, if it is slow; and when it does next.
    sips: Option<(usize, Duration)>,
    sips_at: Mono,
    /// The system has said that it has no room.
    full: bool,
    shut: bool,
    gone: bool,
}

enum Behind {
    Good(Box<Connection>, Apps),
    Bad(Box<dyn Machine + Send>, Script),
}

impl Behind {
    fn machine(&mut self) -> &mut dyn Machine {
        match self {
            Behind::Good(machine, _) => &mut **machine,
            Behind::Bad(machine, _) => &mut **machine,
        }
    }
}

impl Peer {
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn new(
        rng: &mut Rng,
        wire: usize,
        route: Route,
        setting: &Setting,
        now: Now,
    ) -> Result<Peer, String> {
        let own = Rng::new(rng.bits());
        let bad = if setting.leaves { 70 } else { 15 };
        let bad = if setting.machine.protocols == Protocols::Http2 { 0 } else { bad };
        let behind = if setting.calm || !rng.chance(bad) {
            let keeps = keeps(rng, setting);
            let machine = layers::good(config(rng, keeps, setting), &route, now)?;
            let leaves = setting.goes_away.filter(|_| wire == 0);
            let apps = Apps::new(App::new(own, wire, keeps), leaves.map(|after| now.mono + after));
            Behind::Good(Box::new(machine), apps)
        } else {
            Behind::Bad(layers::bad(&route, now)?, Script::new(own, wire, setting.leaves, now))
        };
        let front = Front::new(rng, &route, setting);
        let sips = match setting.slow {
            true => Some(SLOW),
            false if setting.system.is_some() && rng.chance(40) => Some(*rng.pick(&SIPS)),
            false => None,
        };
        let (early, sips_at, full, shut, gone) = (Vec::new(), now.mono, false, false, false);
        Ok(Peer { wire, route, front, behind, early, sips, sips_at, full, shut, gone })
    }

    /// Whether its socket is closed.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Does what is due; says whether anything happened.
    pub(super) fn run(
        &mut self,
        up: &mut Tube,
        down: &mut Tube,
        excuse: &mut Excuse,
        scene: &mut Scene<'_>,
    ) -> bool {
        if let Some(front) = &mut self.front {
            let moved = front.run(up, down, scene);
            match front.stage() {
                Stage::Talks => {}
                Stage::Open => self.early = self.front.take().map(Front::rest).unwrap_or_default(),
                Stage::Closed => {
                    down.pipe().fin(scene.now.mono);
                    self.gone = true;
                }
            }
            if self.front.as_ref().is_some_and(Front::is_bad) {
                *excuse = Excuse::Fault;
            }
            return moved || self.front.is_none();
        }
        if matches!(self.behind, Behind::Bad(..)) {
            *excuse = Excuse::Fault;
        }
        let now = scene.now;
        let late = |peer: &mut Peer| {
            peer.behind.machine().deadline().is_some_and(|(at, _)| at <= now.mono)
        };
        let due = late(self);
        if due {
            // All is looked at once more before anybody is told to be late.
            (self.sips_at, self.full) = (now.mono, false);
        }
        let mut any = self.talk(due, up, down, excuse, scene);
        if late(self) {
            let machine = self.behind.machine();
            machine.untaken(down.untaken(), now);
            machine.tick(now);
            any = true;
            self.talk(false, up, down, excuse, scene);
        }
        self.close(up, down, excuse, scene) | any
    }

    /// Reads, speaks and writes until nothing moves; says whether anything did.
    fn talk(
        &mut self,
        all: bool,
        up: &mut Tube,
        down: &mut Tube,
        excuse: &mut Excuse,
        scene: &mut Scene<'_>,
    ) -> bool {
        let mut any = false;
        loop {
            let mut moved = self.read(all, up, scene);
            moved |= self.speak(excuse, scene);
            moved |= self.write(down, scene);
            if !moved {
                return any;
            }
            any = true;
        }
    }

    fn read(&mut self, all: bool, up: &mut Tube, scene: &mut Scene<'_>) -> bool {
        let (now, wire) = (scene.now, self.wire);
        let machine = self.behind.machine();
        if !self.early.is_empty() {
            let taken = machine.receive(&self.early, now);
            self.early.drain(..taken);
            return taken > 0;
        }
        let (sip, pause) = self.sips.unwrap_or((usize::MAX, Duration::ZERO));
        let most = machine.read_buf().len().min(sip);
        if (most == 0 || self.sips_at > now.mono) && !up.is_reset() {
            return false;
        }
        let all = all || self.sips.is_some();
        let read = if all { up.read_all(most, now.mono) } else { up.read(most, now.mono) };
        match read {
            None => return false,
            Some(Carried::Bytes(bytes)) => {
                self.sips_at = now.mono + pause;
                machine.read_buf()[..bytes.len()].copy_from_slice(&bytes);
                machine.filled(bytes.len(), now);
            }
            Some(Carried::Fin) => {
                scene.trace.server(now, || format!("c{wire} end of input"));
                machine.eof(Eof::Clean, now);
            }
            Some(Carried::Reset) => {
                scene.trace.server(now, || format!("c{wire} reset"));
                machine.eof(Eof::Reset, now);
            }
        }
        true
    }

    /// The server's turn.
    fn speak(&mut self, excuse: &mut Excuse, scene: &mut Scene<'_>) -> bool {
        let (now, wire) = (scene.now, self.wire);
        match &mut self.behind {
            Behind::Bad(machine, script) => {
                while machine.poll_event(now).is_some() {}
                script.run(&mut **machine, &self.route, scene)
            }
            Behind::Good(machine, apps) => {
                let mut any = false;
                while let Some(event) = machine.poll_event(now) {
                    any = true;
                    match event {
                        Event::Request { id, head, .. } => {
                            apps.begin(machine, id, &head, &self.route, scene);
                        }
                        Event::Failed { id, error } => {
                            scene.trace.server(now, || format!("c{wire} failed: {error}"));
                            *excuse = Excuse::Fault;
                            apps.refuse(id, machine.carries_many(), scene);
                        }
                        Event::Reset { id, .. } => {
                            scene.trace.server(now, || format!("c{wire} {id} is given up"));
                            apps.given_up(machine, id, scene);
                        }
                        Event::Closed(reason) => {
                            scene.trace.server(now, || format!("c{wire} closed: {reason}"));
                            if is_our_fault(reason, scene.setting) {
                                scene.ledger.wrong(|| format!("c{wire} closed: {reason}"));
                            }
                            excuse.raise(excuse_of(reason));
                        }
                        _ => {}
                    }
                }
                if apps.is_bad() {
                    *excuse = Excuse::Fault;
                }
                apps.run(machine, scene) | any
            }
        }
    }

    fn write(&mut self, down: &mut Tube, scene: &mut Scene<'_>) -> bool {
        let (now, wire, secure) = (scene.now, self.wire, layers::is_secret(&self.route));
        let machine = self.behind.machine();
        let mut any = false;
        self.full &= !down.is_writable();
        while machine.want().write {
            // Also if the socket is full: the peer's time runs from the call of `output`.
            let mut slices = [IoSlice::new(&[]); 4];
            let used = machine.output(&mut slices, now);
            if self.full {
                break;
            }
            let mut all = Vec::new();
            for slice in &slices[..used] {
                let count = slice.len().min(down.room().saturating_sub(all.len()));
                all.extend_from_slice(&slice[..count]);
            }
            let count = down.write(&all, now.mono);
            self.full = count < slices[..used].iter().map(|slice| slice.len()).sum();
            if count == 0 {
                break;
            }
            draw(scene.trace, now, &format!("c{wire} <"), &all[..count], secure);
            machine.wrote(count, now);
            any = true;
        }
        any
    }

    fn close(
        &mut self,
        up: &Tube,
        down: &mut Tube,
        excuse: &mut Excuse,
        scene: &mut Scene<'_>,
    ) -> bool {
        let (now, wire) = (scene.now, self.wire);
        match self.behind.machine().want().close {
            None => return false,
            Some(Close::Linger) if self.shut => return false,
            Some(Close::Linger) => {
                scene.trace.server(now, || format!("c{wire} shuts its writing half"));
                down.pipe().fin(now.mono);
                self.shut = true;
            }
            Some(how) => {
                scene.trace.server(now, || format!("c{wire} closes: {how:?}"));
                let unread = up.next().is_some_and(|at| at <= now.mono) && up.is_open();
                match how {
                    Close::Graceful if !unread => down.pipe().fin(now.mono),
                    _ => down.pipe().reset(now.mono),
                }
                self.gone = true;
                // It lost its patience with a slow client.
                if how == Close::Abort {
                    *excuse = Excuse::Fault;
                }
            }
        }
        true
    }

    /// When it has something to do again.
    pub(super) fn next(&self, up: &Tube) -> Option<Mono> {
        if let Some(front) = &self.front {
            return [front.next(), up.next()].into_iter().flatten().min();
        }
        let (want, deadline, own) = match &self.behind {
            Behind::Good(machine, apps) => (machine.want(), machine.deadline(), apps.next()),
            Behind::Bad(machine, script) => (machine.want(), machine.deadline(), script.next()),
        };
        let arrives = up.next().filter(|_| want.read || up.is_reset());
        let arrives = arrives.map(|at| if up.is_reset() { at } else { at.max(self.sips_at) });
        [arrives, deadline.map(|(at, _)| at), own].into_iter().flatten().min()
    }
}

/// How a server reads that is slow and steady: what a client's driver does not ask
/// about, it has taken long before anybody is late.
const SIPS: [(usize, Duration); 3] = [
    (1000, Duration::from_millis(100)),
    (5000, Duration::from_millis(500)),
    (2000, Duration::from_millis(200)),
];

/// So a request may take for longer than an answer may, and each step of it in time.
const SLOW: (usize, Duration) = (400, Duration::from_millis(200));

/// Some servers tell how long they keep a connection. In a calm world nobody says so
/// whose time may be over just when a process that rested asks again.
fn keeps(rng: &mut Rng, setting: &Setting) -> Option<u64> {
    let tells = rng.chance(25) && (!setting.calm || setting.rests.is_empty());
    tells.then(|| *rng.pick(&[1, 2, 5, 15]))
}

/// A good server closes what is idle, at any time that it likes.
fn config(rng: &mut Rng, keeps: Option<u64>, setting: &Setting) -> ServerConfig {
    let (calm, mut timeouts) = (setting.calm, Timeouts::default());
    if !calm && rng.chance(35) {
        timeouts.idle = Duration::from_millis(*rng.pick(&[1, 30, 700, 7000]));
    }
    if calm {
        // Nor is anybody late there that rests.
        let long = Duration::from_secs(3600);
        (timeouts.idle, timeouts.head) = (long, long);
        (timeouts.body, timeouts.write) = (Rate::UNLIMITED, Rate::UNLIMITED);
    }
    if let Some(seconds) = keeps {
        timeouts.idle = Duration::from_secs(seconds);
    }
    let keep_alive = calm || !rng.chance(5);
    let http2 = setting.servers;
    ServerConfig { timeouts, keep_alive, http2, ..ServerConfig::default() }
}

/// What a client of ours must not do. That it has not acknowledged settings in time may be its
/// callers' doing, or the network's.
fn is_our_fault(reason: CloseReason, setting: &Setting) -> bool {
    match reason {
        CloseReason::Fault(Fault::TooMuchAsked) => true,
        CloseReason::Fault(Fault::Http2Violation) => setting.calm && setting.rests.is_empty(),
        _ => false,
    }
}

/// What the end of a good server's connection explains.
fn excuse_of(reason: CloseReason) -> Excuse {
    match reason {
        // The client knows of it by the answer.
        CloseReason::PeerAsked
        | CloseReason::ApplicationAsked
        | CloseReason::KeepAliveOff
        | CloseReason::PeerClosed => Excuse::None,
        CloseReason::Timeout(Why::Idle) => Excuse::Idled,
        _ => Excuse::Fault,
    }
}

/// Ciphertext is another in every run; its length is not.
pub(super) fn draw(trace: &mut Trace, now: Now, arrow: &str, bytes: &[u8], secure: bool) {
    if secure {
        trace.wire(now, || format!("{arrow} {} bytes inside TLS", bytes.len()));
    } else {
        trace.bytes(now, arrow, bytes);
    }
}
