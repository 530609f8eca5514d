//! The far end of a wire: perhaps a proxy, and behind it a good server or a bad one.
//! It keeps a socket as drivers do; what is said there is for `front`, `app` and `script`.

use super::app::App;
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
use purlin_core::exchange::Route;
use purlin_core::server::Connection;
use purlin_core::{Close, CloseReason, Eof, Event, Machine, Mono, Now, ServerConfig, Timeouts};
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
    shut: bool,
    gone: bool,
}

enum Behind {
    Good(Box<Connection>, Box<App>),
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
        let behind = if setting.calm || !rng.chance(15) {
            let machine = layers::good(config(rng, setting.calm), &route, now)?;
            Behind::Good(Box::new(machine), Box::new(App::new(own, wire)))
        } else {
            Behind::Bad(layers::bad(&route, now)?, Script::new(own, wire, now))
        };
        let front = Front::new(rng, &route, setting);
        Ok(Peer { wire, route, front, behind, early: Vec::new(), shut: false, gone: false })
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
        self.behind.machine().tick(now);
        let mut any = false;
        loop {
            let mut moved = self.read(up, scene);
            moved |= self.speak(excuse, scene);
            moved |= self.write(down, scene);
            if !moved {
                break;
            }
            any = true;
        }
        self.close(up, down, excuse, scene) | any
    }

    fn read(&mut self, up: &mut Tube, scene: &mut Scene<'_>) -> bool {
        let (now, wire) = (scene.now, self.wire);
        let machine = self.behind.machine();
        if !self.early.is_empty() {
            let taken = machine.receive(&self.early, now);
            self.early.drain(..taken);
            return taken > 0;
        }
        let most = machine.read_buf().len();
        if most == 0 && !up.is_reset() {
            return false;
        }
        match up.read(most, now.mono) {
            None => return false,
            Some(Carried::Bytes(bytes)) => {
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
            Behind::Good(machine, app) => {
                let mut any = false;
                while let Some(event) = machine.poll_event(now) {
                    any = true;
                    match event {
                        Event::Request { id, head, .. } => {
                            app.begin(machine, id, &head, &self.route, scene);
                        }
                        Event::Failed { error, .. } => {
                            scene.trace.server(now, || format!("c{wire} failed: {error}"));
                            *excuse = Excuse::Fault;
                            app.refuse(scene);
                        }
                        Event::Closed(reason) => {
                            scene.trace.server(now, || format!("c{wire} closed: {reason}"));
                            excuse.raise(excuse_of(reason));
                        }
                        _ => {}
                    }
                }
                if app.is_bad() {
                    *excuse = Excuse::Fault;
                }
                app.run(machine, scene) | any
            }
        }
    }

    fn write(&mut self, down: &mut Tube, scene: &mut Scene<'_>) -> bool {
        let (now, wire, secure) = (scene.now, self.wire, layers::is_secret(&self.route));
        let machine = self.behind.machine();
        let mut any = false;
        while machine.want().write {
            // Also if the socket is full: the peer's time runs from the call of `output`.
            let mut slices = [IoSlice::new(&[]); 4];
            let used = machine.output(&mut slices, now);
            let mut all = Vec::new();
            for slice in &slices[..used] {
                let count = slice.len().min(down.room().saturating_sub(all.len()));
                all.extend_from_slice(&slice[..count]);
            }
            let count = down.write(&all, now.mono);
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
            Behind::Good(machine, app) => (machine.want(), machine.deadline(), app.next()),
            Behind::Bad(machine, script) => (machine.want(), machine.deadline(), script.next()),
        };
        let arrives = up.next().filter(|_| want.read || up.is_reset());
        [arrives, deadline.map(|(at, _)| at), own].into_iter().flatten().min()
    }
}

/// A good server closes what is idle, at any time that it likes.
fn config(rng: &mut Rng, calm: bool) -> ServerConfig {
    let mut timeouts = Timeouts::default();
    if !calm && rng.chance(35) {
        timeouts.idle = Duration::from_millis(*rng.pick(&[1, 30, 700, 7000]));
    }
    if calm {
        timeouts.idle = Duration::from_secs(3600);
    }
    let keep_alive = calm || !rng.chance(5);
    ServerConfig { timeouts, keep_alive, ..ServerConfig::default() }
}

/// What the end of a good server's connection explains.
fn excuse_of(reason: CloseReason) -> Excuse {
    match reason {
        // The client knows of it by the answer.
        CloseReason::PeerAsked
        | CloseReason::ApplicationAsked
        | CloseReason::KeepAliveOff
        | CloseReason::PeerClosed => Excuse::None,
        CloseReason::Timeout(_) => Excuse::Idled,
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
