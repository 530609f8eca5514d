//! Which of a name's addresses is tried when (Happy Eyeballs, RFC 8305).
//! Pure: it says when to begin an attempt; connecting is for whoever runs the race.

use crate::time::Mono;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// How long an attempt is alone before the next begins beside it (RFC 8305 §5).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The most addresses of each family that are tried: the first ones. Whoever
/// answers for a name can give thousands, and each would be held, and be one
/// more socket beside the others.
pub const MOST_OF_A_FAMILY: usize = 16;

/// A race between the addresses of one name: they are tried in the order they
/// were given, families in turn, each a little after the last or as soon as
/// one fails. The first that connects wins. At most [`MOST_OF_A_FAMILY`] of
/// each family take part, and each address once.
///
/// ```
/// use purlin_core::policy::race::{Attempt, Race, ATTEMPT_DELAY};
/// use purlin_core::Mono;
///
/// let addresses = ["[2001:db8::1]:80", "[2001:db8::2]:80", "192.0.2.1:80"];
/// let mut race = Race::new(addresses.map(|text| text.parse().unwrap()), true);
/// assert_eq!(race.next(Mono::ZERO), Attempt::Begin("[2001:db8::1]:80".parse().unwrap()));
/// let then = Mono::ZERO + ATTEMPT_DELAY;
/// assert_eq!(race.next(Mono::ZERO), Attempt::Wait(Some(then)));
/// assert_eq!(race.next(then), Attempt::Begin("192.0.2.1:80".parse().unwrap()));
/// ```
#[derive(Debug)]
pub struct Race {
    waiting: VecDeque<SocketAddr>,
    running: usize,
    /// When the next may begin although one is running.
    next_at: Mono,
    delay: Duration,
}

/// What to do next in a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Begin to connect to this address.
    Begin(SocketAddr),
    /// Wait for an attempt to end, until then at most.
    Wait(Option<Mono>),
    /// Every address has failed.
    Lost,
}

impl Race {
    /// A race between these addresses; without `side_by_side` each waits until
    /// the one before has failed.
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>, side_by_side: bool) -> Race {
        let (mut four, mut six) = (VecDeque::new(), VecDeque::new());
        let mut begins_with_six = None;
        for address in addresses {
            begins_with_six.get_or_insert(address.is_ipv6());
            let family = if address.is_ipv6() { &mut six } else { &mut four };
            if family.len() < MOST_OF_A_FAMILY && !family.contains(&address) {
                family.push_back(address);
            }
        }
        let (mut same, mut other) =
            if begins_with_six == Some(true) { (six, four) } else { (four, six) };
        let mut waiting = VecDeque::with_capacity(same.len() + other.len());
        while !(same.is_empty() && other.is_empty()) {
            waiting.extend(same.pop_front());
            waiting.extend(other.pop_front());
        }
        let delay = if side_by_side { ATTEMPT_DELAY } else { Duration::MAX };
        Race { waiting, running: 0, next_at: Mono::ZERO, delay }
    }

    /// What to do now. It counts an attempt that it says to begin as running.
    pub fn next(&mut self, now: Mono) -> Attempt {
        let due = self.running == 0 || self.next_at <= now;
        match self.waiting.front() {
            Some(address) if due => {
                let address = *address;
                self.waiting.pop_front();
                self.running += 1;
                self.next_at = now + self.delay;
                Attempt::Begin(address)
            }
            Some(_) => Attempt::Wait(Some(self.next_at)),
            None if self.running > 0 => Attempt::Wait(None),
            None => Attempt::Lost,
        }
    }

    /// An attempt has failed: the next may begin.
    pub fn failed(&mut self, now: Mono) {
        self.running = self.running.saturating_sub(1);
        self.next_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8, six: bool) -> SocketAddr {
        let text = if six { format!("[::{last}]:1") } else { format!("10.0.0.{last}:1") };
        text.parse().unwrap()
    }

    fn order(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let mut race = Race::new(addresses.iter().copied(), true);
        std::iter::from_fn(|| {
            let next = race.next(Mono::ZERO);
            race.failed(Mono::ZERO);
            match next {
                Attempt::Begin(address) => Some(address),
                _ => None,
            }
        })
        .collect()
    }

    #[test]
    fn families_take_turns_and_none_is_lost() {
        let (a, b, c) = (address(1, true), address(2, true), address(3, true));
        let (x, y) = (address(1, false), address(2, false));
        assert_eq!(order(&[a, b, c, x, y]), [a, x, b, y, c]);
        assert_eq!(order(&[x, a]), [x, a]);
        assert_eq!(order(&[x, y]), [x, y]);
        assert_eq!(order(&[]), []);
    }

    #[test]
    fn a_name_with_very_many_addresses_has_its_first_ones_tried() {
        let all = |six| (0..=255).map(move |last| address(last, six));
        let many: Vec<SocketAddr> = all(true).chain(all(true)).chain(all(false)).collect();
        let tried = order(&many);
        assert_eq!(tried.len(), 2 * MOST_OF_A_FAMILY);
        assert_eq!(tried[..3], [address(0, true), address(0, false), address(1, true)]);
        assert_eq!(tried.last(), Some(&address(15, false)));
        // Those of one family alone are no more for that.
        assert_eq!(order(&many[..512]).len(), MOST_OF_A_FAMILY);
        let (a, x) = (address(1, true), address(1, false));
        assert_eq!(order(&[a, a, x, a, x]), [a, x]);
    }

    #[test]
    fn a_failure_begins_the_next_at_once_and_a_delay_begins_it_beside() {
        let (a, x) = (address(1, true), address(1, false));
        let mut race = Race::new([a, x], true);
        assert_eq!(race.next(Mono::ZERO), Attempt::Begin(a));
        let soon = Mono::ZERO + Duration::from_millis(10);
        assert_eq!(race.next(soon), Attempt::Wait(Some(Mono::ZERO + ATTEMPT_DELAY)));
        race.failed(soon);
        assert_eq!(race.next(soon), Attempt::Begin(x));
        assert_eq!(race.next(soon), Attempt::Wait(None));
        race.failed(soon);
        assert_eq!(race.next(soon), Attempt::Lost);
    }

    #[test]
    fn a_failure_begins_the_next_though_another_still_runs() {
        let (a, b, x) = (address(1, true), address(2, true), address(1, false));
        let mut race = Race::new([a, b, x], true);
        assert_eq!(race.next(Mono::ZERO), Attempt::Begin(a));
        let then = Mono::ZERO + ATTEMPT_DELAY;
        let before = Mono::from_nanos(then.as_nanos() - 1);
        assert_eq!(race.next(before), Attempt::Wait(Some(then)));
        assert_eq!(race.next(then), Attempt::Begin(x));
        race.failed(then);
        assert_eq!(race.next(then), Attempt::Begin(b));
    }

    #[test]
    fn one_after_the_other_waits_for_the_failure() {
        let (a, x) = (address(1, true), address(1, false));
        let mut race = Race::new([a, x], false);
        assert_eq!(race.next(Mono::ZERO), Attempt::Begin(a));
        let late = Mono::ZERO + Duration::from_secs(3600);
        assert!(matches!(race.next(late), Attempt::Wait(Some(_))));
        race.failed(late);
        assert_eq!(race.next(late), Attempt::Begin(x));
    }
}
