//! A part of a mux: routes under one prefix, with middleware of their own.
//! Puts patterns together; whether one is a pattern, the router says.

use super::{FromHandler, Mux};
use crate::router::{InsertError, ParseError, RouteId, RouterOptions, check_prefix};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// What wraps the handlers of a group.
type Layer<H> = Arc<dyn Fn(H) -> H + Send + Sync>;

/// A part of a mux under a prefix, with middleware of its own; made by [`Mux::group`].
///
/// A pattern's path follows the prefix, and method and host stay in front of
/// both. A pattern that is a method alone, or nothing, is for the prefix itself:
///
/// ```
/// use purlin_core::{Mux, mux::FromHandler};
/// # struct Named(&'static str);
/// # impl FromHandler<&'static str> for Named {
/// #     fn from_handler(name: &'static str) -> Named { Named(name) }
/// # }
/// let mut mux: Mux<Named> = Mux::new();
/// let mut notes = mux.group("/notes");
/// notes.handle("GET", "all of them")?; // GET /notes
/// notes.handle("GET /{id}", "one of them")?; // GET /notes/{id}
/// notes.handle("/", "what else is below")?; // /notes/
/// # Ok::<(), purlin_core::router::InsertError>(())
/// ```
pub struct Group<'a, H> {
    mux: &'a mut Mux<H>,
    /// Without a slash at its end.
    prefix: Result<String, ParseError>,
    layers: Vec<Layer<H>>,
}

impl<H> fmt::Debug for Group<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.prefix {
            Ok(prefix) => write!(f, "Group({prefix:?})"),
            Err(error) => write!(f, "Group({error})"),
        }
    }
}

impl<'a, H> Group<'a, H> {
    pub(super) fn new(mux: &'a mut Mux<H>, prefix: &str) -> Group<'a, H> {
        let prefix = below("", prefix, mux.router.options());
        Group { mux, prefix, layers: Vec::new() }
    }
}

impl<H> Group<'_, H> {
    /// Registers a handler for a pattern whose path follows the prefix, or is
    /// left out: then the route is the prefix itself.
    ///
    /// # Errors
    /// As for [`Mux::handle`]; and if the prefix of this group is no path.
    #[track_caller]
    pub fn handle<F>(&mut self, pattern: &str, handler: F) -> Result<RouteId, InsertError>
    where
        H: FromHandler<F>,
    {
        let prefix = self.prefix.as_ref().map_err(Clone::clone)?;
        let handler =
            self.layers.iter().rev().fold(H::from_handler(handler), |inner, layer| layer(inner));
        self.mux.insert(&prefixed(prefix, pattern), handler, Location::caller())
    }

    /// Wraps every handler of this group registered from here on, inside the
    /// layers of the mux; what is added first is outermost.
    ///
    /// It sees requests that one of these routes matches, and no others: two
    /// groups may have one prefix, and a 404 below it is nobody's. For those,
    /// give the group a route for all that is below it (`/`), or wrap the mux.
    pub fn wrap(&mut self, layer: impl Fn(H) -> H + Send + Sync + 'static) -> &mut Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// A group within this one, with the layers it has now.
    pub fn group(&mut self, prefix: &str) -> Group<'_, H> {
        let prefix =
            self.prefix.clone().and_then(|outer| below(&outer, prefix, self.mux.router.options()));
        Group { prefix, layers: self.layers.clone(), mux: self.mux }
    }
}

/// A prefix below another one, if it is a path or nothing.
fn below(outer: &str, prefix: &str, options: RouterOptions) -> Result<String, ParseError> {
    check_prefix(prefix, options)?;
    Ok(format!("{outer}{}", prefix.strip_suffix('/').unwrap_or(prefix)))
}

/// The pattern with a prefix before its path: `[METHOD ][HOST]` stays in front.
fn prefixed(prefix: &str, pattern: &str) -> String {
    if let Some(slash) = pattern.find('/') {
        return format!("{}{prefix}{}", &pattern[..slash], &pattern[slash..]);
    }
    // A method is upper case; else `users` would be one, and not a path that lacks its slash.
    let method = pattern.trim_end();
    match method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true if prefix.is_empty() => pattern.to_owned(),
        true if method.is_empty() => prefix.to_owned(),
        true => format!("{method} {prefix}"),
        // The parser says so, of the text as it was given.
        false => pattern.to_owned(),
    }
}
