//! A request on its way: does what its exchange asks for, and tells it what came of that.

use super::body::{Reading, Wanted};
use super::said::{Failure, Said};
use super::server::ID;
use super::setup::Broken;
use super::world::World;
use bytes::Bytes;
use purlin_core::exchange::{Answer, Ask, Cause, Error, Exchange, Payload, Reached, RequestParts};
use purlin_core::policy::pool::Ticket;
use purlin_core::{
    Body, CloseReason, Event, Id, Method, Misuse, Mono, Phase, RequestHead, Retry, Reuse, Url,
};
use std::collections::VecDeque;

/// What is to be asked for.
#[derive(Clone, Debug)]
pub struct Start {
    /// What the request is called; a field tells it the server.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its URL.
    pub url: String,
    /// Its fields.
    pub fields: Vec<(String, Vec<u8>)>,
    /// Its body.
    pub body: Upload,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Upload {
    /// None.
    None,
    /// In memory, to be had as often as it is needed.
    Memory(Bytes),
    /// To be read once, of a length that is known or not.
    Once {
        /// All of it.
        body: Bytes,
        /// Whether its length is known.
        known: bool,
    },
    /// What [`World::feed`] gives, until [`World::feed_end`].
    Pipe,
}

/// What gives a body that streams.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) pieces: VecDeque<Bytes>,
    pub(super) ended: bool,
    /// It has been read from, and can be had once.
    used: bool,
}

/// One request.
pub(super) struct Task {
    pub(super) id: String,
    pub(super) exchange: Exchange,
    pub(super) state: State,
    /// The connection that is lent to it.
    pub(super) conn: Option<usize>,
    /// What it is called there.
    pub(super) exchange_id: Id,
    pub(super) source: Source,
    /// What was taken from the source and not sent yet, while it is sent.
    sending: Option<Bytes>,
    pub(super) reading: Reading,
    /// How the URL spells its host.
    pub(super) spelled: String,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its exchange is to be asked.
    Asking,
    /// A connection.
    Waiting(Ticket),
    /// What lies around a new connection's machine.
    SettingUp,
    /// The response.
    Driving,
    /// Its caller, who has the response.
    Reading,
    /// The rest of a body that nobody wants, until then.
    Leaving(Mono),
    Over,
}

impl Task {
    pub(super) fn new(start: Start, world: &World) -> Result<Task, Error> {
        let url = Url::parse(&start.url)?;
        let mut parts = RequestParts::new(start.method, url);
        parts.fields.append(ID, &start.id)?;
        for (name, value) in &start.fields {
            parts.fields.append(name, value)?;
        }
        let mut source = Source::default();
        parts.payload = match start.body {
            Upload::None => Payload::Empty,
            Upload::Memory(body) => Payload::Full(body),
            Upload::Once { body, known } => {
                let length = known.then_some(body.len() as u64);
                source = Source { pieces: VecDeque::from([body]), ended: true, used: false };
                Payload::Stream { length, replayable: false }
            }
            Upload::Pipe => Payload::Stream { length: None, replayable: false },
        };
        let spelled = start.url.split_once("://").map_or("", |(_, rest)| rest);
        let spelled = spelled.split(['/', ':', '?']).next().unwrap_or_default().to_owned();
        Ok(Task {
            id: start.id,
            exchange: Exchange::new(world.setup.policy.clone(), parts, world.now),
            state: State::Asking,
            conn: None,
            exchange_id: 0,
            source,
            sending: None,
            reading: Reading::default(),
            spelled,
        })
    }
}

impl World {
    /// Takes a task on as far as it goes; says whether anything moved.
    pub(super) fn step(&mut self, at: usize) -> bool {
        match self.tasks[at].state {
            State::Asking => {
                self.ask(at);
                true
            }
            State::Waiting(ticket) => self.wait(at, ticket) || self.is_late(at),
            State::SettingUp => self.set_up(at) || self.is_late(at),
            State::Driving => self.drive(at) || self.is_late(at),
            State::Reading => self.read_on(at),
            State::Leaving(until) => self.leave(at, until),
            State::Over => false,
        }
    }

    fn ask(&mut self, at: usize) {
        match self.tasks[at].exchange.ask(self.now) {
            Ask::Connect(route) => self.connect(at, &route),
            Ask::Send { head, body, .. } => self.begin(at, &head, body),
            Ask::Drive => self.tasks[at].state = State::Driving,
            Ask::Discard => self.throw_away(at),
            Ask::Deliver(answer) => self.deliver(at, &answer),
            Ask::Fail(error) => {
                let task = &mut self.tasks[at];
                task.state = State::Over;
                let (id, failure) = (task.id.clone(), Failure::of(&error));
                self.said.push(Said::Error { id, failure });
            }
        }
    }

    /// There is a connection.
    pub(super) fn connected(&mut self, at: usize, conn: usize, how: Reached) {
        let task = &mut self.tasks[at];
        task.conn = Some(conn);
        task.state = State::Asking;
        task.exchange.connected(how, self.now);
    }

    /// Drives the layers of a new connection until a request may be sent.
    fn set_up(&mut self, at: usize) -> bool {
        let Some(conn) = self.tasks[at].conn else { return false };
        if self.is_ready(conn) {
            self.connected(at, conn, Reached::new());
            return true;
        }
        self.begin_setting_up(at, conn);
        let moved = self.move_bytes(conn);
        self.events(at) || moved
    }

    pub(super) fn begin_setting_up(&mut self, at: usize, conn: usize) {
        let machine = self.conns[conn - 1].machine();
        if let Some(phase) = machine.and_then(|machine| machine.setting_up()) {
            self.tasks[at].exchange.setting_up(phase, self.now);
        }
    }

    fn begin(&mut self, at: usize, head: &RequestHead, body: Body) {
        let task = &mut self.tasks[at];
        if matches!(body, Body::Length(_) | Body::Stream) {
            if task.source.used {
                return self.fail(at, Error::new(Cause::NotReplayable), Retry::Never);
            }
            task.sending = Some(Bytes::new());
        }
        let conn = task.conn.and_then(|conn| self.conns[conn - 1].machine());
        let Some(machine) = conn else {
            return self.fail(at, Error::new(Misuse::NoSuchExchange), Retry::Never);
        };
        match machine.request(head, body, self.now) {
            Ok(id) => task.exchange_id = id,
            Err(misuse) => self.fail(at, Error::new(misuse), Retry::Never),
        }
    }

    /// Moves bytes, one turn; says whether anything moved.
    fn drive(&mut self, at: usize) -> bool {
        if self.events(at) {
            return true;
        }
        let fed = match self.upload(at) {
            Ok(fed) => fed,
            Err(error) => {
                self.fail(at, error, Retry::Never);
                return true;
            }
        };
        let Some(conn) = self.tasks[at].conn else { return false };
        let moved = self.move_bytes(conn);
        let written = self.conns[conn - 1].machine().is_some_and(|machine| !machine.want().write);
        let task = &mut self.tasks[at];
        if task.sending.is_none() && written {
            task.exchange.sent(self.now);
        }
        self.events(at) || fed || moved
    }

    /// Tells the exchange what the machine has to tell; says whether it is to be asked again.
    fn events(&mut self, at: usize) -> bool {
        loop {
            let task = &mut self.tasks[at];
            let conn = task.conn.and_then(|conn| self.conns[conn - 1].machine());
            let Some(machine) = conn else { return false };
            match machine.poll_event(self.now) {
                None => return false,
                Some(Event::Interim { head, .. }) => task.exchange.interim(head),
                Some(Event::Response { head, body, .. }) => {
                    let id = task.exchange_id;
                    let unsent = machine.reuse() == Reuse::Never(CloseReason::BodyUnsent);
                    // Nothing of this world sends on beside a response: its end closes.
                    let begun = task.sending.is_some()
                        && machine.send(id, &mut Bytes::new(), self.now).is_ok();
                    if unsent || begun {
                        self.early.push(task.id.clone());
                    }
                    task.sending = None;
                    if let Some(conn) = task.conn {
                        let method = &task.exchange.parts().method;
                        self.conns[conn - 1].back.answered(method, &head);
                    }
                    task.exchange.response(head, body, self.now);
                    task.state = State::Asking;
                    return true;
                }
                Some(event) => {
                    if let Some((error, fact)) = Error::of_event(event) {
                        let error = error.because(machine.trouble());
                        self.fail(at, error, fact);
                        return true;
                    }
                }
            }
        }
    }

    /// Gives the machine as much of the body as there is and it takes.
    fn upload(&mut self, at: usize) -> Result<bool, Error> {
        let (mut fed, now) = (false, self.now);
        loop {
            let task = &mut self.tasks[at];
            let (Some(rest), Some(number)) = (&mut task.sending, task.conn) else { return Ok(fed) };
            let conn = &mut self.conns[number - 1];
            let Some(machine) = conn.machine() else { return Ok(fed) };
            if rest.is_empty() {
                if machine.is_held(task.exchange_id) {
                    return Ok(fed);
                }
                task.exchange.body_taken();
                task.source.used = true;
                match task.source.pieces.pop_front() {
                    Some(piece) => *rest = piece,
                    None if task.source.ended => {
                        let ended = machine.finish(task.exchange_id, None, now);
                        task.sending = None;
                        return Error::of_upload(ended).map(|()| true);
                    }
                    None => return Ok(fed),
                }
            }
            let before = rest.len();
            if let Err(misuse) = machine.send(task.exchange_id, rest, now) {
                task.sending = None;
                return Error::of_upload(Err(misuse)).map(|()| true);
            }
            fed |= rest.len() < before;
            if !rest.is_empty() {
                return Ok(fed);
            }
            // What the source gave goes out before it is asked for more.
            conn.write(now, &mut self.said);
            if conn.machine().is_none_or(|machine| machine.want().write) {
                return Ok(fed);
            }
        }
    }

    /// The request failed: its connection is closed, and its exchange decides.
    pub(super) fn fail(&mut self, at: usize, error: Error, fact: Retry) {
        let fact = self.played(at, &error, fact);
        self.learn(at, &error);
        let task = &mut self.tasks[at];
        (task.state, task.sending) = (State::Asking, None);
        if let Some(conn) = task.conn.take() {
            self.lose(conn);
        }
        self.tasks[at].exchange.failed(error, fact, self.now);
    }

    /// Whether a time limit of the exchange ended it.
    fn is_late(&mut self, at: usize) -> bool {
        let (now, task) = (self.now, &mut self.tasks[at]);
        let due = task.exchange.deadline().is_some_and(|until| until <= now.mono);
        if !due || !task.exchange.tick(now) {
            return false;
        }
        let state = std::mem::replace(&mut task.state, State::Asking);
        task.sending = None;
        let conn = task.conn.take();
        if let State::Waiting(ticket) = state {
            let changes = self.pool.cancel(ticket, now.mono);
            self.act(changes);
        }
        conn.into_iter().for_each(|conn| self.lose(conn));
        true
    }

    /// A response that leads on: its connection is kept if its rest is here.
    fn throw_away(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        let (id, conn) = (task.exchange_id, task.conn.take());
        if let Some(conn) = conn {
            if let Some(machine) = self.conns[conn - 1].machine() {
                // An exchange that is over already has nothing left.
                let _ = machine.discard(id, self.now);
            }
            self.give_back(conn);
        }
        self.tasks[at].exchange.discarded(self.now);
    }

    fn deliver(&mut self, at: usize, answer: &Answer) {
        let task = &mut self.tasks[at];
        task.state = State::Reading;
        let (id, status) = (task.id.clone(), answer.head.status().code());
        self.said.push(Said::Response { id, status });
        self.begin_reading(at, answer);
    }

    /// The request of that id is not wanted any more. Its dial goes on.
    pub fn cancel(&mut self, id: &str) {
        let Some(at) = self.find(id) else { return };
        let task = &mut self.tasks[at];
        match task.state {
            State::Reading | State::Leaving(_) => self.stop_reading(at),
            State::Over => {}
            state => {
                task.state = State::Over;
                let conn = task.conn.take();
                let failure = Failure::Canceled;
                self.said.push(Said::Error { id: id.to_owned(), failure });
                if let State::Waiting(ticket) = state {
                    let changes = self.pool.cancel(ticket, self.now.mono);
                    self.act(changes);
                }
                conn.into_iter().for_each(|conn| self.lose(conn));
            }
        }
        self.run();
    }

    /// The caller reads from a body: so many bytes at the most, or all of it.
    pub fn read(&mut self, id: &str, most: Option<usize>) {
        if let Some(at) = self.find(id) {
            self.tasks[at].reading.wanted = Some(most.map_or(Wanted::All, Wanted::UpTo));
        }
        self.run();
    }

    /// What the machine says of a retry, but for what this world does as Go does,
    /// or wrong.
    fn played(&mut self, at: usize, error: &Error, fact: Retry) -> Retry {
        match self.setup.broken {
            Some(Broken::SendsOnce) => return Retry::Never,
            Some(Broken::SendsAgain) if fact != Retry::Never => return Retry::Safe,
            _ => {}
        }
        if self.is_once_in_go(at, error, fact) { Retry::Never } else { fact }
    }

    pub(super) fn begin_phase(&mut self, at: usize, phase: Option<Phase>) {
        let task = &mut self.tasks[at];
        match phase {
            Some(phase) => task.exchange.begin(phase, self.now),
            None => task.exchange.begin_waiting(self.now),
        }
    }
}
