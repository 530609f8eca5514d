//! Decides how two patterns relate: which one matches more, or neither.
//!
//! It does not decide what a registration does about it (see `index` and
//! `explain`), and it does not look at hosts beyond their being the same.

use super::host;
use super::pattern::{Pattern, Segment};

/// How what one pattern matches relates to what another one matches.
///
/// ```
/// use purlin_core::router::{Pattern, Relation};
///
/// let relation = |a, b| Pattern::parse(a).unwrap().relation_to(&Pattern::parse(b).unwrap());
/// assert_eq!(relation("GET /a", "/a"), Relation::MoreSpecific);
/// assert_eq!(relation("/{x}", "/a"), Relation::MoreGeneral);
/// assert_eq!(relation("/{x}/b", "/a/{y}"), Relation::Overlaps);
/// assert_eq!(relation("/a", "/b"), Relation::Disjoint);
/// assert_eq!(relation("/{x}", "/{y}"), Relation::Equivalent);
/// ```
///
/// Two sets have no other relation: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Both match the same.
    Equivalent,
    /// The first matches all that the second one does, and more.
    MoreGeneral,
    /// The second matches all that the first one does, and more.
    MoreSpecific,
    /// Nothing is matched by both.
    Disjoint,
    /// Something is matched by both, and each matches something that the other does not.
    Overlaps,
}

impl Relation {
    /// The relation of the second to the first.
    #[must_use]
    pub fn inverse(self) -> Self {
        match self {
            Self::MoreGeneral => Self::MoreSpecific,
            Self::MoreSpecific => Self::MoreGeneral,
            same => same,
        }
    }

    /// The relation of two things with two independent parts, from the relations of the parts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Disjoint, _) | (_, Self::Disjoint) => Self::Disjoint,
            (Self::Equivalent, relation) | (relation, Self::Equivalent) => relation,
            (a, b) if a == b => a,
            _ => Self::Overlaps,
        }
    }

    /// Whether two patterns that relate like this leave open which one is to
    /// answer a request that both match.
    pub fn is_conflict(self) -> bool {
        matches!(self, Self::Equivalent | Self::Overlaps)
    }
}

impl Pattern {
    /// How this pattern relates to another one, by methods and paths. Hosts are
    /// not looked at: see [`Pattern::conflicts_with`].
    pub fn relation_to(&self, other: &Self) -> Relation {
        self.method_relation_to(other).and(self.path_relation_to(other))
    }

    /// How the methods relate: no method is more general than any one, and GET
    /// is more general than HEAD.
    pub fn method_relation_to(&self, other: &Self) -> Relation {
        match (self.method(), other.method()) {
            (a, b) if a == b => Relation::Equivalent,
            (None, _) | (Some("GET"), Some("HEAD")) => Relation::MoreGeneral,
            (_, None) | (Some("HEAD"), Some("GET")) => Relation::MoreSpecific,
            _ => Relation::Disjoint,
        }
    }

    /// How the sets of paths relate.
    pub fn path_relation_to(&self, other: &Self) -> Relation {
        let (mine, theirs) = (self.pieces.len(), other.pieces.len());
        let tail = match (mine < theirs, mine > theirs) {
            (true, _) if self.ends_in_rest() => Relation::MoreGeneral,
            (_, true) if other.ends_in_rest() => Relation::MoreSpecific,
            (false, false) => Relation::Equivalent,
            // The longer one asks for segments that the shorter one does not have.
            _ => return Relation::Disjoint,
        };
        let mut relation = tail;
        for (a, b) in self.segments().zip(other.segments()) {
            relation = relation.and(a.relation_to(b));
            if relation == Relation::Disjoint {
                break;
            }
        }
        relation
    }

    /// Whether the two cannot be registered together: their hosts are the same,
    /// and some request is matched by both while neither is more specific.
    ///
    /// ```
    /// use purlin_core::router::Pattern;
    ///
    /// let conflict = |a, b| Pattern::parse(a).unwrap().conflicts_with(&Pattern::parse(b).unwrap());
    /// assert!(conflict("/posts/{id}/edit", "/posts/latest/{action}"));
    /// assert!(conflict("GET /{x}", "/a"));
    /// assert!(!conflict("example.com/{x}/b", "/a/{y}"));
    /// assert!(conflict("example.com/", "EXAMPLE.com./"));
    /// ```
    pub fn conflicts_with(&self, other: &Self) -> bool {
        host::same(self.host(), other.host()) && self.relation_to(other).is_conflict()
    }
}

impl Segment<'_> {
    /// How what matches at one place of the path relates.
    pub(super) fn relation_to(self, other: Segment<'_>) -> Relation {
        use Segment::{End, Literal, Rest, Wild};
        match (self, other) {
            (Rest(_), Rest(_)) | (Wild(_), Wild(_)) | (End, End) => Relation::Equivalent,
            (Literal(a), Literal(b)) if a == b => Relation::Equivalent,
            (Rest(_), _) | (Wild(_), Literal(_)) => Relation::MoreGeneral,
            (_, Rest(_)) | (Literal(_), Wild(_)) => Relation::MoreSpecific,
            // Different literals; and `{$}` is no segment, so that nothing but
            // itself and what takes all that follows matches it.
            (Literal(_), Literal(_)) | (End, _) | (_, End) => Relation::Disjoint,
        }
    }
}
