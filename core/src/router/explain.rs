//! Holds why a pattern was not registered, with all that is needed to say so.
//!
//! It does not find the conflict (see `index`) and does not draw it (see `drawing`).

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::parse::ParseError;
use super::pattern::Pattern;
use super::relation::Relation;
use super::witness::Witness;

/// Why a pattern was not registered.
///
/// `Display` explains it over several lines; see [`Conflict`] for what that
/// looks like.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum InsertError {
    /// The text is not a pattern.
    Parse(ParseError),
    /// A pattern is registered that this one conflicts with.
    Conflict(Box<Conflict>),
    /// The router has as many routes as it can number: about four thousand million.
    Full,
}

/// Two patterns that cannot be registered together.
///
/// ```
/// use purlin_core::router::{InsertError, Router};
///
/// let mut router = Router::new();
/// router.insert("GET /posts/{id}/edit", ())?;
/// let Err(InsertError::Conflict(conflict)) = router.insert("GET /posts/latest/{action}", ()) else {
///     unreachable!()
/// };
/// assert_eq!(conflict.both().path(), "/posts/latest/edit");
/// assert_eq!(conflict.only_new().unwrap().path(), "/posts/latest/action");
/// assert_eq!(conflict.only_old().unwrap().path(), "/posts/id/edit");
/// let drawn = conflict.to_string();
/// for line in [
///     "  new  GET /posts/latest/{action}",
///     "                  ------ narrower than `{id}`",
///     "                         ^^^^^^^^ wider than `edit`",
///     "  both match  GET /posts/latest/edit",
/// ] {
///     assert!(drawn.contains(line), "{drawn}");
/// }
/// # Ok::<(), InsertError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Conflict {
    pub(super) new: Pattern,
    pub(super) old: Arc<Pattern>,
    pub(super) new_site: &'static Location<'static>,
    pub(super) old_site: &'static Location<'static>,
    relation: Relation,
    both: Witness,
    only_new: Option<Witness>,
    only_old: Option<Witness>,
}

type Registered<P> = (P, &'static Location<'static>);

impl Conflict {
    /// Two patterns that are known to conflict.
    pub(super) fn new(new: Registered<Pattern>, old: Registered<Arc<Pattern>>) -> Self {
        let ((new, new_site), (old, old_site)) = (new, old);
        // Patterns that are only text conflict by being the same text.
        let plain = new.pieces.is_empty();
        let both = if plain { Witness::plain(&new) } else { Witness::both(&new, &old) };
        let (only_new, only_old) = (Witness::only(&new, &old), Witness::only(&old, &new));
        let relation = new.relation_to(&old);
        Self { relation, both, only_new, only_old, new, old, new_site, old_site }
    }

    /// How the new pattern relates to the old one: `Equivalent` or `Overlaps`.
    pub fn relation(&self) -> Relation {
        self.relation
    }

    /// The pattern that was refused.
    pub fn new_pattern(&self) -> &Pattern {
        &self.new
    }

    /// The pattern that is registered.
    pub fn old_pattern(&self) -> &Pattern {
        &self.old
    }

    /// Where the refused pattern was to be registered.
    pub fn new_site(&self) -> &'static Location<'static> {
        self.new_site
    }

    /// Where the other one was registered.
    pub fn old_site(&self) -> &'static Location<'static> {
        self.old_site
    }

    /// A request that both patterns match.
    pub fn both(&self) -> &Witness {
        &self.both
    }

    /// A request that only the new pattern matches; there is one if they overlap.
    pub fn only_new(&self) -> Option<&Witness> {
        self.only_new.as_ref()
    }

    /// A request that only the old pattern matches; there is one if they overlap.
    pub fn only_old(&self) -> Option<&Witness> {
        self.only_old.as_ref()
    }
}

impl From<ParseError> for InsertError {
    fn from(error: ParseError) -> Self {
        Self::Parse(error)
    }
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(error) => error.fmt(f),
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::Full => f.write_str("the router cannot number more routes"),
        }
    }
}

impl std::error::Error for InsertError {}

impl std::error::Error for Conflict {}
