//! Decides what a request comes to: a route, a redirect or a refusal.
//!
//! It does not search the tree itself (see `tree`) and does not write answers.

use super::literals::{Caseless, NONE, Plain};
use super::path::{self, Keep, Scan};
use super::routed::{Allow, BadTarget, Redirect, Routed};
use super::tree::{Hit, MethodKey, Walk};
use super::{Params, RouteId, RouteInput, Router, go121, host};

/// A request, as far as one search needs it.
#[derive(Clone, Copy)]
struct Search<'a> {
    host: &'a [u8],
    method: MethodKey,
    walk: Walk<'a>,
}

impl<T> Router<T> {
    /// Finds the route for a request: the most specific pattern that matches it.
    ///
    /// `host` is the value of the Host field, and `target` the request target as
    /// it was sent: a path with or without a query, or any other form.
    /// See [`Routed`] for an example.
    ///
    /// Finding a route allocates nothing. The time grows with the length of the
    /// path, and for patterns that share many beginnings with their number, but
    /// never faster.
    pub fn route<'a, H, P>(&'a self, method: &'a str, host: &'a H, target: &'a P) -> Routed<'a, T>
    where
        H: AsRef<[u8]> + ?Sized,
        P: AsRef<[u8]> + ?Sized,
    {
        let (host, target) = (host.as_ref(), target.as_ref());
        if !target.starts_with(b"/") {
            return self.route_input(RouteInput::from_target(method, host, target));
        }
        let scan = path::scan::<true>(target);
        let (path, query) = target.split_at(scan.end);
        let query = query.get(1..).unwrap_or_default();
        self.route_scanned(&RouteInput { query, ..RouteInput::new(method, host, path) }, &scan)
    }

    /// Finds the route for a request whose target was taken apart already.
    ///
    /// ```
    /// use purlin_core::router::{RouteInput, Routed, Router};
    ///
    /// let mut router = Router::new();
    /// router.insert("example.com/{$}", ())?;
    /// let input = RouteInput::new("GET", b"Example.COM:8080", b"/");
    /// assert!(matches!(router.route_input(input), Routed::Found { .. }));
    /// # Ok::<(), purlin_core::router::InsertError>(())
    /// ```
    #[inline]
    pub fn route_input<'a>(&'a self, input: RouteInput<'a>) -> Routed<'a, T> {
        self.route_scanned(&input, &path::scan::<false>(input.path))
    }

    #[inline]
    fn route_scanned<'a>(&'a self, input: &RouteInput<'a>, scan: &Scan) -> Routed<'a, T> {
        let unusual = scan.escaped
            || scan.unclean && self.options.clean_path
            || self.options.go121
            || input.method == "CONNECT"
            || !input.path.starts_with(b"/");
        if unusual { self.route_unusual(input, scan) } else { self.route_clean(input, scan) }
    }

    /// A request with a path that is matched as it is.
    #[inline]
    fn route_clean<'a>(&'a self, input: &RouteInput<'a>, scan: &Scan) -> Routed<'a, T> {
        let walk = Walk::new(input.path, scan);
        let method = self.method_key(input.method);
        let search = Search { host: self.host(input), method, walk };
        let (hit, seen) = self.look_up(&search);
        match hit {
            Some(hit) if hit.exact => self.found(hit.route, input.path),
            _ => self.route_inexact(input, &search, hit, seen),
        }
    }

    fn route_unusual<'a>(&'a self, input: &RouteInput<'a>, scan: &Scan) -> Routed<'a, T> {
        let connect = input.method == "CONNECT";
        let fault = match input.path {
            b"*" => Some(BadTarget::Asterisk),
            [b'/', ..] | [] => None,
            _ => Some(BadTarget::NoPath),
        };
        let fault = fault.or_else(|| {
            let broken = scan.escaped && !path::escapes_are_valid(input.path);
            broken.then_some(BadTarget::BadEscape)
        });
        if let Some(fault) = fault {
            return Routed::BadTarget(fault);
        }
        if self.options.go121 {
            return self.route_go121(input);
        }
        if connect {
            return self.route_connect(input, scan);
        }
        if self.options.clean_path && (scan.unclean || input.path.is_empty()) {
            return self.redirect_to_clean(input);
        }
        // RFC 9110 §4.2.3: an empty path is the same as `/`.
        let path = if input.path.is_empty() { b"/" } else { input.path };
        self.route_clean(&RouteInput { path, ..*input }, scan)
    }

    /// No route matches exactly: a slash may be missing, or nothing matches.
    #[cold]
    fn route_inexact<'a>(
        &'a self,
        input: &RouteInput<'a>,
        search: &Search<'_>,
        hit: Option<Hit>,
        seen: bool,
    ) -> Routed<'a, T> {
        let mut seen = seen;
        if self.options.redirect_to_slash && !input.path.ends_with(b"/") {
            let (slashed, others) = self.look_up(&search.with_slash());
            seen |= others;
            if let Some(Hit { route, exact: true }) = slashed {
                let mut location = String::with_capacity(input.path.len() + 1);
                path::push_path(&mut location, input.path, Keep::Escapes);
                location.push('/');
                return self.redirect(location, input.query, Some(route));
            }
        }
        match hit {
            Some(hit) => self.found(hit.route, input.path),
            None if seen => self.refuse(search),
            None => Routed::NotFound,
        }
    }

    /// Sends the client to the path without empty, `.` and `..` segments,
    /// whether or not anything matches there.
    #[cold]
    fn redirect_to_clean<'a>(&'a self, input: &RouteInput<'a>) -> Routed<'a, T> {
        let clean = path::clean(input.path);
        let mut location = String::with_capacity(clean.len() + 1);
        path::push_path(&mut location, &clean, Keep::Escapes);
        let walk = Walk::new(&clean, &path::scan::<false>(&clean));
        let method = self.method_key(input.method);
        let search = Search { host: self.host(input), method, walk };
        let (mut hit, _) = self.look_up(&search);
        let inexact = !hit.is_some_and(|hit| hit.exact);
        if inexact && self.options.redirect_to_slash && !clean.ends_with(b"/") {
            if let (Some(slashed @ Hit { exact: true, .. }), _) = self.look_up(&search.with_slash())
            {
                location.push('/');
                hit = Some(slashed);
            }
        }
        self.redirect(location, input.query, hit.map(|hit| hit.route))
    }

    /// CONNECT is matched as it is: with its port, and without cleaning. Only a
    /// missing slash is looked for, and that, as in Go, under the target's own host.
    #[cold]
    fn route_connect<'a>(&'a self, input: &RouteInput<'a>, scan: &Scan) -> Routed<'a, T> {
        let walk = Walk::new(input.path, scan);
        let method = self.method_key(input.method);
        let by_target = Search { host: host::without_dot(input.target_host), method, walk };
        if self.options.redirect_to_slash && !input.path.ends_with(b"/") && !input.path.is_empty() {
            let exact = |search: &Search<'_>| self.look_up(search).0.filter(|hit| hit.exact);
            if exact(&by_target).is_none() {
                if let Some(hit) = exact(&by_target.with_slash()) {
                    let mut location = String::new();
                    path::push_path(&mut location, &path::clean(input.path), Keep::Escapes);
                    if !location.ends_with('/') {
                        location.push('/');
                    }
                    return self.redirect(location, input.query, Some(hit.route));
                }
            }
        }
        match self.look_up(&Search { host: host::without_dot(input.host), ..by_target }).0 {
            Some(hit) => self.found(hit.route, input.path),
            None => self.refuse(&by_target),
        }
    }

    /// The most specific route, and whether other methods have routes there.
    #[inline]
    fn look_up(&self, search: &Search<'_>) -> (Option<Hit>, bool) {
        let mut seen = false;
        let mut accept = |leaf: &super::tree::Leaf| {
            seen = true;
            leaf.route(search.method)
        };
        if let Some(root) = self.host_root(search.host) {
            if let Some(hit) = self.tree.search(root, &search.walk, &mut accept) {
                return (Some(hit), true);
            }
        }
        let hit = self.tree.search(self.root, &search.walk, &mut accept);
        (hit, seen)
    }

    /// 405 with the methods that the path has routes for, else 404. As in Go,
    /// the path with a slash at its end counts too.
    #[cold]
    fn refuse(&self, search: &Search<'_>) -> Routed<'_, T> {
        let mut methods = Vec::new();
        let mut note = |leaf: &super::tree::Leaf| {
            methods.extend(leaf.methods.iter().map(|&(_, route)| route));
            None
        };
        let mut walks = vec![search.walk];
        if self.options.redirect_to_slash && !search.walk.path.ends_with(b"/") {
            walks.push(search.with_slash().walk);
        }
        for walk in walks {
            for root in self.host_root(search.host).into_iter().chain([self.root]) {
                self.tree.search(root, &walk, &mut note);
            }
        }
        if methods.is_empty() {
            return Routed::NotFound;
        }
        let name = |route: u32| self.routes[route as usize].pattern.method();
        Routed::MethodNotAllowed(Allow::new(methods.into_iter().filter_map(name).collect()))
    }

    #[inline]
    fn host_root(&self, host: &[u8]) -> Option<u32> {
        if host.is_empty() || self.hosts.is_empty() {
            return None;
        }
        self.hosts.get(&Caseless(host))
    }

    /// Whether it makes a difference which host a request is for.
    pub(crate) fn has_hosts(&self) -> bool {
        self.options.go121 || !self.hosts.is_empty()
    }

    /// The host to match by: without port, and without a dot at its end.
    #[inline]
    fn host<'a>(&self, input: &RouteInput<'a>) -> &'a [u8] {
        if self.hosts.is_empty() {
            return b"";
        }
        host::without_dot(host::without_port(input.host))
    }

    #[inline]
    fn method_key(&self, method: &str) -> MethodKey {
        let exact = self.methods.names.get(&Plain::new(method.as_bytes())).unwrap_or(NONE);
        let instead = if method == "HEAD" { self.methods.get } else { NONE };
        MethodKey { exact, instead }
    }

    #[inline]
    fn found<'a>(&'a self, route: u32, path: &'a [u8]) -> Routed<'a, T> {
        let found = &self.routes[route as usize];
        Routed::Found {
            id: RouteId(route),
            value: &found.value,
            pattern: &found.pattern,
            params: Params::new(&found.pattern, path),
        }
    }

    fn redirect(&self, path: String, query: &[u8], route: Option<u32>) -> Routed<'_, T> {
        let mut location = path;
        if location.starts_with("//") {
            // This would name a host (RFC 3986 §4.2); the same path in other words.
            location.insert_str(0, "/.");
        }
        if !query.is_empty() {
            location.push('?');
            path::push_query(&mut location, query);
        }
        let status = if self.options.go121 { 301 } else { 307 };
        let pattern = route.map(|route| &self.routes[route as usize].pattern);
        Routed::Redirect(Redirect { status, location, pattern })
    }

    fn route_go121<'a>(&'a self, input: &RouteInput<'a>) -> Routed<'a, T> {
        match self.go121.route(input, self.options) {
            go121::Verdict::Found(route) => self.found(route, input.path),
            go121::Verdict::Redirect(path, route) => {
                let mut location = String::with_capacity(path.len());
                path::push_path(&mut location, &path, Keep::Nothing);
                self.redirect(location, input.query, route)
            }
            go121::Verdict::NotFound => Routed::NotFound,
        }
    }
}

impl Search<'_> {
    fn with_slash(&self) -> Self {
        Self { walk: Walk { slash: true, ..self.walk }, ..*self }
    }
}
