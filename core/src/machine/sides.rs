//! The commands of each side of a connection: a server's, and a client's.
//! The verbs that both have are [`Machine`]'s.

use super::{Body, Id, Machine, Reuse};
use crate::error::{Misuse, Phase};
use crate::head::{RequestHead, ResponseHead};
use crate::secure::Secured;
use crate::time::Now;
use std::time::Duration;

/// The commands of a server's machine, beside the verbs of every machine.
pub trait ServerMachine: Machine {
    /// Sends the final head, and with [`Body::Full`] and [`Body::Empty`] the whole response.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn respond(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse>;

    /// Answers with a value that has nothing behind it. It is [`ServerMachine::respond`],
    /// but for a head that makes the exchange a raw stream (101, or 2xx to
    /// CONNECT): since nobody will use that, it is over at once.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn answer(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse> {
        self.respond(id, head, body, now)?;
        // It is refused for every response that is whole.
        if self.finish(id, None, now).is_ok() {
            // An exchange that is over by now has nothing to be thrown away.
            let _ = self.discard(id, now);
        }
        Ok(())
    }

    /// Makes the exchange a raw stream as it is, without a word: whatever the
    /// peer is to be told, the application writes. Body that has not been read
    /// is part of the stream. [`Event::Upgraded`](crate::Event::Upgraded) follows.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn hijack(&mut self, id: Id, now: Now) -> Result<(), Misuse>;

    /// Sends an interim response (1xx, but not 101). It is left out for a peer
    /// that speaks HTTP/1.0 (RFC 9110 §15.2).
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn interim(&mut self, id: Id, head: &ResponseHead, now: Now) -> Result<(), Misuse>;

    /// Has what becomes of this exchange told, whatever the configuration says:
    /// [`Event::Answered`](crate::Event::Answered) once its final head is given, if it has not been, and
    /// [`Event::Done`](crate::Event::Done) once it is over. A machine that tells nothing of that
    /// refuses.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn follow(&mut self, id: Id) -> Result<(), Misuse> {
        let _ = id;
        Err(Misuse::NoSuchExchange)
    }
}

/// The commands of a client's machine, beside the verbs of every machine.
///
/// [`Event::Interim`](crate::Event::Interim), any number of times, and [`Event::Response`](crate::Event::Response) answer a
/// request; the response's body is taken with [`Machine::recv`]. A request that
/// gets no response ends with [`Event::Failed`](crate::Event::Failed); a body that does not come to
/// its end, with [`Recv::Failed`](crate::Recv::Failed).
///
/// A driver calls [`Machine::wrote`] as soon as bytes have left: what comes
/// before any byte of the request went out is not taken for its response. When
/// a write fails there may still be a response to read, so it writes no more and
/// reads until that ends or fails too, and then says [`Eof::Reset`](crate::Eof::Reset).
pub trait ClientMachine: Machine {
    /// Sends a request's head, and with [`Body::Full`] and [`Body::Empty`] the whole request.
    ///
    /// The machine writes what frames the body. `Expect: 100-continue` in the
    /// head holds the body back until the server says 100 (Continue), or a while
    /// has passed (RFC 9110 §10.1.1). A body of known length ends with its last byte;
    /// [`Machine::finish`] need not follow.
    ///
    /// A final response that comes before the request is whole does not end it: what
    /// is sent goes on beside the response (RFC 9112 §9.3 has the server read it).
    /// It stops, and `send` and `finish` then give [`Misuse::Answered`], when the server
    /// refuses it (a status other than 2xx, and the connection closes), closes or is
    /// lost; when the response breaks a rule; and when [`Machine::discard`] says that
    /// nobody waits for the response.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse>;

    /// How long the first byte of this exchange's final head may take once the
    /// request is sent, instead of what the configuration says.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse>;

    /// Whether the connection takes a request, or will take one.
    fn reuse(&self) -> Reuse;

    /// Whether what lies around it, TLS or a proxy's tunnel, is set up: until
    /// then a request waits inside. A machine with nothing around it is ready.
    fn is_ready(&self) -> bool {
        true
    }

    /// What is being set up, while [`is_ready`](ClientMachine::is_ready) says no: a
    /// proxy's tunnel ([`Phase::Tunnel`]), or TLS ([`Phase::Tls`]).
    fn setting_up(&self) -> Option<Phase> {
        None
    }

    /// How many requests it takes at once: one if [`reuse`](ClientMachine::reuse) says
    /// [`Reuse::Now`], more where exchanges share a connection.
    fn slots(&self) -> u32 {
        u32::from(self.reuse() == Reuse::Now)
    }

    /// Whether this exchange's body waits for 100 (Continue): until it may go, or is
    /// not wanted, there is no need to have any of it.
    fn is_held(&self, id: Id) -> bool {
        let _ = id;
        false
    }

    /// Why a layer around it has failed, in that layer's own words: what an
    /// [`Event::Failed`](crate::Event::Failed) has no room for.
    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        None
    }

    /// The TLS that the server is spoken to in, if it is.
    fn tls(&self) -> Option<Secured> {
        None
    }
}
