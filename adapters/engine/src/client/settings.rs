//! How a client behaves: what Go spreads over `Client`, `Transport` and `Dialer`.

use super::Resolver;
use crate::jar::SharedJar;
use crate::layers::Layers;
use crate::system::System;
use purlin_core::config::{ClientConfig, Protocols};
use purlin_core::exchange::{ClientPolicy, CookieStore, Proxies};
use purlin_core::policy::pool::PoolConfig;
use purlin_core::policy::proxy::{Proxy, ProxyEnv, ProxyError};
use purlin_core::policy::redirect;
use purlin_core::{Fields, InvalidField, Leniency, Rate};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The settings of a client. Everything has a default that is safe.
///
/// ```
/// use purlin_engine::Settings;
/// use std::time::Duration;
///
/// let settings = Settings::new()
///     .timeout(Duration::from_secs(30))
///     .max_per_host(8)
///     .cookies();
/// # let _ = settings;
/// ```
#[must_use = "settings do nothing until a client is made with them"]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How requests are gone about.
    pub policy: ClientPolicy,
    /// Limits and timeouts of a connection.
    pub machine: ClientConfig,
    /// How connections are kept.
    pub pool: PoolConfig,
    /// How names are looked up.
    pub resolver: Resolver,
    /// Whether a name's addresses are tried side by side (RFC 8305).
    pub happy_eyeballs: bool,
    /// With whom TLS is spoken, and how.
    #[cfg(feature = "rustls")]
    pub tls: Option<purlin_tls::ClientTls>,
}

/// An environment that is still to be read.
fn unread() -> &'static Arc<ProxyEnv> {
    static UNREAD: LazyLock<Arc<ProxyEnv>> = LazyLock::new(Arc::default);
    &UNREAD
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::new()
    }
}

impl Settings {
    /// The defaults: gzip is undone, redirects are followed up to ten times,
    /// proxies are the ones that the environment names once a client is made.
    pub fn new() -> Settings {
        let policy = ClientPolicy {
            compression: cfg!(feature = "gzip"),
            proxies: Proxies::Env(unread().clone()),
            ..ClientPolicy::default()
        };
        Settings {
            policy,
            machine: ClientConfig::default(),
            pool: PoolConfig::default(),
            resolver: Resolver::system(),
            happy_eyeballs: true,
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }

    /// How requests are gone about on this system, whose environment is read if it is to
    /// name the proxies.
    pub(super) fn policy_on(&self, system: &dyn System) -> ClientPolicy {
        let mut policy = self.policy.clone();
        if let Proxies::Env(env) = &mut policy.proxies {
            if Arc::ptr_eq(env, unread()) {
                *env = Arc::new(ProxyEnv::from_values(|name| system.variable(name)));
            }
        }
        policy
    }

    /// What makes the machines of connections with these settings.
    pub fn layers(&self) -> Layers {
        let layers = Layers::new(Arc::new(self.machine.clone()));
        #[cfg(feature = "rustls")]
        if let Some(tls) = &self.tls {
            return layers.with_tls(tls.clone());
        }
        layers
    }

    /// How long a whole request may take, redirects and reading the response
    /// included; Go's `Client.Timeout`. There is no such limit without this:
    /// each phase has its own.
    pub fn timeout(mut self, limit: Duration) -> Settings {
        self.policy.timeouts.total = Some(limit);
        self
    }

    /// How long connecting may take, all addresses together. 30 s without this.
    pub fn connect_timeout(mut self, limit: Duration) -> Settings {
        self.policy.timeouts.connect = limit;
        self
    }

    /// How long a request waits for a connection if there may be no more of them
    /// ([`max_per_host`](Settings::max_per_host)). 30 s without this.
    pub fn turn_timeout(mut self, limit: Duration) -> Settings {
        self.policy.timeouts.pool = limit;
        self
    }

    /// How long looking up a name may take. 10 s without this.
    pub fn dns_timeout(mut self, limit: Duration) -> Settings {
        self.policy.timeouts.dns = limit;
        self
    }

    /// How long a proxy may take to make a tunnel, and to connect to the server for it.
    /// 30 s without this.
    pub fn tunnel_timeout(mut self, limit: Duration) -> Settings {
        self.policy.timeouts.tunnel = limit;
        self
    }

    /// How long TLS may take to set up. 10 s without this.
    pub fn setup_timeout(mut self, limit: Duration) -> Settings {
        self.policy.timeouts.setup = limit;
        self
    }

    /// How long the response may keep one waiting once the request is sent;
    /// Go's `ResponseHeaderTimeout`. 60 s without this.
    pub fn response_timeout(mut self, limit: Duration) -> Settings {
        self.machine.timeouts.first_byte = limit;
        self
    }

    /// How fast a response's body must come while it is waited for. Without this
    /// [`Rate::DEFAULT`]: 240 bytes a second after 5 s, with pauses of up to 30 s
    /// for who was faster before.
    pub fn body_rate(mut self, rate: Rate) -> Settings {
        self.machine.timeouts.body = rate;
        self
    }

    /// How fast the server must take a request. [`Rate::DEFAULT`] without this.
    pub fn send_rate(mut self, rate: Rate) -> Settings {
        self.machine.timeouts.write = rate;
        self
    }

    /// Which versions of HTTP are spoken. Without this [`Protocols::Both`]: a server within
    /// TLS says which (ALPN), and others are spoken to in HTTP/1.1. [`Protocols::Http2`] is
    /// spoken at once, without TLS too (*prior knowledge*, RFC 9113 §3.3).
    ///
    /// With both, a request that has an Upgrade field goes over HTTP/1.1, on a connection
    /// that others do not share. One `Connection` outside any pool speaks what was
    /// agreed on, and can be upgraded for sure with [`Protocols::Http1`] alone.
    pub fn protocols(mut self, protocols: Protocols) -> Settings {
        self.machine.protocols = protocols;
        self
    }

    /// How many fields the head of a response may have, and how many may follow its
    /// body. 100 without this.
    pub fn max_fields(mut self, most: usize) -> Settings {
        self.machine.limits.fields = most;
        self
    }

    /// How many bytes the head of a response may have, and what fields follow its
    /// body. 64 KiB without this; Go's `MaxResponseHeaderBytes`.
    pub fn max_head(mut self, bytes: usize) -> Settings {
        self.machine.limits.head_bytes = bytes;
        self
    }

    /// How many bytes of interim responses may come at once; as many more may come
    /// with every minute that passes. 64 KiB without this: a job may tell of itself
    /// for days, and a flood ends the request.
    pub fn max_interim(mut self, bytes: usize) -> Settings {
        self.machine.limits.interim_bytes = bytes;
        self
    }

    /// What is let through although the grammar forbids it. Without this
    /// [`Limits::CLIENT`](purlin_core::Limits::CLIENT) says so: what RFC 9112 asks
    /// a user agent to read.
    ///
    /// ```
    /// use purlin_core::{Leniency, Limits};
    /// use purlin_engine::Settings;
    ///
    /// let leniency = Leniency { bare_lf: true, both_lengths: true, ..Limits::CLIENT.leniency };
    /// let settings = Settings::new().leniency(leniency);
    /// # let _ = settings;
    /// ```
    pub fn leniency(mut self, leniency: Leniency) -> Settings {
        self.machine.limits.leniency = leniency;
        self
    }

    /// How many bytes of a response's body there may be: what the caller gets counts,
    /// so the content where gzip is undone. Reading fails behind them, however it is
    /// read. Without this there is no such limit: it is read as it is asked for.
    pub fn max_response(mut self, bytes: u64) -> Settings {
        self.machine.limits.body_bytes = bytes;
        self.policy.max_decoded = Some(bytes);
        self
    }

    /// How long a body waits for 100 (Continue). 1 s without this.
    pub fn expect_timeout(mut self, limit: Duration) -> Settings {
        self.machine.timeouts.expect = limit;
        self
    }

    /// How many connections are kept idle, in all. 100 without this.
    pub fn max_idle(mut self, most: usize) -> Settings {
        self.pool.max_idle = most;
        self
    }

    /// How many connections are kept idle for one host.
    pub fn max_idle_per_host(mut self, most: usize) -> Settings {
        self.pool.max_idle_per_host = most;
        self
    }

    /// How many connections to one host there may be; requests beyond that wait
    /// for their turn.
    pub fn max_per_host(mut self, most: usize) -> Settings {
        self.pool.max_per_host = Some(most);
        self
    }

    /// How long a connection is kept idle. 90 s without this.
    pub fn idle_timeout(mut self, limit: Duration) -> Settings {
        self.pool.idle_timeout = limit;
        self
    }

    /// How old a connection may become before it is no longer used again.
    pub fn max_age(mut self, limit: Duration) -> Settings {
        self.pool.max_age = Some(limit);
        self
    }

    /// Whether connections are used more than once; Go's `DisableKeepAlives`,
    /// turned round. They are without this.
    pub fn reuse(mut self, again: bool) -> Settings {
        self.machine.set_reuse(again);
        self.pool.set_reuse(again);
        self
    }

    /// Whether gzip is asked for and undone. It is without this.
    pub fn compression(mut self, undo: bool) -> Settings {
        self.policy.compression = undo && cfg!(feature = "gzip");
        self
    }

    /// Where redirects may lead.
    pub fn redirects(mut self, policy: redirect::Policy) -> Settings {
        self.policy.redirects = policy;
        self
    }

    /// Keeps cookies between requests, in memory.
    pub fn cookies(self) -> Settings {
        self.cookie_store(Arc::new(SharedJar::default()))
    }

    /// Keeps cookies there.
    pub fn cookie_store(mut self, store: Arc<dyn CookieStore>) -> Settings {
        self.policy.cookies = Some(store);
        self
    }

    /// Sends everything through this proxy: an URL of the scheme `http`,
    /// `https`, `socks5` or `socks5h`, perhaps with user and password.
    ///
    /// # Errors
    /// It is no URL of a proxy.
    pub fn proxy(mut self, url: &str) -> Result<Settings, ProxyError> {
        self.policy.proxies = Proxies::All(Arc::new(Proxy::parse(url)?));
        Ok(self)
    }

    /// Which proxies are used.
    pub fn proxies(mut self, proxies: Proxies) -> Settings {
        self.policy.proxies = proxies;
        self
    }

    /// These settings for a client that connects in its own way. The environment says which
    /// proxies lead to the network; where a dialer leads, to a Unix socket say, nobody
    /// knows, and it must not be told their passwords.
    pub fn behind_dialer(self) -> Settings {
        match self.policy.proxies {
            Proxies::Env(_) => self.no_proxy(),
            _ => self,
        }
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(self) -> Settings {
        self.proxies(Proxies::None)
    }

    /// What User-Agent says; nothing is sent if it is empty.
    pub fn user_agent(mut self, text: impl Into<String>) -> Settings {
        self.policy.user_agent = text.into();
        self
    }

    /// A field for every request that has none of that name.
    ///
    /// # Errors
    /// It would break the wire.
    pub fn default_header(
        mut self,
        name: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<Settings, InvalidField> {
        let fields: &mut Fields = &mut self.policy.fields;
        fields.set(name, value)?;
        Ok(self)
    }

    /// How names are looked up.
    pub fn resolver(mut self, resolver: Resolver) -> Settings {
        self.resolver = resolver;
        self
    }

    /// With whom TLS is spoken, and how.
    #[cfg(feature = "rustls")]
    pub fn tls(mut self, tls: purlin_tls::ClientTls) -> Settings {
        self.tls = Some(tls);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Chore, Work};
    use purlin_core::Now;
    use purlin_core::url::Url;
    use std::io;
    use std::task::Waker;

    /// A system whose environment names a proxy, and that is of no other use.
    struct Behind;

    impl System for Behind {
        fn now(&self) -> Now {
            Now::default()
        }

        fn variable(&self, name: &str) -> Option<String> {
            (name == "HTTP_PROXY").then(|| "proxy.test:3128".to_owned())
        }

        fn spawn(&self, _: &str, _: Work) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn attend(&self, _: &str, _: Chore) -> io::Result<Waker> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    #[test]
    fn the_environment_is_that_of_the_system_that_a_client_is_made_on() {
        for (settings, named) in [
            (Settings::new(), Some("http://proxy.test:3128")),
            (Settings::new().no_proxy(), None),
            (Settings::new().behind_dialer(), None),
            (Settings::new().proxies(Proxies::Env(Arc::new(ProxyEnv::default()))), None),
            (Settings::new().proxy("http://one.test").unwrap(), Some("http://one.test")),
        ] {
            let url = Url::parse("http://a.test/").unwrap();
            let chosen = settings.policy_on(&Behind).proxies.choose(&url).unwrap();
            assert_eq!(chosen.map(|proxy| proxy.url.to_string()).as_deref(), named);
        }
    }
}
