mod many;

use super::*;
use crate::served::{Open, Reader, Route, Routes};
use crate::sync::Mutex;
use crate::{BUFFERS, Moved, Timer, Wire};
use purlin_core::server::Connection;
use purlin_core::{Mono, Mux, Request, ServerConfig};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::IoSlice;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A network of one connection, as its peer and its clock see it.
#[derive(Default)]
struct Net {
    input: VecDeque<u8>,
    output: Vec<u8>,
    /// Bytes that are taken until the peer makes room again.
    room: usize,
    ended: bool,
    gone: bool,
    shut: bool,
    reset: bool,
    dropped: bool,
    now: Mono,
}

#[derive(Clone, Default)]
struct World(Arc<Mutex<Net>>);

impl World {
    fn net(&self) -> MutexGuard<'_, Net> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, text: &str) {
        self.net().input.extend(text.as_bytes());
    }

    fn taken(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.net().output)).unwrap()
    }
}

struct Pipe(World);

impl Wire for Pipe {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        let mut net = self.0.net();
        let count = room.len().min(net.input.len());
        if count == 0 {
            return if net.ended { Moved::End } else { Moved::Nothing };
        }
        net.input.drain(..count).zip(room).for_each(|(byte, place)| *place = byte);
        Moved::Bytes(count)
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        let mut net = self.0.net();
        if net.gone {
            return Moved::Lost;
        }
        let before = net.output.len();
        for slice in slices {
            let count = slice.len().min(net.room);
            net.room -= count;
            net.output.extend_from_slice(&slice[..count]);
        }
        match net.output.len() - before {
            0 => Moved::Nothing,
            count => Moved::Bytes(count),
        }
    }

    fn shut_writing(&mut self) {
        self.0.net().shut = true;
    }
}

impl Timer for Pipe {
    fn poll_until(&mut self, at: Mono, _: &mut Context<'_>) -> Poll<()> {
        ready_if(at <= self.0.net().now)
    }
}

impl Ready for Pipe {
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<()> {
        let net = self.0.net();
        ready_if(!net.input.is_empty() || net.ended)
    }

    fn poll_writable(&mut self, _: &mut Context<'_>) -> Poll<()> {
        let net = self.0.net();
        ready_if(net.room > 0 || net.gone)
    }

    fn poll_lost(&mut self, _: &mut Context<'_>) -> Poll<()> {
        ready_if(self.0.net().gone)
    }

    fn reset_on_drop(&mut self) {
        self.0.net().reset = true;
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.0.net().dropped = true;
    }
}

fn ready_if(ready: bool) -> Poll<()> {
    if ready { Poll::Ready(()) } else { Poll::Pending }
}

struct Shared {
    routes: Routes,
    budget: Budget,
    world: World,
    pressed: AtomicBool,
    panics: AtomicUsize,
}

impl Place for Shared {
    type Service = Routes;

    fn service(&self) -> &Routes {
        &self.routes
    }

    fn now(&self) -> Now {
        Now::at(self.world.net().now, 784_111_777)
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn panicked(&self, _: Payload) {
        self.panics.fetch_add(1, SeqCst);
    }

    fn is_pressed(&self) -> bool {
        self.pressed.load(SeqCst)
    }
}

fn shared() -> Shared {
    let mut mux: Mux<Route> = Mux::new();
    mux.handle("/hello", async |_: Request<Reader>, _: Open| Route::answer("hello\n")).unwrap();
    mux.handle("/never", |_: Request<Reader>, _: Open| std::future::pending()).unwrap();
    mux.handle("/panic", |_: Request<Reader>, _: Open| async { panic!("a handler's") }).unwrap();
    mux.handle("/gone", async |_: Request<Reader>, open: Open| {
        let (served, id) = (open.served, open.id);
        poll_fn(|cx| served.lock().poll_cancelled(id, cx)).await;
        Route::answer("nobody reads this")
    })
    .unwrap();
    let world = World::default();
    world.net().room = usize::MAX;
    Shared {
        routes: mux.into(),
        budget: Budget::new(BUFFERS, &ServerConfig::default().limits),
        world,
        pressed: AtomicBool::new(false),
        panics: AtomicUsize::new(0),
    }
}

fn driver(shared: &Shared) -> Driver<'_, Shared, Pipe> {
    let machine = Connection::new(Arc::new(ServerConfig::default()), shared.now());
    let served = Served::over(machine, shared.now());
    Driver::new(shared, Pipe(shared.world.clone()), served, Values::default(), None)
}

/// Polls until nothing wakes it any more; says whether it has ended.
fn run(driver: &mut Driver<'_, Shared, Pipe>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    (0..8).any(|_| Pin::new(&mut *driver).poll(&mut cx).is_ready())
}

const GET: &str = " HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn requests_are_answered_one_after_the_other_and_the_end_closes() {
    let shared = shared();
    let mut driver = driver(&shared);
    shared.world.give(&format!("GET /hello{GET}GET /hello{GET}"));
    assert!(!run(&mut driver));
    assert_eq!(shared.world.taken().matches("\r\n\r\nhello\n").count(), 2);
    shared.world.net().ended = true;
    assert!(run(&mut driver) && shared.world.net().dropped && !shared.world.net().reset);
}

#[test]
fn output_waits_for_room_and_goes_on_with_it() {
    let shared = shared();
    let mut driver = driver(&shared);
    shared.world.net().room = 10;
    shared.world.give(&format!("GET /hello{GET}"));
    assert!(!run(&mut driver));
    assert_eq!(shared.world.taken(), "HTTP/1.1 2");
    shared.world.net().room = usize::MAX;
    assert!(!run(&mut driver));
    assert!(shared.world.taken().ends_with("\r\n\r\nhello\n"));
}

#[test]
fn a_deadline_that_has_come_is_obeyed() {
    let shared = shared();
    let mut driver = driver(&shared);
    shared.world.give("GET /hello HTTP/1.1\r\nHo");
    assert!(!run(&mut driver));
    shared.world.net().now = Mono::ZERO + Duration::from_secs(3600);
    run(&mut driver);
    assert!(shared.world.taken().starts_with("HTTP/1.1 408 "));
    assert!(shared.world.net().shut || shared.world.net().dropped);
}

#[test]
fn what_came_before_a_deadline_is_served_though_it_has_passed() {
    let shared = shared();
    let mut driver = driver(&shared);
    shared.world.give("GET /hello HTTP/1.1\r\nHo");
    assert!(!run(&mut driver));
    shared.world.net().now = Mono::ZERO + Duration::from_secs(3600);
    shared.world.give("st: a\r\n\r\n");
    run(&mut driver);
    assert!(shared.world.taken().ends_with("\r\n\r\nhello\n"));
}

#[test]
fn a_handler_that_panics_is_answered_and_told() {
    let shared = shared();
    let mut driver = driver(&shared);
    shared.world.give(&format!("GET /panic{GET}"));
    assert!(!run(&mut driver));
    assert!(shared.world.taken().starts_with("HTTP/1.1 500 "));
    assert_eq!(shared.panics.load(SeqCst), 1);
}

/// The input is full, so that neither reading nor writing would tell.
#[test]
fn a_peer_that_goes_while_nothing_is_awaited_cancels_its_handler() {
    let shared = shared();
    let mut driver = driver(&shared);
    let head = "POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n";
    shared.world.give(&(head.to_owned() + &"x".repeat(9_999_999)));
    assert!(!run(&mut driver));
    assert!(!shared.world.net().input.is_empty(), "nobody reads the body");
    shared.world.net().gone = true;
    assert!(run(&mut driver) && shared.world.net().reset);
}

#[test]
fn an_idle_connection_ends_where_its_place_is_wanted_and_a_busy_one_stays() {
    for (path, ends) in [("/hello", true), ("/never", false)] {
        let shared = shared();
        let mut driver = driver(&shared);
        shared.world.give(&format!("GET {path}{GET}"));
        shared.pressed.store(true, SeqCst);
        run(&mut driver);
        let net = shared.world.net();
        assert_eq!(net.shut || net.dropped, ends, "{path}");
        drop(net);
    }
}

#[test]
fn one_that_is_dropped_in_an_exchange_is_reset_and_one_that_is_idle_closed() {
    for (path, reset) in [("/hello", false), ("/never", true)] {
        let shared = shared();
        let mut driver = driver(&shared);
        shared.world.give(&format!("GET {path}{GET}"));
        assert!(!run(&mut driver));
        drop(driver);
        let net = shared.world.net();
        assert!(net.dropped && net.reset == reset, "{path}");
        drop(net);
        assert_eq!(shared.budget.granted(), 0);
    }
}
