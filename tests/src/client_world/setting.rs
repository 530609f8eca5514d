//! What a world is like: its servers, its proxy, its wires, and the client's
//! limits. All of it comes from the seed; nothing here changes later.

use super::layers;
use super::world::Broken;
use crate::rng::Rng;
use crate::sim::rests::Rests;
use crate::sim::wire::Quality;
use purlin_core::config::{Http2, Protocols};
use purlin_core::exchange::{ClientPolicy, CookieStore, PhaseTimeouts, Proxies, ProxyChoice};
use purlin_core::policy::jar::Jar;
use purlin_core::policy::pool::PoolConfig;
use purlin_core::policy::proxy::Proxy;
use purlin_core::policy::redirect::{Credentials, Policy};
use purlin_core::{ClientConfig, ClientTimeouts, Mono, Now, Rate, Url};
use purlin_tls::ClientTls;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a world is like.
pub(super) struct Setting {
    /// Nothing goes wrong in it: every request must be answered.
    pub(super) calm: bool,
    /// Its wires may be very bad, and its client may have no patience.
    pub(super) rough: bool,
    pub(super) begins: Mono,
    pub(super) quality: Quality,
    /// What systems take at once before their wires do, if that is told apart.
    pub(super) system: Option<usize>,
    /// When the client's process rests.
    pub(super) rests: Rests,
    /// The longest body.
    pub(super) most: usize,
    pub(super) origins: Vec<Origin>,
    /// What proxies are told of who asks.
    pub(super) proxy_secret: Option<&'static str>,
    /// The limits that the pool has to keep.
    pub(super) pool: PoolConfig,
    pub(super) policy: Arc<ClientPolicy>,
    pub(super) machine: Arc<ClientConfig>,
    /// When the client closes what is idle, if it does.
    pub(super) closes_idle: Option<Mono>,
    /// The rest of a body that nobody reads is waited for.
    pub(super) waits_for_rest: bool,
    /// Callers drop what they wait for, at any point.
    pub(super) drops: bool,
    /// The addresses of a name are tried side by side.
    pub(super) side_by_side: bool,
    pub(super) tls: Option<ClientTls>,
    /// Its servers take requests slowly, and in time, through a system that takes them at once.
    pub(super) slow: bool,
    /// Most of its servers send a body behind an answer that has none.
    pub(super) leaves: bool,
    /// What its servers say of HTTP/2.
    pub(super) servers: Http2,
    /// After so long the first connection's server goes away.
    pub(super) goes_away: Option<Duration>,
}

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) secure: bool,
    pub(super) host: &'static str,
    pub(super) port: u16,
}

impl Origin {
    pub(super) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    pub(super) fn authority(&self) -> String {
        match (self.secure, self.port) {
            (false, 80) | (true, 443) => self.host.to_owned(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }
}

const PLAIN: [Origin; 3] = [
    Origin { secure: false, host: "a.test", port: 80 },
    Origin { secure: false, host: "sub.a.test", port: 80 },
    Origin { secure: false, host: "b.test", port: 8080 },
];
const SECURE: [Origin; 2] = [
    Origin { secure: true, host: "a.test", port: 443 },
    Origin { secure: true, host: "b.test", port: 443 },
];

/// Proxies, and what they are told of who asks.
const PROXIES: [(&str, Option<&str>); 5] = [
    // Only where it makes no tunnels.
    ("https://me:pw@proxy.test", Some("bWU6cHc=")),
    ("http://proxy.test:3128", None),
    ("http://me:pw@proxy.test:3128", Some("bWU6cHc=")),
    ("socks5://proxy.test:1080", None),
    ("socks5h://me:pw@proxy.test:1080", Some("\x02me\x02pw")),
];

impl Setting {
    /// # Errors
    /// TLS or a proxy cannot be set up.
    pub(super) fn new(rng: &mut Rng, now: Now, broken: Option<Broken>) -> Result<Setting, String> {
        let calm = rng.chance(15);
        let rough = !calm && rng.chance(45);
        let quality = match rough {
            true => Quality::any(rng),
            false => Quality { delay: *rng.pick(&[0, 1, 20]), split: 50, stall: 0, capacity: 8192 },
        };
        let system = rng.chance(30).then(|| *rng.pick(&[20_000, 400_000, 4_000_000]));
        let slow = !calm && !rough && rng.chance(12);
        let system = if slow { Some(400_000) } else { system };
        let rests =
            if rng.chance(25) { Rests::any(rng, 5, 20_000, now.mono) } else { Rests::default() };
        let secure = rng.chance(12);
        let mut origins = vec![*rng.pick(&PLAIN)];
        if rng.chance(60) {
            origins.extend(PLAIN);
        }
        if secure {
            origins.extend(SECURE);
        }
        let proxy = rng.chance(25).then(|| *rng.pick(&PROXIES[usize::from(secure)..]));
        let hidden = proxy.is_some_and(|(url, _)| url.starts_with("https:"));
        // A server does not wait for ever until TLS is set up with a process that rests.
        let rests = if calm && (secure || hidden) { Rests::default() } else { rests };
        let mut policy = policy(rng, rough);
        if let Some((url, _)) = proxy {
            policy.proxies = proxies(rng, url)?;
        }
        if broken == Some(Broken::TellsSecrets) {
            policy.redirects = Policy { credentials: Credentials::Always, ..Policy::default() };
        }
        Ok(Setting {
            calm,
            rough,
            begins: now.mono,
            quality,
            system,
            most: quality.fits(),
            origins,
            proxy_secret: proxy.and_then(|(_, secret)| secret),
            pool: pool(rng, calm, &rests),
            rests,
            policy: Arc::new(policy),
            machine: Arc::new(machine(rng, rough, slow)),
            closes_idle: rng
                .chance(15)
                .then(|| now.mono + Duration::from_millis(*rng.pick(&[30, 1000, 20_000, 100_500]))),
            waits_for_rest: rng.chance(50),
            side_by_side: rng.chance(50),
            drops: rng.chance(30),
            tls: if secure || hidden { Some(layers::client()?) } else { None },
            slow,
            leaves: !calm && rng.chance(8),
            servers: Http2::DEFAULT,
            goes_away: None,
        })
    }

    /// The same world, where HTTP/2 is spoken: inside TLS or behind a proxy if both sides agree
    /// on it, else because the client knows.
    pub(super) fn with_http2(mut self, rng: &mut Rng) -> Setting {
        let both = self.tls.is_some() || !matches!(self.policy.proxies, Proxies::None);
        self.leaves &= both;
        self.servers = http2(rng);
        if self.calm {
            // Who is refused more often than it tries has no answer.
            self.servers.max_concurrent = 100;
        }
        if self.calm || self.system.is_some() {
            // Who reads slowly and grants little is too slow.
            self.servers.stream_window = self.servers.stream_window.max(65_535);
        }
        let calm = self.calm;
        self.goes_away = (!self.calm && rng.chance(20))
            .then(|| Duration::from_millis(*rng.pick(&[1, 40, 2500])));
        let machine = Arc::make_mut(&mut self.machine);
        machine.protocols = if both { Protocols::Both } else { Protocols::Http2 };
        machine.http2 = http2(rng);
        if calm {
            // Nor does a server that goes away wait for ever.
            machine.http2.stream_window = machine.http2.stream_window.max(65_535);
        }
        self
    }
}

fn pool(rng: &mut Rng, calm: bool, rests: &Rests) -> PoolConfig {
    let secs = |rng: &mut Rng| Duration::from_millis(*rng.pick(&[50, 3000, 30_000]));
    let mut config = PoolConfig {
        max_idle: *rng.pick(&[100, 100, 3, 1, 0]),
        max_idle_per_host: *rng.pick(&[16, 16, 2, 1, 0]),
        max_per_host: *rng.pick(&[None, Some(1), Some(2), Some(3)]),
        idle_timeout: if rng.chance(50) { secs(rng) } else { Duration::from_secs(90) },
        max_age: rng.chance(20).then(|| secs(rng)),
        ..PoolConfig::default()
    };
    // One after the other, nine slow uploads take longer than a place in the row lasts.
    config.max_per_host = config.max_per_host.filter(|most| !calm || *most > 1);
    // Nor has a place in the row more time because the process rests.
    config.max_per_host = config.max_per_host.filter(|_| !calm || rests.is_empty());
    config.set_reuse(!rng.chance(5));
    config
}

fn policy(rng: &mut Rng, rough: bool) -> ClientPolicy {
    let mut timeouts = PhaseTimeouts::default();
    if rough && rng.chance(40) {
        let mut any = || Duration::from_millis(*rng.pick(&[20, 300, 2000, 8000]));
        (timeouts.pool, timeouts.dns, timeouts.connect, timeouts.setup) =
            (any(), any(), any(), any());
    }
    if rough && rng.chance(25) {
        timeouts.total = Some(Duration::from_millis(*rng.pick(&[700, 6000, 40_000])));
    }
    let cookies = rng.chance(60).then(|| Arc::new(Cookies::default()) as Arc<dyn CookieStore>);
    ClientPolicy { timeouts, cookies, ..ClientPolicy::default() }
}

/// One proxy for all, or for some.
fn proxies(rng: &mut Rng, url: &str) -> Result<Proxies, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let proxy = Arc::new(Proxy::new(url).map_err(|error| error.to_string())?);
    if rng.chance(50) {
        return Ok(Proxies::All(proxy));
    }
    let chosen = move |url: &Url| Ok(url.host().ends_with("a.test").then(|| proxy.clone()));
    Ok(Proxies::By(ProxyChoice::new(chosen)))
}

fn machine(rng: &mut Rng, rough: bool, slow: bool) -> ClientConfig {
    // HTTP/2 has a world of its own.
    let mut config = ClientConfig { protocols: Protocols::Http1, ..ClientConfig::default() };
    config.set_reuse(!rng.chance(5));
    if rng.chance(20) {
        config.limits.output_bytes = *rng.pick(&[1, 1000, 20_000]);
        config.limits.discard_bytes = *rng.pick(&[0, 100, 20_000]);
    }
    if rough && rng.chance(40) {
        let mut any = || Duration::from_millis(*rng.pick(&[200, 1000, 5000]));
        let (first_byte, head, expect) = (any(), any(), any());
        config.timeouts = ClientTimeouts { first_byte, head, expect, ..config.timeouts };
    }
    if slow || !rough && rng.chance(40) {
        // Who is steady keeps these.
        config.timeouts.first_byte = Duration::from_secs(10);
        config.timeouts.write = Rate {
            bytes_per_second: 500,
            grace: Duration::from_secs(3),
            burst: Duration::from_secs(5),
        };
    }
    config
}

fn http2(rng: &mut Rng) -> Http2 {
    Http2 {
        max_concurrent: *rng.pick(&[1, 2, 3, 100, 100]),
        stream_window: *rng.pick(&[300, 5000, 65_535, 1 << 20]),
        connection_window: *rng.pick(&[65_535, 1 << 20]),
        ..Http2::DEFAULT
    }
}

/// Cookies that all requests share.
#[derive(Default)]
struct Cookies(Mutex<Jar>);

impl CookieStore for Cookies {
    fn cookies(&self, url: &Url, now: Now) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cookies(url, now.unix)
    }

    fn store(&self, url: &Url, lines: &mut dyn Iterator<Item = &[u8]>, now: Now) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).set(url, lines, now.unix);
    }
}
