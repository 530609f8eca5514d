//! The commands of each side: the inner machine's.

use super::{Phase, Tls};
use purlin_core::{
    Body, ClientMachine, CloseReason, Id, Misuse, Now, RequestHead, ResponseHead, Reuse, Secured,
    ServerMachine,
};
use std::time::Duration;

impl<M: ServerMachine> ServerMachine for Tls<M> {
    fn respond(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse> {
        let done = self.inner.respond(id, head, body, now);
        self.feed_rest(now);
        done
    }

    fn answer(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse> {
        let done = self.inner.answer(id, head, body, now);
        self.feed_rest(now);
        done
    }

    fn hijack(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        let done = self.inner.hijack(id, now);
        self.feed_rest(now);
        done
    }

    fn interim(&mut self, id: Id, head: &ResponseHead, now: Now) -> Result<(), Misuse> {
        self.inner.interim(id, head, now)
    }

    fn follow(&mut self, id: Id) -> Result<(), Misuse> {
        self.inner.follow(id)
    }
}

impl<M: ClientMachine> ClientMachine for Tls<M> {
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        self.inner.request(head, body, now)
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        self.inner.limit_wait(id, limit)
    }

    fn reuse(&self) -> Reuse {
        match self.reason {
            Some(reason) => Reuse::Never(reason),
            None if self.ended || self.lost || self.closed || self.heard_goodbye => {
                Reuse::Never(CloseReason::PeerClosed)
            }
            None => self.inner.reuse(),
        }
    }

    fn setting_up(&self) -> Option<purlin_core::Phase> {
        match self.phase {
            Phase::Open => self.inner.setting_up(),
            _ => Some(purlin_core::Phase::Tls),
        }
    }

    fn is_ready(&self) -> bool {
        self.phase == Phase::Open && self.inner.is_ready()
    }

    fn slots(&self) -> u32 {
        self.inner.slots()
    }

    fn is_held(&self, id: Id) -> bool {
        self.inner.is_held(id)
    }

    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        match self.error() {
            Some(error) => Some(Box::new(error.clone())),
            None => self.inner.trouble(),
        }
    }

    /// The innermost TLS counts: with the server, not with a proxy.
    fn tls(&self) -> Option<Secured> {
        self.inner.tls().or_else(|| Some(self.secured().clone()))
    }
}
