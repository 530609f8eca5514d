//! A client and a server of this machine, each other's peers: what one gives the other gets.

use super::client::head;
use super::*;
use crate::head::Method;
use crate::machine::{ClientMachine, Reuse};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One exchange: how much is sent each way, and how.
#[derive(Clone, Copy, Debug)]
struct Plan {
    up: usize,
    down: usize,
    /// The request is given piece by piece, and may end in trailers.
    pieces: bool,
    expects: bool,
    /// The answer is given beside the request, not behind it.
    early: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let length = || prop_oneof![Just(0_usize), 1..100_usize, 1..200_000_usize];
    (length(), length(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(up, down, pieces, expects, early)| Plan { up, down, pieces, expects, early })
}

/// One exchange, seen by one side.
#[derive(Debug, Default)]
struct Side {
    /// What is still to be given.
    left: usize,
    /// There is a head, and nothing more to give.
    gave: bool,
    begun: bool,
    got: usize,
    ended: bool,
    trailers: bool,
}

impl Side {
    /// Gives as much as there is room for; says whether anything went.
    fn give(&mut self, machine: &mut Connection, id: Id) -> bool {
        if !self.begun || self.gave {
            return false;
        }
        let mut piece = Bytes::from(vec![b'x'; self.left.min(30_000)]);
        let before = piece.len();
        machine.send(id, &mut piece, NOW).unwrap();
        self.left -= before - piece.len();
        if self.left == 0 {
            let trailers = Fields::from_pairs([("x-t", "1")]).unwrap();
            machine.finish(id, Some(&trailers), NOW).unwrap();
            self.gave = true;
        }
        piece.len() < before || self.gave
    }

    /// Takes what came; says whether there was anything.
    fn take(&mut self, machine: &mut Connection, id: Id) -> bool {
        if self.ended {
            return false;
        }
        match machine.recv(id, NOW) {
            Recv::Pending => return false,
            Recv::Data(data) => self.got += data.len(),
            Recv::End(trailers) => (self.ended, self.trailers) = (true, trailers.is_some()),
            Recv::Failed(error) => panic!("{id}: {error:?}"),
        }
        true
    }
}

/// Both sides, and what they are about.
struct Pair {
    client: Connection,
    server: Connection,
    plans: Vec<Plan>,
    asks: BTreeMap<Id, Side>,
    answers: BTreeMap<Id, Side>,
}

impl Pair {
    fn plan(&self, id: Id) -> Plan {
        self.plans[usize::try_from(id).unwrap() / 2]
    }

    /// Makes the next request, if there is room for it.
    fn ask(&mut self) -> bool {
        let Some(plan) = self.plans.get(self.asks.len()).filter(|_| self.client.slots() > 0) else {
            return false;
        };
        let mut head = head(Method::POST);
        if plan.expects {
            head.fields_mut().append("Expect", "100-continue").unwrap();
        }
        let whole = Body::Full(vec![b'x'; plan.up].into());
        let body = if plan.pieces { Body::Stream } else { whole };
        let side = Side { left: plan.up, begun: true, gave: !plan.pieces, ..Side::default() };
        let id = self.client.request(&head, body, NOW).unwrap();
        self.asks.insert(id, side);
        true
    }

    fn events(&mut self) -> bool {
        let mut moved = false;
        while let Some(event) = self.server.poll_event(NOW) {
            moved = true;
            if let Event::Request { id, .. } = event {
                let side = Side { left: self.plan(id).down, ..Side::default() };
                self.answers.insert(id, side);
            }
        }
        while let Some(event) = self.client.poll_event(NOW) {
            moved = true;
            let fails = matches!(event, Event::Failed { .. } | Event::Closed(_));
            assert!(!fails, "{event:?}");
        }
        moved
    }

    /// What the applications do.
    fn go_on(&mut self) -> bool {
        let mut moved = self.ask() | self.events();
        for (id, side) in &mut self.answers {
            let plan = self.plans[usize::try_from(*id).unwrap() / 2];
            moved |= side.take(&mut self.server, *id);
            // Who waits for 100 (Continue) is refused by an answer.
            if !side.begun && (side.ended || (plan.early && !plan.expects)) {
                self.server.respond(*id, &ok(), Body::Stream, NOW).unwrap();
                side.begun = true;
                moved = true;
            }
            // An answer that is whole ends the reading, so that it waits for that.
            if side.ended || side.left > 30_000 {
                moved |= side.give(&mut self.server, *id);
            }
        }
        for (id, side) in &mut self.asks {
            moved |= side.give(&mut self.client, *id) | side.take(&mut self.client, *id);
        }
        moved
    }
}

/// Carries so many octets at the most; says whether there were any.
fn carry(from: &mut Connection, to: &mut Connection, most: usize) -> bool {
    let mut wire = Vec::new();
    from.transmit(&mut wire, most, NOW);
    feed(to, &wire);
    !wire.is_empty()
}

proptest! {
    #[test]
    fn what_one_side_gives_the_other_gets(
        plans in proptest::collection::vec(plan(), 1..12),
        most in 500..40_000_usize,
        slots in 1..6_u32,
    ) {
        let mut pair = Pair {
            client: Connection::client(Arc::new(client_config(9)), false, NOW),
            server: Connection::new(Arc::new(config(slots)), NOW),
            plans,
            asks: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        // The client knows how many there may be before it asks.
        carry(&mut pair.server, &mut pair.client, usize::MAX);
        loop {
            let moved = pair.go_on()
                | carry(&mut pair.client, &mut pair.server, most)
                | carry(&mut pair.server, &mut pair.client, most);
            if !moved {
                break;
            }
        }
        prop_assert_eq!(pair.asks.len(), pair.plans.len());
        for (id, side) in &pair.asks {
            let (plan, other) = (pair.plan(*id), &pair.answers[id]);
            prop_assert!(side.ended && other.ended && side.trailers, "{} {:?} {:?}", id, side, other);
            prop_assert_eq!((other.got, side.got), (plan.up, plan.down));
            prop_assert_eq!(other.trailers, plan.pieces);
        }
        prop_assert!(pair.client.streams.is_empty() && pair.server.streams.is_empty());
        prop_assert_eq!((pair.client.slots(), pair.client.reuse()), (slots, Reuse::Now));
    }
}
