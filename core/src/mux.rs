//! A mux: a router whose values are handlers, with groups, middleware, and the
//! answers for requests that have no route.
//! Decides who answers; calling a handler is the adapter's.

mod group;
mod refusal;

pub use crate::message::refusal::Refusal;
pub use group::Group;
pub use refusal::{Refusing, refuse};

use crate::head::{RequestHead, Status};
use crate::message::{Request, Response};
use crate::router::{
    InsertError, Route, RouteId, RouteInput, Routed, Router, RouterOptions, check_host,
};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// How an adapter makes its handler type `Self` out of what users write.
#[diagnostic::on_unimplemented(
    message = "`{F}` is not a handler",
    label = "a handler takes a `Request` and returns something that is `IntoResponse`",
    note = "annotate the closure's argument: `|request: Request| ...`"
)]
pub trait FromHandler<F>: Sized {
    /// The handler.
    fn from_handler(handler: F) -> Self;
}

/// A pointer to a function is a handler as it is, where somebody calls it so.
///
/// ```
/// use purlin_core::{BodyLength, Method, Mux, Request, RequestHead};
///
/// let mut mux: Mux<fn(&Request<()>) -> String> = Mux::new();
/// let hello: fn(&Request<()>) -> String = |request| format!("hello, {}", request.param("name"));
/// mux.handle("GET /hello/{name}", hello)?;
///
/// let head = RequestHead::new(Method::GET, "/hello/gopher").unwrap();
/// let mut request = Request::new(head, BodyLength::Empty, ());
/// let found = mux.dispatch::<_, ()>(&mut request).unwrap();
/// assert_eq!(found(&request), "hello, gopher");
/// # Ok::<(), purlin_core::router::InsertError>(())
/// ```
impl<B, R> FromHandler<fn(&Request<B>) -> R> for fn(&Request<B>) -> R {
    fn from_handler(handler: fn(&Request<B>) -> R) -> fn(&Request<B>) -> R {
        handler
    }
}

/// What makes of a handler one that is around it.
type Layer<H> = Arc<dyn Fn(&H) -> H + Send + Sync>;

/// Routes with handlers of type `H`; the adapters say what that is.
///
/// Patterns and precedence are those of [`crate::router`]. A mux is plain
/// data: it is filled first and then shared.
///
/// ```
/// use purlin_core::{Mux, mux::FromHandler};
///
/// struct Greeting(&'static str); // an adapter's handler type
/// impl FromHandler<&'static str> for Greeting {
///     fn from_handler(text: &'static str) -> Greeting { Greeting(text) }
/// }
///
/// let mut mux: Mux<Greeting> = Mux::new();
/// mux.handle("GET /hello/{name}", "hello")?;
/// mux.group("/admin").handle("GET /status", "fine")?;
/// println!("{mux:#}");
/// assert!(mux.handle("GET /{verb}/world", "clash").is_err());
/// # Ok::<(), purlin_core::router::InsertError>(())
/// ```
pub struct Mux<H> {
    /// Each route's handler as it answers: inside the layers.
    router: Router<H>,
    /// Who answers what has no route, inside the layers too.
    otherwise: Option<H>,
    /// The outermost first.
    layers: Vec<Layer<H>>,
    /// The handlers as they were given, by [`RouteId`], for a layer that comes
    /// later; nothing while there is no layer.
    bare: Vec<H>,
    bare_otherwise: Option<H>,
}

impl<H> Default for Mux<H> {
    fn default() -> Mux<H> {
        Mux::new()
    }
}

impl<H> Mux<H> {
    /// A mux without routes.
    pub fn new() -> Mux<H> {
        Mux::with_options(RouterOptions::default())
    }

    /// A mux without routes that treats paths as told.
    pub fn with_options(options: RouterOptions) -> Mux<H> {
        Mux {
            router: Router::with_options(options),
            otherwise: None,
            layers: Vec::new(),
            bare: Vec::new(),
            bare_otherwise: None,
        }
    }

    /// Registers a handler for a pattern.
    ///
    /// # Errors
    /// The pattern is malformed, or conflicts with one that is registered; the
    /// error's text explains it. The mux is as it was.
    #[track_caller]
    pub fn handle<F>(&mut self, pattern: &str, handler: F) -> Result<RouteId, InsertError>
    where
        H: FromHandler<F>,
    {
        self.handle_from(pattern, handler, Location::caller())
    }

    /// Registers a handler for a place in the program that is not the caller's: see [`Mux::handle`].
    ///
    /// # Errors
    /// As for [`Mux::handle`].
    pub fn handle_from<F>(
        &mut self,
        pattern: &str,
        handler: F,
        site: &'static Location<'static>,
    ) -> Result<RouteId, InsertError>
    where
        H: FromHandler<F>,
    {
        self.insert(pattern, H::from_handler(handler), site)
    }

    fn insert(
        &mut self,
        pattern: &str,
        handler: H,
        site: &'static Location<'static>,
    ) -> Result<RouteId, InsertError> {
        check_host(pattern)?;
        match layered(&self.layers, &handler) {
            Some(outer) => {
                let id = self.router.insert_from(pattern, outer, site)?;
                self.bare.push(handler);
                Ok(id)
            }
            None => self.router.insert_from(pattern, handler, site),
        }
    }

    /// Wraps the mux: every request that comes to it goes through this layer,
    /// whatever it comes to and whenever its route was registered: 404, 405 and
    /// redirects too, and what [`otherwise`](Mux::otherwise) answers. What is
    /// added first is outermost.
    ///
    /// The layer sees what was found: [`Request::pattern`] is the route's, or
    /// [`Request::refusal`] says why there is none. A layer for routes alone is
    /// that of a group: `mux.group("").wrap(..)`; see [`Group::wrap`].
    pub fn wrap(&mut self, layer: impl Fn(H) -> H + Send + Sync + 'static) -> &mut Mux<H>
    where
        H: Clone + Refusing,
    {
        if self.layers.is_empty() {
            self.bare = self.router.routes().map(|(_, route)| route.value().clone()).collect();
            self.bare_otherwise = self.otherwise.take();
        }
        self.layers.push(Arc::new(move |inner: &H| layer(inner.clone())));
        let ids: Vec<RouteId> = self.router.routes().map(|(id, _)| id).collect();
        for (id, bare) in ids.into_iter().zip(&self.bare) {
            if let (Some(value), Some(outer)) =
                (self.router.value_mut(id), layered(&self.layers, bare))
            {
                *value = outer;
            }
        }
        let otherwise = self.bare_otherwise.get_or_insert_with(H::refusing);
        self.otherwise = layered(&self.layers, otherwise);
        self
    }

    /// A view of this mux whose patterns get `prefix` before their path:
    /// `group("/api").handle("GET /users", ..)` registers `GET /api/users`.
    ///
    /// A prefix is a path: it begins with `/`, may have wildcards, and may end
    /// with a slash, which says nothing. What is none is the error of the
    /// group's [`handle`](Group::handle). With `""` all routes are meant.
    pub fn group(&mut self, prefix: &str) -> Group<'_, H> {
        Group::new(self, prefix)
    }

    /// Answers what no handler is found for: [`Request::refusal`] says why.
    pub fn otherwise<F>(&mut self, handler: F) -> &mut Mux<H>
    where
        H: FromHandler<F>,
    {
        let handler = H::from_handler(handler);
        match layered(&self.layers, &handler) {
            Some(outer) => {
                self.otherwise = Some(outer);
                self.bare_otherwise = Some(handler);
            }
            None => self.otherwise = Some(handler),
        }
        self
    }

    /// Who answers this request: its route's handler, or what stands for those
    /// without a route, if anything does.
    pub fn find(&self, head: &RequestHead) -> Option<&H> {
        match self.route(head) {
            Routed::Found { id, .. } => self.router.get(id).map(Route::value),
            _ => self.otherwise.as_ref(),
        }
    }

    /// What this request's head comes to.
    pub fn route<'a>(&'a self, head: &'a RequestHead) -> Routed<'a, H> {
        // To find the Host field costs more than to find most routes.
        let host = if self.router.has_hosts() { head.authority_bytes() } else { None };
        self.router.route_input(RouteInput {
            method: head.method().as_str(),
            host: host.unwrap_or_default(),
            target_host: head.target_authority_bytes().unwrap_or_default(),
            path: head.path_bytes(),
            query: head.query_bytes().unwrap_or_default(),
        })
    }

    /// Finds who answers, and tells the request which pattern matched.
    ///
    /// # Errors
    /// The answer itself, if nobody has it: nothing wraps the mux, and there is
    /// no [`otherwise`](Mux::otherwise).
    pub fn dispatch<B, S>(&self, request: &mut Request<B>) -> Result<&H, Response<S>> {
        let refusal = match self.verdict(request.head()) {
            Ok(route) => {
                request.matched(Arc::clone(route.pattern()));
                return Ok(route.value());
            }
            Err(refusal) => refusal,
        };
        match &self.otherwise {
            Some(handler) => {
                request.refused(refusal);
                Ok(handler)
            }
            None => Err(refusal.answer(request.head())),
        }
    }

    fn verdict(&self, head: &RequestHead) -> Result<&Route<H>, Refusal> {
        Err(match self.route(head) {
            Routed::Found { id, .. } => return self.router.get(id).ok_or(Refusal::NotFound),
            Routed::Redirect(to) => {
                let status = Status::from_code(to.status).unwrap_or(Status::TEMPORARY_REDIRECT);
                Refusal::Redirect { status, location: to.location }
            }
            Routed::MethodNotAllowed(allow) => {
                Refusal::MethodNotAllowed { allow: allow.to_string() }
            }
            Routed::NotFound => Refusal::NotFound,
            Routed::BadTarget(_) => Refusal::BadTarget,
        })
    }

    /// The routes, to list or draw them.
    pub fn router(&self) -> &Router<H> {
        &self.router
    }
}

/// The list of routes; with `{:#}` a tree.
impl<H> fmt::Display for Mux<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.router, f)
    }
}

impl<H> fmt::Debug for Mux<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.router.routes().map(|(_, route)| route.pattern().as_str()))
            .finish()
    }
}

/// The handler inside these layers, if there are any.
fn layered<H>(layers: &[Layer<H>], handler: &H) -> Option<H> {
    let (innermost, others) = layers.split_last()?;
    Some(others.iter().rev().fold(innermost(handler), |inner, layer| layer(&inner)))
}

#[cfg(test)]
mod tests;
