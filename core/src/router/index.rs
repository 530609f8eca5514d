//! Decides which registered pattern, if any, a new pattern conflicts with.
//!
//! It does not explain the conflict (see `explain`) and takes no part in matching.
//!
//! A pattern is a row of conditions: one on the host, one on the method, one on
//! each place of the path. For every condition the index keeps the set of
//! patterns that have it, as blocks of 64 bits. Two patterns meet if their
//! conditions agree with each other everywhere, and one contains the other if
//! every one of its conditions contains the other's. So all 64 patterns of a
//! block are compared at once, with a few operations for each place.
//!
//! Only the blocks that the rarest condition names are looked at. Most patterns
//! have a condition that no other pattern shares, and then there is no block to
//! look at. Where every condition is shared by many patterns, a registration
//! costs one pass over the blocks, n/64 of them: for 10,000 patterns that is
//! 157 steps.

use super::host;
use super::literals::{LiteralMap, NONE, Plain};
use super::pattern::{Pattern, Segment};

/// A set of registered patterns, in the order of their numbers.
#[derive(Clone, Debug, Default)]
struct Set {
    blocks: Vec<(u32, u64)>,
}

impl Set {
    const EMPTY: Self = Self { blocks: Vec::new() };

    fn add(&mut self, id: u32) {
        let bit = 1 << (id % 64);
        match self.blocks.last_mut() {
            Some((block, bits)) if *block == id / 64 => *bits |= bit,
            _ => self.blocks.push((id / 64, bit)),
        }
    }

    #[inline]
    fn block(&self, block: u32) -> u64 {
        // A set that most patterns are in has every block at its own place.
        match self.blocks.get(block as usize) {
            Some(&(number, bits)) if number == block => bits,
            _ => match self.blocks.binary_search_by_key(&block, |&(number, _)| number) {
                Ok(at) => self.blocks[at].1,
                Err(_) => 0,
            },
        }
    }
}

static EMPTY: Set = Set::EMPTY;

/// The sets for one part of the patterns that is text: a name has a set.
#[derive(Clone, Debug, Default)]
struct Named {
    names: LiteralMap,
    sets: Vec<Set>,
}

impl Named {
    fn get(&self, name: &[u8]) -> &Set {
        let at = self.names.get(&Plain::new(name)).unwrap_or(NONE);
        self.sets.get(at as usize).unwrap_or(&EMPTY)
    }

    fn add(&mut self, name: &[u8], id: u32) {
        let at = self.names.get(&Plain::new(name)).map_or_else(
            || {
                let at = self.sets.len();
                self.names.insert(name, u32::try_from(at).unwrap_or(NONE));
                self.sets.push(Set::default());
                at
            },
            |at| at as usize,
        );
        self.sets[at].add(id);
    }
}

/// The sets for one place of the path.
#[derive(Clone, Debug, Default)]
struct Place {
    literals: Named,
    wild: Set,
    /// Literal or wild.
    segment: Set,
    rest: Set,
    /// `{$}` stands here.
    end: Set,
    /// The pattern has ended before this place, without a slash.
    over: Set,
}

/// All registered patterns, by their conditions.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    hosts: Named,
    methods: Named,
    any_method: Set,
    places: Vec<Place>,
}

/// The conditions of a pattern and the sets that go with them.
struct Query<'a> {
    host: &'a Set,
    method: Option<&'a str>,
    own: &'a Set,
    get: &'a Set,
    head: &'a Set,
    any: &'a Set,
    steps: Vec<Step<'a>>,
}

struct Step<'a> {
    condition: Condition<'a>,
    place: &'a Place,
}

enum Condition<'a> {
    Literal(&'a Set),
    Wild,
    Rest,
    End,
    Over,
}

static NOWHERE: Place = Place {
    literals: Named { names: LiteralMap::EMPTY, sets: Vec::new() },
    wild: Set::EMPTY,
    segment: Set::EMPTY,
    rest: Set::EMPTY,
    end: Set::EMPTY,
    over: Set::EMPTY,
};

impl Index {
    /// Puts in a pattern under a number above all earlier ones.
    pub(super) fn add(&mut self, pattern: &Pattern, id: u32) {
        self.hosts.add(&host::canonical(pattern.host()), id);
        match pattern.method() {
            Some(method) => self.methods.add(method.as_bytes(), id),
            None => self.any_method.add(id),
        }
        for (at, segment) in pattern.segments().enumerate() {
            let place = self.place(at);
            match segment {
                Segment::Literal(literal) => {
                    place.literals.add(literal, id);
                    place.segment.add(id);
                }
                Segment::Wild(_) => {
                    place.wild.add(id);
                    place.segment.add(id);
                }
                Segment::Rest(_) => place.rest.add(id),
                Segment::End => place.end.add(id),
            }
        }
        if ends_in_segment(pattern) {
            self.place(pattern.pieces.len()).over.add(id);
        }
    }

    fn place(&mut self, at: usize) -> &mut Place {
        if self.places.len() <= at {
            self.places.resize_with(at + 1, Place::default);
        }
        &mut self.places[at]
    }

    /// The number of the first registered pattern that this one conflicts with.
    pub(super) fn conflict(&self, pattern: &Pattern) -> Option<u32> {
        let query = self.query(pattern);
        let mut found = None;
        query.candidates().into_iter().find(|&block| {
            let bits = query.conflicts(block);
            found = (bits != 0).then(|| block * 64 + bits.trailing_zeros());
            found.is_some()
        });
        found
    }

    fn query<'a>(&'a self, pattern: &'a Pattern) -> Query<'a> {
        let place = |at: usize| self.places.get(at).unwrap_or(&NOWHERE);
        let mut steps: Vec<Step<'a>> = Vec::with_capacity(pattern.pieces.len() + 1);
        for (at, segment) in pattern.segments().enumerate() {
            let place = place(at);
            let condition = match segment {
                Segment::Literal(literal) => Condition::Literal(place.literals.get(literal)),
                Segment::Wild(_) => Condition::Wild,
                Segment::Rest(_) => Condition::Rest,
                Segment::End => Condition::End,
            };
            steps.push(Step { condition, place });
        }
        if ends_in_segment(pattern) {
            steps.push(Step { condition: Condition::Over, place: place(steps.len()) });
        }
        Query {
            host: self.hosts.get(&host::canonical(pattern.host())),
            method: pattern.method(),
            own: pattern.method().map_or(&EMPTY, |method| self.methods.get(method.as_bytes())),
            get: self.methods.get(b"GET"),
            head: self.methods.get(b"HEAD"),
            any: &self.any_method,
            steps,
        }
    }
}

fn ends_in_segment(pattern: &Pattern) -> bool {
    matches!(pattern.segments().next_back(), Some(Segment::Literal(_) | Segment::Wild(_)))
}

/// How many blocks the sets have, together.
fn total(sets: &[&Set]) -> usize {
    sets.iter().map(|set| set.blocks.len()).sum()
}

impl Query<'_> {
    /// The blocks that can hold a pattern which meets this one, in order: those
    /// that the rarest condition names.
    fn candidates(&self) -> Vec<u32> {
        let mut rarest = vec![self.host];
        let mut fewest = self.host.blocks.len();
        if self.method.is_some() && total(&self.method_sets()) < fewest {
            rarest = self.method_sets().to_vec();
            fewest = total(&rarest);
        }
        // Patterns that end in a rest at this place or before it meet any condition here.
        let mut reach: Vec<&Set> = Vec::new();
        let mut reaching = 0;
        for step in &self.steps {
            if !step.is_over() {
                reach.push(&step.place.rest);
                reaching += step.place.rest.blocks.len();
            }
            if reaching + total(&step.sets()) < fewest {
                rarest = [&reach[..], &step.sets()].concat();
                fewest = total(&rarest);
            }
        }
        let mut blocks: Vec<u32> =
            rarest.iter().flat_map(|set| set.blocks.iter().map(|&(block, _)| block)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        blocks
    }

    /// The sets of methods that meet this pattern's method.
    fn method_sets(&self) -> [&Set; 3] {
        match self.method {
            Some("GET") => [self.own, self.any, self.head],
            Some("HEAD") => [self.own, self.any, self.get],
            _ => [self.own, self.any, &EMPTY],
        }
    }

    /// The patterns of a block that this one conflicts with.
    fn conflicts(&self, block: u32) -> u64 {
        let any = self.any.block(block);
        let own = self.own.block(block);
        // Those that this pattern meets; of them, those that it contains and
        // those that it is contained in.
        let (meets, mut inside, mut around) = match self.method {
            None => (u64::MAX, u64::MAX, any),
            Some("GET") => {
                let head = self.head.block(block);
                (own | head | any, own | head, own | any)
            }
            Some("HEAD") => {
                let all = own | self.get.block(block) | any;
                (all, own, all)
            }
            Some(_) => (own | any, own, own | any),
        };
        let mut meets = meets & self.host.block(block);
        let mut rest = 0;
        for step in &self.steps {
            if meets == 0 {
                return 0;
            }
            let place = step.place;
            if !step.is_over() {
                rest |= place.rest.block(block);
            }
            match step.condition {
                Condition::Literal(literal) => {
                    let same = literal.block(block);
                    meets &= same | place.wild.block(block) | rest;
                    inside &= same;
                }
                Condition::Wild => {
                    let segment = place.segment.block(block);
                    meets &= segment | rest;
                    inside &= segment;
                    around &= place.wild.block(block) | rest;
                }
                Condition::Rest => {
                    meets &= place.segment.block(block) | place.end.block(block) | rest;
                    around &= rest;
                }
                Condition::End => {
                    let end = place.end.block(block);
                    meets &= end | rest;
                    inside &= end;
                }
                Condition::Over => {
                    let over = place.over.block(block);
                    meets &= over | rest;
                    inside &= over;
                }
            }
        }
        // Contained on both sides: equivalent. On neither: they overlap.
        meets & !(inside ^ around)
    }
}

impl<'a> Step<'a> {
    fn is_over(&self) -> bool {
        matches!(self.condition, Condition::Over)
    }

    /// The sets that meet this condition, but for patterns that end in a rest.
    fn sets(&self) -> [&'a Set; 2] {
        match self.condition {
            Condition::Literal(literal) => [literal, &self.place.wild],
            Condition::Wild => [&self.place.segment, &EMPTY],
            Condition::Rest => [&self.place.segment, &self.place.end],
            Condition::End => [&self.place.end, &EMPTY],
            Condition::Over => [&self.place.over, &EMPTY],
        }
    }
}
