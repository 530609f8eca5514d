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

/// A set of registered patterns, in blocks of 64, in the order of their numbers.
#[derive(Clone, Debug, Default)]
struct Set {
    /// The first block; most sets have no other. It has no bits if the set is empty.
    first: (u32, u64),
    others: Vec<(u32, u64)>,
    /// How many patterns there are.
    count: usize,
}

impl Set {
    const EMPTY: Self = Self { first: (0, 0), others: Vec::new(), count: 0 };

    fn add(&mut self, id: u32) {
        let (block, bit) = (id / 64, 1 << (id % 64));
        self.count += 1;
        let last = self.others.last_mut().unwrap_or(&mut self.first);
        if last.1 == 0 || last.0 == block {
            *last = (block, last.1 | bit);
        } else {
            self.others.push((block, bit));
        }
    }

    fn list_blocks(&self, blocks: &mut Vec<u32>) {
        if self.count > 0 {
            blocks.push(self.first.0);
            blocks.extend(self.others.iter().map(|&(block, _)| block));
        }
    }

    /// The bits of a block.
    #[inline]
    fn bits(&self, block: u32) -> u64 {
        if block <= self.first.0 {
            return if block == self.first.0 { self.first.1 } else { 0 };
        }
        // Where no block is left out this one is at its own place.
        let guess = (block - self.first.0 - 1) as usize;
        match self.others.get(guess) {
            Some(&(number, bits)) if number == block => bits,
            _ => self.search(block),
        }
    }

    fn search(&self, block: u32) -> u64 {
        match self.others.last() {
            Some(&(last, _)) if last >= block => {
                let at = self.others.binary_search_by_key(&block, |&(number, _)| number);
                at.map_or(0, |at| self.others[at].1)
            }
            _ => 0,
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

/// A condition of a new pattern, as sets of registered ones. Where there are
/// no sets, every pattern is meant.
#[derive(Clone, Copy)]
struct Condition<'a> {
    /// Those that have a condition with which this one agrees: the two are met
    /// together by some requests.
    meets: Option<[&'a Set; 3]>,
    /// Of them, those whose condition is contained in this one.
    inside: Option<[&'a Set; 2]>,
    /// Of them, those whose condition contains this one. Some, none.
    around: Option<[&'a Set; 2]>,
    /// How many of the query's rests reach here. These meet the condition and contain it.
    rests: usize,
    /// How many patterns meet it, counted generously.
    count: usize,
}

/// The conditions of a new pattern.
struct Query<'a> {
    conditions: Vec<Condition<'a>>,
    /// The patterns that end in a rest, by the places where the rests begin.
    rests: Vec<&'a Set>,
    /// How many patterns those are.
    reach: usize,
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
        let mut query = Query { conditions: Vec::new(), rests: Vec::new(), reach: 0 };
        query.conditions.reserve(pattern.pieces.len() + 3);
        let host = self.hosts.get(&host::canonical(pattern.host()));
        query.push([host, &EMPTY, &EMPTY], None, None);
        self.ask_for_method(&mut query, pattern.method());
        for (at, segment) in pattern.segments().enumerate() {
            self.ask_for_segment(&mut query, at, segment);
        }
        if ends_in_segment(pattern) {
            let place = self.places.get(pattern.pieces.len()).unwrap_or(&NOWHERE);
            query.push([&place.over, &EMPTY, &EMPTY], Some([&place.over, &EMPTY]), None);
        }
        query.first_conflict()
    }

    fn ask_for_method<'a>(&'a self, query: &mut Query<'a>, method: Option<&str>) {
        let any = &self.any_method;
        let Some(method) = method else {
            query.push_all(Some([any, &EMPTY]));
            return;
        };
        let own = self.methods.get(method.as_bytes());
        match method {
            "GET" => {
                let head = self.methods.get(b"HEAD");
                query.push([own, any, head], Some([own, head]), Some([own, any]));
            }
            "HEAD" => query.push([own, any, self.methods.get(b"GET")], Some([own, &EMPTY]), None),
            _ => query.push([own, any, &EMPTY], Some([own, &EMPTY]), None),
        }
    }

    fn ask_for_segment<'a>(&'a self, query: &mut Query<'a>, at: usize, segment: Segment<'_>) {
        let place = self.places.get(at).unwrap_or(&NOWHERE);
        if place.rest.count > 0 {
            query.reach += place.rest.count;
            query.rests.push(&place.rest);
        }
        let Place { wild, segment: any, end, .. } = place;
        match segment {
            Segment::Literal(literal) => {
                let literal = place.literals.get(literal);
                query.push([literal, wild, &EMPTY], Some([literal, &EMPTY]), None);
            }
            Segment::Wild(_) => {
                query.push([any, &EMPTY, &EMPTY], Some([any, &EMPTY]), Some([wild, &EMPTY]));
            }
            Segment::Rest(_) => query.push([any, end, &EMPTY], None, Some([&EMPTY, &EMPTY])),
            Segment::End => query.push([end, &EMPTY, &EMPTY], Some([end, &EMPTY]), None),
        }
    }
}

fn ends_in_segment(pattern: &Pattern) -> bool {
    matches!(pattern.segments().next_back(), Some(Segment::Literal(_) | Segment::Wild(_)))
}

#[inline]
fn union(sets: &[&Set], block: u32) -> u64 {
    sets.iter().fold(0, |bits, set| bits | set.bits(block))
}

impl<'a> Query<'a> {
    /// Puts in a condition that the rests found so far reach.
    fn push(
        &mut self,
        meets: [&'a Set; 3],
        inside: Option<[&'a Set; 2]>,
        around: Option<[&'a Set; 2]>,
    ) {
        let count = self.reach + meets.iter().map(|set| set.count).sum::<usize>();
        let rests = self.rests.len();
        self.conditions.push(Condition { meets: Some(meets), inside, around, rests, count });
    }

    /// Puts in a condition that every request meets.
    fn push_all(&mut self, around: Option<[&'a Set; 2]>) {
        let count = usize::MAX;
        self.conditions.push(Condition { meets: None, inside: None, around, rests: 0, count });
    }

    /// The lowest number of a pattern that conflicts with this one.
    fn first_conflict(&self) -> Option<u32> {
        if self.conditions.iter().any(|condition| condition.count == 0) {
            return None;
        }
        let mut order: Vec<_> = self.conditions.iter().filter(|c| c.meets.is_some()).collect();
        order.sort_by_key(|condition| condition.count);
        // The rarest condition names the blocks, and with the next ones it rules
        // most of them out.
        let rare: Vec<_> = order.into_iter().take(3).map(|c| self.meeting(c)).collect();
        let mut blocks = Vec::new();
        rare.first()?.iter().for_each(|set| set.list_blocks(&mut blocks));
        blocks.sort_unstable();
        blocks.dedup();
        blocks.into_iter().find_map(|block| {
            let met = rare.iter().try_fold(u64::MAX, |met, sets| {
                let met = met & union(sets, block);
                (met != 0).then_some(met)
            });
            let bits = self.conflicts(block, met?);
            (bits != 0).then(|| block * 64 + bits.trailing_zeros())
        })
    }

    /// The sets of patterns that meet a condition.
    fn meeting(&self, condition: &Condition<'a>) -> Vec<&'a Set> {
        let rests = self.rests[..condition.rests].iter();
        let sets = rests.chain(condition.meets.iter().flatten()).copied();
        sets.filter(|set| set.count > 0).collect()
    }

    /// The patterns of a block that conflict with this one, among some that may.
    fn conflicts(&self, block: u32, among: u64) -> u64 {
        let (mut meets, mut inside, mut around) = (among, among, among);
        let (mut rest, mut rests) = (0, 0);
        for condition in &self.conditions {
            rest |= union(&self.rests[rests..condition.rests], block);
            rests = condition.rests;
            if let Some(sets) = &condition.meets {
                meets &= union(sets, block) | rest;
            }
            if let Some(sets) = &condition.inside {
                inside &= union(sets, block);
            }
            if let Some(sets) = &condition.around {
                around &= union(sets, block) | rest;
            }
            if meets == 0 {
                return 0;
            }
        }
        // Contained on both sides: equivalent. On neither: they overlap.
        meets & !(inside ^ around)
    }
}
