//! The application of a good server: it reads, thinks, and answers by a [`Reply`].
//! It tells the ledger what came and what it says.

use super::ledger::{Key, Seen, Served};
use super::peer::Scene;
use super::reply::{Framing, Manners, Reply};
use crate::rng::Rng;
use bytes::{Buf, Bytes};
use purlin_core::exchange::Route;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Fields, Id, Machine, Misuse, Mono, Now, Recv, RequestHead, ResponseHead, ServerMachine,
    Status,
};
use std::time::Duration;

/// What drips comes at this pace: slower than any limit allows.
const DRIP: Duration = Duration::from_millis(900);
/// After so many drips it stops: a caller that reads as slowly would never end.
const DRIPS: u32 = 300;

pub(super) struct App {
    rng: Rng,
    wire: usize,
    stage: Stage,
    work: Option<Work>,
    /// So many seconds it keeps an idle connection, and says so.
    keeps: Option<u64>,
    /// It has done what explains a failure.
    bad: bool,
    drips: u32,
}

/// A request in hand.
struct Work {
    id: Id,
    key: Key,
    seen: Seen,
    body: Vec<u8>,
    reply: Reply,
}

#[derive(Debug)]
enum Stage {
    Free,
    Reads,
    Thinks(Mono),
    /// The rest, and when its next piece comes; without a time it waits for room.
    Streams(Bytes, Option<Mono>),
    /// It does nothing more for this request.
    Mute,
}

impl App {
    pub(super) fn new(rng: Rng, wire: usize, keeps: Option<u64>) -> App {
        App { rng, wire, stage: Stage::Free, work: None, keeps, bad: false, drips: 0 }
    }

    /// One more of the same server.
    pub(super) fn another(&mut self) -> App {
        App::new(Rng::new(self.rng.bits()), self.wire, self.keeps)
    }

    pub(super) fn is_bad(&self) -> bool {
        self.bad
    }

    /// Whether it has nothing in hand.
    pub(super) fn is_free(&self) -> bool {
        self.work.is_none()
    }

    /// The exchange that it has in hand.
    pub(super) fn id(&self) -> Option<Id> {
        self.work.as_ref().map(|work| work.id)
    }

    /// Its client has given it up.
    pub(super) fn let_go(&mut self, machine: &mut Connection, scene: &mut Scene<'_>) {
        let Some(work) = self.work.take() else { return };
        self.stage = Stage::Free;
        let given = machine.reset(work.id, scene.now);
        self.obeyed(given, scene);
    }

    /// A request has come.
    pub(super) fn begin(
        &mut self,
        machine: &mut Connection,
        id: Id,
        head: &RequestHead,
        route: &Route,
        scene: &mut Scene<'_>,
    ) {
        let (now, wire) = (scene.now, self.wire);
        scene.trace.server(now, || format!("c{wire} {} {}", head.method(), head.target()));
        let seen = Seen::of(head);
        let key = scene.ledger.request(&seen, route, scene.setting, scene.errands);
        let Some(key) = key else {
            self.stage = Stage::Mute;
            return;
        };
        // Until it is answered, nothing is.
        scene.ledger.serve(key, wire, Served::Cut);
        let mut reply = Reply::new(&mut self.rng, key, wire, scene);
        if let Some(seconds) = self.keeps {
            reply.tell_limit(seconds);
            scene.ledger.pool(wire, Duration::from_secs(seconds));
        }
        scene.ledger.beside(key, wire).hints = reply.interims;
        for _ in 0..reply.interims {
            let head = ResponseHead::new(Status::EARLY_HINTS);
            self.obeyed(machine.interim(id, &head, now), scene);
        }
        self.stage = match (reply.manners, reply.early) {
            (Manners::Mute, _) => Stage::Mute,
            (_, true) => Stage::Thinks(now.mono + reply.think),
            (_, false) => Stage::Reads,
        };
        self.bad |= reply.manners != Manners::Good;
        self.work = Some(Work { id, key, seen, body: Vec::new(), reply });
    }

    /// The machine has refused what came, and answered it itself.
    pub(super) fn refuse(&mut self, scene: &mut Scene<'_>) {
        if let Some(work) = self.work.take() {
            scene.ledger.serve(work.key, self.wire, Served::Unasked);
        }
        self.stage = Stage::Free;
    }

    /// A command may come too late, once the connection is lost, but never wrong.
    fn obeyed(&mut self, given: Result<(), Misuse>, scene: &mut Scene<'_>) {
        let late = [Misuse::NoSuchExchange, Misuse::AlreadyFinished];
        if let Err(misuse) = given {
            if !late.contains(&misuse) {
                scene.ledger.wrong(|| format!("a server's command is refused: {misuse}"));
            }
            (self.stage, self.work) = (Stage::Free, None);
        }
    }

    /// Does what is due; says whether anything happened.
    pub(super) fn run(&mut self, machine: &mut Connection, scene: &mut Scene<'_>) -> bool {
        let now = scene.now;
        match &mut self.stage {
            Stage::Reads => self.read(machine, scene),
            Stage::Thinks(at) if *at <= now.mono => {
                self.answer(machine, scene);
                true
            }
            Stage::Streams(rest, at) if at.is_none_or(|at| at <= now.mono) => {
                let rest = std::mem::take(rest);
                self.stream(machine, rest, scene)
            }
            _ => false,
        }
    }

    fn read(&mut self, machine: &mut Connection, scene: &mut Scene<'_>) -> bool {
        let Some(work) = &mut self.work else { return false };
        let now = scene.now;
        let mut any = false;
        loop {
            match machine.recv(work.id, now) {
                Recv::Data(data) => work.body.extend_from_slice(&data),
                Recv::Pending => return any,
                Recv::Failed(_) => {
                    self.refuse(scene);
                    return true;
                }
                Recv::End(_) => {
                    let errand = &scene.errands[work.key.0];
                    scene.ledger.body(work.key, &work.seen, &work.body, errand);
                    self.stage = Stage::Thinks(now.mono + work.reply.think);
                    return true;
                }
            }
            any = true;
        }
    }

    fn answer(&mut self, machine: &mut Connection, scene: &mut Scene<'_>) {
        let Some(work) = &self.work else { return };
        let (now, wire, reply) = (scene.now, self.wire, &work.reply);
        let status = reply.head.status().code();
        scene.trace.server(now, || {
            format!("c{wire} answers {status} with {} bytes, {:?}", reply.body.len(), reply.framing)
        });
        let bodiless = work.seen.method == "HEAD" || status == 204;
        let given = match (reply.manners, reply.framing) {
            _ if status == 204 => Body::Empty,
            _ if bodiless => Body::Full(reply.body.clone()),
            (Manners::Drips, Framing::Stream) => Body::Stream,
            (Manners::Drips, _) => Body::Length(1 << 30),
            (Manners::Aborts, Framing::Stream) => Body::Stream,
            (Manners::Aborts, _) => Body::Length(reply.body.len() as u64 + 1),
            (_, Framing::Full) => Body::Full(reply.body.clone()),
            (_, Framing::Length) => Body::Length(reply.body.len() as u64),
            (_, Framing::Stream) => Body::Stream,
        };
        let whole = reply.manners == Manners::Good || bodiless;
        let body = if bodiless { Bytes::new() } else { reply.body.clone() };
        let says = if whole { Served::Whole(status, body) } else { Served::Cut };
        scene.ledger.serve(work.key, wire, says);
        let full = matches!(given, Body::Full(_) | Body::Empty);
        let next = Stage::Streams(reply.body.clone(), Some(now.mono));
        let given = machine.respond(work.id, &reply.head, given, now);
        self.stage = if full { Stage::Free } else { next };
        if full {
            self.work = None;
        }
        self.obeyed(given, scene);
    }

    fn stream(&mut self, machine: &mut Connection, mut rest: Bytes, scene: &mut Scene<'_>) -> bool {
        let Some(work) = &self.work else { return false };
        let (now, id, reply) = (scene.now, work.id, &work.reply);
        let head_only = work.seen.method == "HEAD";
        match reply.manners {
            Manners::Aborts if rest.is_empty() => {
                let given = machine.reset(id, now);
                (self.stage, self.work) = (Stage::Mute, None);
                self.obeyed(given, scene);
                return true;
            }
            Manners::Drips if self.drips == DRIPS => {
                (self.stage, self.work) = (Stage::Mute, None);
                let given = machine.reset(id, now);
                self.obeyed(given, scene);
                return true;
            }
            Manners::Drips => {
                self.drips += 1;
                let given = machine.send(id, &mut Bytes::from_static(b"."), now);
                self.stage = Stage::Streams(rest, Some(now.mono + DRIP));
                self.obeyed(given, scene);
                return true;
            }
            _ => {}
        }
        if rest.is_empty() && reply.beside && !head_only {
            match self.read_beside(machine, scene) {
                Some(any) if self.work.is_some() => {
                    self.stage = Stage::Streams(rest, None);
                    return any;
                }
                Some(any) => return any,
                None => {}
            }
        }
        let Some(work) = &self.work else { return false };
        let reply = &work.reply;
        if rest.is_empty() {
            let trailers = reply.trailers && reply.framing == Framing::Stream;
            scene.ledger.beside(work.key, self.wire).trailers = trailers;
            let given = finish(machine, id, trailers, now);
            (self.stage, self.work) = (Stage::Free, None);
            self.obeyed(given, scene);
            return true;
        }
        let mut piece = rest.slice(..rest.len().min(reply.piece.max(rest.len() / 20)));
        let size = piece.len();
        let given = machine.send(id, &mut piece, now);
        let taken = size - piece.len();
        rest.advance(taken);
        self.stage = Stage::Streams(rest, (taken > 0).then(|| now.mono + reply.pause));
        self.obeyed(given, scene);
        taken > 0
    }

    /// Reads the request's body beside the answer; none once it has come whole, else
    /// whether anything came.
    fn read_beside(&mut self, machine: &mut Connection, scene: &mut Scene<'_>) -> Option<bool> {
        let work = self.work.as_mut()?;
        let mut any = false;
        loop {
            match machine.recv(work.id, scene.now) {
                Recv::Data(data) => work.body.extend_from_slice(&data),
                Recv::Pending => return Some(any),
                Recv::Failed(_) => {
                    scene.ledger.serve(work.key, self.wire, Served::Cut);
                    let given = machine.reset(work.id, scene.now);
                    (self.stage, self.work) = (Stage::Mute, None);
                    self.obeyed(given, scene);
                    return Some(true);
                }
                Recv::End(_) => {
                    let errand = &scene.errands[work.key.0];
                    scene.ledger.body(work.key, &work.seen, &work.body, errand);
                    return None;
                }
            }
            any = true;
        }
    }

    /// When it does something by itself again.
    pub(super) fn next(&self) -> Option<Mono> {
        match self.stage {
            Stage::Thinks(at) => Some(at),
            Stage::Streams(_, at) => at,
            _ => None,
        }
    }
}

fn finish(machine: &mut Connection, id: Id, trailers: bool, now: Now) -> Result<(), Misuse> {
    let mut fields = Fields::new();
    let added = fields.append("X-End", "1");
    debug_assert!(added.is_ok());
    machine.finish(id, Some(&fields).filter(|_| trailers), now)
}
