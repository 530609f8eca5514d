//! What a peer may do that costs us something and is legal: named limits, each with its reason.
//! Holds the numbers and who has used how much of them; what is an abuse's end, the connection does.
//!
//! A limit is a token bucket: so much at once, and so much more with every second or with
//! every useful thing. The name of one that is empty is the debug data of GOAWAY
//! (ENHANCE_YOUR_CALM), so that whoever meets it knows what to look for.

use crate::time::Mono;

macro_rules! budgets {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal: $burst:literal, $refill:literal;)*) => {
        /// A limit with a token bucket.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Budget {
            $($(#[doc = $doc])* $name,)*
        }

        impl Budget {
            /// Every one of them.
            pub const ALL: &'static [Budget] = &[$(Budget::$name,)*];

            /// The name in GOAWAY's debug data.
            pub const fn name(self) -> &'static str {
                match self { $(Budget::$name => $text,)* }
            }

            /// What the bucket holds at first, and at the most.
            pub const fn burst(self) -> u32 {
                match self { $(Budget::$name => $burst,)* }
            }

            /// What flows into it each second.
            pub const fn refill(self) -> u32 {
                match self { $(Budget::$name => $refill,)* }
            }
        }
    };
}

budgets! {
    /// RST_STREAM that came. Leaving a page cancels what it loads, 100 at the most; each
    /// exchange that completes gives one back (CVE-2023-44487).
    ResetsReceived = "resets_received": 200, 20;
    /// RST_STREAM that we had to send: for errors and refusals alone. A race with our first
    /// SETTINGS makes a few (CVE-2019-9514, CVE-2025-8671).
    ResetsSent = "resets_sent": 100, 10;
    /// SETTINGS. A window is changed now and then, and each change asks for every stream
    /// (CVE-2019-9515).
    Settings = "settings": 100, 1;
    /// PING. Keep-alive is one in ten seconds, measuring a window a few in one (CVE-2019-9512).
    Pings = "pings": 200, 10;
    /// Frames that say nothing: acknowledgements nobody waits for, RST_STREAM on what is
    /// closed, GOAWAY again.
    ControlFrames = "control_frames": 200, 10;
    /// DATA without an octet of content that does not end its stream (CVE-2019-9518).
    EmptyData = "empty_data": 100, 10;
    /// Frames of unknown types. Grease is one a connection.
    UnknownFrames = "unknown_frames": 500, 50;
    /// Octets that DATA costs beyond its content, at 41 a frame; content pays back. Two
    /// thousand frames of one octet at once are a fast keyboard or a slow proxy.
    TinyData = "tiny_data": 131_072, 16_384;
    /// WINDOW_UPDATE. One for each frame of DATA and each level is common, so that each
    /// frame sent gives two back (CVE-2019-9517).
    WindowUpdates = "window_updates": 2_000, 200;
}

macro_rules! caps {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal: $most:literal;)*) => {
        /// A limit on one thing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cap {
            $($(#[doc = $doc])* $name,)*
        }

        impl Cap {
            /// Every one of them.
            pub const ALL: &'static [Cap] = &[$(Cap::$name,)*];

            /// The name in GOAWAY's debug data.
            pub const fn name(self) -> &'static str {
                match self { $(Cap::$name => $text,)* }
            }

            /// How much there may be.
            pub const fn most(self) -> u32 {
                match self { $(Cap::$name => $most,)* }
            }
        }
    };
}

caps! {
    /// Settings in one frame (CVE-2020-11080).
    SettingsEntries = "settings_entries": 256;
    /// Answers that are due and not written: then nothing more is read.
    Unanswered = "unanswered": 64;
    /// Frames that one field block is cut into: 64 KiB in frames of 1 KiB (CVE-2024-27316).
    FieldBlockFrames = "field_block_frames": 64;
    /// Octets of one field block as it came. Beyond the limit of a list it is decoded for
    /// the table's sake alone, up to this.
    FieldBlockBytes = "field_block_bytes": 262_144;
    /// Octets that one field block is decoded to, each field counted with 32 more
    /// (CVE-2026-49975).
    FieldListBytes = "field_list_bytes": 1_048_576;
    /// Changes of the table's size in one field block: more than two say nothing.
    SizeUpdates = "size_updates": 2;
}

/// What DATA costs beyond its content: its header, and our work for it.
pub const DATA_OVERHEAD: u32 = 41;

const NANOS: u64 = 1_000_000_000;

/// What is in one bucket.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// What was used of the burst, in parts of 1 / 10^9.
    used: u64,
    at: Mono,
}

/// The buckets of one connection.
#[derive(Debug)]
pub struct Buckets([Level; Budget::ALL.len()]);

impl Buckets {
    /// All full.
    pub fn new(now: Mono) -> Buckets {
        Buckets([Level { used: 0, at: now }; Budget::ALL.len()])
    }

    /// Takes so much out.
    ///
    /// # Errors
    /// The limit, if there was not as much in it.
    pub fn spend(&mut self, budget: Budget, tokens: u32, now: Mono) -> Result<(), Budget> {
        let level = &mut self.0[budget as usize];
        let waited = u64::try_from(now.since(level.at).as_nanos()).unwrap_or(u64::MAX);
        let flowed = waited.saturating_mul(u64::from(budget.refill()));
        level.at = level.at.max(now);
        let left = level.used.saturating_sub(flowed);
        level.used = left.saturating_add(u64::from(tokens) * NANOS);
        if level.used > u64::from(budget.burst()) * NANOS { Err(budget) } else { Ok(()) }
    }

    /// Puts so much in, for something useful; it never holds more than its burst.
    pub fn earn(&mut self, budget: Budget, tokens: u32) {
        let level = &mut self.0[budget as usize];
        level.used = level.used.saturating_sub(u64::from(tokens) * NANOS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_its_burst_and_flows_full_again() {
        for budget in Budget::ALL.iter().copied() {
            let start = Mono::from_secs(7);
            let mut buckets = Buckets::new(start);
            for _ in 0..budget.burst() {
                assert_eq!(buckets.spend(budget, 1, start), Ok(()));
            }
            assert_eq!(buckets.spend(budget, 1, start), Err(budget));
            buckets.earn(budget, 1);
            assert_eq!(buckets.spend(budget, 0, start), Ok(()));
            let later = Mono::from_secs(8);
            assert_eq!(buckets.spend(budget, budget.refill(), later), Ok(()));
            assert_eq!(buckets.spend(budget, 1, later), Err(budget));
            // However long nothing comes, no more than the burst is saved.
            let mut rested = Buckets::new(start);
            let late = Mono::from_secs(1_000_000);
            assert_eq!(rested.spend(budget, budget.burst(), late), Ok(()));
            assert_eq!(rested.spend(budget, 1, late), Err(budget));
        }
    }

    #[test]
    fn buckets_do_not_share_and_useful_work_pays() {
        let now = Mono::ZERO;
        let mut buckets = Buckets::new(now);
        for _ in 0..10_000 {
            assert_eq!(buckets.spend(Budget::ResetsReceived, 1, now), Ok(()));
            buckets.earn(Budget::ResetsReceived, 1);
        }
        assert_eq!(buckets.spend(Budget::Pings, 200, now), Ok(()));
        assert_eq!(buckets.spend(Budget::Pings, 1, now), Err(Budget::Pings));
        assert_eq!(buckets.spend(Budget::ResetsReceived, 200, now), Ok(()));
    }

    #[test]
    fn every_limit_has_a_name_of_its_own() {
        let budgets = Budget::ALL.iter().map(|budget| budget.name());
        let mut names: Vec<&str> = budgets.chain(Cap::ALL.iter().map(|cap| cap.name())).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(Cap::ALL.iter().all(|cap| cap.most() > 0));
    }
}
