//! How the bytes of one budget are dealt out to the connections of a server.
//! Decides of plain numbers; who keeps the books, and tells the machines, is the driver.
//!
//! Every connection has a share of its own, which needs nobody's leave: it goes on,
//! whatever others hold. What it may hold beyond, its surplus, comes out of the budget. A
//! connection that moves much is granted a part of what is free: so the first ones get all
//! that is of use to them, and the more is taken, the less anybody gets, but never nothing
//! as long as something is free. One that moves nothing keeps what it holds, and loses
//! the rest of its grant as soon as newcomers would get less than that.

/// A grant is so small a part of what is free.
const PART: usize = 16;

/// Smaller grants are of no use.
const LEAST: usize = 4096;

/// What a connection could do with bytes of the budget.
///
/// A driver knows which of the three it is; one more would be another contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Need {
    /// Nothing: no exchange is open.
    #[default]
    Nothing,
    /// It goes on as it is: it waits for its peer or its application.
    Same,
    /// More at a time: it has just moved many bytes at once.
    More,
}

/// What is known of a connection, and of all others, when its grant is decided.
///
/// ```
/// use purlin_core::budget::{Claim, Need};
/// let first = Claim { most: 64 << 20, each: 1 << 20, need: Need::More, ..Claim::default() };
/// assert_eq!(first.grant(), 1 << 20);
/// let late = Claim { others: 60 << 20, ..first };
/// assert_eq!(late.grant(), 256 << 10);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Bytes that all connections together may hold beyond their shares.
    pub most: usize,
    /// Bytes that are of use to one connection, at the most.
    pub each: usize,
    /// Bytes that are granted to others.
    pub others: usize,
    /// Bytes that are granted to this one so far.
    pub granted: usize,
    /// Bytes that it holds beyond its share ([`Machine::surplus`](crate::Machine::surplus)).
    pub held: usize,
    /// What it could do with more.
    pub need: Need,
}

impl Claim {
    /// How many bytes it may hold beyond its share from now on. If all were granted
    /// theirs by this, they are never more than `most` together.
    pub fn grant(&self) -> usize {
        let free = self.most.saturating_sub(self.others);
        let part = (free / PART).min(self.each);
        let part = if part < LEAST { 0 } else { part };
        let needed = match self.need {
            Need::Nothing => 0,
            Need::Same => part.min(self.granted),
            Need::More => part,
        };
        // What it holds it cannot give back. What it was not granted, such as a response that
        // was given whole, is the application's.
        needed.max(self.held.min(self.granted))
    }
}

#[cfg(test)]
mod tests {
    use super::Need::{More, Nothing, Same};
    use super::*;

    const KIB: usize = 1024;

    #[test]
    fn who_moves_much_is_granted_a_part_of_what_is_free() {
        #[rustfmt::skip]
        let cases = [
            // others, granted, held, need, grant, in KiB of 16,384, and 512 for each
            (0,      0,   0,    More,  512, "the first one gets all that is of use"),
            (0,      0,   0,    Same, 0,   "who moves little needs nothing"),
            (8_192,  0,   0,    More,  512, "half is free"),
            (12_288, 0,   0,    More,  256, "a quarter is"),
            (16_000, 0,   0,    More,  24,  "nearly nothing is, and newcomers get some of it"),
            (16_340, 0,   0,    More,  0,   "less than a read is of no use"),
            (16_384, 0,   0,    More,  0,   "nothing is free"),
            (99_999, 0,   0,    More,  0,   "the budget was smaller than what is granted"),
            (0,      512, 300,  More,  512, "it goes on as it was"),
            (0,      512, 0,    Same, 512, "it rests, and nobody else needs it"),
            (12_288, 512, 0,    Same, 256, "somebody may: a newcomer would get as much"),
            (12_288, 512, 0,    More,  256, "also of one that moves"),
            (12_288, 512, 300,  Same, 300, "what it holds it keeps"),
            (12_288, 512, 300,  More,  300, "and may hold no more"),
            (15_872, 512, 512,  Same, 512, "all is taken, and those who hold it keep it"),
            (15_872, 512, 0,    Same, 32,  "and who holds nothing of it gives it back"),
            (15_872, 512, 0,    More,  32,  "so that the next one gets something"),
            (0,      0,   9999, Same, 0,   "what was never granted is not counted"),
            (0,      100, 9999, Same, 100, "nor what is more than that"),
            (0,      512, 0,    Nothing, 0, "it is idle, and needs nothing"),
            (0,      512, 300,  Nothing, 300, "or only to have written what it has"),
        ];
        for (others, granted, held, need, grant, why) in cases {
            let [others, granted, held, grant] = [others, granted, held, grant].map(|n| n * KIB);
            let (most, each) = (16_384 * KIB, 512 * KIB);
            let claim = Claim { most, each, others, granted, held, need };
            assert_eq!(claim.grant() / KIB, grant / KIB, "{why}: {claim:?}");
        }
    }

    /// Connections that take what they get and give nothing back, and then one more.
    #[test]
    fn attackers_leave_something_to_everybody_and_never_take_more_than_there_is() {
        let (most, each) = (64 << 20, 1 << 20);
        for attackers in [1, 10, 64, 1000] {
            let mut others = 0;
            for _ in 0..attackers {
                let claim = Claim { most, each, others, need: More, ..Claim::default() };
                others += claim.grant();
            }
            assert!(others <= most);
            let next = Claim { most, each, others, need: More, ..Claim::default() }.grant();
            let left = (most - others) / PART;
            assert!(next == left.min(each) || left < LEAST, "{attackers}: {next}");
        }
    }

    /// Whoever claims, in whatever order, and whatever they hold of their grants.
    #[test]
    fn the_budget_is_kept_in_any_order() {
        let (most, each) = (1 << 20, 200_000);
        let mut grants = [0_usize; 40];
        for step in 0..10_000_usize {
            let at = step * 7919 % grants.len();
            let others = grants.iter().sum::<usize>() - grants[at];
            let held = grants[at] * (step % 5) / 4;
            let claim = Claim {
                most,
                each,
                others,
                granted: grants[at],
                held,
                need: [Nothing, Same, More][step % 3],
            };
            grants[at] = claim.grant();
            assert!(grants[at] >= held.min(claim.granted) && grants[at] <= each, "{claim:?}");
            assert!(grants.iter().sum::<usize>() <= most, "{claim:?}");
        }
    }
}
