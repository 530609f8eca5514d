//! The mux of this adapter, and the default one.
//! Which handler answers is decided in `purlin_core::mux`.

use crate::{Answer, Exchange, Handler, HandlerFuture, Request, Result};
use crate::{SendHandler, SendHandlerFuture, Server, Source};
use purlin_core::mux::refuse;
use purlin_core::router::RouterOptions;
use std::fmt;
use std::net::ToSocketAddrs;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Gives a mux of its own, around the core's, all that the core's has: a type of another crate
/// could not be a handler beside all functions.
macro_rules! is_the_cores {
    ($mux:ty, $handler:ty $(where $own:ident)?) => {
        impl $(<$own>)? From<purlin_core::Mux<$handler>> for $mux {
            fn from(mux: purlin_core::Mux<$handler>) -> $mux {
                Self(mux.into())
            }
        }

        impl $(<$own>)? Deref for $mux {
            type Target = purlin_core::Mux<$handler>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl $(<$own>)? DerefMut for $mux {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }

        impl $(<$own>)? fmt::Debug for $mux {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        /// The list of routes; with `{:#}` a tree.
        impl $(<$own>)? fmt::Display for $mux {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    };
}

/// A mux: it routes requests to handlers by Go's patterns.
///
/// Its methods are those of [`purlin_core::Mux`]: `handle`, `group`, `wrap`, `otherwise` and more.
///
/// ```
/// use purlin_smol::{Answer, Mux, Next, Request, Status, around};
///
/// let mut mux = Mux::new();
/// mux.handle("GET /hello/{name}", async |r: Request| format!("hello, {}\n", r.param("name")))?;
/// mux.handle("/static/{path...}", async |r: Request| format!("file {}\n", r.param("path")))?;
///
/// // Middleware is a function of the request and the next handler.
/// let mut admin = mux.group("/admin");
/// admin.wrap(around(async |request: Request, next: Next| {
///     if request.field("authorization").is_none() {
///         return Answer::from(Status::UNAUTHORIZED);
///     }
///     next.run(request).await
/// }));
/// admin.handle("GET /status", async |_: Request| "fine\n")?;
///
/// let conflict = mux.handle("GET /{greeting}/world", async |_: Request| "?").unwrap_err();
/// println!("{conflict}");
/// # Ok::<(), purlin_smol::InsertError>(())
/// ```
///
/// It is the core's [`purlin_core::Mux`], and has all its methods.
pub struct Mux<H = BoxHandler>(purlin_core::Mux<H>);

impl Mux {
    /// A mux without routes.
    pub fn new() -> Mux {
        Mux::default()
    }

    /// A mux without routes that treats paths as told.
    pub fn with_options(options: RouterOptions) -> Mux {
        Mux(purlin_core::Mux::with_options(options))
    }
}

impl<H> Default for Mux<H> {
    fn default() -> Mux<H> {
        purlin_core::Mux::new().into()
    }
}

is_the_cores! { Mux<H>, H where H }

/// A handler behind a pointer: what a [`Mux`] holds, and what middleware takes and gives.
#[derive(Clone)]
pub struct BoxHandler(Arc<dyn Handler>);

purlin_engine::box_handler_api! {
    BoxHandler of Handler;
    refusing async |request: Request| refuse::<_, Source>(&request)
}

impl Handler for BoxHandler {
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        self.0.call(request, exchange)
    }
}

/// A handler for any executor behind a pointer: what a [`SendMux`] holds.
#[derive(Clone)]
pub struct BoxSendHandler(Arc<dyn SendHandler>);

purlin_engine::box_handler_api! {
    BoxSendHandler of SendHandler;
    refusing async |request: Request| refuse::<_, Source>(&request)
}

impl Handler for BoxSendHandler {
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        self.0.call(request, exchange)
    }
}

impl SendHandler for BoxSendHandler {
    fn call_send<'h>(&'h self, request: Request, exchange: &Exchange) -> SendHandlerFuture<'h> {
        self.0.call_send(request, exchange)
    }
}

impl<H: Handler> Handler for Mux<H> {
    fn call<'h>(&'h self, mut request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        match self.dispatch(&mut request) {
            Ok(handler) => handler.call(request, exchange),
            Err(answer) => Box::pin(async { Answer::from(answer) }),
        }
    }
}

impl<H: SendHandler> SendHandler for Mux<H> {
    fn call_send<'h>(&'h self, mut request: Request, exchange: &Exchange) -> SendHandlerFuture<'h> {
        match self.dispatch(&mut request) {
            Ok(handler) => handler.call_send(request, exchange),
            Err(answer) => Box::pin(async { Answer::from(answer) }),
        }
    }
}

/// A mux of handlers for any executor, for [`Bound::serve_on`](crate::Bound::serve_on).
///
/// ```
/// use purlin_smol::{Request, SendMux, Server};
/// let mut mux = SendMux::new();
/// mux.handle("GET /hello/{name}", async |r: Request| format!("hello, {}\n", r.param("name")))?;
/// let server = Server::new(mux);
/// # let _ = server;
/// # Ok::<(), purlin_smol::InsertError>(())
/// ```
///
/// It is the core's [`purlin_core::Mux`], and has all its methods.
#[derive(Default)]
pub struct SendMux(Mux<BoxSendHandler>);

impl SendMux {
    /// A mux without routes.
    pub fn new() -> SendMux {
        SendMux::default()
    }

    /// A mux without routes that treats paths as told.
    pub fn with_options(options: RouterOptions) -> SendMux {
        SendMux(purlin_core::Mux::with_options(options).into())
    }
}

is_the_cores! { SendMux, BoxSendHandler }

impl Handler for SendMux {
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        self.0.call(request, exchange)
    }
}

impl SendHandler for SendMux {
    fn call_send<'h>(&'h self, request: Request, exchange: &Exchange) -> SendHandlerFuture<'h> {
        self.0.call_send(request, exchange)
    }
}

/// A mux that may grow while it serves; its clones are one and the same.
///
/// Its methods are those of [`purlin_engine::SharedMux`]: `handle`, `wrap` and `otherwise`.
///
/// ```
/// use purlin_smol::{Request, Server, SharedMux};
/// let mux = SharedMux::default();
/// let server = Server::new(mux.clone());
/// mux.handle("GET /late", async |_: Request| "here now\n")?;
/// # let _ = server;
/// # Ok::<(), purlin_smol::InsertError>(())
/// ```
///
/// It is the host's [`purlin_engine::SharedMux`], and has all its methods.
#[derive(Clone, Debug, Default)]
pub struct SharedMux(purlin_engine::SharedMux<BoxHandler>);

impl Deref for SharedMux {
    type Target = purlin_engine::SharedMux<BoxHandler>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A mux that has been filled, to grow on.
impl From<Mux> for SharedMux {
    fn from(mux: Mux) -> SharedMux {
        SharedMux(mux.0.into())
    }
}

impl Handler for SharedMux {
    fn call<'h>(&'h self, mut request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        match self.dispatch(&mut request) {
            Ok(handler) => {
                let exchange = exchange.clone();
                Box::pin(async move { handler.call(request, &exchange).await })
            }
            Err(answer) => Box::pin(async { Answer::from(answer) }),
        }
    }
}

purlin_engine::default_mux_api! {
    example r#"use purlin_smol::Request;
purlin_smol::handle("GET /hello/{name}", async |r: Request| format!("hello, {}\n", r.param("name")))?;
smol::block_on(purlin_smol::listen_and_serve("127.0.0.1:8080"))?;
# Ok::<(), purlin_smol::Error>(())"#
}

/// Serves the default mux at this address until it fails.
///
/// # Errors
/// As for [`Server::listen`].
pub async fn listen_and_serve(address: impl ToSocketAddrs + Send + 'static) -> Result<()> {
    Server::new(default_mux()).listen(address).await
}
