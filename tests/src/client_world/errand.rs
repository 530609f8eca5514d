//! What is asked for: where it leads, what goes along, and what its caller does
//! on the way. All of it is fixed by the seed before the first request.

use super::setting::{Origin, Setting};
use crate::rng::Rng;
use bytes::Bytes;
use purlin_core::exchange::{Given, Payload, RequestParts};
use purlin_core::{Method, Mono, Url};
use std::collections::VecDeque;
use std::time::Duration;

/// One request, as its caller sees it.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) method: Method,
    /// Where it leads: each but the last redirects to the next.
    pub(super) hops: Vec<Hop>,
    pub(super) payload: Payload,
    /// The bytes of its body.
    pub(super) body: Bytes,
    pub(super) pace: Pace,
    pub(super) expects: bool,
    /// It has an Idempotency-Key.
    pub(super) keyed: bool,
    pub(super) secret: Secret,
    pub(super) total: Option<Duration>,
    /// How long it waits for an answer to begin.
    pub(super) wait: Option<Duration>,
    /// The longest body that it takes.
    pub(super) most: Option<usize>,
    pub(super) starts: Mono,
    /// When its caller loses interest.
    pub(super) gives_up: Option<Mono>,
    /// When its caller drops it, counted in polls.
    pub(super) drops: Option<Drops>,
    /// After so many bytes of the response the caller has enough.
    pub(super) enough: Option<usize>,
    /// How long the caller thinks about each piece of the response.
    pub(super) pause: Duration,
}

/// Where a caller drops what he waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drops {
    /// After so many polls, which it waits from.
    Waiting(u32),
    /// After so many polls, when it is to be polled again: it was told of something.
    Told(u32),
}

/// A server that is asked on the way.
#[derive(Debug)]
pub(super) struct Hop {
    pub(super) origin: usize,
    /// What it answers, unless it is the last.
    pub(super) status: u16,
}

/// What no other origin may learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secret {
    None,
    Authorization,
    Cookie,
    /// In the URL.
    Userinfo,
}

/// How a body that streams comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    piece: usize,
    pause: Duration,
    /// It fails after so many bytes.
    fails: Option<usize>,
}

impl Errand {
    pub(super) fn new(rng: &mut Rng, name: usize, setting: &Setting) -> Errand {
        let (calm, rough) = (setting.calm, setting.rough);
        let methods = [Method::GET, Method::GET, Method::POST, Method::PUT, Method::DELETE];
        let method = if rng.chance(10) { Method::HEAD } else { rng.pick(&methods).clone() };
        let uploads = method == Method::POST || method == Method::PUT;
        let size = if uploads { size(rng, setting.most) } else { 0 };
        let body = content(&format!("up {name}"), size);
        let millis = |rng: &mut Rng, all: &[u64]| Duration::from_millis(*rng.pick(all));
        let starts = setting.begins + millis(rng, &[0, 0, 0, 3, 200, 2000, 7000, 40_000, 100_000]);
        let pace = Pace {
            piece: *rng.pick(&[1, 100, 5000, 30_000]),
            pause: millis(rng, if rough { &[0, 0, 1, 400, 7000] } else { &[0, 1] }),
            fails: (!calm && rng.chance(5)).then(|| rng.below(size + 1)),
        };
        let payload = match rng.below(3) {
            _ if !uploads => Payload::Empty,
            0 => Payload::Full(body.clone()),
            more => {
                let length = (more == 1).then_some(size as u64);
                Payload::Stream { length, replayable: rng.chance(50) }
            }
        };
        Errand {
            method,
            hops: hops(rng, setting),
            payload,
            body,
            pace,
            expects: uploads && rng.chance(20),
            keyed: rng.chance(10),
            secret: *rng.pick(&[
                Secret::None,
                Secret::Authorization,
                Secret::Cookie,
                Secret::Userinfo,
            ]),
            total: (rough && rng.chance(20)).then(|| millis(rng, &[20, 900, 4000, 30_000])),
            wait: (rough && rng.chance(20)).then(|| millis(rng, &[50, 900, 4000])),
            most: (!calm && rng.chance(20)).then(|| *rng.pick(&[0, 100, 3000, 60_000])),
            starts,
            gives_up: (!calm && rng.chance(10))
                .then(|| starts + millis(rng, &[0, 1, 20, 150, 700, 6000])),
            drops: (setting.drops && rng.chance(40)).then(|| drops(rng)),
            enough: (!calm && rng.chance(8)).then(|| rng.below(setting.most)),
            pause: if rough { millis(rng, &[0, 0, 0, 5, 900, 20_000]) } else { Duration::ZERO },
        }
    }

    /// What the exchange is given, and what gives its body if that streams.
    ///
    /// # Errors
    /// The world is wrong about what can be asked for.
    pub(super) fn parts(
        &self,
        name: usize,
        setting: &Setting,
    ) -> Result<(RequestParts, Option<Given<Source>>), String> {
        let told = |error: &dyn std::fmt::Display| format!("errand {name}: {error}");
        let url = Url::parse(self.url(name, 0, setting)).map_err(|error| told(&error))?;
        let mut parts = RequestParts::new(self.method.clone(), url);
        parts.payload = self.payload.clone();
        (parts.total, parts.wait) = (self.total, self.wait);
        parts.most = self.most.map(|most| most as u64);
        let mut field = |name: &str, value: &str| {
            parts.fields.append(name, value).map_err(|error| told(&error))
        };
        if self.expects {
            field("Expect", "100-continue")?;
        }
        if self.keyed {
            field("Idempotency-Key", &name.to_string())?;
        }
        match self.secret {
            Secret::Authorization => field("Authorization", &format!("Bearer {name}"))?,
            Secret::Cookie => field("Cookie", &format!("own={name}"))?,
            Secret::None | Secret::Userinfo => {}
        }
        let source = Source::new(self.body.clone(), self.pace);
        let given = match self.payload {
            Payload::Stream { replayable: true, .. } => {
                Some(Given::Again(Box::new(move || source.clone()) as Box<_>))
            }
            Payload::Stream { .. } => Some(Given::Once(source)),
            Payload::Empty | Payload::Full(_) => None,
        };
        Ok((parts, given))
    }

    /// The URL of a hop. What a Location says has no user in it.
    pub(super) fn url(&self, name: usize, hop: usize, setting: &Setting) -> String {
        let origin = &setting.origins[self.hops[hop].origin];
        let user = if hop == 0 && self.secret == Secret::Userinfo { "user:secret@" } else { "" };
        format!("{}://{user}{}/{name}/{hop}", origin.scheme(), origin.authority())
    }

    /// Whether what no other origin may learn is still to be told at this hop.
    pub(super) fn tells_secret(&self, hop: usize, setting: &Setting) -> bool {
        (0..=hop).all(|passed| self.origin(passed, setting) == self.origin(0, setting))
    }

    /// The origin of a hop.
    pub(super) fn origin<'a>(&self, hop: usize, setting: &'a Setting) -> &'a Origin {
        &setting.origins[self.hops[hop].origin]
    }
}

fn drops(rng: &mut Rng) -> Drops {
    let most = *rng.pick(&[3, 12, 60]);
    let polls = u32::try_from(rng.below(most)).unwrap_or_default();
    if rng.chance(50) { Drops::Told(polls) } else { Drops::Waiting(polls) }
}

fn hops(rng: &mut Rng, setting: &Setting) -> Vec<Hop> {
    let count = match rng.below(100) {
        0 if !setting.calm => 12,
        1..=20 => 2,
        21..=30 => rng.range(3, 4),
        _ => 1,
    };
    let first = rng.below(setting.origins.len());
    (0..count)
        .map(|_| Hop {
            origin: if rng.chance(50) { first } else { rng.below(setting.origins.len()) },
            status: *rng.pick(&[301, 302, 303, 307, 308]),
        })
        .collect()
}

/// A size of a body, small or large.
pub(super) fn size(rng: &mut Rng, most: usize) -> usize {
    match rng.below(4) {
        0 => 0,
        1 => rng.below(20),
        2 => rng.below(most.min(3000) + 1),
        _ => rng.below(most + 1),
    }
}

/// Bytes that nobody else sends.
pub(super) fn content(of: &str, size: usize) -> Bytes {
    let line = format!("{of}\n");
    line.bytes().cycle().take(size).collect()
}

/// What gives a body that streams.
#[derive(Clone, Debug)]
pub(super) struct Source {
    rest: Bytes,
    given: usize,
    pace: Pace,
    /// When there is more; it counts from when it is asked.
    next: Option<Mono>,
}

/// What a source gives.
pub(super) enum Piece {
    Data(Bytes),
    Later(Mono),
    End,
    Failed,
}

impl Source {
    fn new(body: Bytes, pace: Pace) -> Source {
        Source { rest: body, given: 0, pace, next: None }
    }

    /// Whether it never has to be waited for.
    pub(super) fn is_steady(&self) -> bool {
        self.pace.pause.is_zero()
    }

    pub(super) fn next(&mut self, now: Mono) -> Piece {
        if self.pace.fails.is_some_and(|after| self.given >= after) {
            return Piece::Failed;
        }
        if self.rest.is_empty() {
            return Piece::End;
        }
        let pause = if self.given == 0 { Duration::ZERO } else { self.pace.pause };
        let at = *self.next.get_or_insert(now + pause);
        if at > now {
            return Piece::Later(at);
        }
        self.next = None;
        // A body of any length comes within some thirty pieces.
        let size = self.pace.piece.max(self.rest.len() / 30).min(self.rest.len());
        self.given += size;
        Piece::Data(self.rest.split_to(size))
    }
}

/// Bytes to be said at their times, one after the other.
pub(super) type Speech = VecDeque<(Mono, Bytes)>;
