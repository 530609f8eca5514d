//! Where a redirect leads and what goes along (RFC 9110 §15.4).
//! Decides it for one answer at a time; sending and cookies are others' work.

mod hop;

pub use hop::{Hop, Referer};

use crate::head::{Fields, Method, Status, names};
use crate::url::{Url, UrlError};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What a client does with redirects.
///
/// ```
/// use purlin_core::policy::redirect::{Credentials, Policy};
/// let policy = Policy::default();
/// assert_eq!(policy.credentials, Credentials::SameOrigin);
/// ```
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// How far they are followed.
    pub follow: Follow,
    /// Whom credentials and cookies go along to.
    pub credentials: Credentials,
    /// Which requests 301 and 302 turn into GET.
    pub rewrite: Rewrite,
    /// Whether a Location without a fragment has the one of the URL before it
    /// (RFC 9110 §10.2.2 asks for that); fragments are never sent.
    pub fragment: Fragment,
    #[doc(hidden)]
    pub _more: (),
}

impl Policy {
    /// What Go's client does, where it differs from the default: it takes
    /// credentials along to every scheme and port of the first host and of the
    /// names below it, makes a GET of every method but HEAD, and drops fragments.
    pub fn go() -> Policy {
        Policy {
            follow: Follow::default(),
            credentials: Credentials::Domain,
            rewrite: Rewrite::All,
            fragment: Fragment::Drop,
            _more: (),
        }
    }
}

/// How far redirects are followed.
#[derive(Clone)]
#[non_exhaustive]
pub enum Follow {
    /// Up to so many requests in all; then [`Failure::TooMany`]. 10 by default.
    UpTo(usize),
    /// Not at all: the redirect is the answer, wherever it leads.
    Never,
    /// As a function says, which is given the hop and the URLs before it, oldest first.
    /// It is asked whatever the scheme is; what is not HTTP cannot be allowed. If the
    /// Location is no URL at all there is no hop to ask about: the redirect is the answer.
    Check(Arc<dyn Fn(&Hop, &[Url]) -> Verdict + Send + Sync>),
}

impl Default for Follow {
    fn default() -> Follow {
        Follow::UpTo(10)
    }
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Follow::UpTo(most) => write!(f, "UpTo({most})"),
            Follow::Never => f.write_str("Never"),
            Follow::Check(_) => f.write_str("Check(..)"),
        }
    }
}

/// What a [`Follow::Check`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Go there.
    Allow,
    /// The redirect is the answer.
    UseLast,
    /// The request fails, for this reason.
    Error(Cow<'static, str>),
}

/// Whom credentials and cookies go along to. Once dropped they stay dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// The first URL's scheme, host and port alone.
    #[default]
    SameOrigin,
    /// The first URL's host and the names below it, at any scheme and port.
    Domain,
    /// Everybody.
    Always,
}

/// Which requests 301 (Moved Permanently) and 302 (Found) turn into GET.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rewrite {
    /// POST alone, as RFC 9110 §15.4.2 allows; any other keeps its method and its body.
    #[default]
    Post,
    /// All but GET, HEAD and QUERY, and none but QUERY (RFC 10008 §2.5) keeps its body.
    All,
}

/// What becomes of a fragment where a Location has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fragment {
    /// It is inherited.
    #[default]
    Inherit,
    /// It is dropped.
    Drop,
}

/// Whether the body of a request can be given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// There is no body.
    NoBody,
    /// It can.
    Replayable,
    /// It cannot.
    Once,
}

/// What is done about an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another request is sent: this hop.
    Follow(Hop),
    /// The redirect, or what is none, is the answer.
    Stop(Stop),
    /// The request fails.
    Fail(Failure),
}

/// Why an answer is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// No redirect: any status but 301, 302, 303, 307 and 308.
    NoRedirect,
    /// There is no Location in it, or an empty one.
    NoLocation,
    /// The body would have to be sent again, and cannot be.
    NotReplayable,
    /// The policy says so; or the Location is no URL reference, so that a
    /// [`Follow::Check`] cannot be asked about it.
    UseLast,
}

/// Why a redirect is not followed but is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The Location is no URL reference.
    BadLocation(UrlError),
    /// The Location leads to a scheme that is not HTTP.
    NotHttp(Box<str>),
    /// So many requests have been sent.
    TooMany(usize),
    /// A [`Follow::Check`] says so.
    Refused(Cow<'static, str>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::BadLocation(error) => write!(f, "the Location of a redirect is {error}"),
            Failure::NotHttp(scheme) => {
                write!(f, "a redirect leads to {scheme}:, which is not HTTP")
            }
            Failure::TooMany(count) => write!(f, "stopped after {count} redirects"),
            Failure::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Failure {}

/// The way of one request so far: where it has been, and what it has lost on the way.
///
/// ```
/// use purlin_core::policy::redirect::{Policy, Replay, Step, Trail};
/// use purlin_core::{Fields, Method, Status, Url};
/// let url = Url::parse("https://a.test/form").unwrap();
/// let mut trail = Trail::new(Method::POST, url, Replay::Replayable, &Fields::new());
/// let policy = Policy::default();
/// let Step::Follow(hop) = trail.step(Status::SEE_OTHER, Some(b"/thanks"), &policy) else {
///     panic!("it is followed");
/// };
/// assert_eq!((hop.method.as_str(), hop.url.as_str()), ("GET", "https://a.test/thanks"));
/// trail.took(&hop);
/// assert_eq!(trail.urls().len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Trail {
    method: Method,
    /// Never empty: the last is the current one.
    urls: Vec<Url>,
    body: Replay,
    credentials: bool,
    /// The caller's Referer, if it has not been dropped.
    own_referer: Own,
}

/// A Referer that the caller gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    None,
    Plain,
    /// Of an `https` URL: it is not told in plain (RFC 9110 §10.1.3).
    Secure,
}

impl Trail {
    /// The beginning: a request as its caller gave it.
    pub fn new(method: Method, url: Url, body: Replay, fields: &Fields) -> Trail {
        let of_https = |url: &[u8]| url.get(..6).is_some_and(|s| s.eq_ignore_ascii_case(b"https:"));
        let own_referer = match fields.get_bytes(names::REFERER) {
            None | Some(b"") => Own::None,
            Some(url) if of_https(url) => Own::Secure,
            Some(_) => Own::Plain,
        };
        Trail { method, urls: vec![url], body, credentials: true, own_referer }
    }

    /// Whether the body can be given again by now: one that can be read once is
    /// there for another request until it has been read from.
    pub fn set_body(&mut self, body: Replay) {
        self.body = body;
    }

    /// The URLs that have been asked, oldest first.
    pub fn urls(&self) -> &[Url] {
        &self.urls
    }

    /// What is done about an answer of this status and Location.
    pub fn step(&self, status: Status, location: Option<&[u8]>, policy: &Policy) -> Step {
        let stays = match policy.rewrite {
            Rewrite::Post => self.method != Method::POST,
            Rewrite::All => self.method == Method::QUERY,
        };
        let (method, keep_body) = match status.code() {
            301 | 302 if stays => (self.method.clone(), true),
            // RFC 9110 §15.4.4: a HEAD stays one.
            301..=303 if self.method == Method::HEAD => (Method::HEAD, false),
            301..=303 => (Method::GET, false),
            307 | 308 => (self.method.clone(), true),
            _ => return Step::Stop(Stop::NoRedirect),
        };
        if keep_body && self.body == Replay::Once {
            return Step::Stop(Stop::NotReplayable);
        }
        let Some(location) = location.filter(|location| !location.is_empty()) else {
            return Step::Stop(Stop::NoLocation);
        };
        let hop = self.hop(method, keep_body, location, policy);
        match (&policy.follow, hop) {
            (Follow::Never, _) | (Follow::Check(_), Err(_)) => Step::Stop(Stop::UseLast),
            (Follow::UpTo(_), Err(error)) => Step::Fail(Failure::BadLocation(error)),
            (_, Ok(hop)) => self.judge(hop, policy),
        }
    }

    fn hop(
        &self,
        method: Method,
        keep_body: bool,
        location: &[u8],
        policy: &Policy,
    ) -> Result<Hop, UrlError> {
        let from = self.url();
        let mut url = from.join(location)?;
        match policy.fragment {
            Fragment::Inherit if url.fragment().is_none() => {
                url = url.with_fragment(from.fragment());
            }
            Fragment::Inherit | Fragment::Drop => {}
        }
        let first = self.urls.first().unwrap_or(from);
        let keep_credentials = self.credentials && go_along(policy.credentials, first, &url);
        let plain = url.scheme() == "http";
        let referer = match self.own_referer {
            Own::Secure if plain => Referer::Remove,
            Own::Plain | Own::Secure => Referer::Keep,
            Own::None if plain && from.scheme() == "https" => Referer::Remove,
            Own::None => Referer::Set(from.without_userinfo().without_fragment().as_str().into()),
        };
        let keep_host = names_no_host(location);
        Ok(Hop { method, url, keep_body, keep_credentials, keep_host, referer })
    }

    fn judge(&self, hop: Hop, policy: &Policy) -> Step {
        let verdict = match &policy.follow {
            Follow::UpTo(most) if self.urls.len() >= *most => {
                return Step::Fail(Failure::TooMany(*most));
            }
            Follow::UpTo(_) => Verdict::Allow,
            Follow::Never => Verdict::UseLast,
            Follow::Check(check) => check(&hop, &self.urls),
        };
        match verdict {
            Verdict::Allow if !hop.url.is_http() => {
                Step::Fail(Failure::NotHttp(hop.url.scheme().into()))
            }
            Verdict::Allow => Step::Follow(hop),
            Verdict::UseLast => Step::Stop(Stop::UseLast),
            Verdict::Error(why) => Step::Fail(Failure::Refused(why)),
        }
    }

    /// The hop is taken.
    pub fn took(&mut self, hop: &Hop) {
        self.method = hop.method.clone();
        self.urls.push(hop.url.clone());
        self.credentials = hop.keep_credentials;
        if hop.referer != Referer::Keep {
            self.own_referer = Own::None;
        }
        if !hop.keep_body {
            self.body = Replay::NoBody;
        }
    }

    fn url(&self) -> &Url {
        &self.urls[self.urls.len() - 1]
    }
}

/// Whether credentials meant for `first` are told `next` too.
fn go_along(credentials: Credentials, first: &Url, next: &Url) -> bool {
    match credentials {
        Credentials::Always => true,
        Credentials::SameOrigin => first.same_origin(next),
        Credentials::Domain => {
            let (parent, host) = (first.host().as_bytes(), next.host().as_bytes());
            if host.eq_ignore_ascii_case(parent) {
                return first.zone() == next.zone();
            }
            let above = host.len().checked_sub(parent.len() + 1);
            above.is_some_and(|at| host[at] == b'.' && host[at + 1..].eq_ignore_ascii_case(parent))
        }
    }
}

/// Whether a reference is relative and has no authority.
fn names_no_host(location: &[u8]) -> bool {
    let scheme = location.iter().position(|byte| matches!(byte, b':' | b'/' | b'?' | b'#'));
    !location.starts_with(b"//") && scheme.is_none_or(|at| location[at] != b':')
}

#[cfg(test)]
mod tests;
