use super::*;
use purlin_core::client::Connection;
use purlin_core::policy::pool::Back;
use purlin_core::url::Url;
use purlin_core::{Body, Event, Fault, RequestHead};
use std::io::IoSlice;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=5\r\n\r\n";

/// A socket on which this comes before it is looked at.
struct Has(&'static [u8]);

impl ReadReady for Has {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        machine.receive(std::mem::take(&mut self.0), now);
    }

    fn flush(&mut self, _: &mut (dyn ClientMachine + Send), _: Now) {}

    fn is_lost(&self) -> bool {
        false
    }
}

/// What a lender was told.
#[derive(Debug, PartialEq)]
enum Told {
    Put(Back, Option<Kept>),
    Closed,
    Unfit(Kept, Reuse),
    NotKept(bool, Reuse, Now),
    Died(Kept, Reuse),
}

#[derive(Default)]
struct Listens(Mutex<Vec<Told>>);

impl Listens {
    fn told(&self, what: Told) {
        self.0.lock().unwrap().push(what);
    }

    fn all(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Lender<Has> for Listens {
    fn put(&self, link: Box<Link<Has>>, kept: Option<Kept>, _: Now) {
        self.told(Told::Put(link.back, kept));
    }

    fn closed(&self, to: &Route) {
        assert_eq!(*to, route());
        self.told(Told::Closed);
    }

    fn found_unfit(&self, _: &Route, kept: &Kept, why: Reuse) {
        self.told(Told::Unfit(*kept, why));
    }

    fn not_kept(&self, _: &Route, bodiless: bool, why: Reuse, now: Now) {
        self.told(Told::NotKept(bodiless, why, now));
    }

    fn died(&self, _: &Route, kept: &Kept, why: Reuse) {
        self.told(Told::Died(*kept, why));
    }
}

const LEFT: Reuse = Reuse::Never(CloseReason::Fault(Fault::UnaskedBytes));

fn route() -> Route {
    Route::to(&Url::parse("http://a.test/").unwrap(), None)
}

fn now() -> Now {
    Now::at(Mono::from_secs(9), 0)
}

fn link(has: &'static [u8]) -> Box<Link<Has>> {
    let machine = Box::new(Connection::new(Arc::default(), now()));
    Box::new(Link::new(Has(has), machine, route(), now()))
}

/// A request goes out, and this comes back.
fn exchange(lease: &mut Lease<Has>, method: Method, answer: &[u8]) {
    let mut head = RequestHead::new(method.clone(), "/").unwrap();
    head.fields_mut().append("Host", "a.test").unwrap();
    let machine = lease.machine();
    machine.request(&head, Body::Empty, now()).unwrap();
    while machine.want().write {
        let mut slices = [IoSlice::new(&[]); 4];
        let used = machine.output(&mut slices, now());
        let count = slices[..used].iter().map(|slice| slice.len()).sum();
        machine.wrote(count, now());
    }
    machine.receive(answer, now());
    while let Some(event) = lease.machine().poll_event(now()) {
        if let Event::Response { head, .. } = event {
            lease.heed(&method, &head);
        }
    }
}

/// One that had been idle for a while.
fn kept_one(has: &'static [u8], lender: &Arc<Listens>) -> (Lease<Has>, Kept) {
    let since = Mono::from_secs(7);
    let kept = Kept { since, taken: now().mono, bodiless: true, ..Kept::default() };
    let lease = Lease { kept: Some(kept), ..Lease::new(link(has), lender.clone()) };
    assert_eq!(lease.idle(), Duration::from_secs(2));
    (lease, kept)
}

#[test]
fn a_connection_goes_home_once_with_what_its_last_answer_said() {
    let lender = Arc::new(Listens::default());
    let (mut lease, kept) = kept_one(b"", &lender);
    assert!(lease.is_alive(now()));
    exchange(&mut lease, Method::HEAD, OK);
    lease.give_back(now());
    let limit = Some(Duration::from_secs(4));
    let back = Back { born: now().mono, limit, bodiless: true, ..Back::default() };
    assert_eq!(lender.all(), [Told::Put(back, Some(kept))]);
    // One that was not answered yet is closed.
    let mut lease = Lease::new(link(b""), lender.clone());
    exchange(&mut lease, Method::GET, OK);
    lease.give_back(now());
    let [Told::NotKept(false, Reuse::Later, _), Told::Closed] = &lender.all()[..] else { panic!() };
    drop(Lease::new(link(b""), lender.clone()));
    assert_eq!(lender.all(), [Told::Closed]);
}

#[test]
fn its_home_learns_of_a_kept_connection_that_is_unfit_and_of_no_new_one() {
    let lender = Arc::new(Listens::default());
    let (mut lease, kept) = kept_one(b"left", &lender);
    assert!(!lease.is_alive(now()));
    assert_eq!(lender.all(), [Told::Unfit(kept, LEFT)]);
    drop(lease);
    assert_eq!(lender.all(), [Told::Closed]);
    let (mut lease, kept) = kept_one(b"", &lender);
    exchange(&mut lease, Method::HEAD, OK);
    exchange(&mut lease, Method::GET, b"left");
    lease.die();
    assert_eq!(lender.all(), [Told::Died(kept, LEFT), Told::Closed]);
    let mut fresh = Lease::new(link(b"early"), lender.clone());
    assert!(!fresh.is_alive(now()));
    fresh.die();
    assert_eq!(lender.all(), [Told::Closed]);
}

#[test]
fn its_home_learns_what_came_behind_an_answer_without_a_body() {
    let lender = Arc::new(Listens::default());
    for (method, answer, bodiless) in [
        (Method::HEAD, &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"[..], true),
        (Method::POST, b"HTTP/1.1 204 No Content\r\n\r\nhi", true),
        (Method::GET, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nhi", false),
    ] {
        let mut lease = Lease::new(link(b""), lender.clone());
        exchange(&mut lease, method, answer);
        lease.give_back(now());
        assert_eq!(lender.all(), [Told::NotKept(bodiless, LEFT, now()), Told::Closed]);
    }
}

#[test]
fn it_settles_until_then_and_no_longer() {
    let lender = Arc::new(Listens::default());
    let until = now().mono + Duration::from_millis(10);
    let lease = Lease { settles: Some(until), ..Lease::new(link(b""), lender) };
    assert_eq!(lease.settles(now()), Some(until));
    assert_eq!(lease.settles(now().later(Duration::from_millis(10))), None);
}

#[test]
fn a_place_has_its_connection_or_says_where_it_is() {
    let (slot, mut lease) = PoolOfOne::lending(link(b""));
    assert!(!slot.is_filled());
    assert!(matches!(slot.take().unwrap_err().cause(), Cause::Busy));
    exchange(&mut lease, Method::HEAD, OK);
    lease.give_back(now());
    assert!(slot.is_filled());
    let lease = slot.take().unwrap();
    assert!(matches!(slot.take().unwrap_err().cause(), Cause::Busy));
    drop(lease);
    for _ in 0..2 {
        assert!(matches!(slot.take().unwrap_err().cause(), Cause::Closed(CloseReason::PeerClosed)));
    }
}
