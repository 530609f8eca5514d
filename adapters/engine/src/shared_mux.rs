//! A mux that may grow while it serves.
//! Holds the lock; which handler answers is decided in `purlin_core::mux`.

use purlin_core::mux::{FromHandler, Mux, Refusing};
use purlin_core::router::{InsertError, RouteId};
use purlin_core::{Request, RequestHead, Response};
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, PoisonError, RwLock};

/// A mux that may grow while it serves; its clones are one and the same.
pub struct SharedMux<H>(Arc<RwLock<Mux<H>>>);

impl<H> SharedMux<H> {
    /// Registers a handler for a pattern.
    ///
    /// # Errors
    /// The pattern is malformed, or conflicts with one that is registered.
    #[track_caller]
    pub fn handle<F>(&self, pattern: &str, handler: F) -> Result<RouteId, InsertError>
    where
        H: FromHandler<F>,
    {
        let site = Location::caller();
        let mut mux = self.0.write().unwrap_or_else(PoisonError::into_inner);
        mux.handle_from(pattern, handler, site)
    }

    /// Wraps the mux: every request that comes to it from here on goes through
    /// this layer, also those that have no route; see [`Mux::wrap`].
    pub fn wrap(&self, layer: impl Fn(H) -> H + Send + Sync + 'static) -> &SharedMux<H>
    where
        H: Clone + Refusing,
    {
        self.0.write().unwrap_or_else(PoisonError::into_inner).wrap(layer);
        self
    }

    /// Answers what no handler is found for; see [`Mux::otherwise`].
    pub fn otherwise<F>(&self, handler: F) -> &SharedMux<H>
    where
        H: FromHandler<F>,
    {
        self.0.write().unwrap_or_else(PoisonError::into_inner).otherwise(handler);
        self
    }

    /// Who answers a request of this head, if anybody does; see [`Mux::find`].
    pub fn find(&self, head: &RequestHead) -> Option<H>
    where
        H: Clone,
    {
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(head).cloned()
    }

    /// Finds who answers; the lock is free again when this returns.
    ///
    /// # Errors
    /// The answer itself, if no handler has it.
    pub fn dispatch<B, S>(&self, request: &mut Request<B>) -> Result<H, Response<S>>
    where
        H: Clone,
    {
        self.0.read().unwrap_or_else(PoisonError::into_inner).dispatch(request).cloned()
    }
}

/// A mux that has been filled, to grow on.
impl<H> From<Mux<H>> for SharedMux<H> {
    fn from(mux: Mux<H>) -> SharedMux<H> {
        SharedMux(Arc::new(RwLock::new(mux)))
    }
}

impl<H> Clone for SharedMux<H> {
    fn clone(&self) -> SharedMux<H> {
        SharedMux(Arc::clone(&self.0))
    }
}

impl<H> Default for SharedMux<H> {
    fn default() -> SharedMux<H> {
        SharedMux(Arc::default())
    }
}

impl<H> fmt::Debug for SharedMux<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.read().unwrap_or_else(PoisonError::into_inner).fmt(f)
    }
}
