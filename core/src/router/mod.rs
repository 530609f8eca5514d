//! Decides which route answers a request, and which routes go together.
//!
//! It does not answer requests, and knows nothing of connections or handlers: a
//! route's value is whatever the caller wants to find.
//!
//! Patterns and precedence are those of Go 1.22 and later: `[METHOD ][HOST]/[PATH]`
//! with `{name}`, `{name...}` and `{$}`. Of the patterns that match a request the
//! most specific one wins, and two patterns of which neither is more specific,
//! though some request is matched by both, cannot be registered together. That
//! is an error with an explanation, not a panic:
//!
//! ```
//! use purlin_core::router::{InsertError, Relation, Router};
//!
//! let mut router = Router::new();
//! router.insert("GET /posts/{id}/edit", 1)?;
//! let Err(InsertError::Conflict(conflict)) = router.insert("GET /posts/latest/{action}", 2) else {
//!     unreachable!()
//! };
//! assert_eq!(conflict.relation(), Relation::Overlaps);
//! assert_eq!(conflict.both().to_string(), "GET /posts/latest/edit");
//! # Ok::<(), InsertError>(())
//! ```
//!
//! A [`Router`] is plain data. Matching takes `&self`, allocates nothing and
//! locks nothing, so that threads share one behind an `Arc`. To let it grow
//! while it serves, insert into a clone and put that in the old one's place.
//!
//! | module | decides or holds |
//! |---|---|
//! | `parse`, `pattern`, `letters` | what a pattern is |
//! | `relation` | how two patterns relate |
//! | `index` | which registered pattern a new one conflicts with |
//! | `explain`, `witness`, `drawing` | what is said about a conflict |
//! | `tree`, `literals` | which pattern is the most specific one that matches |
//! | `matching`, `path`, `host`, `input`, `routed`, `params` | what a request comes to |
//! | `go121` | the same, as it was before Go 1.22 |
//! | `show` | lists and pictures of the routes |

mod drawing;
mod explain;
mod go121;
mod host;
mod index;
mod input;
mod letters;
mod literals;
mod matching;
mod params;
mod parse;
mod path;
mod pattern;
mod relation;
mod routed;
mod show;
mod tree;
mod witness;

#[cfg(test)]
mod tests;

use std::panic::Location;
use std::sync::Arc;

pub use explain::{Conflict, InsertError};
pub use input::RouteInput;
pub use params::{Param, Params};
pub use parse::{ParseError, ParseErrorKind};
pub(crate) use parse::{check_host, check_prefix};
pub use pattern::{Pattern, Segment};
pub use relation::Relation;
pub use routed::{Allow, BadTarget, Redirect, Routed};
pub use show::Dot;
pub use witness::Witness;

use index::Index;
use literals::{LiteralMap, NONE, Plain};
use tree::{Tree, number};

/// How a router treats paths.
///
/// ```
/// use purlin_core::router::{Routed, Router, RouterOptions};
///
/// let options = RouterOptions { redirect_to_slash: false, ..RouterOptions::default() };
/// let mut router = Router::with_options(options);
/// router.insert("/static/", ())?;
/// assert!(matches!(router.route("GET", "", "/static"), Routed::NotFound));
/// # Ok::<(), purlin_core::router::InsertError>(())
/// ```
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterOptions {
    /// Redirect a path with empty, `.` or `..` segments to the one without them.
    /// If this is off, such paths are matched as they come: `{name}` then also
    /// stands for an empty segment, but never for the end of the path.
    pub clean_path: bool,
    /// Redirect `/a` to `/a/` if only the latter has a route of its own.
    pub redirect_to_slash: bool,
    /// Behave as Go's `ServeMux` did before 1.22: patterns are `[HOST]/PATH` and
    /// nothing else, the longest one wins, paths are decoded whole, and redirects
    /// are 301.
    pub go121: bool,
    #[doc(hidden)]
    pub _more: (),
}

impl Default for RouterOptions {
    fn default() -> Self {
        Self { clean_path: true, redirect_to_slash: true, go121: false, _more: () }
    }
}

/// A registered route's number: routes are numbered from 0 in the order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(u32);

impl RouteId {
    /// The number, for tables kept beside the router.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A registered route.
#[derive(Clone, Debug)]
pub struct Route<T> {
    pattern: Arc<Pattern>,
    site: &'static Location<'static>,
    value: T,
}

impl<T> Route<T> {
    /// The pattern it was registered with.
    pub fn pattern(&self) -> &Arc<Pattern> {
        &self.pattern
    }

    /// Where in the program it was registered.
    pub fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// The value that was registered.
    pub fn value(&self) -> &T {
        &self.value
    }
}

/// Routes, each with a value, and the rules by which one answers a request.
///
/// See the [module's documentation](self), and [`Routed`] for an example.
#[derive(Clone, Debug)]
pub struct Router<T> {
    options: RouterOptions,
    routes: Vec<Route<T>>,
    tree: Tree,
    /// The trees' first nodes by host, in lower case and without a dot at the end.
    hosts: LiteralMap,
    /// The first node of the tree for every host.
    root: u32,
    methods: Methods,
    index: Index,
    go121: go121::Table,
}

/// The methods that patterns name, by number.
#[derive(Clone, Debug)]
struct Methods {
    names: LiteralMap,
    count: u32,
    get: u32,
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Router<T> {
    /// A router without routes.
    pub fn new() -> Self {
        Self::with_options(RouterOptions::default())
    }

    /// A router without routes that treats paths as told.
    pub fn with_options(options: RouterOptions) -> Self {
        let mut tree = Tree::default();
        let root = tree.plant();
        Self {
            options,
            routes: Vec::new(),
            tree,
            hosts: LiteralMap::EMPTY,
            root,
            methods: Methods { names: LiteralMap::EMPTY, count: 0, get: NONE },
            index: Index::default(),
            go121: go121::Table::default(),
        }
    }

    /// How this router treats paths.
    pub fn options(&self) -> RouterOptions {
        self.options
    }

    /// Registers a route.
    ///
    /// The order of registration has no influence on which route answers what,
    /// nor on which patterns conflict. The time does not depend on the number of
    /// routes, but for patterns none of whose parts is rare among them.
    ///
    /// # Errors
    /// The pattern is not one, or it conflicts with one that is registered:
    /// both match some request, and neither is more specific. The router is then
    /// as it was.
    ///
    /// ```
    /// use purlin_core::router::Router;
    ///
    /// let mut router = Router::new();
    /// router.insert("/users/{id}", "by id")?;
    /// router.insert("/users/me", "myself")?;
    /// assert!(router.insert("/users/{name}", "by name").is_err());
    /// assert!(router.insert("/users/{na-me}", "by name").is_err());
    /// assert_eq!(router.len(), 2);
    /// # Ok::<(), purlin_core::router::InsertError>(())
    /// ```
    #[track_caller]
    pub fn insert(&mut self, pattern: &str, value: T) -> Result<RouteId, InsertError> {
        self.insert_from(pattern, value, Location::caller())
    }

    /// Registers a route for a place in the program that is not the caller's:
    /// see [`Router::insert`].
    ///
    /// # Errors
    /// As for [`Router::insert`].
    pub fn insert_from(
        &mut self,
        pattern: &str,
        value: T,
        site: &'static Location<'static>,
    ) -> Result<RouteId, InsertError> {
        let pattern = if self.options.go121 {
            Pattern::plain_checked(pattern)?
        } else {
            Pattern::parse(pattern)?
        };
        // One segment takes one node at most.
        let nodes = self.tree.nodes.len() + pattern.pieces.len() + 1;
        let id = number(self.routes.len());
        if number(nodes) == NONE || id == NONE {
            return Err(InsertError::Full);
        }
        if let Some(old) = self.conflict(&pattern) {
            let old = &self.routes[old as usize];
            let conflict = Conflict::new((pattern, site), (Arc::clone(&old.pattern), old.site));
            return Err(InsertError::Conflict(Box::new(conflict)));
        }
        self.place(&pattern, id);
        self.routes.push(Route { pattern: Arc::new(pattern), site, value });
        Ok(RouteId(id))
    }

    fn conflict(&self, pattern: &Pattern) -> Option<u32> {
        if self.options.go121 {
            self.go121.get(pattern.as_str().as_bytes())
        } else {
            self.index.conflict(pattern)
        }
    }

    fn place(&mut self, pattern: &Pattern, id: u32) {
        if self.options.go121 {
            self.go121.insert(pattern.as_str(), id);
            return;
        }
        let root = self.root_for(pattern);
        let method = pattern.method().map(|method| self.methods.number(method));
        self.tree.insert(root, pattern, method, id);
        self.index.add(pattern, id);
    }

    fn root_for(&mut self, pattern: &Pattern) -> u32 {
        if pattern.host().is_empty() {
            return self.root;
        }
        let host = host::canonical(pattern.host());
        self.hosts.get(&Plain::new(&host)).unwrap_or_else(|| {
            let root = self.tree.plant();
            self.hosts.insert(&host, root);
            root
        })
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether there are no routes.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// The route with this number.
    pub fn get(&self, id: RouteId) -> Option<&Route<T>> {
        self.routes.get(id.index())
    }

    /// The value of the route with this number, to be changed.
    pub fn value_mut(&mut self, id: RouteId) -> Option<&mut T> {
        self.routes.get_mut(id.index()).map(|route| &mut route.value)
    }

    /// All routes, in the order of registration.
    ///
    /// ```
    /// # use purlin_core::router::Router;
    /// let mut router = Router::new();
    /// router.insert("GET /a", 1)?;
    /// router.insert("/b/", 2)?;
    /// let list: Vec<_> = router.routes().map(|(_, r)| r.pattern().as_str()).collect();
    /// assert_eq!(list, ["GET /a", "/b/"]);
    /// # Ok::<(), purlin_core::router::InsertError>(())
    /// ```
    pub fn routes(&self) -> impl ExactSizeIterator<Item = (RouteId, &Route<T>)> {
        self.routes.iter().enumerate().map(|(id, route)| (RouteId(number(id)), route))
    }
}

impl Methods {
    /// The number of a method that a pattern names.
    fn number(&mut self, method: &str) -> u32 {
        let key = Plain::new(method.as_bytes());
        if let Some(number) = self.names.get(&key) {
            return number;
        }
        let number = self.count;
        self.count += 1;
        self.names.insert(method.as_bytes(), number);
        if method == "GET" {
            self.get = number;
        }
        number
    }
}
