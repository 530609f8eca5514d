//! A second, simple idea of what patterns match, to compare the router with.
//!
//! It shares no code with the router: patterns are split at slashes, and paths
//! are compared segment by segment, by trying.

/// A pattern as a method, a host and the written segments.
#[derive(Clone, Debug)]
pub(super) struct Naive<'a> {
    pub(super) method: &'a str,
    pub(super) host: &'a str,
    segments: Vec<&'a str>,
}

/// The methods that requests are tried with: PUT is in no pattern.
pub(super) const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "PUT"];

impl<'a> Naive<'a> {
    pub(super) fn new(pattern: &'a str) -> Self {
        let (method, rest) = pattern.split_once(' ').unwrap_or(("", pattern));
        let slash = rest.find('/').expect("a path");
        let segments = rest[slash + 1..].split('/').collect();
        Self { method, host: &rest[..slash], segments }
    }

    pub(super) fn takes_method(&self, method: &str) -> bool {
        self.method.is_empty() || self.method == method || self.method == "GET" && method == "HEAD"
    }

    pub(super) fn takes_host(&self, host: &str) -> bool {
        self.host.is_empty() || self.host == host
    }

    pub(super) fn takes_path(&self, path: &str) -> bool {
        let path: Vec<&str> = path[1..].split('/').collect();
        fits(&self.segments, &path)
    }

    /// Whether the path leaves nothing but a slash to what takes all that follows.
    pub(super) fn takes_exactly(&self, path: &str) -> bool {
        let rest = self.segments.last().is_some_and(|s| s.is_empty() || s.ends_with("...}"));
        self.takes_path(path)
            && (!rest || path.ends_with('/') && path.matches('/').count() == self.segments.len())
    }

    pub(super) fn takes(&self, method: &str, path: &str) -> bool {
        self.takes_method(method) && self.takes_path(path)
    }
}

/// The last segment of a path that ends in a slash is empty.
fn fits(pattern: &[&str], path: &[&str]) -> bool {
    let at_end = path.len() == 1 && path[0].is_empty();
    match (pattern, path) {
        ([], []) => true,
        ([""], _) => !path.is_empty(),
        ([rest], _) if rest.ends_with("...}") => !path.is_empty(),
        (["{$}"], _) => at_end,
        (_, _) if at_end => false,
        ([wild, pattern @ ..], [_, path @ ..]) if wild.starts_with('{') => fits(pattern, path),
        ([literal, pattern @ ..], [segment, path @ ..]) => {
            literal == segment && fits(pattern, path)
        }
        _ => false,
    }
}

/// All paths of up to so many segments over three letters, one of which is in
/// no pattern, with and without a slash at the end.
pub(super) fn all_paths(depth: usize) -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut from = 0;
    for _ in 0..depth {
        let to = paths.len();
        for at in from..to {
            for letter in ["a", "b", "z"] {
                paths.push(format!("{}/{letter}", paths[at]));
            }
        }
        from = to;
    }
    let with_slash: Vec<String> = paths.iter().map(|path| format!("{path}/")).collect();
    paths.into_iter().skip(1).chain(with_slash).collect()
}
