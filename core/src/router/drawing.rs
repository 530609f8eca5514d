//! Decides how a conflict is drawn: the two patterns with marks under what makes them differ.
//!
//! It does not decide that there is one.

use std::fmt;
use std::ops::Range;
use std::panic::Location;

use super::explain::Conflict;
use super::parse::{columns, shown};
use super::pattern::{Kind, Pattern, Segment};
use super::relation::Relation;

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (new, old) = (self.new_pattern(), self.old_pattern());
        let equivalent = self.relation() == Relation::Equivalent;
        f.write_str("these routes conflict: ")?;
        writeln!(
            f,
            "{}",
            if equivalent {
                "both match the same requests"
            } else {
                "both match some requests, and neither is more specific"
            }
        )?;
        let width = columns(new.as_str()).max(columns(old.as_str()));
        draw(f, "new", new, old, self.new_site(), width)?;
        draw(f, "old", old, new, self.old_site(), width)?;
        writeln!(f, "  both match  {}", self.both())?;
        if let (Some(new), Some(old)) = (self.only_new(), self.only_old()) {
            writeln!(f, "  only new    {new}")?;
            writeln!(f, "  only old    {old}")?;
        }
        write!(f, "  help: {}", help(self))
    }
}

/// Something in a pattern that makes it wider or narrower than the other one.
struct Mark {
    span: Range<usize>,
    wider: bool,
    /// What the other one has there.
    than: String,
}

fn draw(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    pattern: &Pattern,
    other: &Pattern,
    site: &Location<'_>,
    width: usize,
) -> fmt::Result {
    let text = pattern.as_str();
    writeln!(f, "  {label}  {:<width$}  at {site}", shown(text))?;
    for mark in marks(pattern, other) {
        let before = columns(&text[..mark.span.start]);
        let length = columns(&text[mark.span.clone()]).max(1);
        let (sign, word) = if mark.wider { ("^", "wider") } else { ("-", "narrower") };
        let line = sign.repeat(length);
        writeln!(f, "       {:before$}{line} {word} than {}", "", mark.than)?;
    }
    Ok(())
}

fn marks(pattern: &Pattern, other: &Pattern) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut mark = |relation, span, than| match relation {
        Relation::MoreGeneral => marks.push(Mark { span, wider: true, than }),
        Relation::MoreSpecific => marks.push(Mark { span, wider: false, than }),
        _ => {}
    };
    let method = other.method().map_or("every method".into(), |method| format!("`{method}`"));
    // A pattern without a method has its mark where the method would stand.
    let (start, than) = match pattern.method {
        0 => (pattern.host.start, format!("{method}: it takes every method")),
        _ => (0, method),
    };
    mark(pattern.method_relation_to(other), start..start + pattern.method, than);
    for (at, (a, b)) in pattern.segments().zip(other.segments()).enumerate() {
        // What takes all that follows stands against all that follows.
        let rest = matches!(a, Segment::Rest(_));
        let than = format!("`{}`", shown(written(other, at, rest)));
        let place = span(pattern, at, matches!(b, Segment::Rest(_)));
        mark(a.relation_to(b), place, than);
    }
    marks
}

/// Where a segment stands in the text; a trailing slash is its slash.
fn span(pattern: &Pattern, at: usize, to_end: bool) -> Range<usize> {
    let piece = &pattern.pieces[at];
    let end = if to_end { pattern.text.len() } else { piece.span.end };
    let slash = piece.span.is_empty() || matches!(piece.kind, Kind::End);
    if slash { piece.span.start - 1..end } else { piece.span.start..end }
}

fn written(pattern: &Pattern, at: usize, to_end: bool) -> &str {
    &pattern.as_str()[span(pattern, at, to_end)]
}

fn help(conflict: &Conflict) -> String {
    if conflict.relation() == Relation::Equivalent {
        return "keep one of them; the names of wildcards make no difference".into();
    }
    let both = conflict.both();
    match way_out(conflict.new_pattern(), conflict.old_pattern()) {
        Some(pattern) => {
            format!("`{pattern}` would not conflict; a third route for {both} would not help")
        }
        None => format!("make one of them narrower; a third route for {both} would not help"),
    }
}

/// A change of one of the two patterns after which they do not conflict.
fn way_out(new: &Pattern, old: &Pattern) -> Option<String> {
    let both = [(new, old), (old, new)];
    let methods = both.map(|(a, b)| (with_method_of(a, b), b));
    let branches = both.map(|(a, b)| (with_branch(a, b), b));
    methods.into_iter().chain(branches).find_map(|(changed, other)| {
        let changed = changed?;
        let parsed = Pattern::parse(&changed).ok()?;
        (!parsed.conflicts_with(other)).then_some(changed)
    })
}

/// The pattern, for the other one's method alone.
fn with_method_of(pattern: &Pattern, other: &Pattern) -> Option<String> {
    let wider = pattern.method_relation_to(other) == Relation::MoreGeneral;
    let start = pattern.host.start;
    wider.then(|| Some(format!("{} {}", other.method()?, &pattern.as_str()[start..]))).flatten()
}

/// The pattern, with a literal before the first wildcard that is wider.
fn with_branch(pattern: &Pattern, other: &Pattern) -> Option<String> {
    let mut places = pattern.segments().zip(other.segments());
    let at = places.position(|(a, b)| a.relation_to(b) == Relation::MoreGeneral)?;
    let (before, after) = pattern.as_str().split_at(pattern.pieces[at].span.start);
    let name = pattern.segment(at)?.name().unwrap_or("all");
    Some(format!("{before}by-{name}/{after}"))
}
