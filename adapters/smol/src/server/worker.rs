//! A worker thread: a local executor, and one task for each of its connections.
//! Accepts nothing, and ends when told.

use super::crew::Deal;
use super::gate::Permit;
use crate::driver::Driver;
use crate::handler::Handler;
use crate::shared::Shared;
use crate::warm::Warm;
use async_channel::Receiver;
use async_executor::LocalExecutor;
use async_io::Async;
use futures_lite::future;
use purlin_core::ServerConfig;
use std::cell::RefCell;
use std::net::TcpStream;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Poll, Waker};

/// What the connections of one thread share.
struct Place<H> {
    handler: Arc<H>,
    config: Arc<ServerConfig>,
    roll: RefCell<Roll>,
    warm: Warm,
}

/// Who is there, to be told to end.
#[derive(Default)]
struct Roll {
    seats: Vec<Option<Arc<Shared>>>,
    free: Vec<usize>,
    /// Waits for everybody to leave.
    waiting: Option<Waker>,
}

/// A connection's place on the roll.
struct Seat<H> {
    place: Rc<Place<H>>,
    number: usize,
}

/// Serves what it is dealt, until the channel closes or, draining, all is done.
pub(crate) fn run<H: Handler>(handler: Arc<H>, config: Arc<ServerConfig>, deals: Receiver<Deal>) {
    let place = Rc::new(Place { handler, config, roll: RefCell::default(), warm: Warm::default() });
    let executor = Rc::new(LocalExecutor::new());
    // A task like the others: what the executor itself waits for is polled at every wake.
    let attending = executor.spawn(attend(Rc::downgrade(&executor), place, deals));
    async_io::block_on(executor.run(attending));
}

async fn attend<H: Handler>(
    executor: Weak<LocalExecutor<'static>>,
    place: Rc<Place<H>>,
    deals: Receiver<Deal>,
) {
    while let Ok(deal) = deals.recv().await {
        match (deal, executor.upgrade()) {
            (Deal::Connection(socket, permit), Some(executor)) => {
                let shared = Shared::new(place.config.clone());
                let seat = place.clone().enter(shared.clone());
                executor.spawn(connection(seat, shared, socket, permit)).detach();
            }
            (Deal::Connection(..), None) => return,
            (Deal::Drain, _) => {
                place.stop_all();
                let closed = async { while deals.recv().await.is_ok() {} };
                return future::or(place.emptied(), closed).await;
            }
        }
    }
}

async fn connection<H: Handler>(
    seat: Seat<H>,
    shared: Arc<Shared>,
    socket: Async<TcpStream>,
    _permit: Permit,
) {
    Driver::new(&*seat.place.handler, &seat.place.warm, socket, shared).await;
}

impl<H> Place<H> {
    fn enter(self: Rc<Place<H>>, shared: Arc<Shared>) -> Seat<H> {
        let mut roll = self.roll.borrow_mut();
        let number = roll.free.pop().unwrap_or(roll.seats.len());
        if number == roll.seats.len() {
            roll.seats.push(None);
        }
        roll.seats[number] = Some(shared);
        drop(roll);
        Seat { place: self, number }
    }

    fn stop_all(&self) {
        self.roll.borrow().seats.iter().flatten().for_each(|shared| shared.stop());
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

impl<H> Drop for Seat<H> {
    fn drop(&mut self) {
        let mut roll = self.place.roll.borrow_mut();
        let left = roll.seats[self.number].take();
        roll.free.push(self.number);
        let waiting = roll.waiting.take();
        drop(roll);
        drop(left);
        waiting.into_iter().for_each(Waker::wake);
    }
}
