//! What a good server's application answers, and how: status, size, framing,
//! pauses, and the ways in which an application may be bad.

use super::errand::{content, size};
use super::ledger::Key;
use super::peer::Scene;
use crate::rng::Rng;
use bytes::Bytes;
use purlin_core::{ResponseHead, Status};
use std::time::Duration;

/// What an application answers to one request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) head: ResponseHead,
    pub(super) body: Bytes,
    pub(super) framing: Framing,
    pub(super) interims: usize,
    /// It answers before it has read the request's body.
    pub(super) early: bool,
    /// Then it reads that beside its answer, which ends after it.
    pub(super) beside: bool,
    pub(super) think: Duration,
    pub(super) piece: usize,
    pub(super) pause: Duration,
    pub(super) trailers: bool,
    pub(super) manners: Manners,
}

/// How the body is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Full,
    Length,
    Stream,
}

/// What becomes of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    Good,
    /// It never comes.
    Mute,
    /// It is given up in the middle.
    Aborts,
    /// It never ends.
    Drips,
}

impl Reply {
    /// It says how long the connection is kept.
    pub(super) fn tell_limit(&mut self, seconds: u64) {
        let limit = format!("timeout={seconds}, max=100");
        let added = self.head.fields_mut().append("Keep-Alive", &limit);
        debug_assert!(added.is_ok());
    }

    pub(super) fn new(rng: &mut Rng, key: Key, wire: usize, scene: &Scene<'_>) -> Reply {
        let (errand, setting) = (&scene.errands[key.0], scene.setting);
        let (calm, last) = (setting.calm, key.1 + 1 == errand.hops.len());
        let millis = |rng: &mut Rng, all: &[u64]| Duration::from_millis(*rng.pick(all));
        let bad = [Manners::Mute, Manners::Aborts, Manners::Drips];
        let manners = if calm || rng.chance(92) { Manners::Good } else { *rng.pick(&bad) };
        let code = match last {
            true => *rng.pick(&[200, 200, 200, 201, 204, 404, 503]),
            false => errand.hops[key.1].status,
        };
        let length = if code == 204 { 0 } else { size(rng, setting.most) };
        let mut head = ResponseHead::new(Status::from_code(code).unwrap_or(Status::OK));
        let mut field = |name: &str, value: &str| {
            // These names and values are all well formed.
            let added = head.fields_mut().append(name, value);
            debug_assert!(added.is_ok());
        };
        if !last {
            field("Location", &errand.url(key.0, key.1 + 1, setting));
        }
        if rng.chance(10) {
            field("Connection", "close");
        }
        let origin = errand.origin(key.1, setting);
        match rng.below(8) {
            0 => field("Set-Cookie", &format!("h-{}=1; Path=/", origin.host)),
            1 => field("Set-Cookie", &format!("s-{}=1; Path=/; Secure", origin.host)),
            2 if origin.host.ends_with("a.test") => {
                field("Set-Cookie", "d-a.test=1; Domain=a.test; Path=/; Max-Age=100");
            }
            _ => {}
        }
        let (framing, early) =
            (*rng.pick(&[Framing::Full, Framing::Length, Framing::Stream]), rng.chance(10));
        // Who waits for 100 (Continue) and is answered sends nothing.
        let beside = early && last && code < 300 && code != 204 && !errand.expects;
        Reply {
            head,
            body: content(&format!("down {} {} {wire}", key.0, key.1), length),
            framing: if beside { Framing::Stream } else { framing },
            interims: if rng.chance(15) { rng.range(1, 3) } else { 0 },
            early,
            beside,
            think: millis(rng, if calm { &[0, 0, 40] } else { &[0, 0, 0, 40, 800, 8000, 90_000] }),
            piece: 1 + rng.below(30_000),
            pause: millis(rng, if calm { &[0, 0, 1] } else { &[0, 0, 0, 1, 500] }),
            trailers: rng.chance(30),
            manners,
        }
    }
}
