//! A place in the row for a connection: waiting for one that comes back, and
//! dialling as soon as that is allowed. Looking names up and connecting take
//! their time here, fail, or never end.

use super::client::Client;
use super::net::Excuse;
use super::task::{State, Task};
use purlin_core::exchange::{Cause, Error, Reached, Route};
use purlin_core::policy::pool::{Given, Opened, Ticket};
use purlin_core::{ClientMachine, Machine, Mono, Phase, Retry};
use std::io;
use std::time::Duration;

/// A place in the row.
pub(super) struct Row {
    pub(super) ticket: Ticket,
    pub(super) route: Route,
    pub(super) dials: bool,
    /// The pool has not been asked yet.
    fresh: bool,
    dial: Option<Dial>,
}

/// A step of dialling.
#[derive(Clone, Copy, Debug)]
struct Dial {
    phase: Phase,
    /// None if it never ends.
    ends: Option<Mono>,
    fails: bool,
}

impl Dial {
    fn new(phase: Phase, client: &mut Client) -> Dial {
        let now = client.now.mono;
        let after = |millis: usize| Some(now + Duration::from_millis(millis as u64));
        let rng = &mut client.rng;
        match rng.below(100) {
            _ if client.setting.calm => Dial { phase, ends: after(rng.below(30)), fails: false },
            0..=1 => Dial { phase, ends: None, fails: false },
            2..=4 => Dial { phase, ends: after(rng.below(2000)), fails: true },
            5..=9 => Dial { phase, ends: after(rng.below(20_000)), fails: false },
            _ => Dial { phase, ends: after(rng.below(30)), fails: false },
        }
    }
}

impl Row {
    pub(super) fn new(ticket: Ticket, route: Route, dials: bool) -> Row {
        Row { ticket, route, dials, fresh: true, dial: None }
    }

    /// The place is given up.
    pub(super) fn leave(self, client: &mut Client) {
        client.leave(self.ticket, self.dials);
    }

    pub(super) fn next(&self) -> Option<Mono> {
        self.dial.and_then(|dial| dial.ends)
    }
}

impl Task {
    pub(super) fn wait(&mut self, mut row: Row, client: &mut Client) -> Result<bool, String> {
        let now = client.now;
        let ended = row.dial.filter(|dial| dial.ends.is_some_and(|at| at <= now.mono));
        if let Some(dial) = ended.filter(|_| client.rng.chance(50)) {
            // A connection that came back at the same moment is not seen yet.
            return self.dialled(row, dial, client);
        }
        let (fresh, woken) = (row.fresh, client.woken.remove(&row.ticket));
        row.fresh = false;
        if fresh || woken {
            match client.pool.poll(row.ticket) {
                Given::Conn(checked) => {
                    self.take(checked, client);
                    if row.dials {
                        client.leave(row.ticket, true);
                    }
                    return Ok(true);
                }
                Given::Dial => row.dials = true,
                Given::Pending => {}
                Given::Over => return Err(format!("#{}: its ticket is over", self.name)),
            }
            let (name, dials) = (self.name, row.dials);
            client.trace.client(now, || {
                let what = if dials { "dials" } else { "waits" };
                format!("#{name} {what}: {}", row.route)
            });
            if row.dials {
                self.exchange.begin(Phase::Dns, now);
                row.dial = Some(Dial::new(Phase::Dns, client));
            } else {
                self.exchange.begin_waiting(now);
            }
        }
        if let Some(dial) = row.dial.filter(|dial| dial.ends.is_some_and(|at| at <= now.mono)) {
            return self.dialled(row, dial, client);
        }
        if self.exchange.deadline().is_some_and(|at| at <= now.mono) {
            if row.dials {
                self.excuse = Excuse::Fault;
            }
            row.leave(client);
            // If its time is up, the exchange says so itself, with the limit.
            return Ok(self.exchange.tick(now));
        }
        self.state = State::Waits(row);
        Ok(fresh || woken)
    }

    /// A step of dialling has ended.
    fn dialled(&mut self, mut row: Row, dial: Dial, client: &mut Client) -> Result<bool, String> {
        let now = client.now;
        if dial.fails {
            self.excuse = Excuse::Fault;
            row.leave(client);
            let error = io::Error::from(io::ErrorKind::ConnectionRefused);
            let error = Error::new(Cause::Io(error)).during(dial.phase);
            self.fail(error, Retry::Never, client);
        } else if dial.phase == Phase::Dns {
            self.exchange.begin(Phase::Connect, now);
            row.dial = Some(Dial::new(Phase::Connect, client));
            self.state = State::Waits(row);
        } else {
            let link = client.open(&row.route)?;
            client.woken.remove(&row.ticket);
            match client.pool.opened(row.ticket) {
                Opened::Yours => {}
                // It came just too late: someone else may have it.
                Opened::Given(given) => client.give_back(given.conn),
                other => return Err(format!("#{}: {:?}", self.name, kind(&other))),
            }
            let ready = link.machine.is_ready();
            self.link = Some(link);
            if ready {
                self.exchange.connected(Reached::new(), now);
            } else {
                self.state = State::SetsUp;
            }
        }
        Ok(true)
    }

    /// Waits until the layers of a new connection are set up.
    pub(super) fn set_up(&mut self, client: &mut Client) -> Result<bool, String> {
        let now = client.now;
        let Some(link) = &mut self.link else { return Err("no connection to set up".to_owned()) };
        let mut any = false;
        loop {
            let phase = link.machine.setting_up().unwrap_or(Phase::Tls);
            self.exchange.setting_up(phase, now);
            while let Some(event) = link.machine.poll_event(now) {
                if let Some((error, _)) = Error::of_event(event) {
                    // A layer's own words say more.
                    let error = error.because(link.machine.trouble()).during(phase);
                    self.fail(error, Retry::Never, client);
                    return Ok(true);
                }
            }
            if link.machine.is_ready() {
                self.exchange.connected(Reached::new(), now);
                return Ok(true);
            }
            if !link.turn(&mut client.wires[link.wire], now, &mut client.trace) {
                break;
            }
            any = true;
        }
        if self.exchange.deadline().is_some_and(|at| at <= now.mono) {
            self.drop_link(client);
            return Ok(self.exchange.tick(now));
        }
        self.state = State::SetsUp;
        Ok(any)
    }
}

fn kind<C>(opened: &Opened<C>) -> &'static str {
    match opened {
        Opened::Yours => "yours",
        Opened::Given(_) => "given",
        Opened::Spare => "spare, and it is waited for",
        Opened::Unknown => "unknown, and it was asked for",
    }
}
