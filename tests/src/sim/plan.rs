//! What the application does with one request, from a seed.
//! It plans, and does nothing.

use crate::rng::Rng;
use std::time::Duration;

/// What the application does with one request.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// So much body is to be here before anything is done.
    pub(super) prefetch: Option<usize>,
    pub(super) think: Duration,
    /// The most body it takes, if not the default.
    pub(super) limit: Option<u64>,
    pub(super) read: Read,
    pub(super) interim: bool,
    /// Bytes of the reply, and the most of them in one piece.
    pub(super) size: usize,
    pub(super) piece: usize,
    pub(super) reply: Reply,
    /// Between the pieces of a streamed reply.
    pub(super) pause: Duration,
    pub(super) close: bool,
    /// Gives up, or panics, half way through.
    pub(super) fails: bool,
    /// What it does if it is asked for an upgrade.
    pub(super) takeover: Option<Takeover>,
    /// How long it talks then.
    pub(super) talk: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    All,
    Nothing,
    Discard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Full,
    Length,
    Stream,
    /// Written as a handler writes.
    Draft,
    /// Gives back what comes while it comes.
    Echo,
}

/// How the connection becomes the application's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takeover {
    /// With 101 (Switching Protocols).
    Upgrade,
    /// As it is: the application writes the 101 itself.
    Hijack,
}

impl Plan {
    /// Any plan whose reply has at most so many bytes.
    pub(super) fn any(rng: &mut Rng, most: usize) -> Plan {
        let wait = |rng: &mut Rng| Duration::from_millis(*rng.pick(&[0, 0, 0, 3, 700, 40_000]));
        let read = [Read::All, Read::All, Read::All, Read::Nothing, Read::Discard];
        let reply =
            [Reply::Full, Reply::Full, Reply::Length, Reply::Stream, Reply::Draft, Reply::Draft];
        let takeover = [None, Some(Takeover::Upgrade), Some(Takeover::Hijack)];
        let size = most.min(*rng.pick(&[0, 1, 100, 100, 100, 3000, 3000, 100_000]));
        Plan {
            prefetch: rng.chance(50).then(|| *rng.pick(&[1, 1000, 64 * 1024])),
            think: wait(rng),
            limit: rng.chance(5).then_some(1000),
            read: *rng.pick(&read),
            interim: rng.chance(10),
            size,
            piece: (*rng.pick(&[1, 100, 2000, 30_000])).max(size / 20),
            reply: if rng.chance(10) { Reply::Echo } else { *rng.pick(&reply) },
            pause: if rng.chance(20) { wait(rng) } else { Duration::ZERO },
            close: rng.chance(5),
            fails: rng.chance(3),
            takeover: *rng.pick(&takeover),
            talk: Duration::from_millis(*rng.pick(&[0, 1000, 20_000, 60_000])),
        }
    }
}
