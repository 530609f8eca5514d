//! Who has a seat on a shared connection: what came for each, whom to wake, and who moves
//! the bytes for all.
//! Moves none, and locks nothing.

use purlin_core::{CloseReason, Event, Id, Mono, PeerError};
use std::collections::VecDeque;
use std::task::Waker;

/// The rows of a connection, by number, and its leader.
///
/// The *leader* moves the bytes; the others are its followers, and wait to be woken. One
/// who waits leads if nobody does. One who goes, leaves the lead to the next who waits.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Option<Row>>,
    lead: Option<usize>,
    /// Exchanges that are open.
    open: u32,
    /// Why the connection has ended.
    closed: Option<CloseReason>,
}

/// What there is for one who has a seat.
#[derive(Debug, Default)]
struct Row {
    /// The exchange, once it was begun.
    id: Option<Id>,
    open: bool,
    events: VecDeque<Event>,
    /// Something came since it last looked.
    news: bool,
    /// It knows that the connection has ended.
    told: bool,
    /// It waits, until then at the most.
    waits: Option<(Waker, Option<Mono>)>,
    /// The last time that was over and before which all was looked at once more.
    looked: Option<Mono>,
}

/// Whom to wake, once no lock is held.
pub(super) type Wakes = Vec<Waker>;

impl Rows {
    /// One more.
    pub(super) fn add(&mut self) -> usize {
        let free = self.rows.iter().position(Option::is_none);
        let at = free.unwrap_or_else(|| {
            self.rows.push(None);
            self.rows.len() - 1
        });
        self.rows[at] = Some(Row::default());
        at
    }

    /// One goes; says which exchange it leaves open.
    pub(super) fn remove(&mut self, at: usize, wakes: &mut Wakes) -> Option<Id> {
        let row = self.rows.get_mut(at)?.take()?;
        self.open -= u32::from(row.open);
        self.leave_lead(at, wakes);
        row.id.filter(|_| row.open)
    }

    fn row(&mut self, at: usize) -> Option<&mut Row> {
        self.rows.get_mut(at)?.as_mut()
    }

    /// Its exchange begins.
    pub(super) fn begin(&mut self, at: usize, id: Id) {
        if let Some(row) = self.row(at) {
            (row.id, row.open) = (Some(id), true);
            self.open += 1;
        }
    }

    /// Its exchange is over.
    pub(super) fn end(&mut self, at: usize) {
        let ends = self.row(at).is_some_and(|row| std::mem::take(&mut row.open));
        self.open -= u32::from(ends);
    }

    /// Whether its exchange is open.
    pub(super) fn is_open(&self, at: usize) -> bool {
        self.rows.get(at).and_then(Option::as_ref).is_some_and(|row| row.open)
    }

    /// The exchange of one.
    pub(super) fn id_of(&self, at: usize) -> Option<Id> {
        self.rows.get(at)?.as_ref()?.id
    }

    /// How many exchanges are open.
    pub(super) fn open(&self) -> u32 {
        self.open
    }

    /// Takes in what the machine has to tell, and says who is to be woken for it. What ends
    /// the connection is told last: an exchange may have its own reason.
    pub(super) fn sort(&mut self, events: impl Iterator<Item = Event>, wakes: &mut Wakes) {
        let (mut failed, mut closed) = (None, None);
        for event in events {
            match event {
                Event::Failed { id: None, error } => failed = Some(error),
                Event::Closed(reason) => closed = Some(reason),
                event => {
                    let of = about(&event);
                    let row = self.rows.iter_mut().flatten().find(|row| row.id == of);
                    if let Some(row) = row.filter(|_| of.is_some()) {
                        row.told |= matches!(event, Event::Failed { .. });
                        row.events.push_back(event);
                        row.wake(wakes);
                    }
                }
            }
        }
        self.closed = self.closed.or(closed);
        if failed.is_some() || closed.is_some() {
            self.tell_end(failed, wakes);
        }
    }

    fn tell_end(&mut self, failed: Option<PeerError>, wakes: &mut Wakes) {
        for row in self.rows.iter_mut().flatten() {
            if let Some(error) = failed.filter(|_| !row.told) {
                row.events.push_back(Event::Failed { id: None, error });
                row.told = true;
            }
            row.wake(wakes);
        }
    }

    /// What came for one.
    pub(super) fn next_event(&mut self, at: usize) -> Option<Event> {
        let closed = self.closed;
        let row = self.row(at)?;
        if let Some(event) = row.events.pop_front() {
            return Some(event);
        }
        let closed = closed.filter(|_| !row.told)?;
        row.told = true;
        Some(Event::Closed(closed))
    }

    /// Whether something came for one since it last looked.
    pub(super) fn take_news(&mut self, at: usize) -> bool {
        self.row(at).is_some_and(|row| std::mem::take(&mut row.news))
    }

    /// One waits, until then at the most.
    pub(super) fn wait(&mut self, at: usize, waker: &Waker, until: Option<Mono>) {
        let Some(row) = self.row(at) else { return };
        match &mut row.waits {
            Some((known, time)) if known.will_wake(waker) => *time = until,
            waits => *waits = Some((waker.clone(), until)),
        }
    }

    /// One goes on, and leads no more.
    pub(super) fn go_on(&mut self, at: usize, wakes: &mut Wakes) {
        if let Some(row) = self.row(at) {
            row.waits = None;
        }
        self.leave_lead(at, wakes);
    }

    /// Whether one leads; it does if nobody else does, or if the one who does is `late`.
    pub(super) fn leads(&mut self, at: usize, late: bool) -> bool {
        *self.lead.get_or_insert(at) == at || {
            if late {
                self.lead = Some(at);
            }
            late
        }
    }

    /// Whether one leads already.
    pub(super) fn is_led_by(&self, at: usize) -> bool {
        self.lead == Some(at)
    }

    /// Whether somebody leads.
    pub(super) fn is_led(&self) -> bool {
        self.lead.is_some()
    }

    /// The lead goes to the next who waits, who is woken to take it. One who was woken for
    /// that and goes on without it passes it on.
    fn leave_lead(&mut self, at: usize, wakes: &mut Wakes) {
        if self.lead.is_some_and(|lead| lead != at) {
            return;
        }
        self.lead = None;
        let next = (at + 1..self.rows.len()).chain(0..at);
        for next in next {
            if let Some(waker) = self.row(next).and_then(|row| Some(row.waits.as_ref()?.0.clone()))
            {
                return wakes.push(waker);
            }
        }
    }

    /// Has the one who leads look again at what there is to wait for.
    pub(super) fn alert_leader(&mut self, wakes: &mut Wakes) {
        let Some(lead) = self.lead else { return };
        if let Some((waker, _)) = self.row(lead).and_then(|row| row.waits.as_ref()) {
            wakes.push(waker.clone());
        }
    }

    /// Everybody who waits is to look again.
    pub(super) fn wake_all(&mut self, wakes: &mut Wakes) {
        self.rows.iter_mut().flatten().for_each(|row| row.wake(wakes));
    }

    /// Those whose time is over are to look again.
    pub(super) fn wake_late(&mut self, now: Mono, wakes: &mut Wakes) {
        for row in self.rows.iter_mut().flatten() {
            if row.until().is_some_and(|until| until <= now) {
                row.wake(wakes);
            }
        }
    }

    /// The first time that is over for one who waits. One who was woken and has not looked yet
    /// may do so at any time, or never: nobody waits for that.
    pub(super) fn until(&self) -> Option<Mono> {
        self.rows.iter().flatten().filter(|row| !row.news).filter_map(Row::until).min()
    }

    /// Until when one waits.
    pub(super) fn until_of(&self, at: usize) -> Option<Mono> {
        self.rows.get(at)?.as_ref()?.until()
    }

    /// Whether one whose time is over may look once more whether something has come.
    pub(super) fn looks_last(&mut self, at: usize) -> bool {
        let until = self.until_of(at);
        self.row(at).is_some_and(|row| std::mem::replace(&mut row.looked, until) != until)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.rows.iter().flatten().filter(|row| row.waits.is_some()).count()
    }
}

impl Row {
    fn until(&self) -> Option<Mono> {
        self.waits.as_ref()?.1
    }

    /// Something came for it.
    fn wake(&mut self, wakes: &mut Wakes) {
        if !std::mem::replace(&mut self.news, true) {
            wakes.extend(self.waits.as_ref().map(|(waker, _)| waker.clone()));
        }
    }
}

/// The exchange that an event is about, if it is about one.
fn about(event: &Event) -> Option<Id> {
    match event {
        Event::Request { id, .. }
        | Event::Response { id, .. }
        | Event::Interim { id, .. }
        | Event::Sent { id }
        | Event::Answered { id, .. }
        | Event::Done { id, .. }
        | Event::Readable { id }
        | Event::Writable { id }
        | Event::Flushed { id }
        | Event::Reset { id, .. }
        | Event::Upgraded { id } => Some(*id),
        Event::Failed { id, .. } => *id,
        _ => None,
    }
}

#[cfg(test)]
mod tests;
