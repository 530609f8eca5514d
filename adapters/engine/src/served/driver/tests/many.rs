//! Connections that carry many exchanges, their peer a client's machine in memory.

use super::*;
use bytes::Bytes;
use purlin_core::config::Protocols;
use purlin_core::{
    Body, ClientConfig, ClientMachine, Event, Id, Method, Recv, RequestHead, client,
};
use std::collections::BTreeMap;
use std::task::Wake;

/// Says whether it was woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// A handler that waits, how often it was polled, and how many of its kind there are.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    open: bool,
    wakers: Vec<Waker>,
    polls: usize,
    here: usize,
}

impl Gate {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(self) {
        self.held().here += 1;
        let _here = Here(self.clone());
        poll_fn(|cx| {
            let mut held = self.held();
            held.polls += 1;
            held.wakers.push(cx.waker().clone());
            ready_if(held.open)
        })
        .await;
    }
}

struct Here(Gate);

impl Drop for Here {
    fn drop(&mut self) {
        self.0.held().here -= 1;
    }
}

/// A world of a driver and a client.
struct Pair<'p> {
    driver: Driver<'p, Shared, Pipe>,
    world: World,
    woken: Arc<Woken>,
    client: client::Connection,
    /// What was answered.
    came: BTreeMap<Id, (u16, Vec<u8>)>,
}

fn place(gate: &Gate) -> Shared {
    let mut shared = shared();
    let mut mux: Mux<Route> = Mux::new();
    let its = gate.clone();
    mux.handle("/gate", move |_: Request<Reader>, _: Open| {
        let gate = its.clone();
        async move {
            gate.pass().await;
            Route::answer("passed\n")
        }
    })
    .unwrap();
    mux.handle("/hello", async |_: Request<Reader>, _: Open| Route::answer("hello\n")).unwrap();
    mux.handle("/panic", |_: Request<Reader>, _: Open| async { panic!("a handler's") }).unwrap();
    mux.handle("/spin", |_: Request<Reader>, _: Open| {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    })
    .unwrap();
    shared.routes = mux.into();
    shared
}

impl<'p> Pair<'p> {
    fn new(shared: &'p Shared) -> Pair<'p> {
        let config = ServerConfig { protocols: Protocols::Both, ..ServerConfig::default() };
        let machine = Connection::new(Arc::new(config), shared.now());
        let served = Served::over(machine, shared.now());
        let wire = Pipe(shared.world.clone());
        let driver = Driver::new(shared, wire, served, Values::default(), None);
        let config = ClientConfig { protocols: Protocols::Http2, ..ClientConfig::default() };
        let client = client::Connection::new(Arc::new(config), shared.now());
        let (world, woken) = (shared.world.clone(), Arc::default());
        let mut pair = Pair { driver, world, woken, client, came: BTreeMap::new() };
        pair.woken.0.store(true, SeqCst);
        pair.turn();
        pair
    }

    fn now(&self) -> Now {
        Now::at(self.world.net().now, 784_111_777)
    }

    fn get(&mut self, path: &str) -> Id {
        let mut head = RequestHead::new(Method::GET, path).unwrap();
        head.fields_mut().append("Host", "a").unwrap();
        self.client.request(&head, Body::Empty, self.now()).unwrap()
    }

    /// Moves all bytes, and polls the driver as it is woken, for a while; what it has written
    /// is taken in.
    fn turn(&mut self) {
        let now = self.now();
        let waker = Waker::from(self.woken.clone());
        for _ in 0..4 {
            let mut out = Vec::new();
            self.client.transmit(&mut out, usize::MAX, now);
            self.woken.0.fetch_or(!out.is_empty(), SeqCst);
            self.world.net().input.extend(out);
            for _ in 0..16 {
                if self.woken.0.swap(false, SeqCst) {
                    let mut cx = Context::from_waker(&waker);
                    let _ = Pin::new(&mut self.driver).poll(&mut cx);
                }
            }
            let bytes = Bytes::from(std::mem::take(&mut self.world.net().output));
            self.client.receive(&bytes, now);
            while let Some(event) = self.client.poll_event(now) {
                if let Event::Response { id, head, .. } = event {
                    self.came.insert(id, (head.status().code(), Vec::new()));
                }
            }
            for (id, (_, body)) in &mut self.came {
                while let Recv::Data(data) = self.client.recv(*id, now) {
                    body.extend_from_slice(&data);
                }
            }
        }
    }

    fn came(&self, id: Id) -> Option<(u16, &[u8])> {
        self.came.get(&id).map(|(status, body)| (*status, &body[..]))
    }
}

#[test]
fn who_waits_is_polled_when_it_is_due_and_stalls_nobody() {
    let gate = Gate::default();
    let shared = place(&gate);
    let mut pair = Pair::new(&shared);
    let slow: Vec<_> = (0..40).map(|_| pair.get("/gate")).collect();
    pair.turn();
    assert_eq!(gate.held().here, 40);
    let before = gate.held().polls;
    for _ in 0..10 {
        let quick = pair.get("/hello");
        pair.turn();
        assert_eq!(pair.came(quick), Some((200, &b"hello\n"[..])));
    }
    // The first one is polled whenever the task is, and nobody else.
    assert!(gate.held().polls - before <= 100, "{} polls", gate.held().polls - before);
    gate.held().open = true;
    let wakers = std::mem::take(&mut gate.held().wakers);
    wakers.into_iter().for_each(Waker::wake);
    pair.turn();
    assert!(slow.iter().all(|id| pair.came(*id) == Some((200, b"passed\n"))));
    assert_eq!(gate.held().here, 0);
}

#[test]
fn whose_exchange_is_given_up_is_dropped_and_its_place_is_free() {
    let gate = Gate::default();
    let shared = place(&gate);
    let mut pair = Pair::new(&shared);
    for _ in 0..2 {
        let all: Vec<_> = (0..100).map(|_| pair.get("/gate")).collect();
        pair.turn();
        assert_eq!(gate.held().here, 100);
        let now = pair.now();
        all.iter().for_each(|id| pair.client.reset(*id, now).unwrap());
        pair.turn();
        assert_eq!(gate.held().here, 0);
    }
    let next = pair.get("/hello");
    pair.turn();
    assert_eq!(pair.came(next), Some((200, &b"hello\n"[..])));
}

#[test]
fn a_panic_ends_its_own_exchange() {
    let gate = Gate::default();
    let shared = place(&gate);
    let mut pair = Pair::new(&shared);
    let (first, panics, last) = (pair.get("/gate"), pair.get("/panic"), pair.get("/gate"));
    pair.turn();
    assert_eq!(pair.came(panics).map(|(status, _)| status), Some(500));
    assert_eq!((shared.panics.load(SeqCst), gate.held().here), (1, 2));
    assert!(pair.came(first).is_none() && pair.came(last).is_none());
}

#[test]
fn those_who_never_rest_leave_others_their_turn() {
    let gate = Gate::default();
    let shared = place(&gate);
    let mut pair = Pair::new(&shared);
    (0..60).for_each(|_| _ = pair.get("/spin"));
    pair.turn();
    let quick: Vec<_> = (0..10).map(|_| pair.get("/hello")).collect();
    pair.turn();
    assert!(quick.iter().all(|id| pair.came(*id) == Some((200, b"hello\n"))));
}

#[test]
fn all_are_dropped_with_the_connection() {
    let gate = Gate::default();
    let shared = place(&gate);
    let mut pair = Pair::new(&shared);
    (0..10).for_each(|_| _ = pair.get("/gate"));
    pair.turn();
    assert_eq!(gate.held().here, 10);
    drop(pair);
    assert_eq!(gate.held().here, 0);
}
