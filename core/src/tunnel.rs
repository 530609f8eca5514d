//! A machine around a machine: asks a proxy for a tunnel, by CONNECT (RFC 9110
//! §9.3.6) or SOCKS5 (RFC 1928, RFC 1929), and then is what is inside.
//! Decides nothing about what goes through the tunnel.
//!
//! ```text
//!            CONNECT ──> 1xx: wait for more
//!  Asking ──────┤
//!    │ │        └──────> 2xx ───────────────────────────> Open
//!    │ │                                                   ^
//!    │ └─ greeting ──> method ──> [user, password] ──> reply
//!    │
//!    └─ refused, malformed, cut, too late ──> Failed
//! ```

mod destination;
mod http;
mod refusal;
mod socks;
mod trouble;
mod verbs;

pub use destination::{Destination, DestinationError};
pub use refusal::Refusal;
pub use trouble::Trouble;

use crate::buf::{InBuf, LEAST_READ, OutBuf};
use crate::error::{Fault, PeerError, Phase, Retry};
use crate::head::ResponseHead;
use crate::machine::{ClientMachine, Eof};
use crate::time::{Mono, Now};

/// A client's machine behind a proxy: what it sends waits until the proxy has
/// made the tunnel.
///
/// If the proxy does not, [`Event::Failed`](crate::Event::Failed) tells the kind of fault,
/// [`Tunnel::refusal`] what the proxy said and
/// [`trouble`](crate::ClientMachine::trouble) both in words, with the answer's head
/// ([`Trouble`]); nothing of the request has gone out then.
///
/// ```
/// use purlin_core::policy::proxy::Proxy;
/// use purlin_core::tunnel::Destination;
/// use purlin_core::{ClientMachine, Machine, Now, Tunnel, Url};
///
/// fn through<M: ClientMachine>(machine: M, now: Now) -> Tunnel<M> {
///     let proxy = Proxy::new(Url::parse("http://me:pw@proxy.test:3128").unwrap()).unwrap();
///     let destination = Destination::new(&proxy, "example.test", 443);
///     Tunnel::new(machine, &destination, now).unwrap()
/// }
/// ```
#[derive(Debug)]
pub struct Tunnel<M> {
    inner: M,
    stage: Stage,
    /// What came from the proxy; behind its last word, what is for the inside.
    input: InBuf,
    /// What is still to be told the proxy.
    output: OutBuf,
    /// How the input ended, while the inside has not been told.
    ended: Option<Eof>,
    due: Mono,
    fault: Option<PeerError>,
    refusal: Option<Refusal>,
    /// The head of a refusal.
    head: Option<Box<ResponseHead>>,
    /// The beginning of what came and was not understood.
    said: Box<[u8]>,
    /// The proxy's URL without a password.
    proxy: Box<str>,
    socks: bool,
    /// User and password are offered to a proxy that speaks SOCKS.
    login: bool,
    told: Told,
}

#[derive(Debug)]
enum Stage {
    Http(http::Reply),
    Socks(socks::Dialogue),
    Open,
    Failed,
}

/// What has been told of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Failed,
    Closed,
}

/// What a step of the talk with a proxy comes to.
enum Progress {
    /// More input is needed.
    Wait,
    /// So many bytes of input are used up, and this is said next.
    Say(usize, Vec<u8>),
    /// So many bytes are used up, and the tunnel is there.
    Open(usize),
}

/// Why a talk with a proxy fails.
struct Failure {
    fault: Fault,
    refusal: Option<Refusal>,
    head: Option<Box<ResponseHead>>,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure { fault, refusal: None, head: None }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure { fault: Fault::ProxyRefused, refusal: Some(refusal), head: None }
    }
}

/// The most bytes that are remembered of what was not understood.
const REMEMBERED: usize = 200;

impl<M: ClientMachine> Tunnel<M> {
    /// A machine whose bytes go this way.
    ///
    /// # Errors
    /// [`DestinationError`] if host, user or password cannot be told the proxy.
    pub fn new(
        inner: M,
        destination: &Destination<'_>,
        now: Now,
    ) -> Result<Tunnel<M>, DestinationError> {
        let mut output = OutBuf::default();
        let (stage, first) = if destination.is_socks() {
            let (dialogue, greeting) = socks::Dialogue::new(destination)?;
            (Stage::Socks(dialogue), greeting)
        } else {
            (Stage::Http(http::Reply::default()), http::connect(destination)?)
        };
        output.write(|text| text.extend_from_slice(&first));
        Ok(Tunnel {
            inner,
            stage,
            input: InBuf::new(http::LIMITS.head_bytes + LEAST_READ),
            output,
            ended: None,
            due: now.mono + destination.timeout,
            fault: None,
            refusal: None,
            head: None,
            said: Box::default(),
            proxy: destination.proxy.url.redacted().to_string().into(),
            socks: destination.is_socks(),
            login: destination.proxy.url.user().is_some_and(|user| !user.is_empty()),
            told: Told::Nothing,
        })
    }

    /// What the proxy said when it refused.
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    fn trouble_of(&self, fault: Fault) -> Trouble {
        let Tunnel { proxy, login, refusal, head, said, .. } = self;
        Trouble {
            proxy: proxy.clone(),
            socks: self.socks,
            login: *login,
            fault,
            refusal: *refusal,
            head: head.clone(),
            said: said.clone(),
        }
    }

    /// The inner machine.
    pub fn inner(&self) -> &M {
        &self.inner
    }

    /// The inner machine, to change it.
    pub fn inner_mut(&mut self) -> &mut M {
        &mut self.inner
    }

    fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Http(_) | Stage::Socks(_))
    }

    /// Goes on with the talk as far as the input reaches.
    fn talk(&mut self, now: Now) {
        while self.is_asking() && !self.input.is_empty() {
            let progress = match &mut self.stage {
                // A proxy that answers what it has not read is not answering us.
                _ if !self.output.is_empty() => Err(Fault::ProxyProtocol.into()),
                Stage::Http(reply) => reply.read(self.input.bytes()),
                Stage::Socks(dialogue) => dialogue.read(self.input.bytes()),
                Stage::Open | Stage::Failed => return,
            };
            match progress {
                Ok(Progress::Wait) => return,
                Ok(Progress::Say(used, words)) => {
                    self.input.consume(used);
                    self.output.write(|text| text.extend_from_slice(&words));
                }
                Ok(Progress::Open(used)) => {
                    self.input.consume(used);
                    self.stage = Stage::Open;
                }
                Err(Failure { fault, refusal, head }) => {
                    (self.refusal, self.head) = (refusal, head);
                    if refusal.is_none() {
                        let first = self.input.bytes().split(|byte| *byte == b'\n').next();
                        let line = first.unwrap_or_default();
                        let line = line.strip_suffix(b"\r").unwrap_or(line);
                        self.said = line[..line.len().min(REMEMBERED)].into();
                    }
                    self.fail(fault, Retry::Never, now);
                }
            }
        }
    }

    /// Hands on what came behind the proxy's last word, and how the input ended.
    fn feed(&mut self, now: Now) {
        if !matches!(self.stage, Stage::Open) {
            return;
        }
        if !self.input.is_empty() {
            let taken = self.inner.receive(self.input.bytes(), now);
            self.input.consume(taken);
        }
        if self.input.is_empty() {
            if let Some(how) = self.ended.take() {
                self.inner.eof(how, now);
            }
        }
    }

    /// Whether the inside has room for what came behind the proxy's last word.
    fn has_more(&self) -> bool {
        matches!(self.stage, Stage::Open) && !self.input.is_empty() && self.inner.want().read
    }

    /// The tunnel will not be made. Nothing of a request has gone out.
    fn fail(&mut self, kind: Fault, retry: Retry, now: Now) {
        self.stage = Stage::Failed;
        self.fault = Some(PeerError { kind, answer: None, retry, phase: Phase::Tunnel });
        self.output.clear();
        self.input.clear();
        self.inner.eof(Eof::Reset, now);
        // What the inside says of it is not what happened.
        while self.inner.poll_event(now).is_some() {}
    }
}

#[cfg(test)]
mod tests;
