//! Several observers as one, and one that several hold.
//! Passes on; tells nothing of its own.

use super::{ConnState, Exchange, Observer, Peer};
use crate::error::{CloseReason, Misuse, PeerError};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Writes every method of [`Observer`] so that it passes on what it is told.
macro_rules! pass {
    ($self:ident, $($observer:expr),+) => {
        fn state(&$self, peer: &Peer, state: ConnState) {
            $($observer.state(peer, state);)+
        }

        fn fault(&$self, peer: &Peer, error: &PeerError) {
            $($observer.fault(peer, error);)+
        }

        fn tls_failed(&$self, peer: &Peer, reason: &str) {
            $($observer.tls_failed(peer, reason);)+
        }

        fn exchange(&$self, peer: &Peer, exchange: &Exchange) {
            $($observer.exchange(peer, exchange);)+
        }

        fn panicked(&$self, peer: &Peer, message: &str) {
            $($observer.panicked(peer, message);)+
        }

        fn misused(&$self, peer: &Peer, misuse: Misuse) {
            $($observer.misused(peer, misuse);)+
        }

        fn failed(&$self, peer: &Peer, message: &str) {
            $($observer.failed(peer, message);)+
        }

        fn closed(&$self, peer: &Peer, reason: CloseReason) {
            $($observer.closed(peer, reason);)+
        }

        fn accept_failed(&$self, error: &io::Error, pause: Option<Duration>) {
            $($observer.accept_failed(error, pause);)+
        }
    };
}

/// Both are told, the first one first.
impl<A: Observer, B: Observer> Observer for (A, B) {
    pass!(self, self.0, self.1);
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    pass!(self, (**self));
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

    #[test]
    fn everybody_is_told_everything() {
        let ((tell_one, one), (tell_other, other)) = (channel(), channel());
        let both: Arc<dyn Observer> = Arc::new((Arc::new(Told(tell_one)), Told(tell_other)));
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
