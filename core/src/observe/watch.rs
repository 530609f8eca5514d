//! Tells an observer what becomes of one connection, from its machine's events.
//! Keeps what the events leave out: what was asked for, and which state was told.

use super::{ConnState, Exchange, Observer, Peer};
use crate::error::{Misuse, panic_message};
use crate::head::{RequestHead, Version};
use crate::machine::{Event, Facts, Id};
use crate::message::{Matched, Request};
use crate::secure::Secured;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// An observer of one connection: it is given every event of the connection's
/// machine, and dropped when the connection is closed.
///
/// The machine has to be made with [`ServerConfig::trace`](crate::ServerConfig::trace).
///
/// ```
/// use purlin_core::observe::{Address, ConnState, Observer, Peer, Watch};
/// use purlin_core::{Machine, Now, ServerConfig, server};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct States(Mutex<Vec<ConnState>>);
/// impl Observer for States {
///     fn state(&self, _: &Peer, state: ConnState) {
///         self.0.lock().unwrap().push(state);
///     }
/// }
///
/// let states = Arc::new(States::default());
/// let peer = Peer { number: 1, remote: Address::Memory, local: Address::Memory };
/// let mut watch = Watch::new(states.clone(), Arc::new(peer));
///
/// let config = ServerConfig { trace: true, ..ServerConfig::default() };
/// let mut machine = server::Connection::new(Arc::new(config), Now::default());
/// machine.receive(b"GET / HT", Now::default());
/// while let Some(event) = machine.poll_event(Now::default()) {
///     watch.event(&event);
/// }
/// drop(watch);
/// assert_eq!(*states.0.lock().unwrap(), [ConnState::New, ConnState::Active, ConnState::Closed]);
/// ```
pub struct Watch {
    observer: Arc<dyn Observer>,
    peer: Arc<Peer>,
    state: ConnState,
    /// The requests that are open.
    asked: Vec<Asked>,
    /// The TLS of the connection, if it has any.
    secured: Option<Secured>,
    /// What that has settled is still to be told.
    settles: bool,
}

/// The request of an exchange that is open.
struct Asked {
    id: Id,
    head: RequestHead,
    matched: Matched,
}

impl Watch {
    /// A connection begins.
    pub fn new(observer: Arc<dyn Observer>, peer: Arc<Peer>) -> Watch {
        observer.state(&peer, ConnState::New);
        let (state, asked) = (ConnState::New, Vec::new());
        Watch { observer, peer, state, asked, secured: None, settles: false }
    }

    /// This watch, told of the connection's TLS, to tell why that fails.
    #[must_use]
    pub fn secured(mut self, secured: Option<Secured>) -> Watch {
        self.settles = secured.is_some();
        self.secured = secured;
        self
    }

    /// Takes note of an event of the connection's machine.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Begun => {
                self.settled();
                self.turn(ConnState::Active);
            }
            Event::Done { id, facts } => {
                self.done(*id, facts);
                if facts.keep_alive && self.asked.is_empty() {
                    self.turn(ConnState::Idle);
                }
            }
            Event::Upgraded { id } if !self.is_beside(*id) => self.turn(ConnState::Hijacked),
            Event::Failed { error, .. } => {
                self.observer.fault(&self.peer, error);
                if let Some(reason) = self.secured.as_ref().and_then(Secured::error) {
                    self.observer.tls_failed(&self.peer, reason);
                }
            }
            Event::Panicked(message) => self.observer.panicked(&self.peer, message),
            Event::Closed(reason) => self.observer.closed(&self.peer, *reason),
            _ => {}
        }
    }

    /// Takes note of the request that an event brought, of the exchange of this number.
    pub fn request<B>(&mut self, id: Id, request: &mut Request<B>) {
        let matched = Matched::default();
        request.tell_match(matched.clone());
        let head = request.head().clone();
        if !is_beside_others(&head) {
            self.asked.clear();
        }
        self.asked.push(Asked { id, head, matched });
        self.turn(ConnState::Active);
    }

    /// Whether an exchange is one of several that a connection carries.
    fn is_beside(&self, id: Id) -> bool {
        self.asked.iter().any(|asked| asked.id == id && is_beside_others(&asked.head))
    }

    /// The handler panicked with this.
    pub fn panicked(&self, payload: &(dyn Any + Send)) {
        self.observer.panicked(&self.peer, panic_message(payload));
    }

    /// The application's response could not be sent as it was.
    pub fn misused(&self, misuse: Misuse) {
        self.observer.misused(&self.peer, misuse);
    }

    /// What the answer was to be made of failed with this.
    pub fn failed(&self, message: &str) {
        self.observer.failed(&self.peer, message);
    }

    /// The connection is closed, though its handler may go on. Dropping tells the same.
    pub fn closed(&mut self) {
        self.turn(ConnState::Closed);
    }

    fn settled(&mut self) {
        let info = self.secured.as_ref().and_then(Secured::info);
        if let Some(info) = info.filter(|_| self.settles) {
            self.observer.secured(&self.peer, info);
            self.settles = false;
        }
    }

    fn turn(&mut self, state: ConnState) {
        if self.state != state && self.state != ConnState::Hijacked {
            self.state = state;
            self.observer.state(&self.peer, state);
        }
    }

    fn done(&mut self, id: Id, facts: &Facts) {
        let Some(place) = self.asked.iter().position(|asked| asked.id == id) else {
            return;
        };
        let Asked { head, matched, .. } = self.asked.swap_remove(place);
        let exchange = Exchange { head, pattern: matched.get().cloned(), facts: *facts };
        self.observer.exchange(&self.peer, &exchange);
    }
}

/// Whether a request of this head may have others beside it.
fn is_beside_others(head: &RequestHead) -> bool {
    head.version() == Version::Http2
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.closed();
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?}, {:?})", self.peer, self.state)
    }
}
