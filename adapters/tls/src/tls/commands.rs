//! The commands of each side: the inner machine's.

use super::Tls;
use purlin_core::{Body, ClientMachine, Id, Misuse, Now, RequestHead, ResponseHead, ServerMachine};

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
}

impl<M: ClientMachine> ClientMachine for Tls<M> {
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        self.inner.request(head, body, now)
    }
}
