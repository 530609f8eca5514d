//! Holds what routing a request comes to.
//!
//! It does not answer the request: what a redirect or a refusal looks like on
//! the wire is up to whoever asked.

use std::fmt;
use std::sync::Arc;

use super::RouteId;
use super::params::Params;
use super::pattern::Pattern;

/// What routing a request comes to.
///
/// ```
/// use purlin_core::router::{Routed, Router};
///
/// let mut router = Router::new();
/// router.insert("GET /users/{id}", "user")?;
/// router.insert("/static/", "files")?;
///
/// let answer = |method, target| match router.route(method, "example.com", target) {
///     Routed::Found { value, params, .. } => format!("{value} {:?}", params.get("id")),
///     Routed::Redirect(to) => format!("{} {}", to.status, to.location),
///     Routed::MethodNotAllowed(allow) => format!("405 Allow: {allow}"),
///     Routed::NotFound => "404".into(),
///     Routed::BadTarget(_) => "400".into(),
/// };
/// assert_eq!(answer("GET", "/users/7%2F8"), r#"user Some("7/8")"#);
/// assert_eq!(answer("POST", "/users/7"), "405 Allow: GET, HEAD");
/// assert_eq!(answer("GET", "/static?v=1"), "307 /static/?v=1");
/// assert_eq!(answer("GET", "/static/../x"), "307 /x");
/// assert_eq!(answer("GET", "/x"), "404");
/// assert_eq!(answer("OPTIONS", "*"), "400");
/// # Ok::<(), purlin_core::router::InsertError>(())
/// ```
#[derive(Clone, Debug)]
pub enum Routed<'a, T> {
    /// A route matches, and it is the most specific one.
    Found {
        /// The route's number, for [`Router::get`](super::Router::get).
        id: RouteId,
        /// What was registered.
        value: &'a T,
        /// The pattern it was registered with.
        pattern: &'a Arc<Pattern>,
        /// What the pattern's wildcards stand for.
        params: Params<'a>,
    },
    /// The path is not in its canonical form, or lacks the slash at its end.
    Redirect(Redirect<'a>),
    /// The path is one that other methods have a route for (405).
    MethodNotAllowed(Allow<'a>),
    /// No route matches (404).
    NotFound,
    /// The target cannot be routed (400).
    BadTarget(BadTarget),
}

/// Where to send the client, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redirect<'a> {
    /// 307, which keeps method and content (RFC 9110 §15.4.8); 301 in go121 mode.
    pub status: u16,
    /// The value of the Location field: a path and the query, in ASCII.
    pub location: String,
    /// The pattern that will match there, if one does.
    pub pattern: Option<&'a Arc<Pattern>>,
}

/// The methods that a path has routes for, in order and without repetition.
///
/// `Display` gives the value of the Allow field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow<'a> {
    methods: Vec<&'a str>,
}

impl<'a> Allow<'a> {
    pub(super) fn new(mut methods: Vec<&'a str>) -> Self {
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        methods.dedup();
        Self { methods }
    }

    /// The methods, sorted byte by byte.
    pub fn methods(&self) -> &[&'a str] {
        &self.methods
    }
}

impl fmt::Display for Allow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.methods.join(", "))
    }
}

/// Why a target cannot be routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BadTarget {
    /// The target is `*`, which is about the server and no path of it (RFC 9110 §9.3.7).
    Asterisk,
    /// The path does not begin with a slash.
    NoPath,
    /// A `%` is not followed by two hexadecimal digits (RFC 3986 §2.1).
    BadEscape,
}

impl fmt::Display for BadTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asterisk => "the target `*` has no route",
            Self::NoPath => "the target has no path",
            Self::BadEscape => "the target has a `%` without two hexadecimal digits",
        })
    }
}
