//! A mux of handlers that a runtime of one's own can serve as it is.
//! Finds who answers; polling is the driver's.

use super::{Open, Reader, Service, Writer};
use purlin_core::message::{Outcome, Response};
use purlin_core::mux::{FromHandler, Mux};
use purlin_core::{IntoResponse, Request};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// The future of a handler, which may move between threads.
pub type Answering<'h> = Pin<Box<dyn Future<Output = Outcome<Infallible>> + Send + 'h>>;

/// A mux whose handlers are async functions of a request and its exchange.
///
/// What they return is an [`Outcome`]: a response that is whole, or that it was written, by
/// the [writer](Open::writer) of the exchange.
///
/// ```
/// use purlin_core::message::Outcome;
/// use purlin_core::{Mux, Request};
/// use purlin_engine::served::{Open, Reader, Route, Routes};
///
/// let mut mux: Mux<Route> = Mux::new();
/// mux.handle("GET /hello/{name}", async |request: Request<Reader>, _: Open| {
///     Route::answer(format!("hello, {}\n", request.param("name")))
/// })?;
/// let routes = Routes::from(mux);
/// # Ok::<(), purlin_core::router::InsertError>(())
/// ```
#[derive(Debug)]
pub struct Routes(Mux<Route>);

/// A handler of such a mux.
#[derive(Clone)]
pub struct Route(Arc<dyn Fn(Request<Reader>, Open) -> Answering<'static> + Send + Sync>);

impl Route {
    /// What a handler returns whose response is a value.
    pub fn answer(response: impl IntoResponse<Infallible>) -> Outcome<Infallible> {
        Outcome::Response(response.into_response())
    }
}

impl From<Mux<Route>> for Routes {
    fn from(mux: Mux<Route>) -> Routes {
        Routes(mux)
    }
}

impl<F, T> FromHandler<F> for Route
where
    F: Fn(Request<Reader>, Open) -> T + Send + Sync + 'static,
    T: Future<Output = Outcome<Infallible>> + Send + 'static,
{
    fn from_handler(handler: F) -> Route {
        Route(Arc::new(move |request, open| Box::pin(handler(request, open))))
    }
}

impl Service for Routes {
    type Body = Reader;
    type Exchange = Open;
    type Source = Infallible;
    type Answer = Outcome<Infallible>;
    type Future<'h> = Answering<'h>;

    fn body(reader: Reader) -> Reader {
        reader
    }

    fn exchange(open: Open) -> Open {
        open
    }

    fn open(exchange: &mut Open) -> &mut Open {
        exchange
    }

    fn outcome(answer: Outcome<Infallible>) -> Outcome<Infallible> {
        answer
    }

    fn call<'h>(&'h self, mut request: Request<Reader>, exchange: &Open) -> Answering<'h> {
        match self.0.dispatch::<_, Infallible>(&mut request) {
            Ok(handler) => (handler.0)(request, exchange.clone()),
            Err(refused) => Box::pin(async { Outcome::Response(refused) }),
        }
    }

    fn send<'h>(_: Writer, response: Response<Infallible>) -> Answering<'h> {
        // Its content has no source: there is none of that type.
        Box::pin(async { Outcome::Response(response) })
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Route")
    }
}
