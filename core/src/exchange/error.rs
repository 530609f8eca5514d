//! Why a request came to nothing: in which phase, for which URL, and the whole chain of causes.
//! Carries no password: URLs are told without.

use super::Route;
use crate::client::Came;
use crate::error::{CloseReason, Fault, Misuse, PeerError, Phase, Retry};
use crate::head::{InvalidField, Method};
use crate::machine::{BodyLength, Event};
use crate::policy::proxy::ProxyError;
use crate::policy::redirect;
use crate::tunnel::Trouble;
use crate::url::{Url, UrlError};
use std::fmt;
use std::io;
use std::str::Utf8Error;
use std::time::Duration;

/// The error of a request that came to nothing.
///
/// `Display` says all of it, the cause included, and `Debug` prints the same, so that
/// `main` may return it. [`source`](std::error::Error::source) is what lies below the
/// cause, so that a report which walks the chain says nothing twice; the cause itself is
/// [`Error::cause`].
pub struct Error(Box<Inner>);

struct Inner {
    method: Option<Method>,
    url: Option<String>,
    phase: Option<Phase>,
    /// The URL of the proxy that it is about, without a password.
    proxy: Option<String>,
    /// How much of a body had come, and how long it is.
    read: Option<(u64, BodyLength)>,
    cause: Cause,
    /// What came in place of a response.
    came: Option<Came>,
}

/// The cause of an [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The URL cannot be used.
    Url(UrlError),
    /// The URL's scheme is neither `http` nor `https`.
    Scheme,
    /// The request holds a field that would break the wire.
    Field(InvalidField),
    /// The request is one that the protocol does not allow.
    Misuse(Misuse),
    /// Its target is none that HTTP has.
    Target(Fault),
    /// No connection could be made: resolving, connecting, or setting up TLS failed.
    Io(io::Error),
    /// A proxy made no tunnel.
    Tunnel(Box<Trouble>),
    /// TLS failed, or something else of the layers below.
    Layer(Box<dyn std::error::Error + Send + Sync>),
    /// The peer broke a rule or a limit, or was too slow.
    Peer(PeerError),
    /// The connection ended before the response.
    Closed(CloseReason),
    /// The phase took longer than it may.
    Timeout(Duration),
    /// All connections that there may be to the host were in use for so long. A
    /// response that is kept unread holds one.
    NoTurn(Duration),
    /// The whole took longer than it may.
    TotalTimeout(Duration),
    /// A redirect leads nowhere.
    Redirect(redirect::Failure),
    /// The proxy's settings cannot be used.
    Proxy(ProxyError),
    /// What gives the request's body failed.
    Body(io::Error),
    /// The body was to be sent again, and can be read only once.
    NotReplayable,
    /// The content is not in the coding it claims.
    Decode(io::Error),
    /// The content was to be text and is not UTF-8.
    NotText(Utf8Error),
    /// The status says that the request failed.
    Status(crate::head::Status),
    /// The connection is in use by another response that is not read yet.
    Busy,
    /// The body failed before, and there is no more of it.
    BrokenOff,
}

impl Error {
    /// What the server sent in place of a response that can be read: its first
    /// line, escaped and cut.
    pub fn came(&self) -> Option<&str> {
        self.0.came.as_ref().map(Came::as_str)
    }

    /// The cause.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// In which phase it happened; none if nothing had begun.
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// The method of the request.
    pub fn method(&self) -> Option<&Method> {
        self.0.method.as_ref()
    }

    /// Where the request led, without a password.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// Whether something took too long.
    pub fn is_timeout(&self) -> bool {
        match &self.0.cause {
            Cause::Timeout(_) | Cause::TotalTimeout(_) | Cause::NoTurn(_) => true,
            Cause::Peer(error) => error.kind.is_timeout(),
            Cause::Tunnel(trouble) => trouble.fault().is_timeout(),
            Cause::Closed(CloseReason::Timeout(_)) => true,
            Cause::Io(error) => error.kind() == io::ErrorKind::TimedOut,
            _ => false,
        }
    }

    /// Whether it is about the connection rather than the request: it had ended, or held
    /// what belongs to no response, and nothing of a response came.
    pub fn is_of_connection(&self) -> bool {
        let Cause::Peer(error) = &self.0.cause else { return false };
        let kind = matches!(error.kind, Fault::NoResponse | Fault::Reset | Fault::UnaskedBytes);
        kind && error.retry != Retry::Never
    }

    /// Whether there was no connection: the request reached nobody.
    pub fn is_connect(&self) -> bool {
        matches!(self.0.phase, Some(Phase::Dns | Phase::Connect | Phase::Tunnel | Phase::Tls))
    }
}

/// How errors are made: for adapters, and no part of what is kept from version to version.
#[doc(hidden)]
impl Error {
    /// An error that names neither request nor phase yet.
    pub fn new(cause: impl Into<Cause>) -> Error {
        Error(Box::new(Inner {
            method: None,
            url: None,
            phase: None,
            proxy: None,
            read: None,
            cause: cause.into(),
            came: None,
        }))
    }

    /// The text is no URL. It is shown, escaped and cut, without what may be a password.
    pub fn of_url(text: &str, error: UrlError) -> Error {
        let mut error = Error::new(error);
        error.0.url = Some(shown(text));
        error
    }

    /// What a machine's event says of a failure, and whether the request may be
    /// sent again; none for an event that tells of none.
    pub fn of_event(event: Event) -> Option<(Error, Retry)> {
        match event {
            Event::Failed { error, .. } => {
                Some((Error::new(error).during(error.phase), error.retry))
            }
            Event::Closed(reason) => Some((Error::new(reason), Retry::Never)),
            _ => None,
        }
    }

    /// The error that it is if a machine takes no more of a request's body. If the
    /// response came first that is no error.
    ///
    /// # Errors
    /// Anything else.
    pub fn of_upload(taken: Result<(), Misuse>) -> Result<(), Error> {
        match taken {
            Ok(()) | Err(Misuse::Answered | Misuse::NoSuchExchange) => Ok(()),
            Err(misuse) => Err(Error::new(misuse).during(Phase::Send)),
        }
    }

    /// The connection has ended, and was to be used.
    pub fn ended() -> Error {
        Error::new(Cause::Io(io::ErrorKind::BrokenPipe.into()))
    }

    /// What a machine says of raw bytes, after an upgrade, that it does not take.
    pub fn of_raw(misuse: Misuse) -> Error {
        let ended = matches!(misuse, Misuse::NoSuchExchange | Misuse::AlreadyFinished);
        if ended { Error::ended() } else { Error::new(misuse) }.during(Phase::Send)
    }

    /// No connection could be made.
    pub fn of_connecting(error: io::Error) -> Error {
        Error::new(Cause::Io(error)).during(Phase::Connect)
    }

    /// What gives the request's body failed.
    pub fn of_source(error: impl Into<io::Error>) -> Error {
        Error::new(Cause::Body(error.into())).during(Phase::Send)
    }

    /// This error in this phase, unless it has one already.
    #[must_use]
    pub fn during(mut self, phase: Phase) -> Error {
        self.0.phase.get_or_insert(phase);
        self
    }

    /// This error along this route. It names the proxy on the way if it is about that: if
    /// it happened on the way to it, or the proxy is the one who is asked.
    #[must_use]
    pub fn through(mut self, route: &Route) -> Error {
        let Some(proxy) = route.proxy() else { return self };
        let way = matches!(self.0.phase, Some(Phase::Dns | Phase::Connect | Phase::Tunnel));
        let of_peer = matches!(
            self.0.cause,
            Cause::Io(_) | Cause::Layer(_) | Cause::Peer(_) | Cause::Closed(_) | Cause::Timeout(_)
        );
        if of_peer && (way || route.is_forwarded()) {
            self.0.proxy.get_or_insert_with(|| proxy.url.redacted().to_string());
        }
        self
    }

    /// This error in a body of which so many bytes had come. It tells that if it is about
    /// a server that rests or has gone.
    #[must_use]
    pub fn after(mut self, bytes: u64, of: BodyLength) -> Error {
        let rests = match &self.0.cause {
            Cause::TotalTimeout(_) => true,
            Cause::Peer(error) => {
                error.kind.is_timeout() || matches!(error.kind, Fault::Truncated | Fault::Reset)
            }
            _ => false,
        };
        if rests {
            self.0.read = Some((bytes, of));
        }
        self
    }

    /// This error of this request, unless it has one already.
    #[must_use]
    pub fn of(mut self, method: &Method, url: &Url) -> Error {
        self.0.method.get_or_insert_with(|| method.clone());
        self.0.url.get_or_insert_with(|| url.redacted().to_string());
        self
    }

    /// The same, by this method, unless it has one already.
    #[must_use]
    pub(super) fn asking(mut self, method: &Method) -> Error {
        self.0.method.get_or_insert_with(|| method.clone());
        self
    }

    /// This error, behind which the machine or a layer around it knows something
    /// that says more ([`ClientMachine::trouble`](crate::ClientMachine::trouble)).
    #[must_use]
    pub fn because(mut self, why: Option<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        let Some(why) = why else {
            return self;
        };
        match why.downcast::<Came>() {
            Ok(came) => self.0.came = Some(*came),
            Err(why) => {
                self.0.cause = match why.downcast() {
                    Ok(trouble) => Cause::Tunnel(trouble),
                    Err(why) => Cause::Layer(why),
                };
            }
        }
        self
    }
}

macro_rules! causes {
    ($($kind:ty => $cause:ident),* $(,)?) => {
        $(
            impl From<$kind> for Cause {
                fn from(cause: $kind) -> Cause {
                    Cause::$cause(cause)
                }
            }

            impl From<$kind> for Error {
                fn from(cause: $kind) -> Error {
                    Error::new(cause)
                }
            }
        )*
    };
}

causes! {
    UrlError => Url,
    InvalidField => Field,
    Misuse => Misuse,
    PeerError => Peer,
    CloseReason => Closed,
    redirect::Failure => Redirect,
    ProxyError => Proxy,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Url(cause) => write!(f, "bad URL: {cause}"),
            Cause::Scheme => f.write_str("the scheme is neither http nor https"),
            Cause::Field(cause) => write!(f, "{cause}"),
            Cause::Misuse(cause) => write!(f, "not allowed: {cause}"),
            Cause::Target(cause) => write!(f, "{cause}"),
            Cause::Io(cause) => write!(f, "{cause}"),
            Cause::Tunnel(cause) => write!(f, "{cause}"),
            Cause::Layer(cause) => write!(f, "{cause}"),
            Cause::Peer(cause) => write!(f, "{cause}"),
            Cause::Closed(cause) => write!(f, "the connection ended: {cause}"),
            Cause::Timeout(limit) => write!(f, "not done within {limit:?}"),
            Cause::NoTurn(limit) => {
                write!(f, "all connections that there may be were in use for {limit:?}")
            }
            Cause::TotalTimeout(limit) => write!(f, "the whole was not done within {limit:?}"),
            Cause::Redirect(cause) => write!(f, "{cause}"),
            Cause::Proxy(cause) => write!(f, "bad proxy: {cause}"),
            Cause::Body(cause) => write!(f, "the request's body failed: {cause}"),
            Cause::NotReplayable => f.write_str("the body can be sent only once"),
            Cause::Decode(cause) => write!(f, "the content cannot be decoded: {cause}"),
            Cause::NotText(cause) => write!(f, "the content is not text: {cause}"),
            Cause::Status(status) => write!(f, "the answer was {status}"),
            Cause::BrokenOff => f.write_str("the body failed before its end"),
            Cause::Busy => f.write_str("the last response on this connection is not read yet"),
        }
    }
}

/// Such as `GET http://example.com/: connect: Connection refused (os error 111)`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.method, &self.0.url) {
            (Some(method), Some(url)) => write!(f, "{method} {url}: ")?,
            (None, Some(url)) => write!(f, "{url}: ")?,
            (_, None) => {}
        }
        if let Some(phase) = self.0.phase {
            write!(f, "{phase}: ")?;
        }
        if let Some(proxy) = &self.0.proxy {
            write!(f, "proxy {proxy}: ")?;
        }
        write!(f, "{}", self.0.cause)?;
        match self.0.read {
            None => {}
            Some((bytes, BodyLength::Known(length))) => {
                write!(f, "; {bytes} of {length} bytes came")?;
            }
            Some((bytes, _)) => write!(f, "; {bytes} bytes came")?,
        }
        match self.0.came.as_ref() {
            Some(came) => write!(f, "; {came}"),
            None => Ok(()),
        }
    }
}

/// A text that is no URL: escaped and cut, and without anything in front of its
/// last `@`, since what is a password there is anybody's guess.
fn shown(text: &str) -> String {
    const MOST: usize = 200;
    let scheme = text.find("://").map_or(0, |at| at + 3);
    let hidden = match text.rfind('@') {
        Some(at) if at >= scheme => format!("{}***{}", &text[..scheme], &text[at..]),
        Some(at) => format!("***{}", &text[at..]),
        None => text.to_owned(),
    };
    let mut letters = hidden.escape_debug();
    let short: String = letters.by_ref().take(MOST).collect();
    if letters.next().is_some() { short + ".." } else { short }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Cause {
    /// The error that is told in this one's words.
    fn told(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Cause::Io(cause) | Cause::Body(cause) | Cause::Decode(cause) => Some(cause),
            Cause::Layer(cause) => Some(cause.as_ref()),
            Cause::Redirect(cause) => Some(cause),
            Cause::Proxy(cause) => Some(cause),
            // Nothing lies below the others.
            _ => None,
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.told()?.source()
    }
}

/// So that a response's body can be read through [`io::Read`].
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error.cause() {
            _ if error.is_timeout() => io::ErrorKind::TimedOut,
            Cause::Io(cause) | Cause::Body(cause) => cause.kind(),
            Cause::Peer(cause) => cause.kind.io_kind(),
            Cause::Closed(reason) => reason.io_kind(),
            Cause::Decode(_) | Cause::NotText(_) => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_is_shown_without_its_password() {
        for (url, text) in [
            ("http://a b/", "http://a b/"),
            ("http://user:secret@a b/", "http://***@a b/"),
            ("http://user:se/cr?e#t@a b/", "http://***@a b/"),
            ("//user:secret@a", "***@a"),
            ("/user:secret@a://b", "***@a://b"),
            ("http://a\u{1b}[1m\r\n", "http://a\\u{1b}[1m\\r\\n"),
        ] {
            let cause = Url::parse(url).unwrap_err();
            let error = Error::of_url(url, cause).asking(&Method::GET);
            assert!(error.to_string().starts_with(&format!("GET {text}: bad URL: ")), "{error}");
        }
        let long = Error::of_url(&"x".repeat(1000), Url::parse("").unwrap_err());
        assert!(long.url().unwrap().len() == 202);
    }
}
