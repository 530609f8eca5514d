//! A mux: a router whose values are handlers, with groups, middleware, and the
//! answers for requests that have no route.
//! Decides who answers; calling a handler is the adapter's.

use crate::head::{RequestHead, Status, names};
use crate::message::{Request, Response};
use crate::router::{InsertError, Route, RouteId, RouteInput, Routed, Router, RouterOptions};
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

/// What wraps a handler in another one.
type Layer<H> = Arc<dyn Fn(H) -> H + Send + Sync>;

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
    router: Router<H>,
    layers: Vec<Layer<H>>,
    otherwise: Option<H>,
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
        Mux { router: Router::with_options(options), layers: Vec::new(), otherwise: None }
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
        let handler = self.layers.iter().rev().fold(handler, |inner, layer| layer(inner));
        self.router.insert_from(pattern, handler, site)
    }

    /// Wraps every handler registered from here on; what is added first is outermost.
    pub fn wrap(&mut self, layer: impl Fn(H) -> H + Send + Sync + 'static) -> &mut Mux<H> {
        self.layers.push(Arc::new(layer));
        self
    }

    /// A view of this mux whose patterns get `prefix` before their path.
    ///
    /// `group("/api").handle("GET /users", ..)` registers `GET /api/users`.
    pub fn group(&mut self, prefix: &str) -> Group<'_, H> {
        Group { mux: self, prefix: prefix.trim_end_matches('/').to_owned(), layers: Vec::new() }
    }

    /// Answers what no handler is found for: [`Request::refusal`] says why.
    pub fn otherwise<F>(&mut self, handler: F) -> &mut Mux<H>
    where
        H: FromHandler<F>,
    {
        self.otherwise = Some(H::from_handler(handler));
        self
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
    /// The answer itself, if no handler has it.
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

/// A part of a mux under a prefix, with middleware of its own.
pub struct Group<'a, H> {
    mux: &'a mut Mux<H>,
    prefix: String,
    layers: Vec<Layer<H>>,
}

impl<H> Group<'_, H> {
    /// Registers a handler for a pattern whose path follows the prefix.
    ///
    /// # Errors
    /// As for [`Mux::handle`].
    #[track_caller]
    pub fn handle<F>(&mut self, pattern: &str, handler: F) -> Result<RouteId, InsertError>
    where
        H: FromHandler<F>,
    {
        let handler =
            self.layers.iter().rev().fold(H::from_handler(handler), |inner, layer| layer(inner));
        self.mux.insert(&prefixed(&self.prefix, pattern), handler, Location::caller())
    }

    /// Wraps every handler of this group registered from here on, inside the mux's own layers.
    pub fn wrap(&mut self, layer: impl Fn(H) -> H + Send + Sync + 'static) -> &mut Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// A group within this one, with its layers.
    pub fn group(&mut self, prefix: &str) -> Group<'_, H> {
        Group {
            prefix: format!("{}{}", self.prefix, prefix.trim_end_matches('/')),
            layers: self.layers.clone(),
            mux: self.mux,
        }
    }
}

/// The pattern with a prefix before its path: `[METHOD ][HOST]` stays in front.
fn prefixed(prefix: &str, pattern: &str) -> String {
    match pattern.find('/') {
        Some(slash) => format!("{}{prefix}{}", &pattern[..slash], &pattern[slash..]),
        // No path: the parser says so, of the text as it was given.
        None => pattern.to_owned(),
    }
}

/// Why no handler was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No pattern matches (404).
    NotFound,
    /// The path has routes for these methods only (405).
    MethodNotAllowed {
        /// The value of Allow.
        allow: String,
    },
    /// The path is not clean, or lacks the slash at its end.
    Redirect {
        /// 307, or 301 in go121 mode.
        status: Status,
        /// The value of Location.
        location: String,
    },
    /// The target has no path that could be routed (400).
    BadTarget,
}

impl Refusal {
    /// The answer that Go's `ServeMux` gives.
    pub fn answer<S>(&self, head: &RequestHead) -> Response<S> {
        match self {
            Refusal::NotFound => plain(Status::NOT_FOUND, "404 page not found\n"),
            Refusal::MethodNotAllowed { allow } => {
                let mut response = plain(Status::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
                response.fields_mut().push(names::ALLOW, allow.as_bytes());
                response
            }
            Refusal::Redirect { status, location } => redirect(*status, location, head),
            Refusal::BadTarget => {
                let mut response = Response::new(Status::BAD_REQUEST);
                response.fields_mut().push(names::CONNECTION, b"close");
                response
            }
        }
    }
}

fn plain<S>(status: Status, text: &str) -> Response<S> {
    let mut response = Response::text(text).with_status(status);
    response.fields_mut().push(names::X_CONTENT_TYPE_OPTIONS, b"nosniff");
    response
}

/// Browsers follow Location; the text is for whoever does not, and asked with GET or HEAD.
fn redirect<S>(status: Status, location: &str, head: &RequestHead) -> Response<S> {
    let mut response = match head.method().as_str() {
        "GET" | "HEAD" => {
            let link = escape_html(location);
            Response::html(format!("<a href=\"{link}\">{}</a>.\n\n", status.reason()))
                .with_status(status)
        }
        _ => Response::new(status),
    };
    response.fields_mut().push(names::LOCATION, location.as_bytes());
    response
}

fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
