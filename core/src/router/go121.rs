//! Decides what a request comes to by the rules of Go's `ServeMux` before 1.22.
//!
//! It is for programs that were written for those rules, and knows neither
//! methods nor wildcards.
//!
//! A pattern is `[HOST]/PATH`, text and nothing else. It matches that path, or,
//! if it ends in a slash, every path that begins like it. The longest one wins.

use std::collections::BTreeMap;

use super::RouterOptions;
use super::host;
use super::input::RouteInput;
use super::parse::ParseError;
use super::path;
use super::pattern::Pattern;

/// The routes, by the pattern's text with its host in canonical form.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    routes: BTreeMap<Vec<u8>, u32>,
    /// Some pattern has a host.
    hosts: bool,
}

pub(super) enum Verdict {
    Found(u32),
    /// To this path, decoded; and the route that will match there.
    Redirect(Vec<u8>, Option<u32>),
    NotFound,
}

impl Pattern {
    /// The pattern that is only text: any but the empty one.
    pub(super) fn plain_checked(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() { Self::parse(text) } else { Ok(Self::plain(text)) }
    }
}

/// Host and path in one, as the table has them.
fn key(host: &[u8], path: &[u8]) -> Vec<u8> {
    let mut key = host::without_dot(host).to_ascii_lowercase();
    key.extend_from_slice(path);
    key
}

fn split(pattern: &[u8]) -> (&[u8], &[u8]) {
    pattern.split_at(pattern.iter().position(|&b| b == b'/').unwrap_or(pattern.len()))
}

impl Table {
    pub(super) fn get(&self, pattern: &[u8]) -> Option<u32> {
        let (host, path) = split(pattern);
        self.routes.get(&key(host, path)).copied()
    }

    pub(super) fn insert(&mut self, pattern: &str, id: u32) {
        let (host, path) = split(pattern.as_bytes());
        self.hosts |= !host.is_empty();
        self.routes.insert(key(host, path), id);
    }

    pub(super) fn route(&self, input: &RouteInput<'_>, options: RouterOptions) -> Verdict {
        let decoded = path::decode(input.path);
        if input.method == "CONNECT" {
            // The host with its port, and no cleaning; the slash by the target's own host.
            if options.redirect_to_slash && self.lacks_slash(input.target_host, &decoded) {
                return self.to_slash(input.target_host, &decoded);
            }
            return self.look_up(input.host, &decoded).map_or(Verdict::NotFound, Verdict::Found);
        }
        let host = host::without_port(input.host);
        let unclean = path::needs_cleaning(&decoded);
        let path = if unclean && (options.clean_path || decoded.is_empty()) {
            path::clean(&decoded)
        } else {
            decoded.to_vec()
        };
        if options.redirect_to_slash && self.lacks_slash(host, &path) {
            return self.to_slash(host, &path);
        }
        let route = self.look_up(host, &path);
        if options.clean_path && path != *decoded {
            return Verdict::Redirect(path, route);
        }
        route.map_or(Verdict::NotFound, Verdict::Found)
    }

    fn to_slash(&self, host: &[u8], path: &[u8]) -> Verdict {
        let slashed = path::clean(&[path, b"/"].concat());
        let route = self.look_up(host, &slashed);
        Verdict::Redirect(slashed, route)
    }

    /// The path has no route of its own, and has one once a slash is put to it.
    fn lacks_slash(&self, host: &[u8], path: &[u8]) -> bool {
        let has = |host: &[u8], path: &[u8]| self.routes.contains_key(&key(host, path));
        let slashed = [path, b"/"].concat();
        !path.is_empty()
            && !path.ends_with(b"/")
            && !has(b"", path)
            && !has(host, path)
            && (has(b"", &slashed) || has(host, &slashed))
    }

    fn look_up(&self, host: &[u8], path: &[u8]) -> Option<u32> {
        let with_host = self.hosts.then(|| self.longest(key(host, path))).flatten();
        with_host.or_else(|| self.longest(path.to_vec()))
    }

    /// The route for this text, or for the longest beginning of it that ends in a slash.
    fn longest(&self, mut text: Vec<u8>) -> Option<u32> {
        loop {
            if let Some(&route) = self.routes.get(&text) {
                return Some(route);
            }
            text.pop();
            text.truncate(text.iter().rposition(|&b| b == b'/')? + 1);
        }
    }
}
