//! Names looked up where it may block, on threads that nobody shares: one look-up for all
//! who ask for a name, and no more threads than there may be look-ups.
//! Which name is looked up when, the core decides.

use super::question::{Question, ResolveFn, Resolved};
use crate::caught::caught;
use crate::sync::{Mutex, MutexGuard};
use crate::system::System;
use purlin_core::policy::lookup::{Lookups, Next};
use purlin_core::{Mono, Now};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};

/// Who looks names up.
const THREAD: &str = "purlin-dns";

/// The look-ups of a resolver, shared by all that use it.
pub(super) struct Names {
    /// The system's way if there is none.
    resolve: Option<Arc<ResolveFn>>,
    /// It finds more than addresses.
    wide: bool,
    state: Mutex<State>,
}

/// A host, a port, and whether TLS is to be spoken, as far as that makes a difference.
/// The system gives the same addresses for every port: there it is 0.
type Name = (Arc<str>, u16, bool);

type Found = Result<Resolved, Arc<io::Error>>;

#[derive(Default)]
struct State {
    lookups: Lookups<Name>,
    /// What those who ask for a name wait at.
    answers: BTreeMap<Name, Arc<Answer>>,
    /// Somebody waits until one more look-up may begin.
    waits: bool,
}

/// What one look-up gives all who asked for it.
#[derive(Default)]
struct Answer(Mutex<Given>);

#[derive(Default)]
struct Given {
    found: Option<Found>,
    next: u64,
    wakers: HashMap<u64, Waker>,
}

/// A name that is being looked up. Dropped, it is waited for no more.
pub struct Lookup {
    names: Arc<Names>,
    name: Name,
    port: u16,
    answer: Arc<Answer>,
    /// What its waker is known by.
    number: u64,
}

impl Names {
    pub(super) fn new(resolve: Option<Arc<ResolveFn>>, wide: bool) -> Arc<Names> {
        Arc::new(Names { resolve, wide, state: Mutex::default() })
    }

    /// The addresses and services, found on this thread.
    pub(super) fn find(&self, asked: &Question<'_>) -> io::Result<Resolved> {
        let found = match &self.resolve {
            Some(resolve) => resolve(asked)?,
            None => (asked.host, asked.port).to_socket_addrs()?.collect(),
        };
        if found.addresses.is_empty() {
            let text = format!("the name {:?} has no address", asked.host);
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Ok(found)
    }

    /// Begins to look a name up, or joins who does.
    pub(super) fn look_up(
        self: &Arc<Names>,
        asked: &Question<'_>,
        system: &Arc<dyn System>,
    ) -> Lookup {
        let port = if self.resolve.is_some() { asked.port } else { 0 };
        let name: Name = (asked.host.into(), port, asked.secure && self.wide);
        let mut state = self.lock();
        let answer = state.answers.entry(name.clone()).or_default().clone();
        state.lookups.ask(&name);
        self.go_on(state, system);
        let number = {
            let mut given = answer.lock();
            given.next += 1;
            given.next
        };
        Lookup { names: self.clone(), name, port: asked.port, answer, number }
    }

    /// Begins what may begin now, and has somebody look again when more may.
    fn go_on(self: &Arc<Names>, mut state: MutexGuard<'_, State>, system: &Arc<dyn System>) {
        match state.lookups.next(system.now().mono) {
            Next::Begin(name) => {
                drop(state);
                self.begin(name, system);
            }
            Next::At(_) if !std::mem::replace(&mut state.waits, true) => {
                drop(state);
                let (names, its) = (self.clone(), system.clone());
                let chore = Box::new(move |now: Now| names.wait(now, &its));
                if system.attend(THREAD, chore).is_err() {
                    self.lock().waits = false;
                }
            }
            Next::At(_) | Next::Nothing => {}
        }
    }

    /// Has a name looked up, elsewhere.
    fn begin(self: &Arc<Names>, name: Name, system: &Arc<dyn System>) {
        let (names, its, begins) = (self.clone(), system.clone(), name.clone());
        if let Err(error) = system.spawn(THREAD, Box::new(move || names.work(begins, &its))) {
            self.ended(&name, Err(Arc::new(error)));
        }
    }

    /// Looks this name up, and others until there is nothing to do.
    fn work(self: &Arc<Names>, mut name: Name, system: &Arc<dyn System>) {
        loop {
            // If this one hangs, another sees to those that wait.
            self.go_on(self.lock(), system);
            let asked = Question::new(&name.0, name.1, name.2);
            let found = caught("the resolver", || self.find(&asked));
            self.ended(&name, found.map_err(Arc::new));
            let mut state = self.lock();
            match state.lookups.next(system.now().mono) {
                Next::Begin(next) => name = next,
                Next::At(_) => return self.go_on(state, system),
                Next::Nothing => return,
            }
        }
    }

    /// Begins what may begin by now, and says when one more may.
    fn wait(self: &Arc<Names>, now: Now, system: &Arc<dyn System>) -> Option<Mono> {
        loop {
            let mut state = self.lock();
            match state.lookups.next(now.mono) {
                Next::Begin(name) => {
                    drop(state);
                    self.begin(name, system);
                }
                Next::At(at) => return Some(at),
                Next::Nothing => {
                    state.waits = false;
                    return None;
                }
            }
        }
    }

    fn ended(&self, name: &Name, found: Found) {
        let mut state = self.lock();
        state.lookups.ended(name);
        let Some(answer) = state.answers.remove(name) else { return };
        let mut given = answer.lock();
        given.found = Some(found);
        let wakers = std::mem::take(&mut given.wakers);
        drop(given);
        drop(state);
        wakers.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    fn lock(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lookup {
    /// What was found, if it has been; else the waker is told when to ask again.
    ///
    /// # Errors
    /// Whatever the resolver says.
    pub fn poll(&mut self, waker: &Waker) -> Poll<io::Result<Resolved>> {
        let mut given = self.answer.lock();
        match &given.found {
            None => {
                given.wakers.insert(self.number, waker.clone());
                Poll::Pending
            }
            Some(Ok(found)) => {
                let mut found = found.clone();
                if self.names.resolve.is_none() {
                    found.addresses.iter_mut().for_each(|address| address.set_port(self.port));
                }
                Poll::Ready(Ok(found))
            }
            Some(Err(error)) => {
                Poll::Ready(Err(io::Error::new(error.kind(), Shared(error.clone()))))
            }
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        let mut state = self.names.lock();
        let mut given = self.answer.lock();
        given.wakers.remove(&self.number);
        // If it was found already, the same name may be looked up for others by now.
        if given.found.is_none() {
            state.lookups.leave(&self.name);
            if !state.lookups.holds(&self.name) {
                state.answers.remove(&self.name);
            }
        }
    }
}

/// An error that several are told.
#[derive(Debug)]
struct Shared(Arc<io::Error>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lookup({})", self.name.0)
    }
}

#[cfg(test)]
mod tests;
