//! Decides which of the registered patterns is the most specific one that matches.
//!
//! It relies on there being no conflicts among them (see `index`), and does not
//! know what becomes of a request that nothing matches.
//!
//! For each host there is a tree of path segments. At each place the literal is
//! tried first, then `{name}`, then what takes all that follows: patterns do not
//! conflict, so the first one found in this order is the most specific one. A
//! node is at one depth and is reached over one path of nodes, hence a search
//! comes to each node at most once; going back needs no stack, since a node
//! knows its parent and the slashes of the path say where it stood.

use std::ops::Range;

use super::literals::{Escaped, LiteralMap, NONE, Plain};
use super::path::{self, Scan};
use super::pattern::{Pattern, Segment};

#[derive(Clone, Debug)]
pub(super) struct Node {
    parent: u32,
    pub(super) literals: LiteralMap,
    /// The child for `{name}`.
    pub(super) wild: u32,
    /// The leaf of patterns that end here.
    pub(super) over: u32,
    /// The leaf of patterns that end in `{$}` after here.
    pub(super) end: u32,
    /// The leaf of patterns that take all that follows after here.
    pub(super) rest: u32,
}

/// The patterns that differ by method alone.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// The route for every method.
    pub(super) any: u32,
    /// The routes for one method each, as (method, route), sorted.
    pub(super) methods: Vec<(u32, u32)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) leaves: Vec<Leaf>,
}

/// The methods that a request is matched with.
#[derive(Clone, Copy, Debug)]
pub(super) struct MethodKey {
    pub(super) exact: u32,
    /// GET for HEAD.
    pub(super) instead: u32,
}

/// A request's path, as the tree looks at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    pub(super) path: &'a [u8],
    /// Where segments end among the first 64 bytes, one bit each.
    pub(super) ends: u64,
    /// As if a slash stood at the end.
    pub(super) slash: bool,
    /// There are percent-escapes in the path.
    pub(super) escaped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) route: u32,
    /// Nothing but a trailing slash went into a wildcard for all that follows.
    pub(super) exact: bool,
}

#[cfg(test)]
std::thread_local! {
    /// How many nodes searches have come to: tests hold that to the number of nodes.
    pub(super) static VISITS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

enum Next {
    /// A segment, and where it ends.
    Segment(usize),
    /// The path has a slash and nothing behind it.
    Slash,
    Over,
}

impl<'a> Walk<'a> {
    /// The path, with what was found out about it.
    pub(super) fn new(path: &'a [u8], scan: &Scan) -> Self {
        Self { path, ends: scan.ends, slash: false, escaped: scan.escaped }
    }

    #[inline]
    fn next(&self, at: usize) -> Next {
        let start = at + 1;
        if start < self.path.len() {
            return Next::Segment(self.end(start));
        }
        if start == self.path.len() || self.slash { Next::Slash } else { Next::Over }
    }

    /// Where the segment that starts here ends.
    #[inline]
    fn end(&self, start: usize) -> usize {
        let ahead = if start < 64 { self.ends >> start } else { 0 };
        if ahead != 0 {
            return start + ahead.trailing_zeros() as usize;
        }
        let known = start.max(64);
        known + self.path.get(known..).map_or(0, |rest| path::find(rest, b'/'))
    }

    /// Where the segment before this place begins, with its slash.
    fn back(&self, at: usize) -> usize {
        self.path[..at].iter().rposition(|&b| b == b'/').unwrap_or(0)
    }
}

impl Leaf {
    #[inline]
    pub(super) fn route(&self, method: MethodKey) -> Option<u32> {
        let exact = self.of(method.exact);
        let route = if exact == NONE { self.of(method.instead) } else { exact };
        let route = if route == NONE { self.any } else { route };
        (route != NONE).then_some(route)
    }

    #[inline]
    fn of(&self, method: u32) -> u32 {
        match self.methods.as_slice() {
            _ if method == NONE => NONE,
            few if few.len() <= 8 => {
                few.iter().find(|&&(m, _)| m == method).map_or(NONE, |&(_, route)| route)
            }
            many => many.binary_search_by_key(&method, |&(m, _)| m).map_or(NONE, |at| many[at].1),
        }
    }

    fn set(&mut self, method: Option<u32>, route: u32) {
        match method {
            None => self.any = route,
            Some(method) => {
                let at = self.methods.partition_point(|&(m, _)| m < method);
                self.methods.insert(at, (method, route));
            }
        }
    }
}

impl Tree {
    /// A new tree's first node.
    pub(super) fn plant(&mut self) -> u32 {
        self.grow(NONE)
    }

    fn grow(&mut self, parent: u32) -> u32 {
        let node = number(self.nodes.len());
        let literals = LiteralMap::EMPTY;
        self.nodes.push(Node { parent, literals, wild: NONE, over: NONE, end: NONE, rest: NONE });
        node
    }

    /// Puts in a pattern that conflicts with none that is there.
    pub(super) fn insert(&mut self, root: u32, pattern: &Pattern, method: Option<u32>, route: u32) {
        let mut at = root as usize;
        let leaves = number(self.leaves.len());
        for segment in pattern.segments() {
            match segment {
                Segment::Literal(literal) => at = self.literal_child(at, literal),
                Segment::Wild(_) => at = self.wild_child(at),
                Segment::Rest(_) | Segment::End => {}
            }
        }
        let leaf = match pattern.segments().next_back() {
            Some(Segment::Rest(_)) => &mut self.nodes[at].rest,
            Some(Segment::End) => &mut self.nodes[at].end,
            _ => &mut self.nodes[at].over,
        };
        if *leaf == NONE {
            *leaf = leaves;
            self.leaves.push(Leaf { any: NONE, methods: Vec::new() });
        }
        self.leaves[*leaf as usize].set(method, route);
    }

    fn literal_child(&mut self, at: usize, literal: &[u8]) -> usize {
        if let Some(child) = self.nodes[at].literals.get(&Plain::new(literal)) {
            return child as usize;
        }
        let child = self.grow(number(at));
        self.nodes[at].literals.insert(literal, child);
        child as usize
    }

    fn wild_child(&mut self, at: usize) -> usize {
        if self.nodes[at].wild == NONE {
            self.nodes[at].wild = self.grow(number(at));
        }
        self.nodes[at].wild as usize
    }

    /// Shows `accept` every leaf that matches the path, the most specific one
    /// first, until it takes one.
    pub(super) fn search(
        &self,
        root: u32,
        walk: &Walk<'_>,
        accept: &mut impl FnMut(&Leaf) -> Option<u32>,
    ) -> Option<Hit> {
        let mut node = &self.nodes[root as usize];
        let mut at = 0;
        loop {
            #[cfg(test)]
            VISITS.set(VISITS.get() + 1);
            let down = match walk.next(at) {
                Next::Segment(end) => {
                    let child = self.child(node, walk, at + 1..end);
                    if child == NONE {
                        if let Some(route) = self.take(node.rest, accept) {
                            return Some(Hit { route, exact: false });
                        }
                    } else {
                        at = end;
                    }
                    child
                }
                Next::Slash => {
                    let route = self.take(node.end, accept);
                    if let Some(route) = route.or_else(|| self.take(node.rest, accept)) {
                        return Some(Hit { route, exact: true });
                    }
                    NONE
                }
                Next::Over => {
                    if let Some(route) = self.take(node.over, accept) {
                        return Some(Hit { route, exact: true });
                    }
                    NONE
                }
            };
            if down != NONE {
                node = &self.nodes[down as usize];
                continue;
            }
            // Back up to the next one to be tried.
            loop {
                let parent = self.nodes.get(node.parent as usize)?;
                let wild = self.nodes.get(parent.wild as usize);
                if let Some(wild) = wild.filter(|&wild| !std::ptr::eq(wild, node)) {
                    node = wild;
                    break;
                }
                at = walk.back(at);
                if let Some(route) = self.take(parent.rest, accept) {
                    return Some(Hit { route, exact: false });
                }
                node = parent;
            }
        }
    }

    /// The child that is tried first for this segment.
    #[inline]
    fn child(&self, node: &Node, walk: &Walk<'_>, segment: Range<usize>) -> u32 {
        if node.literals.is_empty() {
            return node.wild;
        }
        let bytes = &walk.path[segment.clone()];
        let literal = if walk.escaped && bytes.contains(&b'%') {
            node.literals.get(&Escaped::new(bytes))
        } else {
            let first = path::first_of(path::word_at(walk.path, segment.start), bytes.len());
            node.literals.get(&Plain { bytes, first })
        };
        literal.unwrap_or(node.wild)
    }

    #[inline]
    fn take(&self, leaf: u32, accept: &mut impl FnMut(&Leaf) -> Option<u32>) -> Option<u32> {
        self.leaves.get(leaf as usize).and_then(accept)
    }
}

/// A number of a node, leaf or route; there are fewer than `NONE`: see `Router::insert`.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NONE)
}
