//! How a client goes about its requests: what Go spreads over `Client` and `Transport`, as data.
//! Decides nothing; the exchange and its policies read it.

use super::Route;
use crate::head::Fields;
use crate::policy::proxy::{Proxy, ProxyEnv, ProxyError};
use crate::policy::{redirect, retry};
use crate::time::Now;
use crate::url::Url;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The policies of a client: how it goes about its requests.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone)]
pub struct ClientPolicy {
    /// What User-Agent says where a request does not; empty for none.
    pub user_agent: String,
    /// Fields for requests that have none of that name. After a redirect to
    /// another origin the credentials among them are left out, as a request's own.
    pub fields: Fields,
    /// Whether gzip is asked for and undone where a request does not rule on
    /// codings itself.
    pub compression: bool,
    /// Where redirects may lead.
    pub redirects: redirect::Policy,
    /// Where cookies are kept.
    pub cookies: Option<Arc<dyn CookieStore>>,
    /// Which proxies are used.
    pub proxies: Proxies,
    /// How long the phases may take.
    pub timeouts: PhaseTimeouts,
    /// The most times one request is sent, as far as it may be sent again at all;
    /// each redirect counts anew.
    pub attempts: u32,
    /// The most bytes of content that a response may have where its coding is undone;
    /// one that comes as it is has the limit of its connection
    /// ([`Limits::body_bytes`](crate::Limits)).
    pub max_decoded: Option<u64>,
    #[doc(hidden)]
    pub _more: (),
}

impl Default for ClientPolicy {
    fn default() -> ClientPolicy {
        ClientPolicy {
            user_agent: format!("purlin/{}", env!("CARGO_PKG_VERSION")),
            fields: Fields::new(),
            compression: false,
            redirects: redirect::Policy::default(),
            cookies: None,
            proxies: Proxies::None,
            timeouts: PhaseTimeouts::default(),
            attempts: retry::ATTEMPTS,
            max_decoded: None,
            _more: (),
        }
    }
}

impl ClientPolicy {
    /// The policy for requests on a connection outside any pool, which leads along this
    /// route: redirects are answers, nothing is sent a second time, and no proxy is
    /// spoken to that the connection does not lead to.
    #[must_use]
    pub fn on_one_connection(&self, route: &Route) -> ClientPolicy {
        let mut policy = self.clone();
        policy.redirects.follow = redirect::Follow::Never;
        policy.attempts = 1;
        policy.proxies = match route.proxy() {
            Some(proxy) if route.is_forwarded() => Proxies::All(proxy.clone()),
            _ => Proxies::None,
        };
        policy
    }
}

/// The values of the fields are not shown: there may be credentials among them.
impl fmt::Debug for ClientPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        f.debug_struct("ClientPolicy")
            .field("user_agent", &self.user_agent)
            .field("fields", &names)
            .field("compression", &self.compression)
            .field("redirects", &self.redirects)
            .field("cookies", &self.cookies.is_some())
            .field("proxies", &self.proxies)
            .field("timeouts", &self.timeouts)
            .field("attempts", &self.attempts)
            .field("max_decoded", &self.max_decoded)
            .finish()
    }
}

/// Time limits of the phases before a request is sent; what comes after has its
/// limits in [`ClientTimeouts`](crate::config::ClientTimeouts).
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseTimeouts {
    /// From the request to the last byte of the response, redirects included.
    pub total: Option<Duration>,
    /// Waiting for a connection of which there may be no more.
    pub pool: Duration,
    /// Looking up a name.
    pub dns: Duration,
    /// Connecting, all addresses together.
    pub connect: Duration,
    /// Asking a proxy for a tunnel: it connects to the far end meanwhile.
    pub tunnel: Duration,
    /// Setting up TLS.
    pub setup: Duration,
    #[doc(hidden)]
    pub _more: (),
}

impl Default for PhaseTimeouts {
    fn default() -> PhaseTimeouts {
        PhaseTimeouts {
            total: None,
            pool: Duration::from_secs(30),
            dns: Duration::from_secs(10),
            connect: Duration::from_secs(30),
            tunnel: Duration::from_secs(30),
            setup: Duration::from_secs(10),
            _more: (),
        }
    }
}

/// A store of cookies between requests; Go's `CookieJar`. It is shared by
/// requests that run side by side.
pub trait CookieStore: Send + Sync {
    /// The value of Cookie for a request to this URL, if there are any for it.
    fn cookies(&self, url: &Url, now: Now) -> Option<String>;

    /// Takes in the Set-Cookie lines of a response from this URL.
    fn store(&self, url: &Url, lines: &mut dyn Iterator<Item = &[u8]>, now: Now);
}

impl fmt::Debug for dyn CookieStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieStore")
    }
}

/// The choice of a proxy for each request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Proxies {
    /// No proxy.
    None,
    /// The ones that the environment names, in values given as data.
    Env(Arc<ProxyEnv>),
    /// One proxy for all URLs.
    All(Arc<Proxy>),
    /// The proxy that this function names.
    By(ProxyChoice),
}

impl Proxies {
    /// The proxy for this URL.
    ///
    /// # Errors
    /// The settings name one that cannot be used.
    pub fn choose(&self, url: &Url) -> Result<Option<Arc<Proxy>>, ProxyError> {
        match self {
            Proxies::None => Ok(None),
            Proxies::Env(env) => Ok(env.for_url(url)?.map(Arc::new)),
            Proxies::All(proxy) => Ok(Some(proxy.clone())),
            Proxies::By(choice) => (choice.0)(url),
        }
    }
}

/// A function that chooses a proxy.
#[derive(Clone)]
pub struct ProxyChoice(Arc<ChooseFn>);

type ChooseFn = dyn Fn(&Url) -> Result<Option<Arc<Proxy>>, ProxyError> + Send + Sync;

impl ProxyChoice {
    /// The proxies that this function names.
    pub fn new(
        choose: impl Fn(&Url) -> Result<Option<Arc<Proxy>>, ProxyError> + Send + Sync + 'static,
    ) -> ProxyChoice {
        ProxyChoice(Arc::new(choose))
    }
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyChoice")
    }
}
