//! What servers ask of the system beside their connections: hooks that run in a thread
//! of their own, and listeners that are fit to be served.

use crate::Listener;
use purlin_core::message::Error;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A function that runs when a server begins to stop.
pub type Hook = Box<dyn FnOnce() + Send>;

/// Runs it in a thread of its own; here, if there can be none.
pub fn run_aside(hook: Hook) {
    let hook = Mutex::new(Some(hook));
    let hook = Arc::new(move || {
        let hook = hook.lock().unwrap_or_else(PoisonError::into_inner).take();
        hook.into_iter().for_each(|hook| hook());
    });
    let aside = Arc::clone(&hook);
    let named = thread::Builder::new().name("purlin-shutdown".into());
    if named.spawn(move || aside()).is_err() {
        // It ends nothing but itself here, too.
        let _ = catch_unwind(AssertUnwindSafe(|| hook()));
    }
}

/// There is something to listen on.
///
/// # Errors
/// [`Error::Listen`] if there is not.
pub fn something(listeners: &[Listener]) -> Result<(), Error> {
    match listeners {
        [] => Err(Error::Listen { address: None, cause: ErrorKind::NotFound.into() }),
        _ => Ok(()),
    }
}

/// Has the system ask for peers that are silent for so long.
///
/// # Errors
/// [`Error::Listen`] if a listener cannot be set so.
pub fn probe(listeners: &[Listener], silent: Option<Duration>) -> Result<(), Error> {
    listeners.iter().try_for_each(|listener| {
        let address = Some(listener.address().clone());
        listener.set_tcp_keepalive(silent).map_err(|cause| Error::Listen { address, cause })
    })
}
