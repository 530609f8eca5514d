//! How long a peer may be waited for, as the documentation has it: 5 s and one
//! second more for every 240 bytes, and never 30 s at one stretch.
//! It counts from outside, with a watch of its own.

use purlin_core::Mono;
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(5);
const STALL: Duration = Duration::from_secs(30);
/// What a byte pays for, rounded up.
const BYTE: Duration = Duration::from_nanos(4_166_667);

/// The waiting that one message has cost.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    waited: Duration,
    moved: u32,
    /// When this waiting began, if anyone waits, and when a byte last moved in it.
    since: Option<(Mono, Mono)>,
}

impl Bucket {
    /// So many bytes moved.
    pub(super) fn moved(&mut self, bytes: usize, now: Mono) {
        self.moved = self.moved.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if let Some((_, last)) = &mut self.since {
            *last = now;
        }
    }

    /// Whether the peer is waited for from now on.
    pub(super) fn wait(&mut self, waits: bool, now: Mono) {
        match self.since {
            Some((since, _)) if !waits => {
                self.waited += now.since(since);
                self.since = None;
            }
            None if waits => self.since = Some((now, now)),
            _ => {}
        }
    }

    /// How long it was waited for, over all.
    pub(super) fn waited(&self, now: Mono) -> Duration {
        self.waited + self.since.map_or(Duration::ZERO, |(since, _)| now.since(since))
    }

    /// Whether it was waited for too long.
    ///
    /// # Errors
    /// It was.
    pub(super) fn check(&self, what: &str, now: Mono) -> Result<(), String> {
        let (waited, moved) = (self.waited(now), self.moved);
        if waited > GRACE + BYTE * moved {
            return Err(format!("{what}: {moved} bytes in {waited:?} of waiting"));
        }
        match self.since {
            Some((_, last)) if now.since(last) > STALL => {
                Err(format!("{what}: nothing has come for {:?}", now.since(last)))
            }
            _ => Ok(()),
        }
    }

    /// Whether it was waited for long enough to give up.
    ///
    /// # Errors
    /// It was not.
    pub(super) fn check_spent(&self, what: &str, now: Mono) -> Result<(), String> {
        let waited = self.waited(now);
        if waited < GRACE { Err(format!("{what}: given up after {waited:?}")) } else { Ok(()) }
    }
}
