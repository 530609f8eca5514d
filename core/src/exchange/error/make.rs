//! How errors of requests are made, by whoever runs an exchange.
//! What an error then tells, its own methods say.

use super::words::shown;
use super::{Cause, Error, Inner};
use crate::client::Came;
use crate::error::{Fault, Misuse, Phase, Retry};
use crate::exchange::Route;
use crate::head::Method;
use crate::machine::{BodyLength, Event};
use crate::url::{Url, UrlError};
use std::io;

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
    pub(in crate::exchange) fn asking(mut self, method: &Method) -> Error {
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
