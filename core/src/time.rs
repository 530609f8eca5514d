//! Time as the core sees it: instants the caller gives, and deadlines as data.
//! Holds no clock and arms no timer; a driver asks for the next deadline and waits.

use std::time::Duration;

/// A point on a monotonic clock, in nanoseconds since an origin the caller chose.
///
/// ```
/// use purlin_core::Mono;
/// use std::time::Duration;
/// let start = Mono::from_nanos(5);
/// assert_eq!((start + Duration::from_nanos(7)).as_nanos(), 12);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mono(u64);

impl Mono {
    /// The origin of the caller's clock.
    pub const ZERO: Mono = Mono(0);

    const NEVER: Mono = Mono(u64::MAX);

    /// `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Mono {
        Mono(nanos)
    }

    /// `seconds` seconds after the origin.
    pub const fn from_secs(seconds: u64) -> Mono {
        Mono(seconds.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How much later this is than `earlier`; zero if it is not later.
    pub const fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Mono {
    type Output = Mono;

    /// Saturates instead of wrapping: the end of time is a deadline that never comes.
    fn add(self, wait: Duration) -> Mono {
        Mono(self.0.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// The present, as the caller sees it: a monotonic instant for timers and Unix
/// seconds for `Date` and cookie expiry.
///
/// A test makes one by hand: `Now::at(Mono::from_secs(3), 784_111_777)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic instant.
    pub mono: Mono,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix: u64,
}

impl Now {
    /// A present of these two readings.
    pub const fn at(mono: Mono, unix: u64) -> Now {
        Now { mono, unix }
    }

    /// This present moved `wait` into the future, on both clocks.
    ///
    /// ```
    /// use purlin_core::{Mono, Now};
    /// let later = Now::at(Mono::ZERO, 100).later(std::time::Duration::from_secs(2));
    /// assert_eq!(later, Now::at(Mono::from_secs(2), 102));
    /// ```
    pub fn later(self, wait: Duration) -> Now {
        let mono = self.mono + wait;
        let seconds = mono.0 / 1_000_000_000 - self.mono.0 / 1_000_000_000;
        Now { mono, unix: self.unix.saturating_add(seconds) }
    }
}

/// What a deadline is for. A timeout is never just "a timeout".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Why {
    /// The TLS handshake must end.
    Handshake,
    /// The first bytes must tell which protocol is spoken.
    Detect,
    /// The first byte of a response must come.
    FirstByte,
    /// The whole head must have arrived.
    Head,
    /// The peer must send body bytes at the minimum rate.
    Body,
    /// The peer must take bytes at the minimum rate.
    Write,
    /// The next request must begin.
    Idle,
    /// A 100 (Continue) must arrive, or the body is sent without it.
    Expect,
    /// Exchanges in progress must end after a graceful shutdown began.
    Drain,
    /// The peer must close after our last byte.
    Linger,
    /// Something must go out to a peer that sends nothing more.
    HalfClosed,
    /// A PING must be answered.
    Ping,
    /// SETTINGS must be acknowledged.
    Settings,
}

impl Why {
    /// Every reason, in the order of the enum.
    pub const ALL: [Why; 13] = [
        Why::Handshake,
        Why::Detect,
        Why::FirstByte,
        Why::Head,
        Why::Body,
        Why::Write,
        Why::Idle,
        Why::Expect,
        Why::Drain,
        Why::Linger,
        Why::HalfClosed,
        Why::Ping,
        Why::Settings,
    ];
}

/// One slot for each [`Why`] of `N`, the first of which is number `FROM` of the enum.
#[derive(Clone, Debug)]
pub(crate) struct Deadlines<const FROM: usize, const N: usize>([Mono; N]);

/// Every reason has a slot: the table is as long as the enum.
pub(crate) type AllDeadlines = Deadlines<0, { Why::ALL.len() }>;

/// What a connection of HTTP/1 knows: all but those around it, and those of HTTP/2.
pub(crate) type MessageDeadlines = Deadlines<
    { Why::FirstByte as usize },
    { Why::HalfClosed as usize + 1 - Why::FirstByte as usize },
>;

impl<const FROM: usize, const N: usize> Deadlines<FROM, N> {
    pub(crate) const fn new() -> Self {
        Deadlines([Mono::NEVER; N])
    }

    fn slot(&mut self, why: Why) -> &mut Mono {
        &mut self.0[why as usize - FROM]
    }

    pub(crate) fn set(&mut self, why: Why, at: Mono) {
        *self.slot(why) = at;
    }

    /// Puts a deadline off until then, if it is set and was earlier.
    pub(crate) fn prolong(&mut self, why: Why, at: Mono) {
        if let Some(before) = self.get(why) {
            self.set(why, at.max(before));
        }
    }

    pub(crate) fn clear(&mut self, why: Why) {
        *self.slot(why) = Mono::NEVER;
    }

    pub(crate) fn clear_all(&mut self) {
        *self = Deadlines::new();
    }

    pub(crate) fn get(&self, why: Why) -> Option<Mono> {
        Some(self.0[why as usize - FROM]).filter(|at| *at != Mono::NEVER)
    }

    pub(crate) fn is_set(&self, why: Why) -> bool {
        self.0[why as usize - FROM] != Mono::NEVER
    }

    /// The earliest deadline; of equal ones the first in the enum's order.
    pub(crate) fn next(&self) -> Option<(Mono, Why)> {
        let least = self.least();
        if least == Mono::NEVER {
            return None;
        }
        let slot = self.0.iter().position(|at| *at == least)?;
        Some((least, Why::ALL[FROM + slot]))
    }

    fn least(&self) -> Mono {
        self.0.iter().fold(Mono::NEVER, |least, at| least.min(*at))
    }

    /// Takes out one deadline that has passed.
    pub(crate) fn take_expired(&mut self, now: Mono) -> Option<Why> {
        if self.least() > now {
            return None;
        }
        let (_, why) = self.next()?;
        self.clear(why);
        Some(why)
    }
}

/// A minimum rate, kept as a token bucket of waiting time.
///
/// The bucket starts with a grace; waiting for the peer spends it, every byte
/// the peer moves earns `1 / rate` seconds, and it never holds more than
/// `burst`. So a slow start is forgiven, one byte every 29 seconds is not, and
/// a fast peer cannot save up for hours of silence.
///
/// These three are all that there is to a token bucket: there will be no other field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes a second the peer must keep up; 0 turns the check off.
    pub bytes_per_second: u32,
    /// What the bucket holds at the start.
    pub grace: Duration,
    /// The most the bucket can hold: the longest stall that earlier speed can pay for.
    pub burst: Duration,
}

impl Rate {
    /// No minimum: the peer may stall for ever.
    pub const UNLIMITED: Rate =
        Rate { bytes_per_second: 0, grace: Duration::ZERO, burst: Duration::ZERO };

    /// 240 bytes a second after a grace of 5 s, with stalls of at most 30 s.
    pub const DEFAULT: Rate = Rate {
        bytes_per_second: 240,
        grace: Duration::from_secs(5),
        burst: Duration::from_secs(30),
    };
}

/// How one direction of one connection is doing against its [`Rate`].
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// Nanoseconds a byte earns; 0 if there is no minimum.
    per_byte: u64,
    grace: u64,
    most: u64,
    level: u64,
    /// Since when it is waited; never, if it is not.
    since: Mono,
}

impl Pace {
    pub(crate) fn new(rate: Rate) -> Pace {
        let nanos = |wait: Duration| u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        let grace = nanos(rate.grace);
        Pace {
            per_byte: 1_000_000_000_u64.checked_div(u64::from(rate.bytes_per_second)).unwrap_or(0),
            grace,
            most: nanos(rate.burst).max(grace),
            level: grace,
            since: Mono::NEVER,
        }
    }

    /// From now on the waiting is the peer's: the instant at which it has waited too long.
    pub(crate) fn wait(&mut self, now: Mono) -> Option<Mono> {
        if self.per_byte == 0 {
            return None;
        }
        if self.since == Mono::NEVER {
            self.since = now;
        }
        Some(Mono(self.since.0.saturating_add(self.level)))
    }

    /// The peer moved `bytes`: pay for the waiting so far, earn for the bytes.
    pub(crate) fn moved(&mut self, bytes: usize, now: Mono) {
        self.pay(now);
        let earned = self.worth(bytes as u64);
        self.level = self.level.saturating_add(earned).min(self.most);
    }

    /// The peer has shown in another way that it is there: from now on it may take so long
    /// at least.
    pub(crate) fn grant(&mut self, time: Duration, now: Mono) {
        self.pay(now);
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.level = self.level.max(time.min(self.most));
    }

    /// The waiting is ours, or nothing is waited for.
    pub(crate) fn rest(&mut self, now: Mono) {
        self.pay(now);
        self.since = Mono::NEVER;
    }

    /// Pays for the waiting so far, and says how long it was.
    fn pay(&mut self, now: Mono) -> u64 {
        if self.since == Mono::NEVER {
            return 0;
        }
        let waited = now.0.saturating_sub(self.since.0);
        self.since = now;
        self.level = self.level.saturating_sub(waited);
        waited
    }

    /// What so many bytes earn.
    fn worth(&self, bytes: u64) -> u64 {
        bytes.saturating_mul(self.per_byte)
    }

    /// A new message: the grace is granted again.
    pub(crate) fn restart(&mut self) {
        self.level = self.grace;
        self.since = Mono::NEVER;
    }
}

mod taking;

pub(crate) use taking::Taking;

#[cfg(test)]
mod tests;
