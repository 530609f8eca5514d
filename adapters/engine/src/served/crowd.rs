//! The seats of a connection that carries many exchanges: futures of handlers, each with a
//! waker of its own, and which of them are due.
//! Holds and polls them; whose handler it is, and what became of it, `work` knows.

use super::Payload;
use crate::sync::{Mutex, MutexGuard};
use purlin_core::Id;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// The seats beside the first one, which is polled with the task's own waker.
pub(super) struct Crowd<F> {
    seats: Vec<Seat<F>>,
    /// Those that nobody sits in.
    free: Vec<usize>,
    due: Arc<Due>,
    /// There was more to do than a turn allows.
    pub(super) more: bool,
}

/// A place for a handler, and for the next one when it has returned.
struct Seat<F> {
    id: Id,
    future: Option<F>,
    bell: Arc<Bell>,
    waker: Waker,
}

/// What wakes a seat.
struct Bell {
    number: usize,
    /// It stands in the row of those that are due.
    rung: AtomicBool,
    due: Arc<Due>,
}

/// The seats that are due, in order, and the task if it is asleep. The lock is held for no
/// longer than a look.
#[derive(Default)]
struct Due(Mutex<Row>);

#[derive(Default)]
struct Row {
    seats: VecDeque<usize>,
    asleep: Option<Waker>,
}

impl Due {
    fn lock(&self) -> MutexGuard<'_, Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell {
    /// Puts the seat in the row; gives the task that is to be woken for it.
    fn ring(&self) -> Option<Waker> {
        if self.rung.swap(true, SeqCst) {
            return None;
        }
        let mut row = self.due.lock();
        row.seats.push_back(self.number);
        row.asleep.take()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Bell>) {
        self.ring().into_iter().for_each(Waker::wake);
    }

    fn wake_by_ref(self: &Arc<Bell>) {
        self.ring().into_iter().for_each(Waker::wake);
    }
}

impl<F> Crowd<F> {
    pub(super) fn new() -> Crowd<F> {
        Crowd { seats: Vec::new(), free: Vec::new(), due: Arc::default(), more: false }
    }

    /// How many handlers there are.
    pub(super) fn len(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    /// The task is awake, and looks for itself who is due.
    pub(super) fn awake(&self) {
        self.due.lock().asleep = None;
    }

    /// The task is going to sleep; says whether it may, since nobody is due.
    pub(super) fn sleep(&self, task: &Waker) -> bool {
        let mut row = self.due.lock();
        row.asleep = row.seats.is_empty().then(|| task.clone());
        row.asleep.is_some()
    }

    /// Takes a seat for the handler of this exchange, which is made there.
    pub(super) fn sit(&mut self, id: Id) -> usize {
        let number = self.free.pop().unwrap_or(self.seats.len());
        if number == self.seats.len() {
            let due = self.due.clone();
            let bell = Arc::new(Bell { number, rung: AtomicBool::new(false), due });
            let waker = Waker::from(bell.clone());
            self.seats.push(Seat { id, future: None, bell, waker });
        }
        self.seats[number].id = id;
        number
    }

    /// Puts a future into a seat that was taken, to be polled at once.
    pub(super) fn begin(&mut self, number: usize, future: F) {
        self.seats[number].future = Some(future);
    }

    /// Puts a future into a seat that was taken; it is due.
    pub(super) fn put(&mut self, number: usize, future: F) {
        self.seats[number].future = Some(future);
        self.seats[number].bell.wake_by_ref();
    }

    /// The seat that is due first, and its exchange. Nobody sits there any more if its
    /// handler has been dropped.
    pub(super) fn next_due(&self) -> Option<(usize, Id)> {
        loop {
            let number = self.due.lock().seats.pop_front()?;
            let seat = &self.seats[number];
            seat.bell.rung.store(false, SeqCst);
            if seat.future.is_some() {
                return Some((number, seat.id));
            }
        }
    }

    /// Nobody sits here any more.
    pub(super) fn leave(&mut self, number: usize) {
        self.free.push(number);
        if self.free.len() == self.seats.len() && self.seats.len() > KEPT {
            (self.seats, self.free) = (Vec::new(), Vec::new());
            self.due.lock().seats.clear();
            self.due = Arc::default();
        }
    }

    /// Takes the handler of this exchange from its seat.
    pub(super) fn take(&mut self, id: Id) -> Option<F> {
        let sits = |seat: &Seat<F>| seat.id == id && seat.future.is_some();
        let number = self.seats.iter().position(sits)?;
        let future = self.seats[number].future.take();
        self.leave(number);
        future
    }

    /// Takes one handler from its seat, whichever.
    pub(super) fn take_any(&mut self) -> Option<F> {
        let id = self.seats.iter().find(|seat| seat.future.is_some())?.id;
        self.take(id)
    }
}

/// So many seats are kept though nobody sits there.
const KEPT: usize = 4;

impl<F: Future + Unpin> Crowd<F> {
    /// Polls who sits here; an error is a panic. The seat stays taken.
    pub(super) fn poll(&mut self, number: usize) -> Result<Option<F::Output>, Payload> {
        let Seat { future, waker, .. } = &mut self.seats[number];
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(polled) = future else { return None };
            match Pin::new(polled).poll(&mut Context::from_waker(waker)) {
                Poll::Pending => None,
                Poll::Ready(output) => {
                    *future = None;
                    Some(output)
                }
            }
        }));
        if polled.is_err() {
            let future = future.take();
            // A panic in it was reported when it happened, and concerns nobody else.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
        }
        polled
    }

    /// Whether somebody sits here.
    pub(super) fn is_taken(&self, number: usize) -> bool {
        self.seats[number].future.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    type Crowded = Crowd<Pin<Box<dyn Future<Output = u32>>>>;

    /// A handler that comes to its number when it is polled so many times, and leaves its waker.
    fn handler(
        number: u32,
        polls: u32,
        left: &Arc<Mutex<Vec<Waker>>>,
    ) -> Pin<Box<dyn Future<Output = u32>>> {
        let (left, mut polled) = (left.clone(), 0);
        Box::pin(std::future::poll_fn(move |cx| {
            polled += 1;
            left.lock().unwrap().push(cx.waker().clone());
            if polled < polls { Poll::Pending } else { Poll::Ready(number) }
        }))
    }

    fn sit(crowd: &mut Crowded, id: Id, polls: u32, left: &Arc<Mutex<Vec<Waker>>>) {
        let number = crowd.sit(id);
        crowd.put(number, handler(u32::try_from(id).unwrap(), polls, left));
    }

    /// Polls all who are due, once; gives what they came to.
    fn turn(crowd: &mut Crowded) -> Vec<u32> {
        let mut done = Vec::new();
        while let Some((number, _)) = crowd.next_due() {
            done.extend(crowd.poll(number).unwrap());
            if !crowd.is_taken(number) {
                crowd.leave(number);
            }
        }
        done
    }

    #[test]
    fn only_who_is_due_is_polled_and_the_task_is_woken_for_it_once() {
        let (mut crowd, left) = (Crowded::new(), Arc::default());
        (1..=3).for_each(|id| sit(&mut crowd, id, 2, &left));
        assert!(turn(&mut crowd).is_empty() && crowd.len() == 3);
        let count = Arc::new(Count::default());
        assert!(crowd.sleep(&count.clone().into()));
        let wakers = std::mem::take(&mut *left.lock().unwrap());
        (0..2).for_each(|_| wakers[1].wake_by_ref());
        wakers[2].wake_by_ref();
        assert_eq!(count.0.load(SeqCst), 1);
        assert!(!crowd.sleep(&count.clone().into()), "there is something to do");
        assert_eq!(turn(&mut crowd), [2, 3]);
        assert_eq!((crowd.len(), left.lock().unwrap().len()), (1, 2));
    }

    #[test]
    fn a_seat_is_used_again_and_who_was_woken_in_it_before_is_polled_in_vain() {
        let (mut crowd, left) = (Crowded::new(), Arc::default());
        sit(&mut crowd, 1, 2, &left);
        turn(&mut crowd);
        drop(crowd.take(1));
        assert_eq!((crowd.len(), crowd.seats.len()), (0, 1));
        sit(&mut crowd, 3, 3, &left);
        assert!(turn(&mut crowd).is_empty());
        let stale = left.lock().unwrap()[0].clone();
        stale.wake();
        assert!(turn(&mut crowd).is_empty() && crowd.len() == 1);
        drop(crowd.take_any().unwrap());
        assert!(crowd.take_any().is_none() && crowd.len() == 0);
    }

    #[test]
    fn who_panics_leaves_the_seat_and_nobody_else() {
        let (mut crowd, left) = (Crowded::new(), Arc::default());
        sit(&mut crowd, 1, 1, &left);
        let number = crowd.sit(2);
        crowd.put(number, Box::pin(async { panic!("a handler's") }));
        let first = crowd.next_due().unwrap().0;
        assert_eq!(crowd.poll(first).unwrap(), Some(1));
        crowd.leave(first);
        let (second, id) = crowd.next_due().unwrap();
        assert!(id == 2 && crowd.poll(second).is_err() && !crowd.is_taken(second));
        crowd.leave(second);
        assert_eq!(crowd.len(), 0);
    }
}
