//! Plays seeds of the simulation:
//! `cargo run --release -p purlin-tests --bin sim -- --seeds 0..10000`.
//!
//! With `--client` first they are those of a client's world: requests over one
//! pool, through proxies and TLS, to servers good and bad. With `--h2` both sides are
//! machines of HTTP/2.
//!
//! `--seed N` (or `--seeds A..B --trace`) draws the runs. The first seed that
//! fails is drawn too, and the exit code is 1.
//!
//! `--hour N` plays a server's hour with hundreds of connections, or so many
//! seconds of it with `--seconds S`; the connection that fails is drawn.

use purlin_tests::sim::{self, Outcome, hour};
use purlin_tests::{client_world, h2_world};
use std::env;
use std::io::{self, Write};
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut out = io::stdout().lock();
    if let Some((seed, seconds)) = parse_hour(&arguments) {
        return play_hour(seed, seconds, &mut out);
    }
    let (world, rest) = match arguments.split_first() {
        Some((first, rest)) if first == "--client" => (World::Client, rest),
        Some((first, rest)) if first == "--h2" => (World::Http2, rest),
        _ => (World::Server, &arguments[..]),
    };
    let Some((from, to, picture)) = parse(rest) else {
        let _ = writeln!(io::stderr(), "usage: sim {USAGE}");
        return ExitCode::from(2);
    };
    if picture {
        return draw(world, from, to, &mut out);
    }
    let begun = Instant::now();
    let total = play(world, from, to);
    let seconds = begun.elapsed().as_secs_f64();
    let count = to.saturating_sub(from);
    if let Some(seed) = total.failed {
        let option = world.option();
        let _ = writeln!(out, "seed {seed} fails; replay it with {option} {seed}");
        return draw(world, seed, seed + 1, &mut out);
    }
    let _ = writeln!(
        out,
        "{count} seeds, {} requests, {} virtual hours in {seconds:.1} s: {:.0} seeds a second",
        total.requests,
        total.seconds / 3600,
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds,
    );
    let _ = writeln!(out, "{count} passed, 0 failed");
    ExitCode::SUCCESS
}

const USAGE: &str =
    "[--client | --h2] (--seeds A..B [--trace] | --seed N) | --hour N [--seconds S]";

/// Whose world is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum World {
    Server,
    Client,
    Http2,
}

impl World {
    /// How one seed of it is asked for.
    fn option(self) -> &'static str {
        match self {
            World::Server => "--seed",
            World::Client => "--client --seed",
            World::Http2 => "--h2 --seed",
        }
    }

    /// Plays a seed. A panic is a failure like any other.
    fn run(self, seed: u64, picture: bool) -> Outcome {
        let played = catch_unwind(|| match self {
            World::Server => sim::run(seed, picture, None),
            World::Client => client_world::run(seed, picture, None),
            World::Http2 => h2_world::run(seed, picture, None),
        });
        played.unwrap_or_else(|_| Outcome {
            verdict: Err("it panics".to_owned()),
            requests: 0,
            seconds: 0,
            picture: String::new(),
        })
    }
}

fn parse_hour(arguments: &[String]) -> Option<(u64, u64)> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--hour", seed] => Some((seed.parse().ok()?, 3600)),
        ["--hour", seed, "--seconds", seconds] => Some((seed.parse().ok()?, seconds.parse().ok()?)),
        _ => None,
    }
}

fn parse(arguments: &[String]) -> Option<(u64, u64, bool)> {
    let (mut range, mut picture) = (None, false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--trace" => picture = true,
            "--seed" => {
                let seed: u64 = rest.next()?.parse().ok()?;
                (range, picture) = (Some((seed, seed.checked_add(1)?)), true);
            }
            "--seeds" => {
                let (from, to) = rest.next()?.split_once("..")?;
                range = Some((from.parse().ok()?, to.parse().ok()?));
            }
            _ => return None,
        }
    }
    range.map(|(from, to)| (from, to, picture))
}

/// Plays an hour; if something does not hold, plays it again to draw it.
fn play_hour(seed: u64, seconds: u64, out: &mut impl Write) -> ExitCode {
    let length = Duration::from_secs(seconds);
    let begun = Instant::now();
    let played = hour(seed, length, None);
    let counts = played.counts;
    let took = begun.elapsed().as_secs_f64();
    let _ = writeln!(out, "{seconds} virtual seconds in {took:.1} s: {counts:?}");
    let _ = writeln!(
        out,
        "at most {} connections open and {} KiB held; a connection held on average {:?} bytes",
        played.most_open,
        played.most_held / 1024,
        played.average_held
    );
    let Err(why) = played.verdict else {
        return ExitCode::SUCCESS;
    };
    if played.guilty.is_some() {
        let _ = writeln!(out, "{}", hour(seed, length, played.guilty).picture);
    }
    let _ = writeln!(out, "{why}; replay it with --hour {seed} --seconds {seconds}");
    ExitCode::FAILURE
}

/// Draws every run, and fails if one did.
fn draw(world: World, from: u64, to: u64, out: &mut impl Write) -> ExitCode {
    let mut failed = 0;
    for seed in from..to {
        let Outcome { verdict, picture, .. } = world.run(seed, true);
        let verdict = verdict.inspect_err(|_| failed += 1);
        let _ = writeln!(out, "seed {seed}\n{picture}seed {seed}: {verdict:?}\n");
    }
    let _ = writeln!(out, "{} passed, {failed} failed", to - from - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Default)]
struct Total {
    failed: Option<u64>,
    requests: usize,
    seconds: u64,
}

/// Plays all seeds on all cores; the least seed that fails is told.
fn play(world: World, from: u64, to: u64) -> Total {
    let next = AtomicU64::new(from);
    let work = || {
        let mut total = Total::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= to || total.failed.is_some() {
                return total;
            }
            let outcome = world.run(seed, false);
            total.requests += outcome.requests;
            total.seconds += outcome.seconds;
            if outcome.verdict.is_err() {
                total.failed = Some(seed);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let totals = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect::<Vec<_>>()
    });
    totals.into_iter().fold(Total::default(), |a, b| Total {
        failed: a.failed.into_iter().chain(b.failed).min(),
        requests: a.requests + b.requests,
        seconds: a.seconds + b.seconds,
    })
}
