//! What a world is to play: its network, what both sides go by, and its exchanges.
//! All of it is drawn from the seed at once; what comes of it is the machines' affair.

use crate::rng::Rng;
use crate::sim::wire::Quality;
use purlin_core::config::Http2;
use std::time::Duration;

/// How a message's content is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// With the head.
    Whole,
    /// Piece by piece, its length said before.
    Known,
    /// Piece by piece, with trailers perhaps.
    Streamed { trailers: bool },
}

/// One direction of an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    pub(super) size: usize,
    pub(super) how: How,
    /// The largest piece, and the pause behind each.
    pub(super) piece: usize,
    pub(super) pause: Duration,
    /// The pause behind each piece that is read.
    pub(super) slow: Duration,
    /// The length of a field beside it.
    pub(super) field: usize,
}

/// When the server's application reads a request's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// Before it answers.
    First,
    /// While it answers.
    Beside,
    /// Never; it says so, or not.
    Never { says: bool },
}

/// One exchange.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) method: &'static str,
    pub(super) starts: Duration,
    pub(super) up: Content,
    pub(super) down: Content,
    pub(super) expects: bool,
    /// The client gives it up, by a reset or by throwing it away.
    pub(super) cancel: Option<(Duration, bool)>,
    pub(super) thinks: Duration,
    pub(super) reads: Reads,
    pub(super) interims: usize,
    pub(super) status: u16,
    /// The server gives it up once it has given so much.
    pub(super) gives_up: Option<usize>,
}

impl Plan {
    /// Whether the response has content.
    pub(super) fn has_content(&self) -> bool {
        self.method != "HEAD" && !matches!(self.status, 204 | 304)
    }

    /// Whether both sides do all that they can for it.
    pub(super) fn is_calm(&self) -> bool {
        self.cancel.is_none() && self.gives_up.is_none()
    }
}

/// Content of an exchange: each piece tells where it belongs.
pub(super) fn text(plan: usize, down: bool, from: usize, to: usize) -> Vec<u8> {
    let mix = 31 * plan + 7 * usize::from(down);
    (from..to).map(|at| b'!' + u8::try_from((mix + at + at / 90) % 90).unwrap_or(0)).collect()
}

/// The value of the field beside it.
pub(super) fn field(plan: usize, down: bool, length: usize) -> String {
    String::from_utf8_lossy(&text(plan + 1, down, 0, length)).into_owned()
}

/// A world.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) quality: Quality,
    pub(super) server: Http2,
    pub(super) client: Http2,
    pub(super) plans: Vec<Plan>,
    pub(super) tls: bool,
    /// Which side's frames are said otherwise.
    pub(super) odd: (bool, bool),
    /// When a connection is cut, and when its server is to end it.
    pub(super) cut: Option<Duration>,
    pub(super) shutdown: Option<Duration>,
    pub(super) trace: bool,
    /// Nothing is so slow that anybody may be late.
    pub(super) quick: bool,
}

fn millis(rng: &mut Rng, choices: &[u64]) -> Duration {
    Duration::from_millis(*rng.pick(choices))
}

fn config(rng: &mut Rng, tiny: bool) -> Http2 {
    let stream_window = match rng.below(4) {
        _ if tiny => *rng.pick(&[1, 1, 2, 7]),
        0 => *rng.pick(&[100, 1000, 16_384]),
        1 => 1 << 20,
        _ => 65_535,
    };
    Http2 {
        max_concurrent: *rng.pick(&[1, 2, 5, 100, 100]),
        stream_window,
        connection_window: *rng.pick(&[65_535, 70_000, 1 << 20]),
        max_frame: *rng.pick(&[16_384, 16_384, 30_000]),
        header_table: *rng.pick(&[4096, 4096, 0, 200]),
        ..Http2::DEFAULT
    }
}

fn content(rng: &mut Rng, most: usize, tiny: bool) -> Content {
    let size = match rng.below(6) {
        0 => 0,
        1 | 2 => rng.below(100),
        3 => rng.below(most.min(5000)),
        _ => rng.below(most),
    };
    let how = match rng.below(4) {
        0 => How::Whole,
        1 => How::Known,
        _ => How::Streamed { trailers: rng.chance(60) },
    };
    // Whoever is slow has little, so that nobody is late.
    let rests = size < 3000 && !tiny && rng.chance(30);
    Content {
        size,
        how,
        piece: *rng.pick(&[1000, 20_000, 200_000]),
        pause: if rests { millis(rng, &[1, 20, 200]) } else { Duration::ZERO },
        slow: if rests { millis(rng, &[0, 10, 50]) } else { Duration::ZERO },
        field: *rng.pick(&[0, 10, 10, 500, 20_000]),
    }
}

fn plan(rng: &mut Rng, (up_most, down_most): (usize, usize), tiny: bool, rough: bool) -> Plan {
    let method = *rng.pick(&["GET", "GET", "POST", "POST", "POST", "HEAD"]);
    let mut up = content(rng, up_most, tiny);
    if method != "POST" {
        (up.size, up.how) = (0, How::Whole);
    }
    let mut down = content(rng, down_most, tiny);
    let status = *rng.pick(&[200, 200, 200, 200, 404, 204, 304]);
    if matches!(status, 204 | 304) {
        (down.size, down.how) = (0, How::Whole);
    }
    let beside = !matches!(down.how, How::Whole);
    let reads = match rng.below(6) {
        0 => Reads::Never { says: rng.chance(50) },
        1 | 2 if beside => Reads::Beside,
        _ => Reads::First,
    };
    if reads == Reads::Beside {
        // An answer waits for it, and whoever reads that waits, too.
        (up.pause, up.slow) = Default::default();
    }
    Plan {
        method,
        starts: millis(rng, &[0, 0, 0, 0, 30, 400, 2000]),
        up,
        down,
        expects: up.size > 0 && rng.chance(20),
        cancel: (rough && rng.chance(25))
            .then(|| (millis(rng, &[0, 1, 20, 100, 1000]), rng.chance(50))),
        thinks: millis(rng, &[0, 0, 0, 10, 500, 2000]),
        reads,
        interims: if rng.chance(20) { rng.range(1, 3) } else { 0 },
        status,
        gives_up: (rough && beside && rng.chance(15)).then(|| rng.below(down.size + 1)),
    }
}

impl Setting {
    /// What this seed plays.
    pub(super) fn new(rng: &mut Rng) -> Setting {
        let tiny = rng.chance(15);
        let quick = tiny || rng.chance(70);
        let mut quality = Quality::any(rng);
        if quick {
            quality.delay = if tiny { rng.below(2) } else { *rng.pick(&[0, 1, 5, 20]) };
            quality.stall = 0;
            quality.capacity = *rng.pick(&[64 * 1024, 8 * 1024, 200_000]);
        }
        let most = if tiny { 300 } else { quality.capacity.min(40_000) * 5 };
        let rough = rng.chance(50);
        let storm = rng.chance(4);
        let count = match rng.below(10) {
            _ if storm => rng.range(80, 160),
            0..4 => rng.range(1, 4),
            4..9 => rng.range(2, 15),
            _ => rng.range(15, 60),
        };
        // Many have less each.
        let most = (most * 10 / (count + 9)).max(10);
        let (server, client) = (config(rng, tiny), config(rng, tiny));
        // What needs many turns for little is late by itself.
        let turns = |config: &Http2| most.min((config.stream_window as usize).max(5) * 60);
        let most = (turns(&server), turns(&client));
        let mut plans: Vec<Plan> = (0..count).map(|_| plan(rng, most, tiny, rough)).collect();
        if storm {
            // A page that is left: all that it loads is given up at once.
            let (after, how) = (millis(rng, &[1, 30, 300]), rng.chance(80));
            for plan in &mut plans {
                plan.starts = Duration::ZERO;
                plan.cancel = rng.chance(95).then_some((after, how));
            }
        }
        let odd = rng.below(6);
        Setting {
            quality,
            server: Http2 {
                max_concurrent: if storm { 100 } else { server.max_concurrent },
                ..server
            },
            client: Http2 { max_concurrent: *rng.pick(&[100, 100, 3]), ..client },
            plans,
            tls: rng.chance(4),
            odd: (odd == 0, odd == 1),
            cut: rng.chance(10).then(|| millis(rng, &[0, 1, 30, 300, 2000])),
            shutdown: rng.chance(25).then(|| millis(rng, &[0, 1, 30, 300, 2000])),
            trace: rng.chance(50),
            quick,
        }
    }

    /// Whether every exchange of which both sides do all that they can comes to its end.
    pub(super) fn is_calm(&self) -> bool {
        self.quick && self.cut.is_none()
    }
}
