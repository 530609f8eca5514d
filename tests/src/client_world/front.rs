//! A proxy that makes tunnels, by CONNECT or SOCKS5, or does not.
//! It checks what it is told, and never sees what goes through.

use super::ledger::Seen;
use super::net::Tube;
use super::peer::Scene;
use super::setting::Setting;
use crate::rng::Rng;
use crate::sim::wire::Carried;
use purlin_core::Mono;
use purlin_core::exchange::Route;
use purlin_core::policy::proxy::Kind;
use std::time::Duration;

/// The talk with a client that wants a tunnel.
pub(super) struct Front {
    socks: bool,
    /// Where the tunnel must lead.
    target: String,
    port: u16,
    secret: Option<&'static str>,
    manners: Manners,
    delay: Duration,
    input: Vec<u8>,
    output: Vec<u8>,
    /// What is said, and when; then the tunnel is there if that is the flag.
    next: Option<(Mono, &'static [u8], bool)>,
    step: usize,
    opens: bool,
    stage: Stage,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Talks,
    Open,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manners {
    Good,
    Refuses,
    Mute,
    Closes,
    Babbles,
}

const YES: [&[u8]; 3] = [
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connected\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
];
const NO: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
const SOCKS_YES: &[u8] = b"\x05\0\0\x01\0\0\0\0\0\0";
const SOCKS_NO: &[u8] = b"\x05\x02\0\x01\0\0\0\0\0\0";

impl Front {
    /// What stands before the server, if a tunnel leads there.
    pub(super) fn new(rng: &mut Rng, route: &Route, setting: &Setting) -> Option<Front> {
        let (proxy, host, port) = route.tunnelled()?;
        let bad = [Manners::Refuses, Manners::Mute, Manners::Closes, Manners::Babbles];
        let manners = match setting.calm || !rng.chance(12) {
            true => Manners::Good,
            false => *rng.pick(&bad),
        };
        let delay = if setting.calm { &[0, 5] } else { &[0, 300] };
        Some(Front {
            socks: matches!(proxy.kind, Kind::Socks5 | Kind::Socks5h),
            target: host.to_owned(),
            port,
            secret: setting.proxy_secret,
            manners,
            delay: Duration::from_millis(*rng.pick(delay)),
            input: Vec::new(),
            output: Vec::new(),
            next: None,
            step: rng.below(YES.len()),
            opens: false,
            stage: Stage::Talks,
        })
        .map(|front| Front { step: if front.socks { 0 } else { front.step }, ..front })
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether it explains a failure.
    pub(super) fn is_bad(&self) -> bool {
        self.manners != Manners::Good
    }

    /// What came behind the talk.
    pub(super) fn rest(self) -> Vec<u8> {
        self.input
    }

    pub(super) fn next(&self) -> Option<Mono> {
        self.next.map(|(at, ..)| at)
    }

    pub(super) fn run(&mut self, up: &mut Tube, down: &mut Tube, scene: &mut Scene<'_>) -> bool {
        let now = scene.now.mono;
        let mut moved = false;
        match up.read(4096, now) {
            None => {}
            Some(Carried::Bytes(bytes)) => {
                self.input.extend_from_slice(&bytes);
                moved = true;
            }
            Some(Carried::Fin | Carried::Reset) => {
                self.stage = Stage::Closed;
                return true;
            }
        }
        if self.next.is_none() && !self.opens && !self.input.is_empty() {
            let heard = if self.socks { self.socks(scene) } else { self.connect(scene) };
            if let Some((words, opens)) = heard {
                self.next = Some((now + self.delay, words, opens));
            }
        }
        if let Some((_, words, opens)) = self.next.filter(|(at, ..)| *at <= now) {
            self.next = None;
            self.opens = opens;
            self.output.extend_from_slice(words);
            moved = true;
            if self.manners == Manners::Closes {
                self.stage = Stage::Closed;
            }
        }
        let count = down.write(&self.output, now);
        if count > 0 {
            scene.trace.bytes(scene.now, "proxy <", &self.output[..count]);
            self.output.drain(..count);
        }
        if self.opens && self.output.is_empty() {
            self.stage = Stage::Open;
        }
        moved || count > 0
    }

    /// `CONNECT host:port`; says what is answered, and whether the tunnel is there then.
    fn connect(&mut self, scene: &mut Scene<'_>) -> Option<(&'static [u8], bool)> {
        let seen = Seen::parse(&self.input)?;
        let end = self.input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        self.input.drain(..end);
        let told = seen.field("proxy-authorization");
        let due = self.secret.map(|secret| format!("Basic {secret}"));
        let secret = seen.field("authorization").is_some() || seen.field("cookie").is_some();
        let right = seen.method == "CONNECT" && told == due.as_deref() && !secret;
        if !right || !self.input.is_empty() {
            scene.ledger.wrong(|| format!("a proxy is told {seen:?}"));
        }
        match self.manners {
            Manners::Good => Some((YES[self.step], true)),
            Manners::Refuses => Some((NO, false)),
            Manners::Mute => None,
            Manners::Closes => Some((b"HTTP/1.1 200", false)),
            Manners::Babbles => Some((b"\x05\0 220 hello\r\n", false)),
        }
    }

    /// Greeting, perhaps a login, and where to (RFC 1928, RFC 1929).
    fn socks(&mut self, scene: &mut Scene<'_>) -> Option<(&'static [u8], bool)> {
        let login = self.secret.is_some();
        let (length, words, opens): (usize, &'static [u8], bool) = match self.step {
            0 => (
                2 + usize::from(*self.input.get(1)?),
                if login { b"\x05\x02" } else { b"\x05\0" },
                false,
            ),
            1 if login => (1 + self.secret.unwrap_or_default().len(), b"\x01\0", false),
            _ => (7 + self.target.len(), SOCKS_YES, true),
        };
        if self.input.len() < length {
            return None;
        }
        let said: Vec<u8> = self.input.drain(..length).collect();
        let right = match self.step {
            0 => said.contains(&2) == login,
            1 if login => said[1..] == *self.secret.unwrap_or_default().as_bytes(),
            _ => {
                said[5..length - 2] == *self.target.as_bytes()
                    && said[length - 2..] == self.port.to_be_bytes()
            }
        };
        if !right {
            scene.ledger.wrong(|| format!("a proxy is told {said:?}"));
        }
        self.step += if self.step == 0 && !login { 2 } else { 1 };
        match self.manners {
            Manners::Refuses if opens => Some((SOCKS_NO, false)),
            Manners::Mute if opens => None,
            Manners::Closes if opens => Some((b"\x05", false)),
            Manners::Babbles => Some((b"HTTP/1.1 400 Bad Request\r\n\r\n", false)),
            _ => Some((words, opens)),
        }
    }
}
