//! What servers saw and said, whichever connection it was on: the place where
//! it shows that a request came twice, to the wrong one, or with a secret.

use super::errand::{Errand, Secret};
use super::setting::{Origin, Setting};
use bytes::Bytes;
use purlin_core::exchange::{Payload, Route};
use purlin_core::{CloseReason, Fault, Mono, RequestHead, Reuse, Url};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// An errand and the hop that it is at.
pub(super) type Key = (usize, usize);

/// What all servers know together.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    seen: BTreeMap<Key, u32>,
    served: BTreeMap<(Key, usize), Served>,
    /// Interim responses to a request on a wire, and whether the final one has trailers.
    beside: BTreeMap<(Key, usize), Beside>,
    /// How long the server of a wire keeps it idle, as it has told.
    keeps: BTreeMap<usize, Duration>,
    /// Wires on which a body comes behind an answer that has none.
    leaves: BTreeSet<usize>,
    /// Where the client has seen one, and when.
    left: BTreeMap<Route, Mono>,
    /// The first thing that must not have happened.
    pub(super) wrong: Option<String>,
}

/// What a good server says beside head and body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) hints: usize,
    pub(super) trailers: bool,
}

/// What a server said to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// A whole answer, of this status and body.
    Whole(u16, Bytes),
    /// The same, but nobody can tell if its end is cut: the close delimits it, and there is no TLS.
    Open(u16, Bytes),
    /// Nothing that may be taken for a whole answer.
    Cut,
    /// Something of the server's own, before it knew the request or because it refused it.
    Unasked,
}

/// A request as a server saw it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    target: String,
    fields: Vec<(String, String)>,
}

impl Seen {
    pub(super) fn of(head: &RequestHead) -> Seen {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Seen {
            method: head.method().to_string(),
            target: head.target().to_owned(),
            fields: head.fields().iter().map(|f| (f.name.to_lowercase(), text(f.value))).collect(),
        }
    }

    /// The head at the beginning of the text, if it is whole.
    pub(super) fn parse(text: &[u8]) -> Option<Seen> {
        let text = String::from_utf8_lossy(text);
        let (head, _) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let fields = lines.filter_map(|line| line.split_once(": "));
        let fields = fields.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Some(Seen { method, target, fields })
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Errand and hop, from a target such as `/3/0` or `http://a.test/3/0`.
    fn key(&self) -> Option<Key> {
        let mut parts = self.target.rsplit('/');
        let (hop, name) = (parts.next()?, parts.next()?);
        Some((name.parse().ok()?, hop.parse().ok()?))
    }

    fn has_body(&self) -> bool {
        let length = self.field("content-length").is_some_and(|length| length != "0");
        length || self.field("transfer-encoding").is_some()
    }
}

impl Ledger {
    pub(super) fn wrong(&mut self, what: impl FnOnce() -> String) {
        self.wrong.get_or_insert_with(what);
    }

    /// A server has read a request's head on a connection of this route.
    pub(super) fn request(
        &mut self,
        seen: &Seen,
        route: &Route,
        setting: &Setting,
        errands: &[Arc<Errand>],
    ) -> Option<Key> {
        let known = seen.key().and_then(|key| Some((key, errands.get(key.0)?)));
        let known = known.filter(|(key, errand)| key.1 < errand.hops.len());
        let Some((key, errand)) = known else {
            self.wrong(|| format!("{seen:?} is nobody's request"));
            return None;
        };
        let times = self.seen.entry(key).or_default();
        *times += 1;
        let most = if errand.method.is_idempotent() || errand.keyed { 3 } else { 1 };
        // What a redirect makes a GET may be asked for again.
        let most = if seen.method == "GET" { 3 } else { most };
        let times = *times;
        if times > most {
            self.wrong(|| format!("{key:?} came {times} times"));
        }
        let checked = check_place(seen, key, errand, route, setting)
            .and_then(|()| check_secrets(seen, key, errand, setting))
            .and_then(|()| check_method(seen, key, errand));
        if let Err(why) = checked {
            self.wrong(|| format!("{why}: {seen:?}"));
        }
        Some(key)
    }

    /// A server has answered a request that came on this wire.
    pub(super) fn serve(&mut self, key: Key, wire: usize, what: Served) {
        self.served.insert((key, wire), what);
    }

    /// What is said beside that.
    pub(super) fn beside(&mut self, key: Key, wire: usize) -> &mut Beside {
        self.beside.entry((key, wire)).or_default()
    }

    /// What was answered to a request on this wire.
    pub(super) fn served(&self, key: Key, wire: usize) -> Option<&Served> {
        self.served.get(&(key, wire))
    }

    /// A server tells how long it keeps this wire when it is idle.
    pub(super) fn pool(&mut self, wire: usize, idle: Duration) {
        self.keeps.insert(wire, idle);
    }

    /// How long a server keeps this wire, if it has told.
    pub(super) fn keeps(&self, wire: usize) -> Option<Duration> {
        self.keeps.get(&wire).copied()
    }

    /// A server sends a body behind an answer that has none, on this wire.
    pub(super) fn leave_body(&mut self, wire: usize) {
        self.leaves.insert(wire);
    }

    /// A connection turned out unfit, for this reason.
    pub(super) fn unfit(&mut self, wire: usize, route: &Route, why: Reuse, now: Mono) {
        let left = why == Reuse::Never(CloseReason::Fault(Fault::UnaskedBytes));
        if left && self.leaves.contains(&wire) {
            self.left.entry(route.clone()).or_insert(now);
        }
    }

    /// A kept connection is given to a request: none on which a body lies, or is to come,
    /// where one was seen before. What is seen at this moment may come too late for one that
    /// was on its way to a request.
    pub(super) fn lend(&mut self, wire: usize, route: &Route, now: Mono) {
        if self.leaves.contains(&wire) && self.left.get(route).is_some_and(|seen| *seen < now) {
            self.wrong(|| format!("c{wire} is used, and a body was left on it"));
        }
    }

    /// A request's body came whole.
    pub(super) fn body(&mut self, key: Key, seen: &Seen, body: &[u8], errand: &Errand) {
        if seen.has_body() && body != errand.body {
            self.wrong(|| format!("the body of {key:?} is another: {} bytes", body.len()));
        }
    }
}

fn check(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// It came to the server that it is for, on a connection that leads there.
fn check_place(
    seen: &Seen,
    key: Key,
    errand: &Errand,
    route: &Route,
    setting: &Setting,
) -> Result<(), String> {
    let url = errand.url(key.0, key.1, setting);
    let url = Url::parse(&url).map_err(|error| error.to_string())?;
    let proxy = setting.policy.proxies.choose(&url).map_err(|error| error.to_string())?;
    check(*route == Route::to(&url, proxy), "on another's connection")?;
    check(seen.field("host") == Some(&*url.authority()), "of another host")?;
    check(seen.target.starts_with("http://") == route.is_forwarded(), "with a wrong target")?;
    let told = seen.field("proxy-authorization");
    let due = setting.proxy_secret.filter(|_| route.is_forwarded()).map(|it| format!("Basic {it}"));
    check(told == due.as_deref(), "with a wrong Proxy-Authorization")
}

/// No other origin learns what is not for it, and the right one does.
fn check_secrets(
    seen: &Seen,
    (name, hop): Key,
    errand: &Errand,
    setting: &Setting,
) -> Result<(), String> {
    let here = errand.tells_secret(hop, setting);
    let authorization = seen.field("authorization");
    match errand.secret {
        Secret::Authorization => {
            check(
                authorization == Some(&*format!("Bearer {name}")) || !here,
                "without its secret",
            )?;
            check(authorization.is_none() || here, "with a secret of another origin")?;
        }
        Secret::Userinfo => {
            check(authorization == Some("Basic dXNlcjpzZWNyZXQ=") || hop > 0, "without its user")?;
            check(authorization.is_none() || here, "with another origin's user")?;
        }
        Secret::None | Secret::Cookie => check(authorization.is_none(), "with a secret")?,
    }
    let own = format!("own={name}");
    let cookies: Vec<&str> = seen.field("cookie").unwrap_or_default().split("; ").collect();
    let told = cookies.contains(&&*own);
    check(told == (here && errand.secret == Secret::Cookie), "with or without its cookie")?;
    let origin = errand.origin(hop, setting);
    for cookie in cookies.iter().filter(|cookie| !cookie.is_empty() && **cookie != own) {
        check(cookie_is_for(cookie, origin), "with another's cookie")?;
    }
    let referer = seen.field("referer").unwrap_or_default();
    check(origin.secure || !referer.starts_with("https:"), "with a Referer of TLS")?;
    check(!referer.contains('@'), "with a Referer that names a user")
}

/// Whether a cookie that a server of ours has set may be told this origin.
fn cookie_is_for(cookie: &str, origin: &Origin) -> bool {
    match cookie.split_once('-') {
        Some(("h", host)) => host == format!("{}=1", origin.host),
        Some(("s", host)) => origin.secure && host == format!("{}=1", origin.host),
        Some(("d", "a.test=1")) => origin.host.ends_with("a.test"),
        _ => false,
    }
}

/// The method is the one that redirects have left, and it has a body if it should.
fn check_method(seen: &Seen, (_, hop): Key, errand: &Errand) -> Result<(), String> {
    let mut method = errand.method.as_str();
    let streams = matches!(errand.payload, Payload::Stream { .. });
    let mut body = streams || !errand.body.is_empty();
    for passed in &errand.hops[..hop] {
        let rewrites = passed.status == 303 || (passed.status < 303 && method == "POST");
        if rewrites {
            method = if method == "HEAD" { method } else { "GET" };
            body = false;
        }
    }
    check(seen.method == method, "by another method")?;
    check(body || !seen.has_body(), "with a body")
}
