//! An exchange under way, as far as nothing has to be waited for: what the
//! exchange asks for is given to the machine, and what the machine tells to the exchange.
//! Connects, moves and waits for nothing; the adapter does.

use crate::lease::Lease;
use crate::wire::ReadReady;
use bytes::Bytes;
use purlin_core::exchange::{Answer, Ask, Cause, Error, Exchange, Given};
use purlin_core::{
    Body, ClientMachine, Event, Id, Misuse, Now, Phase, RequestHead, Retry, Secured,
};
use std::fmt;

/// An exchange, the connection it has, and the body that it sends; `B` is what
/// gives the adapter's bodies.
pub struct InFlight<S, B> {
    /// What decides.
    pub exchange: Exchange,
    /// Its connection, once it has one.
    pub lease: Option<Lease<S>>,
    /// The part of the request's body that is still to be sent.
    pub upload: Option<Upload<B>>,
    given: Option<Given<B>>,
    id: Id,
    /// The exchange knows that the request was written.
    sent: bool,
}

impl<S, B> fmt::Debug for InFlight<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InFlight({}, {:?}, {:?})", self.id, self.lease, self.upload)
    }
}

/// A body on its way out. It may outlast the exchange's head: whoever reads the
/// response sends the rest.
pub struct Upload<B> {
    /// What gives it.
    pub source: B,
    /// What was taken from it and not sent yet.
    rest: Bytes,
    /// Something was taken from it.
    begun: bool,
}

/// What a body on its way out needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A piece from its source.
    Piece,
    /// Room in the machine.
    Room,
    /// The server's leave, 100 (Continue); or, of a request that takes nothing more,
    /// what becomes of it: a source that was not read may be wanted again.
    Leave,
    /// Nothing: all of it was sent, or no more of it is wanted.
    Nothing,
}

impl<B> fmt::Debug for Upload<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({} bytes taken)", self.rest.len())
    }
}

impl<B> Upload<B> {
    fn new(source: B) -> Upload<B> {
        Upload { source, rest: Bytes::new(), begun: false }
    }

    /// Whether something was taken from the source for which there was no room.
    pub fn has_rest(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Sends what was taken and asks what comes next. That nothing more is wanted
    /// is known before the source is asked for it.
    ///
    /// # Errors
    /// It is more than was declared.
    pub fn needs<M>(&mut self, machine: &mut M, id: Id, now: Now) -> Result<Needs, Error>
    where
        M: ClientMachine + ?Sized,
    {
        let done = self.rest.is_empty();
        match machine.send(id, &mut self.rest, now) {
            Err(_) if !self.begun => Ok(Needs::Leave),
            Err(Misuse::AlreadyFinished) if done => Ok(Needs::Nothing),
            Err(misuse) => Error::of_upload(Err(misuse)).map(|()| Needs::Nothing),
            Ok(()) if !self.rest.is_empty() => Ok(Needs::Room),
            Ok(()) if machine.is_held(id) => Ok(Needs::Leave),
            Ok(()) => Ok(Needs::Piece),
        }
    }

    /// Sends a piece that the source gave, or its end.
    ///
    /// # Errors
    /// It is more than was declared, or less.
    pub fn give<M>(
        &mut self,
        piece: Option<Bytes>,
        machine: &mut M,
        id: Id,
        now: Now,
    ) -> Result<(), Error>
    where
        M: ClientMachine + ?Sized,
    {
        self.begun = true;
        match piece {
            Some(piece) => {
                self.rest = piece;
                Error::of_upload(machine.send(id, &mut self.rest, now))
            }
            None => Error::of_upload(machine.finish(id, None, now)),
        }
    }
}

/// Why no connection was made: the exchange's time, if that is over, else this error.
pub fn blame(exchange: &mut Exchange, error: Error, now: Now) -> Error {
    if exchange.tick(now) {
        if let Ask::Fail(over) = exchange.ask(now) {
            return over;
        }
    }
    error.of(&exchange.parts().method, &exchange.parts().url)
}

impl<S: ReadReady + Send + 'static, B> InFlight<S, B> {
    /// An exchange that has nothing yet, and what gives its body.
    pub fn new(exchange: Exchange, given: Option<Given<B>>) -> InFlight<S, B> {
        InFlight { exchange, lease: None, upload: None, given, id: 0, sent: false }
    }

    /// The machine's number of what was sent last.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The exchange failed: the connection is of no more use.
    pub fn fail(&mut self, error: Error, fact: Retry, now: Now) {
        self.lease = None;
        self.end_upload();
        self.exchange.failed(error, fact, now);
    }

    /// No more of the body is sent. If nothing was read of it, it is there for
    /// the next request.
    fn end_upload(&mut self) {
        if let Some(Upload { source, .. }) = self.upload.take() {
            if !self.exchange.is_body_begun() {
                Given::put_back(&mut self.given, source);
            }
        }
    }

    /// Gives the machine what the exchange asks to be sent.
    pub fn begin(&mut self, head: &RequestHead, body: Body, now: Now) {
        if matches!(body, Body::Length(_) | Body::Stream) {
            let Some(source) = Given::begin(&mut self.given) else {
                return self.fail(Error::new(Cause::NotReplayable), Retry::Never, now);
            };
            self.upload = Some(Upload::new(source));
        }
        let Some(lease) = &mut self.lease else {
            return self.fail(Error::new(Misuse::NoSuchExchange), Retry::Never, now);
        };
        let machine = lease.machine();
        self.exchange.secured(machine.tls().as_ref().and_then(Secured::info));
        let begun = machine.request(head, body, now).and_then(|id| {
            self.exchange.parts().limit(machine, id)?;
            Ok(id)
        });
        match begun {
            Ok(id) => (self.id, self.sent) = (id, false),
            Err(misuse) => {
                // Others may have taken the room there was, or the connection its end.
                let untouched = matches!(misuse, Misuse::Busy | Misuse::NotReusable);
                let fact = if untouched { Retry::Safe } else { Retry::Never };
                self.fail(Error::new(misuse), fact, now);
            }
        }
    }

    /// Tells the exchange what the machine has to tell; says whether it is to be asked again.
    pub fn events(&mut self, now: Now) -> bool {
        loop {
            let Some(lease) = &mut self.lease else { return true };
            match lease.machine().poll_event(now) {
                None => return false,
                Some(Event::Interim { head, .. }) => self.exchange.interim(head),
                Some(Event::Response { head, body, .. }) => {
                    lease.heed(&self.exchange.parts().method, &head);
                    self.exchange.response(head, body, now);
                    return true;
                }
                Some(event) => {
                    if let Some((error, fact)) = Error::of_event(event) {
                        let why = lease.machine().trouble();
                        if let Some(lease) = self.lease.take().filter(|_| error.is_of_connection())
                        {
                            lease.die();
                        }
                        self.fail(error.because(why), fact, now);
                        return true;
                    }
                }
            }
        }
    }

    /// Bytes have moved: if that was the last of the request, the exchange is told.
    pub fn moved(&mut self, now: Now) {
        if self.sent || self.upload.is_some() {
            return;
        }
        self.sent = self.lease.as_mut().is_some_and(|lease| lease.machine().is_flushed(self.id));
        if self.sent {
            self.exchange.sent(now);
        }
    }

    /// The exchange's time may be over; says whether it is.
    pub fn tick(&mut self, now: Now) -> bool {
        let over = self.exchange.tick(now);
        if over {
            self.lease = None;
            self.upload = None;
        }
        over
    }

    /// There is nothing to wait for: either the machine says why, or nobody knows.
    pub fn stuck(&mut self, now: Now) {
        if !self.events(now) {
            self.fail(Error::ended().during(Phase::Wait), Retry::Never, now);
        }
    }

    /// The response's body is to be read, with what is still to be sent beside it: the TLS
    /// that it comes in. A body that could be given again is not asked for any more.
    ///
    /// # Errors
    /// There is none.
    pub fn hand_on(&mut self, answer: &Answer) -> Result<Option<Secured>, Error> {
        let Some(lease) = &mut self.lease else {
            return Err(Error::new(Misuse::NoSuchExchange));
        };
        self.given = None;
        answer.limit(lease.machine(), self.id);
        Ok(lease.machine().tls())
    }

    /// The response leads on: the connection, to be read out, without what is still to be sent.
    pub fn leave(&mut self) -> Option<Lease<S>> {
        self.end_upload();
        self.lease.take()
    }
}
