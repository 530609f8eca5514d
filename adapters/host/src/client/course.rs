//! An exchange under way, as far as nothing has to be waited for: what the
//! exchange asks for is given to the machine, and what the machine tells to the exchange.
//! Connects, moves and waits for nothing; the adapter does.

use super::lent::Lent;
use super::link::ReadReady;
use bytes::Bytes;
use purlin_core::exchange::{Answer, Ask, Cause, Error, Exchange, Given};
use purlin_core::{Body, Event, Id, Misuse, Now, Phase, RequestHead, Retry, Secured};

/// An exchange, the connection it has, and the body that it sends; `B` is what
/// gives the adapter's bodies.
pub struct Course<S, B> {
    /// What decides.
    pub exchange: Exchange,
    /// Its connection, once it has one.
    pub lent: Option<Lent<S>>,
    /// What is still to be sent.
    pub upload: Option<Upload<B>>,
    given: Option<Given<B>>,
    id: Id,
}

/// A body on its way out.
pub struct Upload<B> {
    /// What gives it.
    pub source: B,
    /// What was taken from it and not sent yet.
    pub rest: Bytes,
    /// Its length is known: then it is taken to be at hand, and need not be
    /// waited for.
    pub at_hand: bool,
}

/// Why no connection was made: the exchange's time, if that is over, else this error.
pub fn blame(exchange: &mut Exchange, error: Error, now: Now) -> Error {
    if exchange.tick(now) {
        if let Ask::Fail(over) = exchange.ask(now) {
            return over;
        }
    }
    error.of(&exchange.order().method, &exchange.order().url)
}

impl<S: ReadReady + Send + 'static, B> Course<S, B> {
    /// An exchange that has nothing yet, and what gives its body.
    pub fn new(exchange: Exchange, given: Option<Given<B>>) -> Course<S, B> {
        Course { exchange, lent: None, upload: None, given, id: 0 }
    }

    /// The machine's number of what was sent last.
    pub fn id(&self) -> Id {
        self.id
    }

    /// It failed: the connection is of no more use.
    pub fn fail(&mut self, error: Error, fact: Retry, now: Now) {
        self.lent = None;
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
            let at_hand = matches!(body, Body::Length(_));
            self.upload = Some(Upload { source, rest: Bytes::new(), at_hand });
        }
        let Some(lent) = &mut self.lent else {
            return self.fail(Error::new(Misuse::NoSuchExchange), Retry::Never, now);
        };
        let machine = lent.machine();
        let begun = machine.request(head, body, now).and_then(|id| {
            self.exchange.order().limit(machine, id)?;
            Ok(id)
        });
        match begun {
            Ok(id) => self.id = id,
            Err(misuse) => self.fail(Error::new(misuse), Retry::Never, now),
        }
    }

    /// Tells the exchange what the machine has to tell; says whether it is to be asked again.
    pub fn events(&mut self, now: Now) -> bool {
        loop {
            let Some(lent) = &mut self.lent else { return true };
            match lent.machine().poll_event(now) {
                None => return false,
                Some(Event::Interim { head, .. }) => self.exchange.interim(head),
                Some(Event::Response { head, body, .. }) => {
                    lent.heed(&head);
                    self.end_upload();
                    self.exchange.response(head, body, now);
                    return true;
                }
                Some(event) => {
                    if let Some((error, fact)) = Error::of_event(event) {
                        let why = lent.machine().trouble();
                        if let Some(lent) = self.lent.take().filter(|_| error.is_of_connection()) {
                            lent.die();
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
        let written = self.lent.as_mut().is_some_and(|lent| !lent.machine().want().write);
        if self.upload.is_none() && written {
            self.exchange.sent(now);
        }
    }

    /// The exchange's time may be over; says whether it is.
    pub fn tick(&mut self, now: Now) -> bool {
        let over = self.exchange.tick(now);
        if over {
            self.lent = None;
        }
        over
    }

    /// There is nothing to wait for: either the machine says why, or nobody knows.
    pub fn stuck(&mut self, now: Now) {
        if !self.events(now) {
            let stuck = Error::new(Misuse::NoSuchExchange).during(Phase::Wait);
            self.fail(stuck, Retry::Never, now);
        }
    }

    /// The connection, to read the response's body from, and the TLS it is in.
    ///
    /// # Errors
    /// There is none.
    pub fn hand_on(&mut self, answer: &Answer) -> Result<(Lent<S>, Option<Secured>), Error> {
        let Some(mut lent) = self.lent.take() else {
            return Err(Error::new(Misuse::NoSuchExchange));
        };
        answer.limit(lent.machine(), self.id);
        let secured = lent.machine().tls();
        Ok((lent, secured))
    }
}
