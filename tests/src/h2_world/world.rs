//! Turns the clock of a world, and judges it when all is over.

use super::answerer::Answerer;
use super::asker::Asker;
use super::broken::{Breaker, Broken};
use super::layers::Shared;
use super::ledger::Ledger;
use super::link::{self, Link, Socket};
use super::mangled::Mangled;
use super::metered::Metered;
use super::odd::Odd;
use super::plan::Setting;
use crate::client_world::layers;
use crate::rng::Rng;
use crate::sim::Outcome;
use crate::sim::trace::Trace;
use crate::sim::wire::{Pipe, Quality};
use purlin_core::config::Http2;
use purlin_core::h2::connection::Connection;
use purlin_core::{
    ClientConfig, ClientMachine, CloseReason, Event, Fault, Machine, Mono, Now, Reuse,
    ServerConfig, ServerMachine,
};
use purlin_tls::Tls;
use std::sync::Arc;

const STEPS: usize = 400_000;
const START: Now = Now::at(Mono::ZERO, 784_111_777);
/// So many connections are made at the most: each server may end, and each may be cut.
const LINKS: usize = 6;
/// What TLS may hold beside it.
const TLS: usize = 64 * 1024;

/// Plays the run of a seed; `broken` is what is wrong with one of the machines, which one
/// the seed says.
pub fn run(seed: u64, picture: bool, broken: Option<Broken>) -> Outcome {
    let mut world = World::new(seed, picture, broken);
    let verdict = world.play();
    Outcome {
        verdict,
        requests: world.ledger.answered(),
        seconds: world.now.mono.since(START.mono).as_secs(),
        picture: world.trace.text(),
    }
}

struct World {
    rng: Rng,
    setting: Setting,
    broken: Option<(Broken, bool)>,
    asker: Asker,
    ledger: Ledger,
    links: Vec<(Link, Answerer)>,
    trace: Trace,
    picture: bool,
    now: Now,
    steps: usize,
}

impl World {
    fn new(seed: u64, picture: bool, broken: Option<Broken>) -> World {
        let mut rng = Rng::new(seed ^ 0x4832);
        let mut setting = Setting::new(&mut rng);
        let side = rng.chance(50);
        if broken.is_some() {
            // What is found must be found by what it does.
            setting.odd = (false, false);
        }
        let plans = Arc::new(setting.plans.clone());
        World {
            asker: Asker::new(Arc::clone(&plans), START.mono),
            ledger: Ledger::new(plans.len()),
            rng,
            setting,
            broken: broken.map(|broken| (broken, side)),
            links: Vec::new(),
            trace: Trace::new(picture),
            picture,
            now: START,
            steps: 0,
        }
    }

    fn play(&mut self) -> Result<(), String> {
        loop {
            while self.turn()? {
                self.steps += 1;
                if self.steps > STEPS {
                    return Err(format!("no end after {STEPS} steps"));
                }
            }
            let over = self.ledger.is_over();
            if over && self.links.iter().all(|(link, _)| link.is_over()) {
                return self.check();
            }
            let links = self.links.iter().flat_map(|(link, answerer)| {
                [link.next(), answerer.next(self.now.mono)].into_iter().flatten()
            });
            let next = links.chain(self.asker.next(self.now.mono)).min();
            match next {
                Some(at) if at > self.now.mono => {
                    self.now = self.now.later(at.since(self.now.mono));
                }
                Some(_) => return Err("something is due, and nothing happens".to_owned()),
                None => {
                    let ends = self.links.iter().map(|(link, _)| link.describe());
                    let ends: Vec<String> = ends.collect();
                    let (tls, odd) = (self.setting.tls, self.setting.odd);
                    return Err(format!("everyone waits for ever ({tls}, {odd:?}): {ends:?}"));
                }
            }
        }
    }

    /// Does what is due; says whether that was anything.
    fn turn(&mut self) -> Result<bool, String> {
        let mut any = false;
        for number in 0..self.links.len() {
            any |= self.client(number)?;
            any |= self.server(number)?;
            let (link, _) = &mut self.links[number];
            for frame in link.log.with(|log| log.frames.as_mut().map(std::mem::take)).into_iter() {
                for line in frame {
                    self.trace.wire(self.now, || format!("c{number} {line}"));
                }
            }
            link.check()?;
        }
        Ok(any | self.connect()?)
    }

    fn client(&mut self, number: usize) -> Result<bool, String> {
        let now = self.now;
        let over = self.ledger.is_over();
        let (link, _) = &mut self.links[number];
        let mut any = link.happens(now);
        if !link.client_socket.closed {
            link.client.tick(now);
        }
        let Link { client, client_socket, up, down, .. } = link;
        any |= link::drive(&mut **client, client_socket, down, up, now);
        while let Some(event) = client.poll_event(now) {
            any = true;
            self.trace.client(now, || format!("c{number} {}", describe(&event)));
            if std::mem::replace(&mut link.client_closed, matches!(event, Event::Closed(_))) {
                return Err(format!("{event:?} follows the end"));
            }
            check_close(&event, &self.setting, false)?;
            self.asker.event(number, &event, self.setting.tls)?;
        }
        any |= self.asker.run(number, &mut *link.client, &mut self.ledger, now)?;
        let last = number + 1 == self.links.len();
        let (link, _) = &mut self.links[number];
        if last {
            any |= self.asker.begin(number, &mut *link.client, &mut self.ledger, now)?;
        }
        if over && !std::mem::replace(&mut link.client_ends, true) {
            link.client.shutdown(now);
            any = true;
        }
        let Link { client, client_socket, up, down, .. } = link;
        any |= link::drive(&mut **client, client_socket, down, up, now);
        any |= link::close(&**client, client_socket, down, up, now);
        client.trim(now);
        Ok(any)
    }

    fn server(&mut self, number: usize) -> Result<bool, String> {
        let now = self.now;
        let (link, answerer) = &mut self.links[number];
        let Link { server, server_socket, up, down, .. } = link;
        if !server_socket.closed {
            server.tick(now);
        }
        let mut any = link::drive(&mut **server, server_socket, up, down, now);
        while let Some(event) = server.poll_event(now) {
            any = true;
            self.trace.server(now, || format!("c{number} {}", describe(&event)));
            if answerer.closed.is_some() {
                return Err(format!("{event:?} follows the end"));
            }
            check_close(&event, &self.setting, link.client_ends || link.client_socket.closed)?;
            answerer.event(&event, &mut self.ledger, now)?;
        }
        any |= answerer.run(&mut **server, &mut self.ledger, now)?;
        any |= link::drive(&mut **server, server_socket, up, down, now);
        any |= link::close(&**server, server_socket, up, down, now);
        server.trim(now);
        Ok(any)
    }

    /// Makes a connection, if there is a request and none that takes it.
    fn connect(&mut self) -> Result<bool, String> {
        let takes = self
            .links
            .last()
            .is_some_and(|(link, _)| !matches!(link.client.reuse(), Reuse::Never(_)));
        if takes || !self.asker.has_due(self.now.mono) {
            return Ok(false);
        }
        let number = self.links.len();
        if number == 40 {
            return Err("there are too many connections".to_owned());
        }
        // The last ones have nothing wrong with them, so that all comes to an end.
        let good = number >= LINKS;
        let log = Shared::new(self.picture);
        let (client, server) = self.machines(&log)?;
        let good_one = Quality { delay: 1, split: 10, stall: 0, capacity: 64 * 1024 };
        let quality = if good { good_one } else { self.setting.quality };
        let mut pipe = || Pipe::new(Rng::new(self.rng.bits()), quality, None);
        let (up, down) = (pipe(), pipe());
        let due = |after: Option<std::time::Duration>| {
            after.filter(|_| !good).map(|after| self.now.mono + after)
        };
        let link = Link {
            client,
            server,
            up,
            down,
            client_socket: Socket::default(),
            server_socket: Socket::default(),
            log,
            cut: due(self.setting.cut),
            shutdown: due(self.setting.shutdown),
            client_ends: false,
            client_closed: false,
            room: window(&self.setting.client).max(window(&self.setting.server)) as usize,
            tls: if self.setting.tls { TLS } else { 0 },
        };
        self.links.push((link, Answerer::new(Arc::new(self.setting.plans.clone()))));
        Ok(true)
    }

    fn machines(
        &mut self,
        log: &Shared,
    ) -> Result<(Box<dyn ClientMachine>, Box<dyn ServerMachine>), String> {
        let (setting, now) = (&self.setting, self.now);
        let config =
            ClientConfig { trace: setting.trace, http2: setting.client, ..ClientConfig::default() };
        let client = Connection::client(Arc::new(config), setting.tls, now);
        let config = ServerConfig {
            trace: setting.trace,
            secure: setting.tls,
            date: false,
            http2: setting.server,
            ..ServerConfig::default()
        };
        let server = Connection::new(Arc::new(config), now);
        let broken = |client| self.broken.filter(|(_, side)| *side == client).map(|(what, _)| what);
        let breaker = |client| Breaker::new(broken(client));
        let mut odd = |client, on: bool| on.then(|| Odd::new(Rng::new(self.rng.bits()), client));
        // What is broken is within the second book; what is only odd, outside.
        let client = Mangled::new(client, true, None, breaker(true), log.clone());
        let client = Metered::new(client, true, window(&setting.client), log.clone());
        let odd_client = odd(true, setting.odd.0);
        let server = Mangled::new(server, false, None, breaker(false), log.clone());
        let server = Metered::new(server, false, window(&setting.server), log.clone());
        let odd_server = odd(false, setting.odd.1);
        if setting.tls {
            let client = Mangled::new(client, true, odd_client, Breaker::default(), log.clone());
            let server = Mangled::new(server, false, odd_server, Breaker::default(), log.clone());
            let client = Tls::client(&layers::client()?, "a.test", client, now);
            let client = client.map_err(|error| error.to_string())?;
            return Ok((Box::new(client), Box::new(Tls::server(layers::server()?, server, now))));
        }
        let none = Breaker::default;
        Ok((
            match odd_client {
                Some(odd) => Box::new(Mangled::new(client, true, Some(odd), none(), log.clone())),
                None => Box::new(client),
            },
            match odd_server {
                Some(odd) => Box::new(Mangled::new(server, false, Some(odd), none(), log.clone())),
                None => Box::new(server),
            },
        ))
    }

    fn check(&self) -> Result<(), String> {
        for (number, (link, answerer)) in self.links.iter().enumerate() {
            link.rests().map_err(|why| format!("c{number}: {why}"))?;
            if answerer.closed.is_none() || !link.client_closed {
                return Err(format!("c{number} is closed, and nobody was told"));
            }
        }
        self.ledger.check(&self.setting.plans, self.setting.is_calm())
    }
}

/// The largest window of a connection: it grows by the shares of streams that nobody reads.
fn window(http2: &Http2) -> u32 {
    let shares = http2.max_concurrent.saturating_mul(http2.stream_window);
    http2.connection_window.max(65_535).saturating_add(shares)
}

/// Where nobody is late and nothing is cut, no connection ends by a fault. A client that `ends`
/// may do so before it has read all, which resets the connection.
fn check_close(event: &Event, setting: &Setting, ends: bool) -> Result<(), String> {
    match event {
        Event::Closed(CloseReason::Fault(Fault::Reset)) if ends => Ok(()),
        Event::Closed(reason @ (CloseReason::Fault(_) | CloseReason::Timeout(_)))
            if setting.is_calm() =>
        {
            Err(format!("{reason:?}, and nothing was wrong"))
        }
        _ => Ok(()),
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Request { id, head, .. } => format!("! {id} {} {}", head.method(), head.target()),
        Event::Response { id, head, .. } => format!("! {id} {}", head.status()),
        Event::Interim { id, head } => format!("! {id} {}", head.status()),
        Event::Failed { id, error } => format!("! {id:?} fails: {error} {:?}", error.retry),
        other => format!("! {other:?}"),
    }
}
