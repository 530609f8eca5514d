use crate::client::{Question, Resolved, Resolver, Service};
use crate::system::{Chore, System, Work};
use purlin_core::{Mono, Now};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::task::{Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

/// What a look-up comes to.
fn wait(mut lookup: super::Lookup) -> io::Result<Vec<SocketAddr>> {
    let (waker, begun) = (Waker::from(Arc::new(Unpark(thread::current()))), Instant::now());
    loop {
        match lookup.poll(&waker) {
            Poll::Ready(found) => return found.map(|found| found.addresses),
            Poll::Pending => thread::park_timeout(Duration::from_secs(60)),
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody wakes it");
    }
}

fn look_up(resolver: &Resolver, host: &str, port: u16) -> super::Lookup {
    ask(resolver, &Question::new(host, port, true))
}

fn ask(resolver: &Resolver, asked: &Question<'_>) -> super::Lookup {
    resolver.look_up(asked, &(Arc::new(Threads) as Arc<dyn System>))
}

/// A thread for each work, and a clock of this test's.
struct Threads;

impl System for Threads {
    fn now(&self) -> Now {
        static BEGIN: OnceLock<Instant> = OnceLock::new();
        Now::at(Mono::ZERO + BEGIN.get_or_init(Instant::now).elapsed(), 0)
    }

    fn spawn(&self, _: &str, work: Work) -> io::Result<()> {
        thread::spawn(work);
        Ok(())
    }

    fn attend(&self, _: &str, mut chore: Chore) -> io::Result<Waker> {
        let begun = thread::spawn(move || {
            while let Some(next) = chore(Threads.now()) {
                thread::park_timeout(next.since(Threads.now().mono));
            }
        });
        Ok(Waker::from(Arc::new(Unpark(begun.thread().clone()))))
    }
}

/// A gate that look-ups of names that begin with `slow` wait at.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn pass(&self) {
        let open = self.0.lock().unwrap();
        drop(self.1.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

fn gated() -> (Resolver, Arc<Gate>, Arc<AtomicUsize>) {
    let (gate, count) = (Arc::new(Gate::default()), Arc::new(AtomicUsize::new(0)));
    let (waits, counts) = (gate.clone(), count.clone());
    let resolver = Resolver::new(move |host, port| {
        counts.fetch_add(1, Ordering::SeqCst);
        if host.starts_with("slow") {
            waits.pass();
        }
        let found = (!host.starts_with("none")).then(|| ([10, 0, 0, 1], port).into());
        Ok(found.into_iter().collect())
    });
    (resolver, gate, count)
}

#[test]
fn all_who_ask_for_a_name_are_given_what_one_look_up_finds() {
    let (resolver, gate, count) = gated();
    let asked: Vec<_> = (0..5).map(|_| look_up(&resolver, "slow", 80)).collect();
    let other = look_up(&resolver, "slow", 81);
    gate.open();
    for lookup in asked {
        assert_eq!(wait(lookup).unwrap(), [([10, 0, 0, 1], 80).into()]);
    }
    assert_eq!(wait(other).unwrap(), [([10, 0, 0, 1], 81).into()]);
    assert_eq!(count.load(Ordering::SeqCst), 2);
    // What has been found is not kept.
    wait(look_up(&resolver, "slow", 80)).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[test]
fn names_that_hang_hold_up_nobody_for_long_and_leave_few_threads() {
    let (resolver, gate, count) = gated();
    for name in 0..500 {
        drop(look_up(&resolver, &format!("slow-{name}"), 80));
    }
    wait(look_up(&resolver, "healthy", 80)).unwrap();
    let begun = count.load(Ordering::SeqCst);
    assert!(begun <= 61, "{begun}");
    gate.open();
    wait(look_up(&resolver, "slow-1", 80)).unwrap();
}

#[test]
fn a_resolver_that_fails_or_panics_is_told_all_who_ask() {
    let resolver = Resolver::new(|_, _| panic!("no map"));
    let both = [look_up(&resolver, "a", 80), look_up(&resolver, "a", 80)];
    for lookup in both {
        assert_eq!(wait(lookup).unwrap_err().to_string(), "the resolver panicked: no map");
    }
    let (resolver, ..) = gated();
    let error = wait(look_up(&resolver, "none", 80)).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("none")), (io::ErrorKind::NotFound, true));
}

#[test]
fn services_are_looked_up_for_tls_and_without_on_their_own() {
    let resolver = Resolver::with_services(|asked| {
        let mut found = Resolved::from(vec![([10, 0, 0, 1], asked.port).into()]);
        if asked.secure {
            found.services.push(Service::new(1, asked.host));
        }
        Ok(found)
    });
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let both = [true, false].map(|secure| ask(&resolver, &Question::new("a", 443, secure)));
    for (mut lookup, services) in both.into_iter().zip([1, 0]) {
        let found = loop {
            match lookup.poll(&waker) {
                Poll::Ready(found) => break found.unwrap(),
                Poll::Pending => thread::park_timeout(Duration::from_secs(60)),
            }
        };
        assert_eq!((found.addresses.len(), found.services.len()), (1, services));
    }
    // Addresses alone are the same either way.
    let (resolver, gate, count) = gated();
    let both = [true, false].map(|secure| ask(&resolver, &Question::new("slow", 443, secure)));
    gate.open();
    for lookup in both {
        wait(lookup).unwrap();
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}
