//! What must be true of every world. Safety: an answer is that to its request,
//! and whole, or a failure that something explains; the pool keeps its limits
//! and its books. Liveness: nobody waits without a deadline, none passes
//! unheeded, and in the end nothing is left.

use super::client::Client;
use super::layers;
use super::ledger::{Beside, Served};
use super::net::{Excuse, Use};
use super::setting::Setting;
use super::task::{Outcome, State, Task};
use super::world::World;
use purlin_core::exchange::{Cause, Error, Route};
use purlin_core::policy::retry::ATTEMPTS;
use purlin_core::{Fault, Mono, Phase, ResponseHead, Status, Url, Why};
use purlin_engine::{Lease, Waits};
use std::collections::BTreeSet;
use std::time::Duration;

/// The most that a record of TLS that is not whole takes.
const RECORD: usize = 24 * 1024;
/// The most that TLS holds beside what is inside.
const TLS_HELD: usize = 384 * 1024;
/// The most that two tables of field lines and a frame that is not whole take.
const TABLES: usize = 80 * 1024;
/// How long a connection is idle before it gives back its buffers, at the most.
const REST: Duration = Duration::from_secs(10);
/// How long the rest of a body that nobody reads may take.
const PATIENCE: Duration = Duration::from_millis(50);

fn check(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// Wherever connections of a world may lead.
pub(super) fn routes(setting: &Setting) -> Vec<Route> {
    let to = |origin: &super::setting::Origin| {
        let url = Url::parse(format!("{}://{}/", origin.scheme(), origin.authority())).ok()?;
        let proxy = setting.policy.proxies.choose(&url).ok()?;
        Some(Route::to(&url, proxy))
    };
    let routes: BTreeSet<Route> = setting.origins.iter().filter_map(to).collect();
    routes.into_iter().collect()
}

/// Connections to there that the client has open, and how many of them are idle.
fn counted(client: &Client, route: &Route) -> (usize, usize) {
    let open = client.wires.iter().filter(|wire| wire.open && wire.route == *route);
    open.fold((0, 0), |(open, idle), wire| {
        (open + 1, idle + usize::from(matches!(wire.used, Use::Idle(_))))
    })
}

/// Whether a connection to there carries many: how many are idle the pool alone knows.
fn carries_many(client: &Client, route: &Route) -> bool {
    client.wires.iter().any(|wire| wire.carries_many && wire.route == *route)
}

/// After every pass: what must hold in the middle of things, too.
pub(super) fn pass(world: &World<'_>) -> Result<(), String> {
    if let Some(wrong) = Client::with(|client| client.ledger.wrong.clone()) {
        return Err(wrong);
    }
    let limits = &world.setting.pool;
    world.agent.pool().look(|pool| {
        check(pool.idle() <= limits.max_idle, || format!("{} are idle in all", pool.idle()))?;
        for route in &world.routes {
            let (open, _) = Client::with(|client| counted(client, route));
            let open = open + pool.dialing(route);
            check(limits.max_per_host.is_none_or(|most| open <= most), || {
                format!("{open} connections to {route}")
            })?;
            let idle = pool.idle_of(route);
            check(idle <= limits.max_idle_per_host, || format!("{idle} to {route} are idle"))?;
        }
        Ok(())
    })
}

/// Once nothing more happens at this moment.
pub(super) fn settled(world: &mut World<'_>) -> Result<(), String> {
    books(world)?;
    let now = Client::with(|client| client.now.mono);
    world.agent.pool().look(|pool| -> Result<(), String> {
        let due = pool.deadline().is_none_or(|at| at > now);
        check(due, || "what is idle for too long is not closed".to_owned())?;
        for (link, since) in pool.idle_mut() {
            let held = link.machine.held();
            // Of TLS the beginning of a record may have come: it cannot be given back.
            let most = if layers::is_secret(link.route()) { RECORD } else { 0 };
            // HTTP/2 keeps what later heads may refer to, and what has come of a frame.
            let most = most + if link.machine.carries_many() { TABLES } else { 0 };
            let fits = held <= most || now.since(since) < REST;
            check(fits, || format!("{held} bytes are held idle"))?;
        }
        Ok(())
    })?;
    let World { tasks, setting, .. } = world;
    tasks.iter_mut().try_for_each(|task| {
        times(task, now, setting).map_err(|why| format!("#{}: {why}", task.name))
    })
}

/// The pool's books are the world's.
fn books(world: &mut World<'_>) -> Result<(), String> {
    let World { agent, tasks, routes, .. } = world;
    let in_row = |task: &mut Task<'_>| usize::from(matches!(task.waits(), Waits::Dial { .. }));
    let in_row: usize = tasks.iter_mut().map(in_row).sum();
    agent.pool().look(|pool| {
        check(pool.unclaimed().next().is_none(), || "a dial is nobody's".to_owned())?;
        let mut known_in_row = 0;
        for route in &*routes {
            let (open, idle) = Client::with(|client| counted(client, route));
            let all = pool.in_use(route) + pool.shared(route) + pool.idle_of(route);
            let known = (all, pool.idle_of(route));
            let many = Client::with(|client| carries_many(client, route));
            let known = if many { (known.0, idle) } else { known };
            check(known == (open, idle), || {
                format!("{route}: {open} are open and {idle} idle, and the pool has {known:?}")
            })?;
            known_in_row += pool.waiting(route);
        }
        // Who was refused rests for a while, and waits in no row.
        let rests = Client::with(|client| client.wires.iter().any(|wire| wire.carries_many));
        check(known_in_row == in_row || rests && known_in_row < in_row, || {
            format!("{in_row} wait for a connection, and the pool knows of {known_in_row}")
        })
    })
}

/// Nobody waits without a deadline, and none has passed.
fn times(task: &mut Task<'_>, now: Mono, setting: &Setting) -> Result<(), String> {
    if matches!(task.state, State::Rests | State::Ended(_)) || task.pauses() {
        return Ok(());
    }
    let (name, until, wait) = (task.name, task.until, task.errand.wait);
    let (mut deadlines, leaves) = (vec![until], matches!(task.state, State::Leaves(..)));
    match task.waits() {
        Waits::Line { lease, .. } => {
            memory(lease, setting)?;
            let machine = lease.machine().deadline();
            check(machine.is_none_or(|(at, _)| at > now), || format!("{machine:?} has passed"))?;
            let own = wait.filter(|_| setting.system.is_none());
            if let (Some(wait), Some((at, Why::FirstByte))) = (own, machine) {
                check(at <= now + wait, || format!("it waits until {at:?}, longer than {wait:?}"))?;
            }
            deadlines.push(lease.waits_until());
            // For who has a seat, whoever leads sees to it.
            let seat = lease.is_shared();
            let of_seat = Client::with(|client| client.asked[name].wire.filter(|_| seat));
            let own = lease.parts().map(|(socket, _)| socket.wire());
            if let Some(wire) = own.or(of_seat) {
                deadlines.push(Client::with(|client| client.wires[wire].waits.as_ref()?.until));
            }
            deadlines.push(Client::with(|client| Some(client.asked[name].later.as_ref()?.0)));
        }
        Waits::Dial { .. } => {}
        Waits::Nothing => check(leaves, || "it waits for nothing".to_owned())?,
    }
    let next = deadlines.into_iter().flatten().min();
    check(next.is_some() || leaves, || "it waits without a deadline".to_owned())?;
    check(next.is_none_or(|at| at > now), || format!("its time has passed at {next:?}"))?;
    let lasts = now.since(task.errand.starts);
    let rested = setting.rests.within(task.errand.starts, now);
    let own = Client::with(|client| client.asked[name].own);
    let longest = own + longest(task, setting) + rested;
    check(lasts <= longest, || format!("it lasts for {lasts:?}"))
}

fn memory(lease: &mut Lease<super::runtime::Socket>, setting: &Setting) -> Result<(), String> {
    let limits = &setting.machine.limits;
    let input = limits.input_bytes.max(limits.head_bytes + 32 * 1024);
    let tls = if layers::is_secret(lease.route()) { TLS_HELD } else { 0 };
    let most = input + 4 * (limits.output_bytes + 16 * 1024) + tls;
    let held = lease.machine().held();
    let windows = setting.machine.http2.connection_window as usize;
    let most = if lease.machine().carries_many() { most + windows } else { most };
    check(held <= most, || format!("{lease:?} holds {held} bytes"))
}

/// The longest that a request may take but for what its caller takes: every
/// sending may wait for a connection, for the proxy and TLS, and at every byte's slowest.
fn longest(task: &Task<'_>, setting: &Setting) -> Duration {
    let (phases, machine) = (&setting.policy.timeouts, &setting.machine.timeouts);
    let rate = Duration::from_secs(2 * (5 + 30) + 2 * 100_000 / 240);
    let heads = (machine.first_byte + machine.head) * 17;
    let setup = phases.pool + phases.dns + phases.connect + phases.tunnel + 2 * phases.setup;
    let hops = u32::try_from(task.errand.hops.len()).unwrap_or(u32::MAX).min(10);
    // One that comes back too late costs another turn in the row.
    (setup * 3 + machine.expect + heads + rate) * 3 * hops
}

/// When every request has ended.
pub(super) fn end(world: &World<'_>) -> Result<(), String> {
    for task in &world.tasks {
        ending(task, &world.setting).map_err(|why| format!("#{}: {why}", task.name))?;
    }
    let pool = world.agent.pool();
    pool.close_idle();
    check(pool.idle() == 0, || "some are idle, and all were closed".to_owned())?;
    pool.look(|pool| {
        for route in &world.routes {
            let (open, _) = Client::with(|client| counted(client, route));
            let used = pool.in_use(route) + pool.shared(route);
            let left = [open, used, pool.dialing(route), pool.waiting(route), pool.seats(route)];
            check(left == [0; 5], || format!("{route}: {left:?} are left"))?;
        }
        Ok(())
    })
}

fn ending(task: &Task<'_>, setting: &Setting) -> Result<(), String> {
    let State::Ended(outcome) = &task.state else { return Err("it never ends".to_owned()) };
    let calm = setting.calm;
    let dropped = task.errand.drops.is_some() && matches!(outcome, Outcome::Left);
    check(!calm || dropped || matches!(outcome, Outcome::Whole), || {
        format!("{outcome:?} in a calm world")
    })?;
    if let Outcome::Failed(error) = outcome {
        explained(task, error)?;
    }
    let errand = &task.errand;
    check(errand.most.is_none_or(|most| task.got.len() <= most), || {
        format!("it has {} bytes, and takes {:?}", task.got.len(), errand.most)
    })?;
    let ended = task.ended.unwrap_or_default();
    // Nor does it end while the process rests.
    let patience = PATIENCE + setting.rests.within(errand.starts, ended);
    let left = errand.gives_up.is_none_or(|at| ended <= at.max(errand.starts) + patience);
    check(left, || "it outlives its caller's interest".to_owned())?;
    let total = errand.total.or(setting.policy.timeouts.total);
    let own = Client::with(|client| client.asked[task.name].own);
    let late = total.is_some_and(|total| ended > errand.starts + total + patience + own);
    check(!late, || format!("it ends at {ended:?}, after its time"))
}

/// A failure has a reason: its own, or one that lies with the world.
fn explained(task: &Task<'_>, error: &Error) -> Result<(), String> {
    let excuse = task.excuse();
    let (unreached, sendings) =
        Client::with(|client| (client.unreached, client.asked[task.name].sendings));
    let dials = matches!(error.phase(), Some(Phase::Dns | Phase::Connect));
    let known = match error.cause() {
        Cause::Redirect(_) => task.errand.hops.len() > 10,
        Cause::Body(_) => true,
        Cause::Io(_) if dials => unreached,
        Cause::Io(_) | Cause::Layer(_) | Cause::Tunnel(_) => excuse == Excuse::Fault,
        Cause::Peer(peer) if peer.kind == Fault::BodyTooLarge && task.errand.most.is_some() => true,
        Cause::Peer(_) | Cause::Closed(_) => match excuse {
            Excuse::Fault => true,
            // A server refuses too often, or has enough of a caller that is slow: of that an
            // application hears nothing that has given its answer.
            _ if over_http2(task) && is_slow(task) => true,
            Excuse::None if over_http2(task) => sendings == ATTEMPTS || may_refuse(),
            Excuse::Idled => !task.may_repeat() || sendings == ATTEMPTS,
            Excuse::None => false,
        },
        Cause::Timeout(_) | Cause::TotalTimeout(_) | Cause::NoTurn(_) => true,
        _ => false,
    };
    check(known || error.is_timeout(), || format!("nothing explains {error}"))
}

/// Whether it was sent on a connection that carries many.
fn over_http2(task: &Task<'_>) -> bool {
    Client::with(|client| {
        client.asked[task.name].wire.is_some_and(|wire| client.wires[wire].carries_many)
    })
}

/// Whether servers take few exchanges at once: what streams cannot be sent again.
fn may_refuse() -> bool {
    Client::with(|client| client.setting.servers.max_concurrent < 100)
}

/// Whether its caller takes its time, or the process or the network does.
fn is_slow(task: &Task<'_>) -> bool {
    let slow = |client: &mut Client| {
        let Setting { rough, rests, system, .. } = &*client.setting;
        // What grants more may lie behind much that is read slowly.
        *rough || !rests.is_empty() || system.is_some()
    };
    !task.errand.pause.is_zero() || Client::with(slow)
}

impl Task<'_> {
    /// Whether it may be sent again after a kept connection had died.
    fn may_repeat(&self) -> bool {
        let idempotent = self.errand.method.is_idempotent() || self.errand.keyed;
        idempotent && self.errand.payload.is_replayable()
    }

    /// The hop that was answered, by the URL of the answer.
    fn hop(&self) -> usize {
        let path = self.received.as_ref().map(|received| received.url().path().to_owned());
        path.and_then(|path| path.rsplit('/').next()?.parse().ok()).unwrap_or(usize::MAX)
    }

    /// The response has been read to its end: it is that of its request, and whole.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn check_whole(&self, client: &mut Client, trailers: bool) -> Result<(), String> {
        let Some(wire) = client.asked[self.name].wire else {
            return Err(format!("#{} is answered, and was not sent", self.name));
        };
        let key = (self.name, self.hop());
        let served = client.ledger.served(key, wire).cloned();
        let excused = client.wires[wire].excuse == Excuse::Fault;
        let beside = *client.ledger.beside(key, wire);
        self.check_answer(served.as_ref(), excused)?;
        self.check_beside(served.as_ref(), beside, trailers)
    }

    /// Interim responses and trailers came as well, if those of a good server were said.
    ///
    /// # Errors
    /// They did not, or more of them.
    fn check_beside(
        &self,
        served: Option<&Served>,
        said: Beside,
        trailers: bool,
    ) -> Result<(), String> {
        let Some(Served::Whole(..)) = served else { return Ok(()) };
        let hint = |head: &&ResponseHead| head.status() == Status::EARLY_HINTS;
        let received = self.received.as_ref();
        let hints = received.map_or(0, |received| received.interims().iter().filter(hint).count());
        let got = Beside { hints, trailers };
        check(got == said, || format!("#{}: {got:?}, and {said:?} was said", self.name))
    }

    /// What the caller has is what the server said, to this request, and whole.
    ///
    /// # Errors
    /// It is not.
    fn check_answer(&self, served: Option<&Served>, excused: bool) -> Result<(), String> {
        let status = self.received.as_ref().map(|received| received.status().code());
        let what = || format!("#{} has {status:?} and {} bytes", self.name, self.got.len());
        match served {
            Some(Served::Whole(code, body)) => {
                check(status == Some(*code) && self.got == *body, || {
                    format!("{}, and {code} with {} bytes was said", what(), body.len())
                })
            }
            Some(Served::Open(code, body)) => {
                check(status == Some(*code) && body.starts_with(&self.got), || {
                    format!("{}, which nobody said", what())
                })
            }
            Some(Served::Cut) => Err(format!("{}, and nothing whole was said", what())),
            Some(Served::Unasked) => Ok(()),
            // Refused before it was understood.
            None => check(excused, || format!("{}, and nothing was said", what())),
        }
    }
}
