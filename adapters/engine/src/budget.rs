//! A server's budget, what its connections may hold together beyond their shares, and the
//! books of each connection.
//! Adds up; who is granted how much, the core decides.

use purlin_core::budget::{Claim, Need};
use purlin_core::{Limits, Machine};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes that the connections of a server may hold together beyond their shares, unless told
/// otherwise.
pub const BUFFERS: usize = 64 << 20;

/// Who moves so many bytes at once has a use for more at a time.
pub const BULK: usize = 16 * 1024;

/// A budget of bytes for all connections of a server.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    /// Of use to one connection.
    each: usize,
    granted: AtomicUsize,
}

/// What one connection is granted of a budget; nothing at first.
#[derive(Debug, Default)]
struct Grant(usize);

impl Grant {
    /// Whether there is nothing to be given back.
    #[inline]
    fn is_none(&self) -> bool {
        self.0 == 0
    }
}

/// What was written in large steps to one connection, as far as it tells who takes it from who does not.
#[derive(Debug, Default)]
struct Poured(usize);

impl Poured {
    /// So much more than any system takes for a peer that takes nothing, with its limit set.
    const TAKEN: usize = 512 * 1024;

    /// So many bytes were written at once. Says once that the peer must have taken some of
    /// them all: from there on its system may have more ahead of it.
    #[inline]
    fn take(&mut self, count: usize) -> bool {
        let before = self.0;
        self.0 = before.saturating_add(count);
        before < Poured::TAKEN && self.0 >= Poured::TAKEN
    }
}

/// The books of one connection: what it is granted, and how much it has taken.
#[derive(Debug, Default)]
pub struct Books {
    grant: Grant,
    poured: Poured,
}

impl Books {
    /// So many bytes were read: who moves many may get more room.
    #[inline]
    pub fn read(&mut self, count: usize, budget: &Budget, machine: &mut impl Machine) {
        if count >= BULK {
            budget.settle(&mut self.grant, machine, Need::More);
        }
    }

    /// So many bytes were written. Says once that the peer takes them, and that its system may
    /// have more ahead of it from here on.
    #[inline]
    pub fn wrote(&mut self, count: usize, budget: &Budget, machine: &mut impl Machine) -> bool {
        if count < BULK {
            return false;
        }
        budget.settle(&mut self.grant, machine, Need::More);
        self.poured.take(count)
    }

    /// It is going to wait: what it has no use for is others'.
    #[inline]
    pub fn rest(&mut self, budget: &Budget, machine: &mut impl Machine) {
        if !self.grant.is_none() {
            let need = if machine.in_exchange() { Need::Same } else { Need::Nothing };
            budget.settle(&mut self.grant, machine, need);
        }
    }

    /// It is gone.
    pub fn close(&mut self, budget: &Budget) {
        budget.release(&mut self.grant);
    }
}

impl Budget {
    /// A budget of so many bytes for connections with these limits.
    pub fn new(most: usize, limits: &Limits) -> Budget {
        let each = limits.input_bytes.saturating_add(limits.output_bytes);
        Budget { most, each, granted: AtomicUsize::new(0) }
    }

    /// Bytes that are granted at this moment.
    pub fn granted(&self) -> usize {
        self.granted.load(Relaxed)
    }

    /// Decides anew what this connection may hold, and tells its machine.
    #[cold]
    fn settle(&self, grant: &mut Grant, machine: &mut impl Machine, need: Need) {
        let claim = |all: usize, held| Claim {
            most: self.most,
            each: self.each,
            others: all.saturating_sub(grant.0),
            granted: grant.0,
            held,
            need,
        };
        let wish = claim(self.granted(), 0).grant();
        if wish < grant.0 {
            // Room that holds nothing is given back before what is held is counted.
            machine.allow_surplus(wish);
        }
        let held = machine.surplus();
        let mut settled = grant.0;
        let enter = |all| {
            let claim = claim(all, held);
            settled = claim.grant();
            (settled != claim.granted).then_some(claim.others + settled)
        };
        if self.granted.fetch_update(Relaxed, Relaxed, enter).is_ok() || settled != wish {
            machine.allow_surplus(settled);
        }
        grant.0 = settled;
    }

    /// The connection is gone.
    fn release(&self, grant: &mut Grant) {
        let granted = std::mem::take(&mut grant.0);
        if granted > 0 {
            self.granted.fetch_sub(granted, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use purlin_core::{Body, Now, ResponseHead, ServerConfig, ServerMachine, Status, server};
    use std::sync::Arc;

    /// A connection whose handler sends without end to a peer that takes it until it stops.
    struct Download {
        machine: server::Connection,
        grant: Grant,
    }

    impl Download {
        fn begin() -> Download {
            let now = Now::default();
            let mut machine = server::Connection::new(Arc::new(ServerConfig::default()), now);
            machine.allow_surplus(0);
            machine.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", now);
            while machine.poll_event(now).is_some() {}
            let head = ResponseHead::new(Status::OK);
            machine.respond(1, &head, Body::Length(1 << 40), now).unwrap();
            Download { machine, grant: Grant::default() }
        }

        /// Queues what there is room for.
        fn fill(&mut self) {
            let mut data = vec![b'x'; 1 << 20].into();
            self.machine.send(1, &mut data, Now::default()).unwrap();
        }

        /// The peer takes all there is, and the handler sends more, twelve times; says how
        /// much that was.
        fn run(&mut self, budget: &Budget) -> usize {
            let mut out = Vec::new();
            for _ in 0..12 {
                self.fill();
                self.machine.transmit(&mut out, usize::MAX, Now::default());
                budget.settle(&mut self.grant, &mut self.machine, Need::More);
                while self.machine.poll_event(Now::default()).is_some() {}
            }
            out.len()
        }

        /// It stops.
        fn stop(&mut self, budget: &Budget) -> usize {
            self.fill();
            budget.settle(&mut self.grant, &mut self.machine, Need::Same);
            self.machine.surplus()
        }
    }

    #[test]
    fn those_who_take_nothing_hold_no_more_together_than_the_budget() {
        for most in [0, 1 << 20, 16 << 20, usize::MAX] {
            let budget = Budget::new(most, &Limits::SERVER);
            let mut attackers: Vec<_> = (0..100).map(|_| Download::begin()).collect();
            let mut all = 0;
            for attacker in &mut attackers {
                attacker.run(&budget);
                all += attacker.stop(&budget);
            }
            assert!(all <= most && budget.granted() <= most, "{all} of {most}");
            assert_eq!(budget.granted(), attackers.iter().map(|one| one.grant.0).sum::<usize>());
            // Somebody beside them goes on with a share, and with more if anything is left.
            let mut healthy = Download::begin();
            assert!(healthy.run(&budget) >= 12 * 64 * 1024, "of {most}");
            assert_eq!(healthy.grant.0 == 1 << 20, most == usize::MAX);
            for one in attackers.iter_mut().chain([&mut healthy]) {
                budget.release(&mut one.grant);
            }
            assert_eq!(budget.granted(), 0);
        }
    }

    #[test]
    fn that_a_peer_takes_is_told_once() {
        let mut poured = Poured::default();
        let told: Vec<i32> = (0..12).filter(|_| poured.take(64 * 1024)).collect();
        assert_eq!(told, [7]);
        assert!(Poured::default().take(1 << 30));
    }

    #[test]
    fn who_needs_nothing_any_more_gives_all_back() {
        let budget = Budget::new(16 << 20, &Limits::SERVER);
        let mut one = Download::begin();
        one.run(&budget);
        assert_eq!(one.grant.0, 1 << 20);
        one.fill();
        budget.settle(&mut one.grant, &mut one.machine, Need::Nothing);
        assert_eq!(one.grant.0, one.machine.surplus(), "but what is queued");
        assert!(!one.grant.is_none());
        one.machine.transmit(&mut Vec::new(), usize::MAX, Now::default());
        budget.settle(&mut one.grant, &mut one.machine, Need::Nothing);
        assert!(one.grant.is_none());
        assert_eq!(budget.granted(), 0);
    }
}
