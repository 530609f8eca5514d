//! The mux of this adapter, and the default one.
//! Which handler answers is decided in `purlin_core::mux`.

use crate::{Error, Handler, Request, ResponseWriter, Server};
use purlin_core::Response;
use purlin_core::mux::FromHandler;
use purlin_core::router::{InsertError, RouteId};
use std::fmt;
use std::net::ToSocketAddrs;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

/// Routes requests to handlers by Go's patterns.
///
/// ```
/// use purlin_std::{BoxHandler, Mux, Request, streaming};
///
/// let mut mux = Mux::new();
/// mux.handle("GET /hello/{name}", |r: Request| format!("hello, {}\n", r.param("name")))?;
/// mux.handle("/static/{path...}", |r: Request| format!("file {}\n", r.param("path")))?;
///
/// // Middleware is a function from a handler to a handler.
/// let mut admin = mux.group("/admin");
/// admin.wrap(|next: BoxHandler| {
///     BoxHandler::new(streaming(move |request, writer| {
///         if request.field("authorization").is_some() {
///             purlin_std::Handler::serve(&next, request, writer);
///         } else {
///             let _ = writer.respond(purlin_std::IntoResponse::into_response(purlin_std::Status::UNAUTHORIZED));
///         }
///     }))
/// });
/// admin.handle("GET /status", |_: Request| "fine\n")?;
///
/// let conflict = mux.handle("GET /{greeting}/world", |_: Request| "?").unwrap_err();
/// println!("{conflict}");
/// # Ok::<(), purlin_std::InsertError>(())
/// ```
pub type Mux = purlin_core::Mux<BoxHandler>;

/// A handler behind a pointer: what a [`Mux`] holds, and what middleware takes and gives.
#[derive(Clone)]
pub struct BoxHandler(Arc<dyn Handler>);

impl BoxHandler {
    /// Puts a handler behind a pointer.
    pub fn new(handler: impl Handler) -> BoxHandler {
        BoxHandler(Arc::new(handler))
    }
}

impl fmt::Debug for BoxHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxHandler")
    }
}

impl Handler for BoxHandler {
    fn serve(&self, request: Request, writer: ResponseWriter) {
        self.0.serve(request, writer);
    }
}

impl<F: Handler> FromHandler<F> for BoxHandler {
    fn from_handler(handler: F) -> BoxHandler {
        BoxHandler::new(handler)
    }
}

impl Handler for Mux {
    fn serve(&self, mut request: Request, writer: ResponseWriter) {
        match self.dispatch(&mut request) {
            Ok(handler) => handler.serve(request, writer),
            Err(answer) => refuse(answer, writer),
        }
    }
}

fn refuse(answer: Response<crate::Source>, writer: ResponseWriter) {
    // It fails only if the peer is gone.
    let _ = writer.respond(answer);
}

/// A mux that may grow while it serves; its clones are one and the same.
///
/// ```
/// use purlin_std::{Request, Server, SharedMux};
/// let mux = SharedMux::default();
/// let server = Server::new(mux.clone());
/// mux.handle("GET /late", |_: Request| "here now\n")?;
/// # let _ = server;
/// # Ok::<(), purlin_std::InsertError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SharedMux(Arc<RwLock<Mux>>);

impl SharedMux {
    /// Registers a handler for a pattern.
    ///
    /// # Errors
    /// The pattern is malformed, or conflicts with one that is registered.
    #[track_caller]
    pub fn handle(&self, pattern: &str, handler: impl Handler) -> Result<RouteId, InsertError> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).handle(pattern, handler)
    }
}

impl Handler for SharedMux {
    fn serve(&self, mut request: Request, writer: ResponseWriter) {
        // The lock is not held while the handler runs.
        let found =
            self.0.read().unwrap_or_else(PoisonError::into_inner).dispatch(&mut request).cloned();
        match found {
            Ok(handler) => handler.serve(request, writer),
            Err(answer) => refuse(answer, writer),
        }
    }
}

static DEFAULT: LazyLock<SharedMux> = LazyLock::new(SharedMux::default);

/// Registers a handler with the default mux.
///
/// # Errors
/// The pattern is malformed, or conflicts with one that is registered.
///
/// ```no_run
/// use purlin_std::Request;
/// purlin_std::handle("GET /hello/{name}", |r: Request| format!("hello, {}\n", r.param("name")))?;
/// purlin_std::listen_and_serve("127.0.0.1:8080")?;
/// # Ok::<(), purlin_std::Error>(())
/// ```
#[track_caller]
pub fn handle(pattern: &str, handler: impl Handler) -> Result<RouteId, InsertError> {
    DEFAULT.handle(pattern, handler)
}

/// The default mux.
pub fn default_mux() -> SharedMux {
    DEFAULT.clone()
}

/// Serves the default mux at this address until it fails.
///
/// # Errors
/// As for [`Server::listen`].
pub fn listen_and_serve(address: impl ToSocketAddrs) -> Result<(), Error> {
    Server::new(default_mux()).listen(address)
}
