//! Threads that have seats on one connection, at every point where one may stop.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use purlin_core::config::{ClientConfig, Protocols};
use purlin_core::exchange::Route;
use purlin_core::policy::pool::{Need, PoolConfig};
use purlin_core::{
    Body, ClientMachine, Event, Id, Machine, Mono, Now, Recv, RequestHead, ResponseHead,
    ServerConfig, ServerMachine, Status, Url, client, server,
};
use purlin_races::{
    Beside, Chore, Got, Lease, Link, Next, ReadReady, SharedPool, Socket, System, Ticks, Turn, Work,
};
use shuttle::future::block_on;
use shuttle::sync::{Condvar, Mutex};
use shuttle::{check_pct, check_random, thread};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);
const TRIES: usize = 400;

/// The server, and what it has said.
struct Far {
    machine: server::Connection,
    down: Vec<u8>,
    asked: Vec<Id>,
    /// The one who waits for what it says.
    waits: Option<Waker>,
    /// Requests that are still to come, or to be given up.
    left: usize,
}

struct Wire(Arc<(Mutex<Far>, Condvar)>);

impl Wire {
    fn write(&self, machine: &mut (dyn ClientMachine + Send)) {
        let (mut out, mut far) = (Vec::new(), self.0.0.lock().unwrap());
        machine.transmit(&mut out, usize::MAX, NOW);
        assert_eq!(far.machine.receive(&out, NOW), out.len());
        far.look();
        drop(far);
        self.0.1.notify_one();
    }

    fn read(&self, machine: &mut (dyn ClientMachine + Send), waker: Option<&Waker>) -> bool {
        let mut far = self.0.0.lock().unwrap();
        let came = std::mem::take(&mut far.down);
        if came.is_empty() {
            far.waits = waker.cloned();
            return false;
        }
        drop(far);
        assert_eq!(machine.receive(&came, NOW), came.len());
        true
    }
}

impl Far {
    fn look(&mut self) {
        while let Some(event) = self.machine.poll_event(NOW) {
            match event {
                Event::Request { id, .. } => self.asked.push(id),
                Event::Reset { id, .. } => {
                    self.asked.retain(|asked| *asked != id);
                    self.machine.discard(id, NOW).unwrap();
                }
                _ => {}
            }
        }
        self.machine.transmit(&mut self.down, usize::MAX, NOW);
    }
}

impl ReadReady for Wire {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), _: Now) {
        self.read(machine, None);
    }

    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), _: Now) {
        self.write(machine);
    }

    fn is_lost(&self) -> bool {
        false
    }
}

impl Socket<Ticks> for Wire {
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        _: Beside,
        _: Option<Mono>,
        _: &mut Ticks,
        cx: &mut Context<'_>,
    ) -> Poll<Turn> {
        self.write(machine);
        if self.read(machine, Some(cx.waker())) { Poll::Ready(Turn::Moved) } else { Poll::Pending }
    }
}

/// A system whose time stands still, and in which nothing is done: who is woken must come.
struct Still;

impl System for Still {
    fn now(&self) -> Now {
        NOW
    }

    fn spawn(&self, _: &str, _: Work) -> io::Result<()> {
        Ok(())
    }

    fn attend(&self, _: &str, _: Chore) -> io::Result<Waker> {
        Ok(Waker::noop().clone())
    }
}

fn route() -> Route {
    Route::to(&Url::parse("http://a.test/").unwrap(), None)
}

/// A seat, or the whole connection first, which is then shared.
fn seat(pool: &SharedPool<Wire>, far: &Arc<(Mutex<Far>, Condvar)>) -> Lease<Wire> {
    let need = Need { may_share: true, ..Need::default() };
    let mut waiting = match pool.get(&route(), need, NOW) {
        Got::Kept(lease, _) => return pool.settle(lease, NOW),
        Got::Turn(waiting) => waiting,
    };
    let next = poll_fn(|cx| match waiting.poll(cx.waker(), NOW) {
        Next::Kept(lease, _) => Poll::Ready(Some(lease)),
        Next::Dial => Poll::Ready(None),
        Next::Later => Poll::Pending,
    });
    let lease = block_on(next).unwrap_or_else(|| {
        let config = ClientConfig { protocols: Protocols::Http2, ..ClientConfig::default() };
        let machine = client::Connection::new(Arc::new(config), NOW);
        let link = Link::new(Wire(far.clone()), Box::new(machine), route(), NOW);
        waiting.opened(Box::new(link), NOW)
    });
    pool.settle(lease, NOW)
}

/// What a thread does with its seat.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Reads,
    /// It gives up once it has waited.
    Leaves,
}

fn exchange(mut lease: Lease<Wire>, does: Does) {
    let mut head = RequestHead::new(purlin_core::Method::GET, "/").unwrap();
    head.fields_mut().append("Host", "a.test").unwrap();
    let id = lease.machine().request(&head, Body::Empty, NOW).unwrap();
    let (mut clock, mut answered, mut waited) = (Ticks::new(|| NOW), false, false);
    block_on(poll_fn(|cx| {
        loop {
            while let Some(event) = lease.machine().poll_event(NOW) {
                answered |= matches!(event, Event::Response { .. });
            }
            if answered && matches!(lease.machine().recv(id, NOW), Recv::End(_)) {
                return Poll::Ready(());
            }
            if waited && does == Does::Leaves {
                return Poll::Ready(());
            }
            let turn = lease.poll_turn(Beside::Nothing, None, &mut clock, cx);
            waited = true;
            if turn.is_pending() {
                if does == Does::Leaves {
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
        }
    }));
}

/// Answers one request after the other, until there will be no more.
fn answer(far: &Arc<(Mutex<Far>, Condvar)>) {
    loop {
        let mut state = far.0.lock().unwrap();
        while state.asked.is_empty() && state.left > 0 {
            state = far.1.wait(state).unwrap();
        }
        let Some(id) = state.asked.pop() else { return };
        state.machine.respond(id, &ResponseHead::new(Status::OK), Body::Empty, NOW).unwrap();
        state.look();
        let waits = state.waits.take();
        drop(state);
        waits.into_iter().for_each(Waker::wake);
        thread::yield_now();
    }
}

fn play(all: [Does; 3]) {
    let config = ServerConfig { protocols: Protocols::Http2, ..ServerConfig::default() };
    let machine = server::Connection::new(Arc::new(config), NOW);
    let (down, asked, waits) = (Vec::new(), Vec::new(), None);
    let far = Far { machine, down, asked, waits, left: all.len() };
    let far = Arc::new((Mutex::new(far), Condvar::new()));
    let pool = SharedPool::new(
        PoolConfig { max_per_host: Some(1), ..PoolConfig::default() },
        Arc::new(Still),
    );
    let server = far.clone();
    let server = thread::spawn(move || answer(&server));
    let threads = all.map(|does| {
        let (pool, far) = (pool.clone(), far.clone());
        thread::spawn(move || {
            exchange(seat(&pool, &far), does);
            far.0.lock().unwrap().left -= 1;
            far.1.notify_one();
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    server.join().unwrap();
    let route = route();
    let left = pool.look(|pool| [pool.seats(&route), pool.in_use(&route), pool.waiting(&route)]);
    assert_eq!((left, pool.idle()), ([0; 3], 1));
}

#[test]
fn everybody_has_an_answer_whoever_moves_the_bytes_and_whoever_leaves() {
    use Does::{Leaves, Reads};
    for all in [[Reads, Reads, Reads], [Leaves, Reads, Reads], [Leaves, Leaves, Reads]] {
        check_random(move || play(all), TRIES);
        check_pct(move || play(all), TRIES, 3);
    }
}
