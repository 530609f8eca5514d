//! A worker thread: an executor, and one task for each of its connections.
//! Accepts nothing, and ends when told.

use super::crew::Deal;
use super::executor::Executor;
use super::gate::Permit;
use crate::alarms::Alarms;
use crate::driver::Driver;
use crate::handler::Handler;
use crate::shared::Shared;
use crate::warm::Warm;
use async_channel::Receiver;
use async_io::Async;
use async_task::Task;
use futures_lite::future;
use purlin_core::ServerConfig;
use std::cell::RefCell;
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// What the connections of one thread share.
struct Place<H> {
    handler: Arc<H>,
    config: Arc<ServerConfig>,
    executor: Executor,
    roll: RefCell<Roll>,
    warm: Warm,
    alarms: Alarms,
}

/// Who is there.
#[derive(Default)]
struct Roll {
    seats: Vec<Option<Sitter>>,
    free: Vec<usize>,
    /// Waits for everybody to leave.
    waiting: Option<Waker>,
}

/// A connection: to be told to end, and its task, to be ended.
struct Sitter {
    shared: Arc<Shared>,
    task: Option<Task<()>>,
}

/// A connection's place on the roll.
struct Seat<H> {
    place: Rc<Place<H>>,
    number: usize,
}

/// Ends every task of its thread when it ends, by a panic too.
struct Shift<H> {
    place: Rc<Place<H>>,
    own: Vec<Task<()>>,
}

/// Serves what it is dealt, until the channel closes or, draining, all is done.
pub(crate) fn run<H: Handler>(handler: Arc<H>, config: Arc<ServerConfig>, deals: Receiver<Deal>) {
    let place = Rc::new(Place {
        handler,
        config,
        executor: Executor::default(),
        roll: RefCell::default(),
        warm: Warm::default(),
        alarms: Alarms::default(),
    });
    // A task like the others, polled only when there is something.
    let attending = place.executor.spawn(attend(place.clone(), deals));
    let ringer = place.clone();
    let ringing = place.executor.spawn(async move { ringer.alarms.ring().await });
    let shift = Shift { place, own: vec![attending, ringing] };
    async_io::block_on(shift.place.executor.run());
}

async fn attend<H: Handler>(place: Rc<Place<H>>, deals: Receiver<Deal>) {
    while let Ok(deal) = deals.recv().await {
        match deal {
            Deal::Connection(socket, permit) => place.clone().begin(socket, permit),
            Deal::Drain => {
                place.stop_all();
                let closed = async { while deals.recv().await.is_ok() {} };
                future::or(place.emptied(), closed).await;
                break;
            }
        }
    }
    place.executor.end();
}

async fn connection<H: Handler>(
    seat: Seat<H>,
    shared: Arc<Shared>,
    socket: Async<TcpStream>,
    _permit: Permit,
) {
    Driver::new(&*seat.place.handler, &seat.place.warm, &seat.place.alarms, socket, shared).await;
}

impl<H: Handler> Place<H> {
    /// Begins to serve a connection.
    fn begin(self: Rc<Place<H>>, socket: Async<TcpStream>, permit: Permit) {
        let shared = Shared::new(self.config.clone());
        let number = self.roll.borrow_mut().enter(shared.clone());
        let seat = Seat { place: self.clone(), number };
        let task = self.executor.spawn(connection(seat, shared, socket, permit));
        if let Some(sitter) = &mut self.roll.borrow_mut().seats[number] {
            sitter.task = Some(task);
        }
    }
}

impl<H> Place<H> {
    fn stop_all(&self) {
        self.roll.borrow().seats.iter().flatten().for_each(|sitter| sitter.shared.stop());
    }

    async fn emptied(&self) {
        future::poll_fn(|cx| {
            let mut roll = self.roll.borrow_mut();
            if roll.free.len() == roll.seats.len() {
                return Poll::Ready(());
            }
            roll.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Roll {
    fn enter(&mut self, shared: Arc<Shared>) -> usize {
        let number = self.free.pop().unwrap_or(self.seats.len());
        if number == self.seats.len() {
            self.seats.push(None);
        }
        self.seats[number] = Some(Sitter { shared, task: None });
        number
    }
}

impl<H> Drop for Seat<H> {
    fn drop(&mut self) {
        let mut roll = self.place.roll.borrow_mut();
        let left = roll.seats[self.number].take();
        roll.free.push(self.number);
        let waiting = roll.waiting.take();
        drop(roll);
        if let Some(task) = left.and_then(|sitter| sitter.task) {
            // It is ending already.
            task.detach();
        }
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl<H> Drop for Shift<H> {
    fn drop(&mut self) {
        self.own.clear();
        let tasks: Vec<Task<()>> = {
            let mut roll = self.place.roll.borrow_mut();
            roll.seats.iter_mut().flatten().filter_map(|sitter| sitter.task.take()).collect()
        };
        drop(tasks);
        // Each task holds the place. One that another thread is waking just now
        // arrives a moment later.
        loop {
            self.place.executor.drop_woken();
            if Rc::strong_count(&self.place) == 1 {
                return;
            }
            std::thread::yield_now();
        }
    }
}
