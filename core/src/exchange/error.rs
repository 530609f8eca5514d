//! Why a request came to nothing: in which phase, for which URL, and the whole chain of causes.
//! Carries no password: URLs are told without.

mod make;
mod words;

use crate::client::Came;
use crate::error::{CloseReason, Fault, Misuse, PeerError, Phase, Retry};
use crate::head::{InvalidField, Method};
use crate::machine::BodyLength;
use crate::policy::proxy::ProxyError;
use crate::policy::redirect;
use crate::tunnel::Trouble;
use crate::url::UrlError;
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
    use crate::url::Url;

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
