//! A worker thread: an executor, and one task for each of its connections.
//! It may accept connections too, and deals them out; it ends when none can come any more.

use super::accept::{Arrival, accept};
use super::connection::Connection;
use super::executor::Executor;
use super::shard::Shard;
use crate::link::Deadline;
use async_channel::{Receiver, Sender};
use async_task::Task;
use futures_lite::future;
use purlin_engine::served::Service;
use purlin_net::Listener;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

/// What a worker begins with.
pub(crate) struct Start<K> {
    pub(crate) shard: Shard<K>,
    /// What it accepts connections from.
    pub(crate) listeners: Vec<Listener>,
    /// All workers, if it deals connections out to them.
    pub(crate) deals: Vec<Sender<Arrival>>,
    /// Which of them it is.
    pub(crate) number: usize,
    /// What it is dealt.
    pub(crate) dealt: Receiver<Arrival>,
}

struct Worker<K> {
    shard: Shard<K>,
    executor: Executor,
    /// Connections that are served here.
    open: Cell<usize>,
    /// Waits for the last one to end.
    waiting: RefCell<Option<Waker>>,
}

/// Deals connections out to all workers in turn.
struct Dealer<K> {
    own: Rc<Worker<K>>,
    number: usize,
    deals: Vec<Sender<Arrival>>,
    /// Whose turn it was.
    turn: usize,
}

/// Held by a connection's task.
struct Held<K>(Rc<Worker<K>>);

/// Serves until nothing comes any more and all is done.
pub(crate) fn run<K: Service>(start: Start<K>) {
    let Start { shard, listeners, deals, number, dealt } = start;
    let (open, waiting) = (Cell::new(0), RefCell::new(None));
    let worker = Rc::new(Worker { shard, executor: Executor::default(), open, waiting });
    let mut tasks =
        vec![worker.spawn_alarms(), worker.executor.spawn(attend(worker.clone(), dealt))];
    for listener in listeners {
        let dealer = Dealer { own: worker.clone(), number, deals: deals.clone(), turn: number };
        tasks.push(worker.executor.spawn(dealer.accept(listener)));
    }
    // They would keep everybody from ending.
    drop(deals);
    let common = worker.shard.common.clone();
    async_io::block_on(worker.executor.run(|payload| common.panicked(payload)));
    drop(tasks);
    worker.executor.drop_woken();
}

/// Takes what is dealt, and then waits for the last connection to end.
async fn attend<K: Service>(worker: Rc<Worker<K>>, dealt: Receiver<Arrival>) {
    while let Ok(arrival) = dealt.recv().await {
        worker.begin(arrival);
    }
    worker.emptied().await;
    worker.executor.end();
}

impl<K: Service> Worker<K> {
    fn spawn_alarms(self: &Rc<Self>) -> Task<()> {
        let worker = self.clone();
        self.executor.spawn(async move { worker.shard.alarms.ring(&mut Deadline::default()).await })
    }

    /// Begins to serve a connection.
    fn begin(self: &Rc<Self>, arrival: Arrival) {
        self.open.set(self.open.get() + 1);
        let held = Held(self.clone());
        let serving = async move { Connection::new(&held.0.shard, arrival).await };
        // It ends when it is told to, through what is shared.
        self.executor.spawn(serving).detach();
    }

    async fn emptied(&self) {
        future::poll_fn(|cx| {
            if self.open.get() == 0 {
                return Poll::Ready(());
            }
            self.waiting.replace(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

impl<K: Service> Dealer<K> {
    async fn accept(mut self, listener: Listener) {
        let common = self.own.shard.common.clone();
        accept(listener, &common, |arrival| self.deal(arrival)).await;
    }

    fn deal(&mut self, arrival: Arrival) {
        self.turn = (self.turn + 1) % self.deals.len();
        if self.turn == self.number {
            self.own.begin(arrival);
        } else if let Err(refused) = self.deals[self.turn].try_send(arrival) {
            // That worker has ended.
            self.own.begin(refused.into_inner());
        }
    }
}

impl<K> Drop for Held<K> {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        if self.0.open.get() == 0 {
            self.0.waiting.take().into_iter().for_each(Waker::wake);
        }
    }
}
