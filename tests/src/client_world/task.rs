//! One request of the client's: an exchange, run as the adapters run theirs.
//! It does what the exchange asks for, in the states that waiting puts it in.

use super::client::Client;
use super::drive::Upload;
use super::errand::{Errand, Source};
use super::link::Link;
use super::net::Excuse;
use super::row::Row;
use super::world::Broken;
use bytes::Bytes;
use purlin_core::exchange::{Answer, Ask, Cause, Error, Exchange, Given, Reached, Route};
use purlin_core::policy::pool::{Changes, Checked, Get};
use purlin_core::{Fault, Id, Mono, Retry, Reuse};
use std::sync::Arc;
use std::time::Duration;

/// What was taken so lately puts an answer off for longer, at the least rate there is.
const LATELY: Duration = Duration::from_secs(5);

/// A request on its way through the world.
pub(super) struct Task {
    pub(super) name: usize,
    pub(super) errand: Arc<Errand>,
    pub(super) exchange: Exchange,
    pub(super) given: Option<Given<Source>>,
    pub(super) upload: Option<Upload>,
    pub(super) state: State,
    /// The connection that it has.
    pub(super) link: Option<Box<Link>>,
    pub(super) id: Id,
    pub(super) answer: Option<Arc<Answer>>,
    pub(super) got: Vec<u8>,
    /// The response has come to its end, with trailers or without, and the request has not.
    pub(super) tail: Option<bool>,
    /// What explains a failure.
    pub(super) excuse: Excuse,
    /// How often this hop has been sent.
    pub(super) sendings: u32,
    /// Something of it was sent.
    pub(super) begun: bool,
    /// What its caller has taken of the time.
    pub(super) own: Duration,
    pub(super) ended: Option<Mono>,
}

/// What it waits for.
pub(super) enum State {
    /// Its time.
    Rests,
    /// Nothing: the exchange is asked.
    Asks,
    Waits(Row),
    SetsUp,
    /// What may come on a kept connection before it is used, until then.
    Settles(Mono),
    Drives,
    /// The rest of a body that nobody reads, until then; whether the exchange goes on.
    Leaves(Mono, bool),
    /// The response's body, the next piece of it not before then.
    Reads(Mono),
    Ended(Outcome),
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// With a whole response.
    Whole,
    Failed(Error),
    /// Its caller gave up.
    Left,
}

impl Task {
    /// # Errors
    /// The world is wrong about what can be asked for.
    pub(super) fn new(name: usize, client: &Client) -> Result<Task, String> {
        let errand = client.errands[name].clone();
        let (order, given) = errand.order(name, &client.setting)?;
        // It is made once more when its time has come.
        let exchange = Exchange::new(client.setting.plan.clone(), order, client.now);
        Ok(Task {
            name,
            errand,
            exchange,
            given,
            upload: None,
            state: State::Rests,
            link: None,
            id: 0,
            answer: None,
            got: Vec::new(),
            tail: None,
            excuse: Excuse::None,
            sendings: 0,
            begun: false,
            own: Duration::ZERO,
            ended: None,
        })
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// Does what is due until nothing happens; says whether anything did.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) fn run(&mut self, client: &mut Client) -> Result<bool, String> {
        let mut any = false;
        while self.step(client)? {
            any = true;
        }
        Ok(any)
    }

    fn step(&mut self, client: &mut Client) -> Result<bool, String> {
        let now = client.now;
        if self.errand.gives_up.is_some_and(|at| at <= now.mono) && self.can_be_left() {
            self.leave(client);
            return Ok(true);
        }
        match std::mem::replace(&mut self.state, State::Asks) {
            State::Rests if self.errand.starts <= now.mono => {
                let (order, given) = self.errand.order(self.name, &client.setting)?;
                self.given = given;
                let (name, method, url) = (self.name, &order.method, &order.url);
                client.trace.client(now, || format!("#{name} {method} {}", url.redacted()));
                self.exchange = Exchange::new(client.setting.plan.clone(), order, now);
                Ok(true)
            }
            State::Asks => self.ask(client).map(|()| true),
            State::Waits(row) => self.wait(row, client),
            State::SetsUp => self.set_up(client),
            State::Settles(until) => Ok(self.settle(until, client)),
            State::Drives => self.drive(client),
            State::Leaves(until, goes_on) => Ok(self.go_on_leaving(until, goes_on, client)),
            State::Reads(at) => self.read(at, client),
            other @ (State::Rests | State::Ended(_)) => {
                self.state = other;
                Ok(false)
            }
        }
    }

    fn ask(&mut self, client: &mut Client) -> Result<(), String> {
        match self.exchange.ask(client.now) {
            Ask::Connect(route) => self.connect(&route, client),
            Ask::Send { head, body, rewind } => return self.begin(&head, body, rewind, client),
            Ask::Drive => self.state = State::Drives,
            Ask::Discard => {
                self.sendings = 0;
                self.begin_leaving(true, client);
            }
            Ask::Deliver(answer) => self.deliver(answer, client),
            Ask::Fail(error) => {
                self.drop_link(client);
                self.end(Outcome::Failed(error), client);
            }
        }
        Ok(())
    }

    fn connect(&mut self, route: &Route, client: &mut Client) {
        let now = client.now;
        let (get, changes) = client.pool.get_for(route, self.exchange.need(), now.mono);
        client.act(changes);
        let (ticket, dials) = match get {
            Get::Reuse(checked) => return self.take(checked, client),
            Get::Dial(ticket) => (ticket, true),
            Get::Wait(ticket) => (ticket, false),
        };
        self.state = State::Waits(Row::new(ticket, route.clone(), dials));
    }

    /// A kept connection is used if it is alive.
    pub(super) fn take(&mut self, checked: Checked<Box<Link>>, client: &mut Client) {
        let now = client.now;
        let (kept, settles) = (checked.kept(now.mono), checked.settles);
        let mut link = checked.conn;
        link.kept = Some(kept);
        client.ledger.lend(link.wire, &link.route);
        self.link = Some(link);
        self.settle(settles.unwrap_or(now.mono), client);
    }

    /// It is used if it is alive and stays so until then.
    fn settle(&mut self, until: Mono, client: &mut Client) -> bool {
        let (name, now) = (self.name, client.now);
        let Some(mut link) = self.link.take() else { return false };
        let (wire, kept) = (link.wire, link.kept.unwrap_or_default());
        let why = client.look(&mut link);
        if why != Reuse::Now {
            client.trace.client(now, || format!("#{name} finds c{wire} ended"));
            client.ledger.unfit(wire, &link.route, why);
            let close = client.pool.found_unfit(&link.route, &kept, why);
            client.act(Changes { wake: Vec::new(), close });
            client.lose(&link);
            return true;
        }
        self.link = Some(link);
        if now.mono < until {
            self.state = State::Settles(until);
            return false;
        }
        client.trace.client(now, || format!("#{name} uses c{wire} again"));
        self.exchange.connected(Reached::kept(kept.idle()), now);
        true
    }

    /// Something failed: the connection is closed, and the exchange told.
    pub(super) fn fail(&mut self, error: Error, fact: Retry, client: &mut Client) {
        let name = self.name;
        client.trace.client(client.now, || format!("#{name} {error}"));
        self.check_late(&error, client);
        if error.is_of_connection() {
            client.died(self.link.as_deref());
        }
        self.drop_link(client);
        self.end_upload();
        let fact = match client.broken {
            Some(Broken::SendsAgain) if fact == Retry::IfIdempotent => Retry::Safe,
            Some(Broken::NeverRepeats) => Retry::Never,
            _ => fact,
        };
        self.exchange.failed(error, fact, client.now);
        self.state = State::Asks;
    }

    /// Who is told to be late has not said, nor taken, what was waited for.
    pub(super) fn check_late(&self, error: &Error, client: &mut Client) {
        let (Cause::Peer(error), Some(link)) = (error.cause(), &self.link) else { return };
        let (wire, now) = (&client.wires[link.wire], client.now.mono);
        // Nothing is wrong with it, and it takes what the system still has in good time.
        // What small pieces become in TLS may be many times them, and so its time.
        let plain = !link.route.is_secure() && !link.route.is_proxy_secure();
        let steady = plain && !client.setting.rough && wire.excuse == Excuse::None;
        let wrong = match error.kind {
            Fault::FirstByteTimeout if steady && wire.up.is_being_taken(LATELY, now) => true,
            Fault::FirstByteTimeout | Fault::HeadTimeout | Fault::BodyTimeout => {
                wire.arrives().is_some_and(|at| at <= client.now.mono)
            }
            Fault::WriteTimeout => wire.up.is_taken(),
            _ => false,
        };
        if wrong {
            let name = self.name;
            client
                .ledger
                .wrong(|| format!("#{name}: {:?}, and the server was in time", error.kind));
        }
    }

    pub(super) fn drop_link(&mut self, client: &mut Client) {
        if let Some(link) = self.link.take() {
            self.excuse.raise(client.wires[link.wire].excuse);
            client.lose(&link);
        }
    }

    fn deliver(&mut self, answer: Arc<Answer>, client: &mut Client) {
        let (name, status) = (self.name, answer.head.status().code());
        client.trace.client(client.now, || format!("#{name} is answered {status}"));
        self.got.clear();
        self.tail = None;
        self.answer = Some(answer);
        self.state = State::Reads(client.now.mono);
    }

    pub(super) fn end(&mut self, outcome: Outcome, client: &mut Client) {
        let (name, bytes) = (self.name, self.got.len());
        client.trace.client(client.now, || match &outcome {
            Outcome::Whole => format!("#{name} has its answer: {bytes} bytes"),
            Outcome::Failed(error) => format!("#{name} fails: {error}"),
            Outcome::Left => format!("#{name} is given up"),
        });
        self.upload = None;
        self.ended = Some(client.now.mono);
        self.state = State::Ended(outcome);
    }

    fn can_be_left(&self) -> bool {
        !matches!(self.state, State::Rests | State::Ended(_) | State::Leaves(_, false))
    }

    /// The caller drops the request, or the response.
    fn leave(&mut self, client: &mut Client) {
        match std::mem::replace(&mut self.state, State::Asks) {
            State::Waits(row) => row.leave(client),
            State::Reads(_) => return self.begin_leaving(false, client),
            _ => {}
        }
        self.drop_link(client);
        self.end(Outcome::Left, client);
    }

    /// When it has something to do by itself.
    pub(super) fn next(&self, client: &Client) -> Option<Mono> {
        let link = self.link.as_ref().and_then(|link| link.next(&client.wires[link.wire]));
        let limit = self.exchange.deadline();
        let times = match &self.state {
            State::Rests => return Some(self.errand.starts),
            State::Asks | State::Ended(_) => return None,
            State::Waits(row) => [row.next(), limit, None],
            State::SetsUp => [link, limit, None],
            State::Settles(until) => [link, Some(*until), None],
            State::Drives => [link, limit, self.upload.as_ref().and_then(Upload::next)],
            State::Leaves(until, _) => [link, Some(*until), None],
            State::Reads(at) if *at > client.now.mono => [Some(*at), None, None],
            State::Reads(_) => [link, self.until(), self.upload.as_ref().and_then(Upload::next)],
        };
        let gives_up = self.errand.gives_up.filter(|_| self.can_be_left());
        times.into_iter().chain([gives_up]).flatten().min()
    }

    /// Until when the response must have been read.
    pub(super) fn until(&self) -> Option<Mono> {
        self.answer.as_ref().and_then(|answer| answer.until).map(|(at, _)| at)
    }

    /// What its caller has of the response.
    pub(super) fn got(&self) -> Bytes {
        Bytes::copy_from_slice(&self.got)
    }
}
