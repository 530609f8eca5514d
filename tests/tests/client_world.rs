//! A client's whole world from a seed: exchanges over one pool, connections on a
//! wire that splits, delays and cuts, and servers behind it. No socket, no sleep.
//!
//! Safe: an answer is the one to its request, whole; what is not idempotent is
//! acted on once; there are no more connections than there may be. Live: every
//! exchange ends, and the pool holds nothing afterwards. `CLIENT_WORLD_SEED=n`
//! replays one seed and prints what happens.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

use bytes::Bytes;
use purlin_core::exchange::{Ask, Error, Exchange, Order, Payload, Plan, Reached, Route};
use purlin_core::policy::pool::{Checked, Get, Given, Opened, Pool, PoolConfig, Ticket};
use purlin_core::{
    Body, ClientMachine, CloseReason, Eof, Event, Id, Machine, Method, Mono, Now, Recv,
    ResponseHead, Retry, Reuse, ServerMachine, Status, Url, client, server,
};
use purlin_tests::rng::Rng;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A connection, both its ends and what is on the way between them.
struct Link {
    client: client::Connection,
    server: server::Connection,
    up: Vec<u8>,
    down: Vec<u8>,
    route: Route,
    born: Mono,
    cut: bool,
    /// What the server's application is busy with, and for how many steps more.
    busy: Option<(Id, String, Method, usize)>,
}

/// One request, on its way through the world.
struct Task {
    name: usize,
    method: Method,
    exchange: Exchange,
    state: State,
    received: Vec<u8>,
}

enum State {
    Asking,
    Waiting(Ticket, bool, usize),
    On(Box<Link>, Id),
    Reading(Box<Link>, Id, u16),
    Ended(Result<u16, Error>),
}

struct World {
    dice: Rng,
    now: Now,
    pool: Pool<Route, Box<Link>>,
    most: usize,
    /// How often each request was acted on.
    acted: HashMap<String, usize>,
    loud: bool,
    /// It breaks a rule on purpose.
    fault: Option<Broken>,
}

/// What a world may get wrong, to prove that it would be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// A connection is used again whatever its machine says.
    UsesWhatEnded,
    /// What may have been acted on is sent again.
    SendsAgain,
    /// One connection that ended is not told the pool.
    ForgetsOne,
}

fn expected(name: &str, size: usize) -> Vec<u8> {
    name.bytes().cycle().take(size).collect()
}

fn size_of(name: usize) -> usize {
    [0, 5, 3000, 70_000][name % 4]
}

impl World {
    fn say(&self, text: &str) {
        if self.loud {
            eprintln!("{:>6} {text}", self.now.mono.since(Mono::ZERO).as_millis());
        }
    }

    fn link(&mut self, route: Route) -> Box<Link> {
        Box::new(Link {
            client: client::Connection::new(Arc::default(), self.now),
            server: server::Connection::new(Arc::default(), self.now),
            up: Vec::new(),
            down: Vec::new(),
            route,
            born: self.now.mono,
            cut: false,
            busy: None,
        })
    }

    /// The wire and the server of a connection do a little.
    fn run(&mut self, link: &mut Link) {
        let now = self.now;
        link.client.transmit(&mut link.up, 100_000, now);
        link.server.transmit(&mut link.down, 100_000, now);
        if !link.cut && self.dice.below(150) == 0 {
            link.cut = true;
            let how = if self.dice.below(2) == 0 { Eof::Clean } else { Eof::Reset };
            link.client.eof(how, now);
            link.server.eof(Eof::Reset, now);
        }
        if !link.cut {
            let most = self.dice.below(20_000);
            let count = link.server.receive(&link.up[..link.up.len().min(most)], now);
            link.up.drain(..count);
            let most = self.dice.below(20_000);
            let count = link.client.receive(&link.down[..link.down.len().min(most)], now);
            link.down.drain(..count);
        }
        link.client.tick(now);
        link.server.tick(now);
        while let Some(event) = link.server.poll_event(now) {
            if let Event::Request { id, head, .. } = event {
                let steps = self.dice.below(5);
                link.busy = Some((id, head.path().to_owned(), head.method().clone(), steps));
            }
        }
        self.serve(link);
        if link.server.want().close.is_some() && link.down.is_empty() && !link.cut {
            link.cut = true;
            link.client.eof(Eof::Clean, now);
        }
    }

    /// The server's application: it reads the body, then answers.
    fn serve(&mut self, link: &mut Link) {
        let now = self.now;
        let Some((id, path, method, steps)) = &mut link.busy else { return };
        let id = *id;
        loop {
            match link.server.recv(id, now) {
                Recv::Data(_) => {}
                Recv::Pending => return,
                Recv::Failed(_) => return link.busy = None,
                Recv::End(_) => break,
            }
        }
        if *steps > 0 {
            *steps -= 1;
            return;
        }
        let (path, method) = (path.clone(), method.clone());
        link.busy = None;
        let sent = if let Some(name) = path.strip_prefix("/moved/") {
            let to = format!("/{name}");
            let head = ResponseHead::new(Status::TEMPORARY_REDIRECT).with("Location", to).unwrap();
            link.server.respond(id, &head, Body::Full("moved".into()), now)
        } else {
            let name = path.trim_start_matches('/').to_owned();
            *self.acted.entry(name.clone()).or_default() += 1;
            self.say(&format!("acted on {method} {name}"));
            let mut head = ResponseHead::new(Status::OK);
            if self.dice.below(5) == 0 {
                head = head.with("Connection", "close").unwrap();
            }
            let body = expected(&name, size_of(name.parse().unwrap()));
            link.server.respond(id, &head, Body::Full(body.into()), now)
        };
        // One whose connection is lost answers nobody.
        let _ = sent;
    }

    /// A connection comes back, or has ended.
    fn give_back(&mut self, mut link: Box<Link>) {
        while link.client.poll_event(self.now).is_some() {}
        let (route, born) = (link.route.clone(), link.born);
        let good = self.fault == Some(Broken::UsesWhatEnded)
            || (link.client.reuse() == Reuse::Now && !link.client.want().write);
        if !good && self.fault == Some(Broken::ForgetsOne) {
            return;
        }
        let changes = if good {
            self.pool.put(&route, link, born, self.now.mono)
        } else {
            self.pool.closed(&route)
        };
        drop(changes.close);
        let open = self.pool.in_use(&route) + self.pool.dialing(&route) + self.pool.idle_of(&route);
        assert!(open <= self.most, "{open} connections");
    }

    fn kept(&mut self, task: &mut Task, mut checked: Checked<Box<Link>>) {
        self.run(&mut checked.conn);
        while checked.conn.client.poll_event(self.now).is_some() {}
        if checked.conn.client.reuse() == Reuse::Now || self.fault == Some(Broken::UsesWhatEnded) {
            task.exchange.connected(Reached { reused: true, idle: Duration::ZERO }, self.now);
            self.send(task, checked.conn);
        } else {
            self.give_back(checked.conn);
            task.state = State::Asking;
        }
    }

    fn send(&mut self, task: &mut Task, mut link: Box<Link>) {
        match task.exchange.ask(self.now) {
            Ask::Send { head, body, .. } => match link.client.request(&head, body, self.now) {
                Ok(id) => task.state = State::On(link, id),
                Err(misuse) => panic!("{}: {misuse}", task.name),
            },
            other => panic!("{other:?}"),
        }
    }

    fn failed(&mut self, task: &mut Task, link: Box<Link>, error: Error, fact: Retry) {
        self.say(&format!("{} failed: {error}", task.name));
        self.give_back(link);
        let again = self.fault == Some(Broken::SendsAgain) && fact != Retry::Never;
        let fact = if again { Retry::Safe } else { fact };
        task.exchange.failed(error, fact, self.now);
        task.state = State::Asking;
    }

    /// One step of one request.
    fn step(&mut self, task: &mut Task) {
        let state = std::mem::replace(&mut task.state, State::Asking);
        match state {
            State::Asking => match task.exchange.ask(self.now) {
                Ask::Connect(route) => {
                    let (get, changes) = self.pool.get(&route, self.now.mono);
                    drop(changes.close);
                    match get {
                        Get::Reuse(checked) => self.kept(task, checked),
                        Get::Dial(ticket) => {
                            task.state = State::Waiting(ticket, true, self.dice.below(6));
                        }
                        Get::Wait(ticket) => task.state = State::Waiting(ticket, false, 0),
                    }
                }
                Ask::Fail(error) => task.state = State::Ended(Err(error)),
                other => panic!("{other:?}"),
            },
            State::Waiting(ticket, dials, left) => self.wait(task, ticket, dials, left),
            State::On(mut link, id) => {
                self.run(&mut link);
                while let Some(event) = link.client.poll_event(self.now) {
                    match event {
                        Event::Response { head, body, .. } => {
                            let status = head.status().code();
                            task.exchange.response(head, body, self.now);
                            task.received.clear();
                            return self.answered(task, link, id, status);
                        }
                        Event::Failed(error) => {
                            return self.failed(task, link, Error::new(error), error.retry);
                        }
                        Event::Closed(reason) => {
                            return self.failed(task, link, Error::new(reason), Retry::Never);
                        }
                        _ => {}
                    }
                }
                task.state = State::On(link, id);
            }
            State::Reading(mut link, id, status) => {
                self.run(&mut link);
                loop {
                    match link.client.recv(id, self.now) {
                        Recv::Data(data) => task.received.extend_from_slice(&data),
                        Recv::Pending => return task.state = State::Reading(link, id, status),
                        Recv::Failed(error) => {
                            self.give_back(link);
                            task.state = State::Ended(Err(Error::new(error)));
                            return;
                        }
                        Recv::End(_) => {
                            self.give_back(link);
                            task.state = State::Ended(Ok(status));
                            return;
                        }
                    }
                }
            }
            ended @ State::Ended(_) => task.state = ended,
        }
    }

    fn wait(&mut self, task: &mut Task, ticket: Ticket, dials: bool, left: usize) {
        match self.pool.poll(ticket) {
            Given::Conn(checked) => {
                if dials {
                    let (more, changes) = self.pool.failed(ticket);
                    assert!(more.is_none());
                    drop(changes.close);
                }
                self.kept(task, checked);
            }
            Given::Dial => task.state = State::Waiting(ticket, true, self.dice.below(6)),
            Given::Pending if dials && left > 0 => {
                task.state = State::Waiting(ticket, true, left - 1);
            }
            Given::Pending if dials => self.dialled(task, ticket),
            Given::Pending => task.state = State::Waiting(ticket, dials, left),
            Given::Over => panic!("{}: its ticket is over", task.name),
        }
    }

    fn dialled(&mut self, task: &mut Task, ticket: Ticket) {
        let Ask::Connect(route) = task.exchange.ask(self.now) else { panic!("it connects") };
        if self.dice.below(10) == 0 {
            let (more, changes) = self.pool.failed(ticket);
            assert!(more.is_none());
            drop(changes.close);
            let error = Error::new(CloseReason::PeerClosed);
            task.exchange.failed(error, Retry::Never, self.now);
            return task.state = State::Asking;
        }
        assert!(matches!(self.pool.opened(ticket), Opened::Yours));
        let link = self.link(route);
        task.exchange.connected(Reached::new(), self.now);
        self.send(task, link);
    }

    fn answered(&mut self, task: &mut Task, mut link: Box<Link>, id: Id, status: u16) {
        match task.exchange.ask(self.now) {
            Ask::Deliver(_) => task.state = State::Reading(link, id, status),
            Ask::Discard => {
                // An exchange that is over already has nothing left.
                let _ = link.client.discard(id, self.now);
                self.give_back(link);
                task.exchange.discarded(self.now);
                task.state = State::Asking;
            }
            Ask::Fail(error) => {
                self.give_back(link);
                task.state = State::Ended(Err(error));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Lives through a world; says how many requests were answered.
fn live(seed: u64, loud: bool, fault: Option<Broken>) -> usize {
    let mut dice = Rng::new(seed);
    let most = 1 + dice.below(3);
    let config = PoolConfig { max_per_host: Some(most), ..PoolConfig::default() };
    let now = Now::at(Mono::from_secs(1), 1_700_000_000);
    let pool = Pool::new(config);
    let mut world = World { dice, now, pool, most, acted: HashMap::new(), loud, fault };
    let plan = Arc::new(Plan::default());
    let count = 2 + world.dice.below(8);
    let mut tasks: Vec<Task> = (0..count)
        .map(|name| {
            let moved = if world.dice.below(4) == 0 { "moved/" } else { "" };
            let url = Url::parse(format!("http://a.test/{moved}{name}")).unwrap();
            let method = if world.dice.below(2) == 0 { Method::GET } else { Method::POST };
            let mut order = Order::new(method.clone(), url);
            if method == Method::POST {
                order.payload = Payload::Full(Bytes::from(expected("body", size_of(name + 1))));
            }
            let exchange = Exchange::new(plan.clone(), order, now);
            Task { name, method, exchange, state: State::Asking, received: Vec::new() }
        })
        .collect();
    for _ in 0..20_000 {
        let at = world.dice.below(count);
        world.step(&mut tasks[at]);
        world.now = world.now.later(Duration::from_millis(1));
        if tasks.iter().all(|task| matches!(task.state, State::Ended(_))) {
            break;
        }
    }
    let mut answered = 0;
    for task in &tasks {
        let State::Ended(result) = &task.state else { panic!("{} never ends", task.name) };
        let acted = world.acted.get(&task.name.to_string()).copied().unwrap_or(0);
        if let Ok(status) = result {
            answered += 1;
            assert_eq!((*status, acted > 0), (200, true), "{} is answered", task.name);
            let whole = expected(&task.name.to_string(), size_of(task.name));
            assert!(task.received == whole, "{} has another's body", task.name);
        }
        if task.method == Method::POST {
            assert!(acted <= 1, "{} was acted on {acted} times", task.name);
        }
    }
    let url = Url::parse("http://a.test/").unwrap();
    let route = Route::to(&url, None);
    let pool = &world.pool;
    assert_eq!((pool.in_use(&route), pool.dialing(&route), pool.waiting(&route)), (0, 0, 0));
    answered
}

#[test]
fn every_request_of_every_seed_is_answered_or_known_to_have_failed() {
    if let Ok(seed) = std::env::var("CLIENT_WORLD_SEED") {
        live(seed.parse().unwrap(), true, None);
        return;
    }
    let mut answered = 0;
    for seed in 0..3000 {
        match std::panic::catch_unwind(|| live(seed, false, None)) {
            Ok(count) => answered += count,
            Err(_) => panic!("replay it with CLIENT_WORLD_SEED={seed}"),
        }
    }
    assert!(answered > 9000, "most of them are answered: {answered}");
}

#[test]
fn a_world_that_breaks_a_rule_is_found_out() {
    for fault in [Broken::UsesWhatEnded, Broken::SendsAgain, Broken::ForgetsOne] {
        let found = (0..500)
            .any(|seed| std::panic::catch_unwind(|| live(seed, false, Some(fault))).is_err());
        assert!(found, "{fault:?} is not");
    }
}
