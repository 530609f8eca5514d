//! A connection that carries many exchanges at once, and a seat on it for each.
//! Who waits moves the bytes for all; what they mean, the machine says.

mod bell;
mod machine;
mod rows;
mod turn;

use crate::link::{Lender, Link};
use crate::sync::{Mutex, MutexGuard};
use crate::wire::ReadReady;
use bell::Bell;
pub(crate) use machine::SeatMachine;
use purlin_core::exchange::Route;
use purlin_core::policy::pool::{Capacity, Kept, SharedId};
use purlin_core::{ClientMachine, Event, Machine, Mono, Now, Reuse};
use rows::{Rows, Wakes};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// How long something may lie there for the one who leads, before another is to see to it.
/// A task that was woken need not be polled: whoever has it may be busy with others.
const NEGLECTED: Duration = Duration::from_millis(50);

/// So often it is looked for that while at most one waits, before nobody looks any more.
const LOOKS: u32 = 20;

/// Turns of a connection, before others get theirs.
const TURNS: u32 = 8;

/// A connection that several have seats on.
pub struct SharedLink<S> {
    id: SharedId,
    route: Route,
    lender: Arc<dyn Lender<S>>,
    inside: Mutex<Inside<S>>,
    bell: Arc<Bell>,
    /// The bell, as what the reactor is given.
    rings: Waker,
}

/// What the lock is around.
struct Inside<S> {
    /// None once nobody has a seat on it.
    link: Option<Box<Link<S>>>,
    rows: Rows,
    /// The latest time that anybody told.
    now: Now,
    /// What its lender knows of it.
    told: Capacity,
    /// What the leader waits for: whether for room, and until when.
    led: (bool, Option<Mono>),
    /// What it was like when it was taken; none for a new one.
    kept: Option<Kept>,
    /// Somebody sees to it that somebody leads.
    watched: bool,
}

/// A seat on a shared connection.
pub(crate) struct Seat<S> {
    shared: Arc<SharedLink<S>>,
    row: usize,
}

impl<S: ReadReady + Send + 'static> SharedLink<S> {
    /// A connection that carries many, by this number of its lender's. Nobody has a seat yet.
    pub fn new(
        id: SharedId,
        link: Box<Link<S>>,
        kept: Option<Kept>,
        lender: Arc<dyn Lender<S>>,
        now: Now,
    ) -> Arc<SharedLink<S>> {
        let (route, told) = (link.route().clone(), capacity(&*link.machine, 0));
        let (rows, led, watched) = (Rows::default(), (false, None), false);
        let inside = Inside { link: Some(link), rows, now, told, led, kept, watched };
        let bell = Arc::new(Bell::default());
        let (inside, rings) = (Mutex::new(inside), Waker::from(bell.clone()));
        Arc::new(SharedLink { id, route, lender, inside, bell, rings })
    }

    /// How many exchanges a connection carries that is not shared yet.
    pub(crate) fn capacity_of(link: &Link<S>) -> Capacity {
        capacity(&*link.machine, 0)
    }

    /// A seat more: what is used as if it were a connection of its own.
    pub(crate) fn sit(self: &Arc<Self>) -> Box<Link<S>> {
        let mut inside = self.lock();
        let (row, now) = (inside.rows.add(), inside.now);
        drop(inside);
        let machine = Box::new(SeatMachine::new(self.clone(), row));
        let seat = Seat { shared: self.clone(), row };
        Box::new(Link::on_seat(seat, machine, self.route.clone(), now))
    }

    /// Does something with the machine for one who has a seat. What follows from that for
    /// others is told them; output goes out if it is to.
    fn with<T>(
        &self,
        row: usize,
        now: Option<Now>,
        writes: bool,
        act: impl FnOnce(&mut (dyn ClientMachine + Send), &mut Rows, Now) -> T,
    ) -> Option<T> {
        let mut wakes = Wakes::new();
        let mut inside = self.lock();
        let now = inside.look(now);
        let Inside { link, rows, .. } = &mut *inside;
        let link = link.as_mut()?;
        let done = act(&mut *link.machine, rows, now);
        if writes && link.machine.want().write {
            link.flush(now);
        }
        inside.sort(now, &mut wakes);
        inside.alert(row, &mut wakes);
        self.tell(inside, wakes);
        Some(done)
    }

    /// Looks at the machine for one who has a seat.
    fn see<T>(&self, see: impl FnOnce(&dyn ClientMachine, &Rows) -> T) -> Option<T> {
        let inside = self.lock();
        let Inside { link, rows, .. } = &*inside;
        link.as_ref().map(|link| see(&*link.machine, rows))
    }

    /// What has come is read before another exchange begins, if nobody leads who would have:
    /// that the server takes no more, say.
    fn catch_up(&self, now: Now) {
        let (mut wakes, mut inside) = (Wakes::new(), self.lock());
        if inside.rows.is_led() || inside.rows.open() == 0 {
            return;
        }
        let now = inside.look(Some(now));
        if let Some(link) = &mut inside.link {
            link.read_ready(now);
        }
        inside.sort(now, &mut wakes);
        self.tell(inside, wakes);
    }

    /// What came for one.
    fn next_event(&self, row: usize, now: Now) -> Option<Event> {
        let (mut wakes, mut inside) = (Wakes::new(), self.lock());
        let now = inside.look(Some(now));
        inside.sort(now, &mut wakes);
        let event = inside.rows.next_event(row);
        self.tell(inside, wakes);
        event
    }

    /// One goes: what it leaves open is given up. Whether its server refused it.
    fn leave(&self, row: usize, refused: bool) {
        let mut wakes = Wakes::new();
        let mut inside = self.lock();
        let now = inside.now;
        let open = inside.rows.remove(row, &mut wakes);
        if let Some(link) = &mut inside.link {
            if let Some(id) = open {
                // One that is over by itself needs no more.
                let _ = link.machine.reset(id, now);
            }
            if link.machine.want().write {
                link.flush(now);
            }
        }
        inside.sort(now, &mut wakes);
        inside.alert(row, &mut wakes);
        self.tell(inside, wakes);
        self.lender.left(self, refused);
    }

    /// The server asked for the older protocol.
    fn demand_older(&self, now: Now) {
        self.lender.demand_older(&self.route, now);
    }

    /// Wakes, and tells the lender what has changed, when the lock is released.
    fn tell(&self, mut inside: MutexGuard<'_, Inside<S>>, wakes: Wakes) {
        let changed = inside.changed();
        drop(inside);
        wakes.into_iter().for_each(Waker::wake);
        if let Some(capacity) = changed {
            self.lender.carries(self, capacity);
        }
    }
}

impl<S> SharedLink<S> {
    fn lock(&self) -> MutexGuard<'_, Inside<S>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The latest time that anybody told it.
    pub(crate) fn now(&self) -> Now {
        self.lock().now
    }

    /// The connection, once nobody has a seat on it any more and what it was like when
    /// it was taken.
    pub(crate) fn dissolve(&self) -> (Option<Box<Link<S>>>, Option<Kept>) {
        let mut inside = self.lock();
        let mut link = inside.link.take();
        if let Some(link) = &mut link {
            link.back.shared = true;
        }
        (link, inside.kept.take())
    }

    /// Its number.
    pub fn id(&self) -> SharedId {
        self.id
    }

    /// Where it leads.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Sees to it that somebody leads, and says when to look again; not at all if nobody has
    /// followed anybody for long.
    pub(crate) fn look_after(
        &self,
        neglected: &mut bool,
        alone: &mut u32,
        now: Now,
    ) -> Option<Mono> {
        let mut wakes = Wakes::new();
        let mut inside = self.lock();
        *alone = if inside.rows.waiting() > 1 { 0 } else { *alone + 1 };
        if *alone > LOOKS {
            inside.watched = false;
            return None;
        }
        let lies = inside.rows.waiting() > 0 && (!inside.rows.is_led() || self.bell.is_rung());
        if std::mem::replace(neglected, lies) && lies {
            inside.rows.wake_all(&mut wakes);
        }
        drop(inside);
        wakes.into_iter().for_each(Waker::wake);
        Some(now.mono + NEGLECTED)
    }
}

impl<S> fmt::Debug for SharedLink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedLink({})", self.route)
    }
}

/// How many exchanges a machine carries, so many of which are open.
fn capacity(machine: &dyn ClientMachine, open: u32) -> Capacity {
    let over = matches!(machine.reuse(), Reuse::Never(_));
    Capacity { most: machine.slots().saturating_add(open), over }
}

impl<S: ReadReady + Send + 'static> Inside<S> {
    /// The time, which never goes back.
    fn look(&mut self, now: Option<Now>) -> Now {
        if let Some(now) = now.filter(|now| now.mono > self.now.mono) {
            self.now = now;
        }
        self.now
    }

    /// What the machine has to tell goes to whom it is about.
    fn sort(&mut self, now: Now, wakes: &mut Wakes) {
        let Inside { link: Some(link), rows, .. } = self else { return };
        rows.sort(std::iter::from_fn(|| link.machine.poll_event(now)), wakes);
    }

    /// What its lender does not know yet.
    fn changed(&mut self) -> Option<Capacity> {
        let capacity = capacity(&*self.link.as_ref()?.machine, self.rows.open());
        (std::mem::replace(&mut self.told, capacity) != capacity).then_some(capacity)
    }

    /// The leader waits for room as well, and until sooner, if that is to be waited for now.
    fn alert(&mut self, row: usize, wakes: &mut Wakes) {
        if self.rows.is_led_by(row) || !self.rows.is_led() {
            return;
        }
        let Some(link) = &self.link else { return };
        let ((write, until), next) = (self.led, self.next());
        let sooner = next.is_some_and(|next| until.is_none_or(|until| next < until));
        if sooner || (!write && link.machine.want().write) {
            self.rows.alert_leader(wakes);
        }
    }

    /// When the first time is over, a machine's or of one who waits.
    fn next(&self) -> Option<Mono> {
        let own = self.link.as_ref().and_then(|link| link.machine.deadline());
        [own.map(|(at, _)| at), self.rows.until()].into_iter().flatten().min()
    }
}
