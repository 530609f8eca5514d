//! What an observer of the connection is told, and when.
//! It listens as an adapter's observer does, and judges nothing.

use purlin_core::machine::Facts;
use purlin_core::observe::{Address, ConnState, Exchange, Observer, Peer, Watch};
use purlin_core::{BodyLength, CloseReason, Event, Id, Mono, PeerError, Request, RequestHead};
use std::sync::{Arc, Mutex, PoisonError};

/// One call of the observer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    State(ConnState),
    Fault(PeerError),
    /// Of the request with this target.
    Exchange(String, Facts),
    Closed(CloseReason),
}

#[derive(Default)]
struct Ear(Mutex<Vec<What>>);

impl Ear {
    fn hear(&self, what: What) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn take(&self) -> Vec<What> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Ear {
    fn state(&self, _: &Peer, state: ConnState) {
        self.hear(What::State(state));
    }

    fn fault(&self, _: &Peer, error: &PeerError) {
        self.hear(What::Fault(*error));
    }

    fn exchange(&self, _: &Peer, exchange: &Exchange) {
        self.hear(What::Exchange(exchange.head.target().to_owned(), exchange.facts));
    }

    fn closed(&self, _: &Peer, reason: CloseReason) {
        self.hear(What::Closed(reason));
    }
}

/// Everything that was told of one connection.
pub(super) struct Told {
    ear: Arc<Ear>,
    watch: Option<Watch>,
    pub(super) history: Vec<(Mono, What)>,
}

impl Told {
    /// A connection was accepted.
    pub(super) fn new(now: Mono) -> Told {
        let ear = Arc::new(Ear::default());
        let peer = Peer::new(1, Address::Memory, Address::Memory);
        let watch = Some(Watch::new(ear.clone(), Arc::new(peer)));
        let mut told = Told { ear, watch, history: Vec::new() };
        told.note(now);
        told
    }

    fn note(&mut self, now: Mono) {
        self.history.extend(self.ear.take().into_iter().map(|what| (now, what)));
    }

    pub(super) fn event(&mut self, event: &Event, now: Mono) {
        if let Some(watch) = &mut self.watch {
            watch.event(event);
        }
        self.note(now);
    }

    pub(super) fn request(&mut self, id: Id, head: &RequestHead) {
        if let Some(watch) = &mut self.watch {
            watch.request(id, &mut Request::new(head.clone(), BodyLength::Empty, ()));
        }
    }

    /// The socket is closed.
    pub(super) fn closed(&mut self, now: Mono) {
        self.watch = None;
        self.note(now);
    }

    /// The states, and when each was told.
    pub(super) fn states(&self) -> impl Iterator<Item = (Mono, ConnState)> {
        self.history.iter().filter_map(|(at, what)| match what {
            What::State(state) => Some((*at, *state)),
            _ => None,
        })
    }

    /// The present state, and since when.
    pub(super) fn state(&self) -> Option<(Mono, ConnState)> {
        self.history.iter().rev().find_map(|(at, what)| match what {
            What::State(state) => Some((*at, *state)),
            _ => None,
        })
    }
}
