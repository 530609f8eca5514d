//! A client as Go's: requests over kept connections, with redirects, cookies,
//! proxies and TLS, in blocking code.
//! Decides nothing about HTTP: an [`Exchange`](purlin_core::exchange::Exchange)
//! does, and this connects, moves bytes and waits.
//!
//! ```no_run
//! use purlin_std::client::{Client, Request, Settings};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), purlin_std::client::Error> {
//! let text = purlin_std::get("http://127.0.0.1:8080/hello/gopher")?.text()?;
//!
//! let client = Client::with(Settings::new().timeout(Duration::from_secs(10)).cookies());
//! let request = Request::post("http://127.0.0.1:8080/items").json(r#"{"a":1}"#);
//! let mut response = client.send(request)?;
//! println!("{} {text} {}", response.status(), response.text()?);
//! # Ok(()) }
//! ```

mod body;
mod dial;
mod feed;
mod response;
mod runtime;
mod single;
mod socket;
mod upgraded;

pub use body::Body;
pub use dial::Dialer;
pub use purlin_core::exchange::{
    Cause, ClientPolicy, CookieStore, Error, IntoUrl, PhaseTimeouts, Proxies, ProxyChoice, Route,
    Stretch, Trace,
};
pub use purlin_core::policy::pool::PoolConfig;
pub use purlin_core::policy::{cookie, jar, proxy, redirect};
pub use purlin_core::tunnel::Trouble;
pub use purlin_core::url::{Origin, Url, UrlError, UrlProblem};
pub use purlin_core::{
    BodyLength, ClientConfig, ClientTimeouts, CloseReason, Fault, Fields, InvalidField, Leniency,
    Limits, Method, Misuse, Mono, Now, PeerError, Phase, Rate, ResponseHead, Retry, Status,
    TlsInfo, Version,
};
pub use purlin_engine::{Question, Received, Resolved, Resolver, Service, Settings, SharedJar};
#[cfg(feature = "rustls")]
pub use purlin_tls::ClientTls;
pub use response::Response;
pub use single::Connection;
pub use upgraded::Upgraded;

use crate::Source;
use feed::Feed;
use purlin_core::exchange::Given;
use purlin_engine::{Agent, Run};
use purlin_net::Clock;
use purlin_net::client::Threads;
use runtime::{Blocking, block};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A request, its body at hand or given by a [`Source`].
///
/// What builds it are the methods of [`purlin_core::exchange::Request`]: `get`, `post` and
/// the like to begin, `header`, `query`, `json`, `stream`, `timeout` and more to go on.
pub type Request = purlin_core::exchange::Request<Source>;

/// The result of a request: a response, or why there was none.
pub type Result<T = Response, E = Error> = std::result::Result<T, E>;

/// A client. Its clones share connections and cookies.
///
/// ```no_run
/// let client = purlin_std::client::Client::new();
/// let response = client.get("https://example.com/")?;
/// println!("{}", response.status());
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
#[derive(Clone)]
pub struct Client(Arc<Agent<Blocking>>);

/// What gives a body, on a thread of its own once it is asked for.
fn fed(given: Given<Source>) -> Given<Feed> {
    match given {
        Given::Once(source) => Given::Once(Feed::new(source)),
        Given::Again(mut make) => Given::Again(Box::new(move || Feed::new(make()))),
    }
}

/// Runs a request to its response.
fn run(mut run: Run<'_, Blocking>) -> Result {
    loop {
        match block(&mut run, Run::poll) {
            Ok(answered) => return run.deliver(answered?).map(Response::new),
            Err(error) => run.cannot_wait(error),
        }
    }
}

impl Client {
    /// A client with the defaults of [`Settings::new`].
    pub fn new() -> Client {
        Client::with(Settings::new())
    }

    /// A client that behaves like this.
    pub fn with(settings: Settings) -> Client {
        Client(Arc::new(Agent::new(settings, None, Arc::new(Threads))))
    }

    /// A client that connects in its own way. Proxies that the environment names are
    /// not used then; those that the settings name are, and the dialer is to reach them.
    pub fn with_dialer(settings: Settings, dialer: Dialer) -> Client {
        let settings = settings.behind_dialer();
        Client(Arc::new(Agent::new(settings, Some(dialer), Arc::new(Threads))))
    }

    /// Sends a request and gives the response; its body is still to be read.
    ///
    /// # Errors
    /// There was no response: [`Error::phase`] and [`Error::cause`] say why. A
    /// status such as 404 is no error; see [`Response::error_for_status`].
    pub fn send(&self, request: Request) -> Result {
        let (parts, given) = request.into_parts()?;
        run(Run::new(&self.0, parts, given.map(fed), Clock::of_thread()))
    }

    /// GET.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn get(&self, url: impl IntoUrl) -> Result {
        self.send(Request::get(url))
    }

    /// HEAD.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn head(&self, url: impl IntoUrl) -> Result {
        self.send(Request::head(url))
    }

    /// POST of a body of this MIME type.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn post(
        &self,
        url: impl IntoUrl,
        content_type: &str,
        body: impl Into<crate::Bytes>,
    ) -> Result {
        self.send(Request::post(url).content_type(content_type).body(body))
    }

    /// POST of pairs, as an HTML form sends them.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn post_form<K: AsRef<str>, V: AsRef<str>>(
        &self,
        url: impl IntoUrl,
        pairs: &[(K, V)],
    ) -> Result {
        self.send(Request::post(url).form(pairs))
    }

    /// Closes the connections that are idle now, and those that come back before
    /// the next request; Go's `CloseIdleConnections`.
    pub fn close_idle(&self) {
        self.0.pool().close_idle();
    }

    /// How many connections are idle.
    pub fn idle(&self) -> usize {
        self.0.pool().idle()
    }
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} idle)", self.idle())
    }
}

/// The client that the functions of this module share; Go's `DefaultClient`.
pub fn default_client() -> &'static Client {
    static DEFAULT: OnceLock<Client> = OnceLock::new();
    DEFAULT.get_or_init(Client::new)
}

/// GET with the default client.
///
/// ```no_run
/// let text = purlin_std::get("http://127.0.0.1:8080/")?.text()?;
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
///
/// # Errors
/// As [`Client::send`].
pub fn get(url: impl IntoUrl) -> Result {
    default_client().get(url)
}

/// HEAD with the default client.
///
/// # Errors
/// As [`Client::send`].
pub fn head(url: impl IntoUrl) -> Result {
    default_client().head(url)
}

/// POST with the default client.
///
/// ```no_run
/// purlin_std::post("http://127.0.0.1:8080/items", "application/json", r#"{"a":1}"#)?;
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
///
/// # Errors
/// As [`Client::send`].
pub fn post(url: impl IntoUrl, content_type: &str, body: impl Into<crate::Bytes>) -> Result {
    default_client().post(url, content_type, body)
}

/// POST of pairs with the default client, as an HTML form sends them.
///
/// # Errors
/// As [`Client::send`].
pub fn post_form<K: AsRef<str>, V: AsRef<str>>(url: impl IntoUrl, pairs: &[(K, V)]) -> Result {
    default_client().post_form(url, pairs)
}

/// Sends a request with the default client.
///
/// # Errors
/// As [`Client::send`].
pub fn send(request: Request) -> Result {
    default_client().send(request)
}
