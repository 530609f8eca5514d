//! Several observers as one, one that several hold, and one that may panic.
//! Passes on; tells nothing of its own.

use super::{ConnState, Exchange, Observer, Peer};
use crate::error::{CloseReason, Misuse, PeerError};
use crate::secure::TlsInfo;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Writes every method of [`Observer`] so that it passes on what it is told.
macro_rules! pass {
    ($self:ident, $via:path, $($observer:expr),+) => {
        fn state(&$self, peer: &Peer, state: ConnState) {
            $($via(|| $observer.state(peer, state));)+
        }

        fn fault(&$self, peer: &Peer, error: &PeerError) {
            $($via(|| $observer.fault(peer, error));)+
        }

        fn secured(&$self, peer: &Peer, info: &TlsInfo) {
            $($via(|| $observer.secured(peer, info));)+
        }

        fn tls_failed(&$self, peer: &Peer, reason: &str) {
            $($via(|| $observer.tls_failed(peer, reason));)+
        }

        fn exchange(&$self, peer: &Peer, exchange: &Exchange) {
            $($via(|| $observer.exchange(peer, exchange));)+
        }

        fn panicked(&$self, peer: &Peer, message: &str) {
            $($via(|| $observer.panicked(peer, message));)+
        }

        fn misused(&$self, peer: &Peer, misuse: Misuse) {
            $($via(|| $observer.misused(peer, misuse));)+
        }

        fn failed(&$self, peer: &Peer, message: &str) {
            $($via(|| $observer.failed(peer, message));)+
        }

        fn closed(&$self, peer: &Peer, reason: CloseReason) {
            $($via(|| $observer.closed(peer, reason));)+
        }

        fn accept_failed(&$self, error: &io::Error, pause: Option<Duration>) {
            $($via(|| $observer.accept_failed(error, pause));)+
        }
    };
}

/// Both are told, the first one first.
impl<A: Observer, B: Observer> Observer for (A, B) {
    pass!(self, plainly, self.0, self.1);
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    pass!(self, plainly, (**self));
}

/// An observer that may panic, as one does that prints to a standard output that is
/// closed: that costs what it was about to say, and nobody else anything. The panic's
/// message goes where those of panics go.
///
/// ```
/// use purlin_core::CloseReason;
/// use purlin_core::observe::{Address, Guarded, Observer, Peer};
/// struct Bad;
/// impl Observer for Bad {
///     fn closed(&self, _: &Peer, _: CloseReason) {
///         panic!("nobody listens");
///     }
/// }
/// let peer = Peer { number: 1, remote: Address::Memory, local: Address::Memory };
/// Guarded::new(Bad).closed(&peer, CloseReason::PeerClosed);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Guarded<O>(O);

impl<O: Observer> Guarded<O> {
    /// Guards this observer.
    pub fn new(observer: O) -> Guarded<O> {
        Guarded(observer)
    }
}

impl<O: Observer> Observer for Guarded<O> {
    pass!(self, guardedly, self.0);
}

fn plainly(tell: impl FnOnce()) {
    tell();
}

fn guardedly(tell: impl FnOnce()) {
    // Nothing is shared with it but what it was to be told.
    let _ = catch_unwind(AssertUnwindSafe(tell));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;
    use crate::head::{Method, RequestHead};
    use crate::machine::Facts;
    use crate::observe::Address;
    use crate::time::Mono;
    use std::sync::mpsc::{Sender, channel};

    struct Told(Sender<&'static str>);

    impl Told {
        fn note(&self, what: &'static str) {
            self.0.send(what).unwrap();
        }
    }

    impl Observer for Told {
        fn state(&self, _: &Peer, _: ConnState) {
            self.note("state");
        }

        fn fault(&self, _: &Peer, _: &PeerError) {
            self.note("fault");
        }

        fn exchange(&self, _: &Peer, _: &Exchange) {
            self.note("exchange");
        }

        fn panicked(&self, _: &Peer, _: &str) {
            self.note("panicked");
        }

        fn misused(&self, _: &Peer, _: Misuse) {
            self.note("misused");
        }

        fn failed(&self, _: &Peer, _: &str) {
            self.note("failed");
        }

        fn closed(&self, _: &Peer, _: CloseReason) {
            self.note("closed");
        }

        fn accept_failed(&self, _: &io::Error, _: Option<Duration>) {
            self.note("accept_failed");
        }
    }

    /// It panics behind what it notes.
    struct Faints(Told);

    impl Observer for Faints {
        pass!(self, faintly, self.0);
    }

    fn faintly(tell: impl FnOnce()) {
        tell();
        std::panic::resume_unwind(Box::new("as asked for"));
    }

    #[test]
    fn everybody_is_told_everything_though_the_first_one_panics() {
        let ((tell_one, one), (tell_other, other)) = (channel(), channel());
        let first = Guarded::new(Faints(Told(tell_one)));
        let both: Arc<dyn Observer> = Arc::new((Arc::new(first), Told(tell_other)));
        let peer = Peer { number: 1, remote: Address::Memory, local: Address::Memory };
        let at = Mono::ZERO;
        let exchange = Exchange {
            head: RequestHead::new(Method::GET, "/").unwrap(),
            pattern: None,
            facts: Facts {
                status: None,
                first_byte: at,
                head: at,
                end: at,
                received: 0,
                sent: 0,
                keep_alive: true,
            },
        };
        both.state(&peer, ConnState::New);
        both.fault(&peer, &PeerError::of_request(Fault::BareLf));
        both.exchange(&peer, &exchange);
        both.panicked(&peer, "");
        both.misused(&peer, Misuse::WrongStatus);
        both.failed(&peer, "");
        both.closed(&peer, CloseReason::PeerClosed);
        both.accept_failed(&io::ErrorKind::OutOfMemory.into(), None);
        let all = [
            "state",
            "fault",
            "exchange",
            "panicked",
            "misused",
            "failed",
            "closed",
            "accept_failed",
        ];
        drop(both);
        assert_eq!(one.iter().collect::<Vec<_>>(), all);
        assert_eq!(other.iter().collect::<Vec<_>>(), all);
    }
}
