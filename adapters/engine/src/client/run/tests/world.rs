//! The simulated world of one test, which is a thread: pipes for sockets, look-ups and
//! dials that end when they are told to.

use super::*;
use crate::client::Socket;
use crate::client::{Attempt, Beside, Pieces};
use crate::client::{Resolver, Settings};
use crate::line::{Line, Progress};
use crate::system::{Chore, System, Work};
use crate::wire::ReadReady;
use crate::wire::{Moved, Wire};
use purlin_core::ClientMachine;
use std::cell::RefCell;
use std::convert::Infallible;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::MutexGuard;

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

#[derive(Default)]
struct World {
    now: Now,
    works: Arc<Mutex<Vec<Work>>>,
    dials: Vec<Arc<Mutex<bool>>>,
    pipes: Vec<Pipe>,
}

pub(super) fn now() -> Now {
    WORLD.with_borrow(|world| world.now)
}

pub(super) fn advance(by: Duration) {
    WORLD.with_borrow_mut(|world| world.now = world.now.later(by));
}

/// All look-ups that were begun find something.
pub(super) fn look_up() {
    let works = WORLD.with_borrow(|world| std::mem::take(&mut *locked(&world.works)));
    works.into_iter().for_each(|work| work());
}

/// All dials that were begun succeed.
pub(super) fn dialled() {
    WORLD.with_borrow(|world| world.dials.iter().for_each(|dial| *locked(dial) = true));
}

/// The connections that were made.
pub(super) fn pipes() -> Vec<Pipe> {
    WORLD.with_borrow(|world| world.pipes.clone())
}

pub(super) fn agent() -> Agent<Virtual> {
    agent_of(Settings::new().no_proxy())
}

pub(super) fn agent_of(settings: Settings) -> Agent<Virtual> {
    let found = |_: &str, port| Ok(vec![([10, 0, 0, 1], port).into()]);
    let settings = settings.resolver(Resolver::new(found));
    let works = WORLD.with_borrow(|world| world.works.clone());
    Agent::new(settings, None, Arc::new(ByHand(works)))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Work is done when the test says so.
struct ByHand(Arc<Mutex<Vec<Work>>>);

impl System for ByHand {
    fn now(&self) -> Now {
        now()
    }

    fn spawn(&self, _: &str, work: Work) -> io::Result<()> {
        locked(&self.0).push(work);
        Ok(())
    }

    fn attend(&self, _: &str, _: Chore) -> io::Result<Waker> {
        Ok(Waker::noop().clone())
    }
}

#[derive(Clone, Debug)]
pub(super) struct Ticks(Now);

impl Ticks {
    pub(super) fn new() -> Ticks {
        Ticks(now())
    }
}

impl Clock for Ticks {
    fn look(&mut self) -> Now {
        self.0 = now();
        self.0
    }

    fn last(&self) -> Now {
        self.0
    }
}

/// A connection's two directions.
#[derive(Clone, Default)]
pub(super) struct Pipe(Arc<Mutex<Flow>>);

#[derive(Default)]
struct Flow {
    up: Vec<u8>,
    down: VecDeque<u8>,
    refuses: bool,
    shut: bool,
    ended: bool,
}

impl Pipe {
    /// The server says this.
    pub(super) fn say(&self, text: &str) {
        locked(&self.0).down.extend(text.as_bytes());
    }

    /// The server says these bytes.
    pub(super) fn say_bytes(&self, bytes: &[u8]) {
        locked(&self.0).down.extend(bytes);
    }

    /// What the client said behind the first so many bytes.
    pub(super) fn heard_since(&self, taken: usize) -> Vec<u8> {
        locked(&self.0).up[taken..].to_vec()
    }

    /// The server says nothing more.
    pub(super) fn end(&self) {
        locked(&self.0).ended = true;
    }

    /// What the client said.
    pub(super) fn heard(&self) -> String {
        String::from_utf8(locked(&self.0).up.clone()).unwrap()
    }

    /// Whether the client says nothing more.
    pub(super) fn is_shut(&self) -> bool {
        locked(&self.0).shut
    }

    /// From now on writes fail.
    pub(super) fn refuse_writes(&self) {
        locked(&self.0).refuses = true;
    }
}

impl Wire for Pipe {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        let mut pipe = locked(&self.0);
        let count = room.len().min(pipe.down.len());
        for (place, byte) in room.iter_mut().zip(pipe.down.drain(..count)) {
            *place = byte;
        }
        match count {
            0 if pipe.ended => Moved::End,
            0 => Moved::Nothing,
            count => Moved::Bytes(count),
        }
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        let mut pipe = locked(&self.0);
        if pipe.refuses {
            return Moved::Lost;
        }
        slices.iter().for_each(|slice| pipe.up.extend_from_slice(slice));
        Moved::Bytes(slices.iter().map(|slice| slice.len()).sum())
    }

    fn shut_writing(&mut self) {
        locked(&self.0).shut = true;
    }

    fn untaken(&self) -> Option<usize> {
        None
    }
}

pub(super) struct Wired(Line<Pipe>);

impl Wired {
    /// Reads what there is, and an end behind it; says whether there was any.
    fn read_all(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) -> bool {
        let mut any = false;
        loop {
            match self.0.read(machine, now) {
                Moved::Bytes(_) => any = true,
                moved => return any | (moved != Moved::Nothing),
            }
        }
    }
}

impl Socket<Ticks> for Wired {
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        beside: Beside,
        until: Option<Mono>,
        clock: &mut Ticks,
        _: &mut Context<'_>,
    ) -> Poll<Turn> {
        let now = clock.look();
        let wait = match self.0.advance(machine, beside == Beside::More, until, now) {
            Progress::Over(turn) => return Poll::Ready(turn),
            Progress::Waits(wait) => wait,
        };
        if !wait.read && !wait.write && beside != Beside::Comes {
            return Poll::Ready(Turn::Stuck);
        }
        if wait.read && self.read_all(machine, now) {
            return Poll::Ready(self.0.heard(machine, true, until, now));
        }
        match wait.until {
            Some(at) if at <= now.mono => Poll::Ready(self.0.time_up(machine, until, now)),
            _ => Poll::Pending,
        }
    }
}

impl ReadReady for Wired {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.0.read(machine, now);
    }

    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.0.write(machine, now);
        self.0.half_close(machine.want().close);
    }

    fn is_lost(&self) -> bool {
        self.0.is_lost()
    }
}

/// A body that a test gives piece by piece.
#[derive(Clone, Default)]
pub(super) struct Feed(Arc<Mutex<VecDeque<Option<Bytes>>>>);

impl Feed {
    pub(super) fn give(&self, piece: &'static str) {
        locked(&self.0).push_back(Some(piece.into()));
    }

    pub(super) fn end(&self) {
        locked(&self.0).push_back(None);
    }

    pub(super) fn left(&self) -> usize {
        locked(&self.0).len()
    }
}

impl Pieces for Feed {
    fn poll_piece(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        locked(&self.0).pop_front().map_or(Poll::Pending, |piece| Poll::Ready(Ok(piece)))
    }
}

/// A dial that a test lets connect.
pub(super) struct Dialled(Arc<Mutex<bool>>);

impl Attempt<Wired> for Dialled {
    fn poll_connect(&mut self, _: Option<Mono>, _: &mut Context<'_>) -> Poll<io::Result<Wired>> {
        if !*locked(&self.0) {
            return Poll::Pending;
        }
        let pipe = Pipe::default();
        WORLD.with_borrow_mut(|world| world.pipes.push(pipe.clone()));
        Poll::Ready(Ok(Wired(Line::new(pipe))))
    }
}

pub(super) struct Virtual;

impl Runtime for Virtual {
    type Clock = Ticks;
    type Socket = Wired;
    type Source = Feed;
    type Dialer = Infallible;
    type Own = Infallible;
    type Attempt = Dialled;

    fn dial(dialer: &Infallible, _: &str, _: u16) -> Infallible {
        *dialer
    }

    fn attempt(_: SocketAddr) -> io::Result<Dialled> {
        let dial = Arc::new(Mutex::new(false));
        WORLD.with_borrow_mut(|world| world.dials.push(dial.clone()));
        Ok(Dialled(dial))
    }

    fn leave(mut leaving: Leaving<Self::Socket>, clock: &mut Ticks) {
        let _ = leaving.poll(clock, &mut Context::from_waker(Waker::noop()));
    }
}
