//! Random calls, held against a model that looks through plain lists.

use super::super::*;
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Call {
    Get(u8),
    Poll(usize),
    Opened(usize),
    Failed(usize),
    Cancel(usize),
    Put(usize),
    Closed(usize),
    Sleep(u64),
    Expire,
    CloseIdle,
    Sweep(u32),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (0..3u8).prop_map(Call::Get),
        3 => any::<usize>().prop_map(Call::Poll),
        4 => any::<usize>().prop_map(Call::Opened),
        1 => any::<usize>().prop_map(Call::Failed),
        1 => any::<usize>().prop_map(Call::Cancel),
        5 => any::<usize>().prop_map(Call::Put),
        1 => any::<usize>().prop_map(Call::Closed),
        2 => (0..60u64).prop_map(Call::Sleep),
        1 => Just(Call::Expire),
        1 => Just(Call::CloseIdle),
        1 => (1..4u32).prop_map(Call::Sweep),
    ]
}

fn config() -> impl Strategy<Value = PoolConfig> {
    let limits = (0..5usize, 0..4usize, proptest::option::of(1..4usize));
    let ages = (any::<bool>(), proptest::option::of(30..200u64), 0..8u8);
    (limits, ages).prop_map(|((max_idle, max_idle_per_host, max_per_host), (ends, age, kept))| {
        PoolConfig {
            max_idle,
            max_idle_per_host,
            max_per_host,
            idle_timeout: if ends { Duration::from_secs(90) } else { Duration::MAX },
            max_age: age.map(Duration::from_secs),
            keep_alive: kept > 0,
            ..PoolConfig::default()
        }
    })
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Dial {
    No,
    Granted,
    Begun,
}

/// A ticket that was given out.
#[derive(Debug)]
struct Asker {
    ticket: Ticket,
    key: u8,
    waits: bool,
    dial: Dial,
    given: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Conn {
    id: u32,
    key: u8,
    born: Mono,
    since: Mono,
}

#[derive(Debug)]
struct Model {
    config: PoolConfig,
    now: Mono,
    /// The one that came back last at the end.
    idle: Vec<Conn>,
    in_use: Vec<Conn>,
    /// In the order of their tickets.
    askers: Vec<Asker>,
    opened: u32,
    closed: Vec<u32>,
    /// Nothing was asked for since the idle ones were closed.
    winding_down: bool,
}

impl Model {
    fn fresh(&self, conn: &Conn) -> bool {
        let idle = self.now.since(conn.since) < self.config.idle_timeout;
        idle && self.config.max_age.is_none_or(|age| self.now.since(conn.born) < age)
    }

    fn open(&self, key: u8) -> usize {
        let conns = self.idle.iter().chain(&self.in_use).filter(|conn| conn.key == key).count();
        conns + self.askers.iter().filter(|a| a.key == key && a.dial != Dial::No).count()
    }

    fn room(&self, key: u8) -> bool {
        self.config.max_per_host.is_none_or(|most| self.open(key) < most)
    }

    fn grant(&mut self, key: u8, wake: &mut Vec<Ticket>) {
        while self.room(key) {
            let first = |a: &&mut Asker| a.key == key && a.waits && a.dial == Dial::No;
            let Some(asker) = self.askers.iter_mut().find(first) else { return };
            asker.dial = Dial::Granted;
            wake.push(asker.ticket);
        }
    }

    /// A connection in use comes back.
    fn release(&mut self, mut conn: Conn, changes: &mut Changes<u32>) {
        conn.since = self.now;
        let usable = self.config.keep_alive && self.fresh(&conn);
        let first = self.askers.iter_mut().find(|a| a.key == conn.key && a.waits);
        if let Some(asker) = first.filter(|_| usable) {
            asker.given = Some(conn.id);
            asker.waits = false;
            changes.wake.push(asker.ticket);
            if asker.dial == Dial::Granted {
                asker.dial = Dial::No;
            }
        } else {
            self.in_use.retain(|other| other.id != conn.id);
            let same = self.idle.iter().filter(|other| other.key == conn.key).count();
            let kept = usable && !self.winding_down;
            if !kept || self.config.max_idle == 0 || same >= self.config.max_idle_per_host {
                changes.close.push(conn.id);
            } else {
                self.idle.push(conn);
                if self.idle.len() > self.config.max_idle {
                    changes.close.push(self.idle.remove(0).id);
                }
            }
        }
        self.grant(conn.key, &mut changes.wake);
    }

    fn checked(&self, id: u32, idle_since: Option<Mono>) -> Checked<u32> {
        let conn = self.in_use.iter().find(|conn| conn.id == id).unwrap();
        let (limit, settles) = (None, None);
        Checked {
            conn: id,
            born: conn.born,
            idle_since,
            limit,
            bodiless: false,
            settles,
            shared: false,
        }
    }

    fn forget(&mut self) {
        self.askers.retain(|a| a.waits || a.given.is_some() || a.dial != Dial::No);
    }

    fn get(&mut self, pool: &mut Pool<u8, u32>, key: u8) {
        self.winding_down = false;
        let (got, changes) = pool.get(&key, self.now);
        let mut close = Vec::new();
        let mut reuse = None;
        while let Some(at) = self.idle.iter().rposition(|conn| conn.key == key) {
            let conn = self.idle.remove(at);
            if self.fresh(&conn) {
                self.in_use.push(conn);
                reuse = Some(self.checked(conn.id, Some(conn.since)));
                break;
            }
            close.push(conn.id);
        }
        let dial = if self.room(key) { Dial::Begun } else { Dial::No };
        match (got, reuse) {
            (Get::Reuse(checked), Some(wanted)) => assert_eq!(checked, wanted),
            (Get::Dial(ticket), None) if dial == Dial::Begun => {
                self.askers.push(Asker { ticket, key, waits: true, dial, given: None });
            }
            (Get::Wait(ticket), None) if dial == Dial::No => {
                self.askers.push(Asker { ticket, key, waits: true, dial, given: None });
            }
            (got, wanted) => panic!("{got:?} for {wanted:?}, {dial:?}"),
        }
        self.finish(changes, Changes { close, ..Changes::default() });
    }

    fn poll(&mut self, pool: &mut Pool<u8, u32>, at: usize) {
        let asker = &mut self.askers[at];
        let given = asker.given.take();
        let got = pool.poll(asker.ticket);
        match (given, asker.waits, asker.dial) {
            (Some(id), ..) => assert_eq!(got, Given::Conn(self.checked(id, None))),
            (None, true, Dial::Granted) => {
                asker.dial = Dial::Begun;
                assert_eq!(got, Given::Dial);
            }
            (None, true, _) => assert_eq!(got, Given::Pending),
            (None, false, _) => assert_eq!(got, Given::Over),
        }
    }

    fn opened(&mut self, pool: &mut Pool<u8, u32>, at: usize) {
        let asker = &mut self.askers[at];
        let got = pool.opened(asker.ticket);
        if asker.dial == Dial::No {
            return assert_eq!(got, Opened::Unknown);
        }
        let (key, waits, given) = (asker.key, asker.waits, asker.given.take());
        asker.dial = Dial::No;
        asker.waits = false;
        self.opened += 1;
        self.in_use.push(Conn { id: self.opened, key, born: self.now, since: self.now });
        match given {
            Some(id) => assert_eq!(got, Opened::Given(self.checked(id, None))),
            None => assert_eq!(got, if waits { Opened::Yours } else { Opened::Spare }),
        }
    }

    fn failed(&mut self, pool: &mut Pool<u8, u32>, at: usize) {
        let asker = &mut self.askers[at];
        let (got, changes) = pool.failed(asker.ticket);
        let mut wanted = Changes::default();
        if asker.dial == Dial::No {
            assert_eq!(got, None);
        } else {
            let (key, given) = (asker.key, asker.given.take());
            asker.dial = Dial::No;
            asker.waits = false;
            assert_eq!(got, given.map(|id| self.checked(id, None)));
            self.grant(key, &mut wanted.wake);
        }
        self.finish(changes, wanted);
    }

    fn cancel(&mut self, pool: &mut Pool<u8, u32>, at: usize) {
        let asker = &mut self.askers[at];
        let changes = pool.cancel(asker.ticket, self.now);
        let mut wanted = Changes::default();
        asker.waits = false;
        if asker.dial == Dial::Granted {
            asker.dial = Dial::No;
        }
        let key = asker.key;
        if let Some(id) = asker.given.take() {
            let conn = *self.in_use.iter().find(|conn| conn.id == id).unwrap();
            self.release(conn, &mut wanted);
        }
        self.grant(key, &mut wanted.wake);
        self.finish(changes, wanted);
    }

    /// One of those that requests have, not one that was given and not yet taken.
    fn held(&self, at: usize) -> Option<Conn> {
        let given = |conn: &&Conn| self.askers.iter().any(|a| a.given == Some(conn.id));
        let held: Vec<&Conn> = self.in_use.iter().filter(|conn| !given(conn)).collect();
        (!held.is_empty()).then(|| *held[at % held.len()])
    }

    fn finish(&mut self, changes: Changes<u32>, wanted: Changes<u32>) {
        assert_eq!(changes, wanted);
        self.closed.extend(changes.close);
        self.forget();
    }

    fn step(&mut self, pool: &mut Pool<u8, u32>, call: &Call) {
        let asker = |at: usize| (!self.askers.is_empty()).then(|| at % self.askers.len());
        match *call {
            Call::Get(key) => self.get(pool, key),
            Call::Poll(at) => asker(at).into_iter().for_each(|at| self.poll(pool, at)),
            Call::Opened(at) => asker(at).into_iter().for_each(|at| self.opened(pool, at)),
            Call::Failed(at) => asker(at).into_iter().for_each(|at| self.failed(pool, at)),
            Call::Cancel(at) => asker(at).into_iter().for_each(|at| self.cancel(pool, at)),
            Call::Put(at) => {
                let Some(conn) = self.held(at) else { return };
                let changes = pool.put(&conn.key, conn.id, conn.born, self.now);
                let mut wanted = Changes::default();
                self.release(conn, &mut wanted);
                self.finish(changes, wanted);
            }
            Call::Closed(at) => {
                let Some(conn) = self.held(at) else { return };
                let changes = pool.closed(&conn.key);
                self.in_use.retain(|other| other.id != conn.id);
                self.closed.push(conn.id);
                let mut wanted = Changes::default();
                self.grant(conn.key, &mut wanted.wake);
                self.finish(changes, wanted);
            }
            Call::Sleep(seconds) => self.now = self.now + Duration::from_secs(seconds),
            Call::Expire => {
                let over = |conn: &Conn| !self.fresh(conn);
                let mut late: Vec<u32> =
                    self.idle.iter().filter(|conn| over(conn)).map(|conn| conn.id).collect();
                let mut closed = pool.expire(self.now);
                self.idle.retain(|conn| !late.contains(&conn.id));
                late.sort_unstable();
                closed.sort_unstable();
                assert_eq!(closed, late);
                assert!(pool.deadline().is_none_or(|at| at > self.now));
                self.closed.extend(closed);
            }
            Call::CloseIdle => self.close_idle(pool),
            Call::Sweep(of) => {
                let mut closed = pool.sweep(self.now, |conn| super::looks(*conn % of == 0));
                closed.sort_unstable();
                let over = |conn: &Conn| conn.id % of == 0;
                let mut ended: Vec<u32> =
                    self.idle.iter().filter(|conn| over(conn)).map(|conn| conn.id).collect();
                ended.sort_unstable();
                self.idle.retain(|conn| !over(conn));
                assert_eq!(closed, ended);
                self.closed.extend(closed);
            }
        }
        self.forget();
    }

    fn close_idle(&mut self, pool: &mut Pool<u8, u32>) {
        let closed = pool.close_idle();
        self.winding_down = true;
        assert_eq!(closed, self.idle.drain(..).map(|conn| conn.id).collect::<Vec<_>>());
        self.closed.extend(closed);
    }

    fn check(&self, pool: &Pool<u8, u32>) {
        assert_eq!(pool.idle(), self.idle.len());
        let count =
            |wanted: &dyn Fn(&Asker) -> bool| self.askers.iter().filter(|a| wanted(a)).count();
        for key in 0..3 {
            let of = |conns: &[Conn]| conns.iter().filter(|conn| conn.key == key).count();
            assert_eq!(pool.idle_of(&key), of(&self.idle));
            assert_eq!(pool.in_use(&key), of(&self.in_use));
            assert_eq!(pool.dialing(&key), count(&|a| a.key == key && a.dial != Dial::No));
            assert_eq!(pool.waiting(&key), count(&|a| a.key == key && a.waits));
            // Never more than may be, and nobody forgotten while there is room.
            assert!(self.config.max_per_host.is_none_or(|most| self.open(key) <= most));
            let stuck = count(&|a| a.key == key && a.waits && a.dial == Dial::No);
            assert!(stuck == 0 || !self.room(key));
            assert!(stuck == 0 || of(&self.idle) == 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pool_does_as_the_model(config in config(), calls in proptest::collection::vec(call(), 0..200)) {
        let mut pool = Pool::new(config.clone());
        let now = Mono::from_secs(5);
        let mut model = Model {
            config, now, idle: vec![], in_use: vec![], askers: vec![], opened: 0, closed: vec![],
            winding_down: false,
        };
        for call in &calls {
            model.step(&mut pool, call);
            model.check(&pool);
        }
        // Every connection is with a request, idle or closed.
        model.close_idle(&mut pool);
        let mut all = model.closed.clone();
        all.extend(model.in_use.iter().map(|conn| conn.id));
        all.sort_unstable();
        prop_assert_eq!(all, (1..=model.opened).collect::<Vec<_>>());
    }
}
