//! The mux of this adapter, and the default one.
//! Which handler answers is decided in `purlin_core::mux`.

use crate::{Answer, Error, Exchange, Handler, Request, Server, Source};
use purlin_core::RequestHead;
use purlin_core::mux::refuse;
use std::net::ToSocketAddrs;
use std::sync::Arc;

/// A mux: it routes requests to handlers by Go's patterns.
///
/// Its methods are those of [`purlin_core::Mux`]: `handle`, `group`, `wrap`, `otherwise` and more.
///
/// ```
/// use purlin_std::{Answer, Mux, Next, Request, Status, around};
///
/// let mut mux = Mux::new();
/// mux.handle("GET /hello/{name}", |r: Request| format!("hello, {}\n", r.param("name")))?;
/// mux.handle("/static/{path...}", |r: Request| format!("file {}\n", r.param("path")))?;
///
/// // Middleware is a function of the request and the next handler.
/// let mut admin = mux.group("/admin");
/// admin.wrap(around(|request: Request, next: Next| {
///     if request.field("authorization").is_none() {
///         return Answer::from(Status::UNAUTHORIZED);
///     }
///     next.run(request)
/// }));
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

purlin_engine::box_handler_api! {
    BoxHandler of Handler;
    refusing |request: Request| refuse::<_, Source>(&request)
}

impl Handler for BoxHandler {
    fn call(&self, request: Request, exchange: &Exchange) -> Answer {
        self.0.call(request, exchange)
    }

    fn full_duplex(&self, head: &RequestHead) -> bool {
        self.0.full_duplex(head)
    }
}

/// A mux that may grow while it serves; its clones are one and the same.
///
/// Its methods are those of [`purlin_engine::SharedMux`]: `handle`, `wrap` and `otherwise`.
///
/// ```
/// use purlin_std::{Request, Server, SharedMux};
/// let mux = SharedMux::default();
/// let server = Server::new(mux.clone());
/// mux.handle("GET /late", |_: Request| "here now\n")?;
/// # let _ = server;
/// # Ok::<(), purlin_std::InsertError>(())
/// ```
pub type SharedMux = purlin_engine::SharedMux<BoxHandler>;

/// Has a mux answer by the handler that it finds.
macro_rules! routes {
    ($mux:ty) => {
        impl Handler for $mux {
            fn call(&self, mut request: Request, exchange: &Exchange) -> Answer {
                match self.dispatch(&mut request) {
                    Ok(handler) => handler.call(request, exchange),
                    Err(answer) => Answer::from(answer),
                }
            }

            fn full_duplex(&self, head: &RequestHead) -> bool {
                self.find(head).is_some_and(|handler| handler.full_duplex(head))
            }
        }
    };
}

routes! { Mux }
routes! { SharedMux }

purlin_engine::default_mux_api! {
    example r#"use purlin_std::Request;
purlin_std::handle("GET /hello/{name}", |r: Request| format!("hello, {}\n", r.param("name")))?;
purlin_std::listen_and_serve("127.0.0.1:8080")?;
# Ok::<(), purlin_std::Error>(())"#
}

/// Serves the default mux at this address until it fails.
///
/// # Errors
/// As for [`Server::listen`].
pub fn listen_and_serve(address: impl ToSocketAddrs) -> Result<(), Error> {
    Server::new(default_mux()).listen(address)
}
