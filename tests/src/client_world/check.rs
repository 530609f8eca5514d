//! What must be true of every world. Safety: an answer is that to its request,
//! and whole, or a failure that something explains; the pool keeps its limits
//! and its books. Liveness: nobody waits without a deadline, none passes
//! unheeded, and in the end nothing is left.

use super::client::{Client, REST};
use super::drive::is_of_source;
use super::layers;
use super::ledger::{Beside, Served};
use super::link::Link;
use super::net::Excuse;
use super::task::{Outcome, State, Task};
use purlin_core::exchange::{Cause, Error, Route};
use purlin_core::policy::retry::ATTEMPTS;
use purlin_core::{Fault, Machine, Mono, ResponseHead, Status, Why};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most that a record of TLS that is not whole takes.
const RECORD: usize = 24 * 1024;
/// The most that TLS holds beside what is inside.
const TLS_HELD: usize = 384 * 1024;

fn check(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// Connections of one route, as the world counts them.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Wires that the client has open.
    open: usize,
    /// Connections that requests have.
    lent: usize,
    dialing: usize,
    waiting: usize,
}

/// After every pass: what must hold in the middle of things, too.
pub(super) fn pass(client: &Client) -> Result<(), String> {
    if let Some(wrong) = &client.ledger.wrong {
        return Err(wrong.clone());
    }
    let (pool, limits) = (&client.pool, &client.setting.pool);
    check(pool.idle() <= limits.max_idle, || format!("{} are idle in all", pool.idle()))?;
    for (route, Count { open, .. }) in counted(client, &[]) {
        let open = open + pool.dialing(&route);
        check(limits.max_per_host.is_none_or(|most| open <= most), || {
            format!("{open} connections to {route}")
        })?;
        let idle = pool.idle_of(&route);
        check(idle <= limits.max_idle_per_host, || format!("{idle} to {route} are idle"))?;
    }
    Ok(())
}

fn counted(client: &Client, tasks: &[Task]) -> BTreeMap<Route, Count> {
    let mut counts: BTreeMap<Route, Count> = BTreeMap::new();
    for wire in &client.wires {
        counts.entry(wire.route.clone()).or_default().open += usize::from(wire.open);
    }
    for task in tasks {
        if let Some(link) = &task.link {
            counts.entry(link.route.clone()).or_default().lent += 1;
        }
        if let State::Waits(row) = &task.state {
            let count = counts.entry(row.route.clone()).or_default();
            count.waiting += 1;
            count.dialing += usize::from(row.dials);
        }
    }
    counts
}

/// Once nothing more happens at this moment.
pub(super) fn settled(client: &mut Client, tasks: &[Task]) -> Result<(), String> {
    books(client, tasks)?;
    let now = client.now.mono;
    let due = client.pool.deadline();
    check(due.is_none_or(|at| at > now), || "what is idle for too long is not closed".to_owned())?;
    for (link, since) in client.pool.idle_mut() {
        let held = link.machine.held();
        // Of TLS the beginning of a record may have come: it cannot be given back.
        let most = if layers::is_secret(&link.route) { RECORD } else { 0 };
        check(held <= most || now.since(since) < REST, || format!("{held} bytes are held idle"))?;
    }
    tasks.iter().try_for_each(|task| {
        times(task, now, client).map_err(|why| format!("#{}: {why}", task.name))
    })
}

/// The pool's books are the world's.
fn books(client: &Client, tasks: &[Task]) -> Result<(), String> {
    let pool = &client.pool;
    check(pool.unclaimed().next().is_none(), || "a dial is nobody's".to_owned())?;
    for (route, count) in counted(client, tasks) {
        let known = Count {
            open: pool.in_use(&route) + pool.idle_of(&route),
            lent: pool.in_use(&route),
            dialing: pool.dialing(&route),
            waiting: pool.waiting(&route),
        };
        let all = |count: Count| [count.open, count.lent, count.dialing, count.waiting];
        check(all(known) == all(count), || format!("{route}: {count:?}, the pool has {known:?}"))?;
    }
    Ok(())
}

/// Nobody waits without a deadline, and none has passed.
fn times(task: &Task, now: Mono, client: &Client) -> Result<(), String> {
    let limit = task.exchange.deadline();
    let machine = task.link.as_ref().and_then(|link| link.machine.deadline());
    let upload = task.upload.as_ref().and_then(super::drive::Upload::next);
    let (limit, machine, other) = match &task.state {
        State::Rests | State::Asks | State::Ended(_) => return Ok(()),
        State::Reads(at) if *at > now => return Ok(()),
        State::Waits(_) => (limit, None, None),
        State::SetsUp => (limit, machine, None),
        State::Settles(until) => (None, machine, Some(*until)),
        State::Drives => (limit, machine, upload),
        State::Leaves(until, _) => (None, machine, Some(*until)),
        State::Reads(_) => (task.until(), machine, upload),
    };
    check(limit.is_none_or(|at| at > now), || format!("its limit passed at {limit:?}"))?;
    check(machine.is_none_or(|(at, _)| at > now), || format!("{machine:?} has passed"))?;
    let own = task.errand.wait.filter(|_| client.setting.system.is_none());
    if let (Some(wait), Some((at, Why::FirstByte))) = (own, machine) {
        check(at <= now + wait, || format!("it waits until {at:?}, longer than {wait:?}"))?;
    }
    let waits = limit.or(other).or(machine.map(|(at, _)| at));
    check(waits.is_some(), || "it waits without a deadline".to_owned())?;
    let lasts = now.since(task.errand.starts);
    let rested = client.setting.rests.within(task.errand.starts, now);
    check(lasts <= task.own + longest(task, client) + rested, || {
        format!("it lasts for {lasts:?}")
    })?;
    task.link.as_ref().map_or(Ok(()), |link| memory(link, client))
}

fn memory(link: &Link, client: &Client) -> Result<(), String> {
    let limits = &client.setting.machine.limits;
    let input = limits.input_bytes.max(limits.head_bytes + 32 * 1024);
    let tls = if layers::is_secret(&link.route) { TLS_HELD } else { 0 };
    let most = input + 4 * (limits.output_bytes + 16 * 1024) + tls;
    let held = link.machine.held();
    check(held <= most, || format!("c{} holds {held} bytes", link.wire))
}

/// The longest that a request may take but for what its caller takes: every
/// sending may wait for a connection, for the proxy and TLS, and at every byte's slowest.
fn longest(task: &Task, client: &Client) -> Duration {
    let (phases, machine) = (&client.setting.plan.timeouts, &client.setting.machine.timeouts);
    let rate = Duration::from_secs(2 * (5 + 30) + 2 * 100_000 / 240);
    let heads = (machine.first_byte + machine.head) * 17;
    let setup = phases.pool + phases.dns + phases.connect + phases.tunnel + 2 * phases.setup;
    let hops = u32::try_from(task.errand.hops.len()).unwrap_or(u32::MAX).min(10);
    // One that comes back too late costs another turn in the row.
    (setup * 3 + machine.expect + heads + rate) * 3 * hops
}

/// When every request has ended.
pub(super) fn end(client: &mut Client, tasks: &[Task]) -> Result<(), String> {
    for task in tasks {
        ending(task, client).map_err(|why| format!("#{}: {why}", task.name))?;
    }
    let idle = client.pool.close_idle();
    for link in &idle {
        client.wires[link.wire].hang_up(client.now.mono);
    }
    for (route, Count { open, .. }) in counted(client, tasks) {
        let pool = &client.pool;
        let left = [open, pool.in_use(&route), pool.dialing(&route), pool.waiting(&route)];
        check(left == [0; 4], || format!("{route}: {left:?} are left"))?;
    }
    check(client.pool.idle() == 0, || "some are idle, and all were closed".to_owned())
}

fn ending(task: &Task, client: &Client) -> Result<(), String> {
    let State::Ended(outcome) = &task.state else { return Err("it never ends".to_owned()) };
    let calm = client.setting.calm;
    check(!calm || matches!(outcome, Outcome::Whole), || format!("{outcome:?} in a calm world"))?;
    if let Outcome::Failed(error) = outcome {
        explained(task, error)?;
    }
    let errand = &task.errand;
    check(errand.most.is_none_or(|most| task.got.len() <= most), || {
        format!("it has {} bytes, and takes {:?}", task.got.len(), errand.most)
    })?;
    let (ended, patience) = (task.ended.unwrap_or_default(), client.setting.patience);
    // Nor does it end while the process rests.
    let rested = client.setting.rests.within(errand.starts, ended);
    let patience = patience + rested;
    let left = errand.gives_up.is_none_or(|at| ended <= at.max(errand.starts) + patience);
    check(left, || "it outlives its caller's interest".to_owned())?;
    let total = errand.total.or(client.setting.plan.timeouts.total);
    let late = total.is_some_and(|total| ended > errand.starts + total + patience + task.own);
    check(!late, || format!("it ends at {ended:?}, after its time"))
}

/// A failure has a reason: its own, or one that lies with the world.
fn explained(task: &Task, error: &Error) -> Result<(), String> {
    let known = match error.cause() {
        Cause::Redirect(_) => task.errand.hops.len() > 10,
        Cause::Body(_) => is_of_source(error),
        Cause::Io(_) | Cause::Layer(_) | Cause::Tunnel(_) => task.excuse == Excuse::Fault,
        Cause::Peer(peer) if peer.kind == Fault::BodyTooLarge && task.errand.most.is_some() => true,
        Cause::Peer(_) | Cause::Closed(_) => match task.excuse {
            Excuse::Fault => true,
            Excuse::Idled => !task.may_repeat() || task.sendings == ATTEMPTS,
            Excuse::None => false,
        },
        Cause::Timeout(_) | Cause::TotalTimeout(_) | Cause::NoTurn(_) => true,
        _ => false,
    };
    check(known || error.is_timeout(), || format!("nothing explains {error}"))
}

impl Task {
    /// Whether it may be sent again after a kept connection had died.
    fn may_repeat(&self) -> bool {
        let order = self.exchange.order();
        let idempotent = order.method.is_idempotent() || self.errand.keyed;
        idempotent && order.payload.is_replayable()
    }

    /// The hop that was answered, by the URL of the answer.
    pub(super) fn hop(&self) -> usize {
        let path = self.answer.as_ref().map(|answer| answer.url.path().to_owned());
        path.and_then(|path| path.rsplit('/').next()?.parse().ok()).unwrap_or(usize::MAX)
    }

    /// Interim responses and trailers came as well, if those of a good server were said.
    ///
    /// # Errors
    /// They did not, or more of them.
    pub(super) fn check_beside(
        &self,
        served: Option<&Served>,
        said: Beside,
        trailers: bool,
    ) -> Result<(), String> {
        let Some(Served::Whole(..)) = served else { return Ok(()) };
        let hint = |head: &&ResponseHead| head.status() == Status::EARLY_HINTS;
        let answer = self.answer.as_ref();
        let hints = answer.map_or(0, |answer| answer.interims.iter().filter(hint).count());
        let got = Beside { hints, trailers };
        check(got == said, || format!("#{}: {got:?}, and {said:?} was said", self.name))
    }

    /// What the caller has is what the server said, to this request, and whole.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn check_answer(
        &self,
        served: Option<&Served>,
        excused: bool,
    ) -> Result<(), String> {
        let status = self.answer.as_ref().map(|answer| answer.head.status().code());
        let what = || format!("#{} has {status:?} and {} bytes", self.name, self.got.len());
        match served {
            Some(Served::Whole(code, body)) => {
                check(status == Some(*code) && self.got() == *body, || {
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
