//! One request of the client's: the engine's run of it, and what its caller does with what
//! comes of that.

use super::client::{Client, Flag};
use super::errand::{Drops, Errand};
use super::net::Excuse;
use super::runtime::{Sim, Socket, ticks};
use super::world::Broken;
use purlin_core::Mono;
use purlin_core::exchange::Error;
use purlin_engine::{Agent, Awaited, Body, Leaving, Received, Run, Waits};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// More than anything takes at one moment.
const STEPS: usize = 100_000;

/// A request on its way through the world.
pub(super) struct Task<'a> {
    pub(super) name: usize,
    pub(super) errand: Arc<Errand>,
    pub(super) state: State<'a>,
    agent: &'a Agent<Sim>,
    flag: Arc<Flag>,
    /// How often it was polled.
    polls: u32,
    /// When it is to be polled though nobody has told it anything.
    pub(super) until: Option<Mono>,
    pub(super) received: Option<Received>,
    pub(super) got: Vec<u8>,
    pub(super) ended: Option<Mono>,
}

/// What it is at.
pub(super) enum State<'a> {
    /// It has not begun.
    Rests,
    Runs(Box<Run<'a, Sim>>),
    /// The response's body is read, the next piece of it not before then.
    Reads(Box<Body<Sim>>, Mono),
    /// The rest of it is, and nobody wants it.
    Leaves(Option<Leaving<Socket>>, Outcome),
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

impl<'a> Task<'a> {
    pub(super) fn new(name: usize, errand: Arc<Errand>, agent: &'a Agent<Sim>) -> Task<'a> {
        Task {
            name,
            errand,
            state: State::Rests,
            agent,
            flag: Flag::of(name),
            polls: 0,
            until: None,
            received: None,
            got: Vec::new(),
            ended: None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// Does what is due until nothing happens; says whether anything did.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) fn run(&mut self) -> Result<bool, String> {
        let mut steps = 0;
        while self.is_due() {
            steps += 1;
            if steps > STEPS {
                return Err(format!("#{} goes on for ever at one moment", self.name));
            }
            Client::with(|client| client.current = Some(self.name));
            let stepped = self.step();
            Client::with(|client| client.current = None);
            stepped?;
        }
        Ok(steps > 0)
    }

    fn is_due(&self) -> bool {
        let now = Client::with(|client| client.now.mono);
        let over = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if over(self.errand.gives_up) && self.can_be_left() {
            return true;
        }
        match &self.state {
            State::Rests => self.errand.starts <= now,
            State::Reads(_, at) if *at > now => false,
            State::Runs(_) | State::Reads(..) | State::Leaves(..) => {
                self.flag.is_up() || over(self.until)
            }
            State::Ended(_) => false,
        }
    }

    fn step(&mut self) -> Result<(), String> {
        let now = Client::with(|client| client.now);
        let given_up = self.errand.gives_up.is_some_and(|at| at <= now.mono);
        if given_up && self.can_be_left() {
            self.leave(Outcome::Left);
            return Ok(());
        }
        if self.is_dropped(Drops::Told(self.polls)) {
            return Ok(());
        }
        let state = self.take_state();
        self.flag.take();
        let waker = Waker::from(self.flag.clone());
        let cx = &mut Context::from_waker(&waker);
        match state {
            State::Rests => return self.begin(),
            State::Runs(run) => self.go_on(run, cx),
            State::Reads(body, _) => self.read(body, cx),
            State::Leaves(leaving, outcome) => self.read_rest(leaving, outcome, cx),
            ended @ State::Ended(_) => self.state = ended,
        }
        self.polls += 1;
        self.is_dropped(Drops::Waiting(self.polls));
        Ok(())
    }

    /// Whether its caller drops it here, if he does.
    fn is_dropped(&mut self, here: Drops) -> bool {
        let drops = self.errand.drops == Some(here);
        match &self.state {
            State::Runs(_) | State::Reads(..) if drops => self.leave(Outcome::Left),
            // What nobody reads is not even waited for.
            State::Leaves(Some(_), _) if drops => {
                if let State::Leaves(leaving, outcome) = self.take_state() {
                    drop(leaving);
                    self.end(outcome);
                }
            }
            _ => return false,
        }
        drops
    }

    fn take_state(&mut self) -> State<'a> {
        std::mem::replace(&mut self.state, State::Rests)
    }

    fn begin(&mut self) -> Result<(), String> {
        let setting = Client::with(|client| client.setting.clone());
        let (parts, given) = self.errand.parts(self.name, &setting)?;
        self.trace(|| format!("{} {}", parts.method, parts.url.redacted()));
        let run = Run::new(self.agent, parts, given, ticks());
        self.state = State::Runs(Box::new(run));
        self.flag.raise();
        Ok(())
    }

    fn go_on(&mut self, mut run: Box<Run<'a, Sim>>, cx: &mut Context<'_>) {
        let delivered = match run.poll(cx) {
            Poll::Pending => {
                self.until = run.until();
                self.state = State::Runs(run);
                return;
            }
            Poll::Ready(answered) => answered.and_then(|answer| run.deliver(answer)),
        };
        self.until = None;
        match delivered {
            Err(error) => self.end(Outcome::Failed(error)),
            Ok((received, body)) => {
                self.trace(|| format!("is answered {}", received.status()));
                self.received = Some(received);
                self.state = State::Reads(Box::new(body), self.now());
                self.flag.raise();
            }
        }
    }

    fn read(&mut self, mut body: Box<Body<Sim>>, cx: &mut Context<'_>) {
        if self.errand.enough.is_some_and(|enough| self.got.len() > enough) {
            self.state = State::Reads(body, self.now());
            return self.leave(Outcome::Left);
        }
        match body.poll_chunk(cx) {
            Poll::Pending => self.state = State::Reads(body, self.now()),
            Poll::Ready(Ok(Some(piece))) => {
                self.got.extend_from_slice(&piece);
                let pause = self.errand.pause;
                Client::with(|client| client.asked[self.name].own += pause);
                self.state = State::Reads(body, self.now() + pause);
                self.flag.raise();
            }
            Poll::Ready(Ok(None)) => {
                let trailers = body.trailers().is_some();
                drop(body);
                let checked = Client::with(|client| self.check_whole(client, trailers));
                if let Err(why) = checked {
                    Client::with(|client| client.ledger.wrong(|| why));
                }
                self.end(Outcome::Whole);
            }
            Poll::Ready(Err(error)) => {
                self.state = State::Reads(body, self.now());
                self.leave(Outcome::Failed(error));
            }
        }
    }

    /// The caller drops what it has.
    fn leave(&mut self, outcome: Outcome) {
        let state = self.take_state();
        if Client::with(|client| client.broken == Some(Broken::GivesNothingUp)) {
            std::mem::forget(state);
        } else {
            drop(state);
        }
        let leaving = Client::with(|client| client.left.pop());
        self.state = State::Leaves(leaving, outcome);
        self.until = None;
        self.flag.raise();
    }

    fn read_rest(
        &mut self,
        leaving: Option<Leaving<Socket>>,
        outcome: Outcome,
        cx: &mut Context<'_>,
    ) {
        if let Some(mut leaving) = leaving {
            if leaving.poll(&mut ticks(), cx).is_pending() {
                self.state = State::Leaves(Some(leaving), outcome);
                return;
            }
        }
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        let bytes = self.got.len();
        self.trace(|| match &outcome {
            Outcome::Whole => format!("has its answer: {bytes} bytes"),
            Outcome::Failed(error) => format!("fails: {error}"),
            Outcome::Left => "is given up".to_owned(),
        });
        self.ended = Some(self.now());
        self.state = State::Ended(outcome);
    }

    fn now(&self) -> Mono {
        Client::with(|client| client.now.mono)
    }

    fn trace(&self, what: impl FnOnce() -> String) {
        let name = self.name;
        Client::with(|client| client.trace.client(client.now, || format!("#{name} {}", what())));
    }

    fn can_be_left(&self) -> bool {
        matches!(self.state, State::Runs(_) | State::Reads(..))
    }

    /// When it has something to do by itself; of what it has asked others to tell, they know.
    pub(super) fn next(&self) -> Option<Mono> {
        let own = match &self.state {
            State::Rests => return Some(self.errand.starts),
            State::Ended(_) => return None,
            State::Reads(_, at) if *at > self.now() => Some(*at),
            State::Runs(_) | State::Reads(..) | State::Leaves(..) => self.until,
        };
        let gives_up = self.errand.gives_up.filter(|_| self.can_be_left());
        [own, gives_up].into_iter().flatten().min()
    }

    /// What it waits for.
    pub(super) fn waits(&mut self) -> Waits<'_, Sim> {
        match &mut self.state {
            State::Runs(run) => run.waits(),
            State::Reads(body, _) => body.waits(),
            State::Rests | State::Leaves(..) | State::Ended(_) => Waits::Nothing,
        }
    }

    /// Whether its caller thinks, and waits for nothing.
    pub(super) fn pauses(&self) -> bool {
        matches!(&self.state, State::Reads(_, at) if *at > self.now())
    }

    /// What explains that it failed.
    pub(super) fn excuse(&self) -> Excuse {
        Client::with(|client| client.asked[self.name].excuse)
    }
}
