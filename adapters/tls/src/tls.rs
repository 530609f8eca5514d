//! A machine around a machine: ciphertext verbs outside, plaintext verbs inside.
//! Decides nothing of HTTP. What TLS wants comes first, and the inner machine
//! speaks once the handshake has ended.
//!
//! ```text
//!            read_buf, filled        receive
//!   socket -----------------> engine --------> inner machine
//!   socket <----------------- engine <-------- inner machine
//!            output, wrote     seal    output
//!
//!   Greeting --> Handshake --> Open --> goodbye said, then as the inner machine closes
//!       \____________\___________\----> Failed: an alert, then a lingering close
//! ```
//!
//! Input is decrypted only while the inner machine takes it, a record at a
//! time. Output is encrypted when the driver asks for it, and counts as written
//! inside once the socket has taken its ciphertext, so that a slow peer's time
//! runs there as it does without TLS.

mod commands;
mod flow;
mod verbs;

use crate::client::{ClientTls, Sessions};
use crate::engine::Engine;
use crate::error::{TlsError, TlsErrorKind};
use crate::protocols::alpn;
use crate::server::ServerTls;
use purlin_core::config::Protocols;
use purlin_core::{CloseReason, Machine, Mono, Now, PeerError, Secured, TlsInfo, Why};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use std::fmt;
use std::time::Duration;

/// How long a handshake may take.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the peer has to take our last words, and to close.
const PARTING: Duration = Duration::from_secs(5);

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A server that has not seen enough to tell what is spoken.
    Greeting,
    Handshake,
    Open,
    /// Only an alert may still go out.
    Failed,
}

/// TLS around a machine.
///
/// ```
/// use purlin_core::{Machine, Now, ServerConfig, server};
/// use purlin_tls::{ServerTls, Tls};
/// # let made = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
/// # let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
/// # let now = Now::default();
/// let config = ServerTls::from_pem(chain.as_bytes(), key.as_bytes())?;
/// let inner = server::Connection::new(ServerConfig::default().into(), now);
/// let mut machine = Tls::server(&config, inner, now);
/// machine.receive(b"GET / HTTP/1.1\r\n\r\n", now);
/// let mut out = Vec::new();
/// machine.transmit(&mut out, 100, now);
/// assert!(out.starts_with(b"HTTP/1.1 400 Bad Request\r\n")); // that was no TLS
/// # Ok::<(), purlin_tls::TlsError>(())
/// ```
pub struct Tls<M> {
    inner: M,
    engine: Engine,
    phase: Phase,
    /// Until when the handshake must have ended, or our last bytes be taken.
    due: Option<(Mono, Why)>,
    /// So much of the inner machine's output stands encrypted in ours.
    sealed: usize,
    /// What was written and not known to be taken: our bytes, and the inner machine's in them.
    given: (usize, usize),
    /// Room to put small pieces together.
    gathered: Vec<u8>,
    /// A byte has come.
    touched: bool,
    /// We have told the peer that nothing more is sent.
    said_goodbye: bool,
    /// The peer has told us so.
    heard_goodbye: bool,
    /// The socket's input has ended.
    ended: bool,
    /// The socket is of no use any more.
    lost: bool,
    /// The time to part is over.
    parted: bool,
    fault: Option<PeerError>,
    /// Whether that was told.
    told: bool,
    /// The end of the connection was told.
    closed: bool,
    /// The inner machine has told its end, which is told behind our fault.
    ending: Option<CloseReason>,
    /// Why the connection ends, if the reason is not the inner machine's.
    reason: Option<CloseReason>,
    error: Option<Box<TlsError>>,
    secured: Secured,
    /// The protocols that the inner machine speaks; any, if there are none.
    speaks: &'static [&'static [u8]],
    /// A client's, in its handshake.
    sessions: Option<Box<Sessions>>,
}

/// No plaintext and no key is shown.
impl<M: fmt::Debug> fmt::Debug for Tls<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("inner", &self.inner)
            .field("engine", &self.engine)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl<M: Machine> Tls<M> {
    /// The server's side of a connection that was accepted just now. Its
    /// handshake may take as long as the configuration says. It offers HTTP/1.1, unless
    /// [other protocols](crate::ServerTlsBuilder::alpn) are set;
    /// [`ServerTls::connection`] offers what a machine of HTTP speaks.
    pub fn server(config: &ServerTls, inner: M, now: Now) -> Tls<M> {
        Tls::server_of(config, Protocols::Http1, inner, now)
    }

    /// The same, offering these protocols.
    pub(crate) fn server_of(
        config: &ServerTls,
        protocols: Protocols,
        inner: M,
        now: Now,
    ) -> Tls<M> {
        let (config, handshake) = config.config(protocols);
        let side = UnbufferedServerConnection::new(config);
        let side = side.expect("the same was tried when the configuration was made");
        Tls::around(Engine::server(side), inner, Phase::Greeting, now)
            .with_handshake_timeout(handshake, now)
    }

    /// The client's side of a connection to the server of this name, a DNS name
    /// or an IP address, which the server must prove to be its own. It offers HTTP/1.1, unless
    /// [other protocols](ClientTls::alpn) are set.
    ///
    /// # Errors
    /// [`TlsError`] if that is no name.
    pub fn client(
        config: &ClientTls,
        server_name: &str,
        inner: M,
        now: Now,
    ) -> Result<Tls<M>, TlsError> {
        Tls::client_set_up(config, Protocols::Http1, server_name, inner, now)
    }

    /// The same around a machine that speaks these protocols: they are offered, and the
    /// handshake fails if the server takes another, or none where HTTP/2 alone is spoken.
    ///
    /// ```
    /// use purlin_core::config::Protocols;
    /// use purlin_core::{ClientConfig, ClientMachine, Now, client};
    /// use purlin_tls::{ClientTls, Tls};
    /// # let made = rcgen::generate_simple_self_signed(["a.test".into()]).unwrap();
    /// # let roots = purlin_tls::Roots::from_pem(made.cert.pem().as_bytes())?;
    /// let config = ClientConfig { protocols: Protocols::Both, ..ClientConfig::default() };
    /// let (protocols, now) = (config.protocols, Now::default());
    /// let inner = client::Connection::secure(config.into(), now);
    /// let machine = Tls::client_of(&ClientTls::new(roots)?, protocols, "a.test", inner, now)?;
    /// assert!(!machine.is_ready()); // nothing is agreed on yet
    /// # Ok::<(), purlin_tls::TlsError>(())
    /// ```
    ///
    /// # Errors
    /// [`TlsError`] if that is no name.
    pub fn client_of(
        config: &ClientTls,
        protocols: Protocols,
        server_name: &str,
        inner: M,
        now: Now,
    ) -> Result<Tls<M>, TlsError> {
        let tls = Tls::client_set_up(config, protocols, server_name, inner, now)?;
        Ok(tls.speaking(alpn(protocols)))
    }

    fn client_set_up(
        config: &ClientTls,
        protocols: Protocols,
        server_name: &str,
        inner: M,
        now: Now,
    ) -> Result<Tls<M>, TlsError> {
        let bare = server_name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let name = ServerName::try_from(bare.unwrap_or(server_name)).map_err(|cause| {
            TlsError::setup(format!("{server_name:?} is no name of a server")).because(cause)
        })?;
        let asked = matches!(name, ServerName::DnsName(_)).then(|| server_name.to_owned());
        let name = name.to_owned();
        let sessions = config.sessions_with(name.clone());
        let side = UnbufferedClientConnection::new(config.config(protocols), name)?;
        let mut engine = Engine::client(side);
        engine.asks_for(asked);
        let mut tls = Tls::around(engine, inner, Phase::Handshake, now);
        tls.sessions = sessions.map(Box::new);
        tls.feed(now);
        Ok(tls)
    }

    fn around(engine: Engine, inner: M, phase: Phase, now: Now) -> Tls<M> {
        Tls {
            inner,
            engine,
            phase,
            due: Some((now.mono + HANDSHAKE, Why::Handshake)),
            sealed: 0,
            given: (0, 0),
            gathered: Vec::new(),
            touched: false,
            said_goodbye: false,
            heard_goodbye: false,
            ended: false,
            lost: false,
            parted: false,
            fault: None,
            told: false,
            closed: false,
            ending: None,
            reason: None,
            error: None,
            secured: Secured::default(),
            speaks: &[],
            sessions: None,
        }
    }

    /// This machine, saying that its inner one speaks these protocols and no others: if the
    /// two sides agree on another one (RFC 7301), the handshake fails, and so it does if they
    /// agree on nothing where HTTP/2 alone is spoken (RFC 9113 §3.2). Without
    /// this the inner machine is taken to speak whatever is offered.
    ///
    /// ```no_run
    /// use purlin_core::{Now, ServerConfig, server};
    /// use purlin_tls::{HTTP, ServerTls, Tls};
    /// let config = ServerTls::from_files("cert.pem", "key.pem")?;
    /// let now = Now::default();
    /// let inner = server::Connection::new(ServerConfig::default().into(), now);
    /// let machine = Tls::server(&config, inner, now).speaking(HTTP);
    /// # let _ = machine;
    /// # Ok::<(), purlin_tls::TlsError>(())
    /// ```
    #[must_use]
    pub fn speaking(mut self, protocols: &'static [&'static [u8]]) -> Tls<M> {
        self.speaks = protocols;
        self
    }

    /// This machine, its handshake's time counted from `now`.
    #[must_use]
    pub fn with_handshake_timeout(mut self, timeout: Duration, now: Now) -> Tls<M> {
        if self.is_handshaking() {
            self.due = Some((now.mono + timeout, Why::Handshake));
        }
        self
    }

    /// The machine inside.
    pub fn inner(&self) -> &M {
        &self.inner
    }

    /// The machine inside, for what only it can do. Its verbs for bytes and time
    /// are this machine's to call.
    pub fn inner_mut(&mut self) -> &mut M {
        &mut self.inner
    }

    /// Whether the handshake goes on.
    pub fn is_handshaking(&self) -> bool {
        matches!(self.phase, Phase::Greeting | Phase::Handshake)
    }

    /// The protocol that both sides agreed on (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        self.engine.alpn()
    }

    /// What the handshake has settled; nothing before its end.
    pub fn info(&self) -> Option<&TlsInfo> {
        self.secured.info()
    }

    /// What the handshake settles, for those who have no access to the machine, such as handlers.
    pub fn secured(&self) -> &Secured {
        &self.secured
    }

    /// Why TLS has failed, if it has.
    pub fn error(&self) -> Option<&TlsError> {
        self.error.as_deref()
    }

    /// Changes the keys of what is sent, and asks the peer to do so (RFC 8446
    /// §4.6.3). It happens by itself before keys are used up. Says whether it
    /// could: not in a handshake, and not in TLS 1.2.
    pub fn change_keys(&mut self, now: Now) -> bool {
        let changed = self.phase == Phase::Open && !self.said_goodbye && self.engine.change_keys();
        self.feed(now);
        changed
    }
}

/// What to call an error of rustls that came in this phase.
fn kind_of(error: &TlsError, phase: Phase) -> purlin_core::Fault {
    use purlin_core::Fault;
    match (error.kind(), phase) {
        (TlsErrorKind::Alert, _) => Fault::TlsAlert,
        (TlsErrorKind::Timeout, _) => Fault::TlsTimeout,
        (TlsErrorKind::PlainHttp, _) => Fault::PlainHttp,
        (_, Phase::Open) => Fault::TlsRecord,
        _ => Fault::TlsHandshake,
    }
}
