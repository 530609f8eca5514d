//! Sends a request, beside its response if that comes first, and waits for its head.

use super::client::Client;
use super::errand::{Piece, Source};
use super::net::Excuse;
use super::task::{State, Task};
use super::world::Broken;
use bytes::Bytes;
use purlin_core::exchange::{Cause, Error, Given};
use purlin_core::{Body, ClientMachine, Event, Machine, Mono, RequestHead, Retry};
use std::io;

/// A body on its way out.
pub(super) struct Upload {
    source: Source,
    /// What was taken from it and not sent yet.
    rest: Bytes,
    /// When the source has more.
    later: Option<Mono>,
}

impl Upload {
    pub(super) fn next(&self) -> Option<Mono> {
        self.later
    }
}

/// What feeding a machine comes to.
pub(super) enum Fed {
    /// Whether anything moved.
    Goes(bool),
    Fails(Error),
}

impl Task {
    pub(super) fn begin(
        &mut self,
        head: &RequestHead,
        body: Body,
        rewind: bool,
        client: &mut Client,
    ) -> Result<(), String> {
        if matches!(body, Body::Length(_) | Body::Stream) {
            let Some(source) = Given::begin(&mut self.given) else {
                return Err(format!("#{} is to be sent again, and cannot be", self.name));
            };
            self.upload = Some(Upload { source, rest: Bytes::new(), later: None });
        } else if rewind {
            return Err(format!("#{} has nothing to rewind", self.name));
        }
        let Some(link) = &mut self.link else { return Err("no connection to send on".to_owned()) };
        if link.ended {
            return Err(format!("#{}: c{} has ended, and is used", self.name, link.wire));
        }
        if let (Some(kept), Some(keeps)) = (link.kept, client.ledger.keeps(link.wire)) {
            let idle = client.now.mono.since(kept.since);
            if idle >= keeps {
                return Err(format!("#{}: c{} is used after {idle:?}", self.name, link.wire));
            }
        }
        self.sendings += 1;
        let name = self.name;
        client.trace.client(client.now, || {
            format!("#{name} sends {} {} on c{}", head.method(), head.target(), link.wire)
        });
        self.id = link
            .machine
            .request(head, body, client.now)
            .map_err(|misuse| format!("#{name}: c{} refuses: {misuse}", link.wire))?;
        if !self.begun || client.broken != Some(Broken::ForgetsLimits) {
            let limited = self.exchange.order().limit(&mut *link.machine, self.id);
            limited.map_err(|misuse| format!("#{name}: no limit is set: {misuse}"))?;
        }
        self.begun = true;
        Ok(())
    }

    /// Moves bytes until there is something to tell the exchange.
    pub(super) fn drive(&mut self, client: &mut Client) -> Result<bool, String> {
        let now = client.now;
        let mut any = false;
        loop {
            if self.events(client) {
                return Ok(true);
            }
            let fed = match self.feed(client) {
                Fed::Goes(moved) => moved,
                Fed::Fails(error) => {
                    self.fail(error, Retry::Never, client);
                    return Ok(true);
                }
            };
            let Some(link) = &mut self.link else {
                return Err("no connection to drive".to_owned());
            };
            let moved = link.turn(&mut client.wires[link.wire], now, &mut client.trace);
            if self.upload.is_none() && !link.machine.want().write {
                self.exchange.sent(now);
            }
            any |= moved || fed;
            if !moved {
                break;
            }
        }
        if self.events(client) {
            return Ok(true);
        }
        if self.exchange.deadline().is_some_and(|at| at <= now.mono) {
            self.drop_link(client);
            self.end_upload();
            return Ok(self.exchange.tick(now));
        }
        let stuck = self.link.as_ref().is_some_and(|link| link.is_stuck());
        if stuck && self.upload.is_none() {
            return Err(format!("#{} waits for nothing", self.name));
        }
        self.state = State::Drives;
        Ok(any)
    }

    /// Tells the exchange what the machine has to tell; says whether it is to be asked again.
    fn events(&mut self, client: &mut Client) -> bool {
        let now = client.now;
        while let Some(link) = &mut self.link {
            match link.machine.poll_event(now) {
                None => return false,
                Some(Event::Interim { head, .. }) => self.exchange.interim(head),
                Some(Event::Response { head, body, .. }) => {
                    link.back.answered(&self.exchange.order().method, &head);
                    link.back.bodiless &= client.broken != Some(Broken::KeepsWhatWasLeft);
                    self.exchange.response(head, body, now);
                    return true;
                }
                Some(event) => {
                    if let Some((error, fact)) = Error::of_event(event) {
                        let error = error.because(link.machine.trouble());
                        self.fail(error, fact, client);
                        return true;
                    }
                }
            }
        }
        true
    }

    /// No more of the body is sent. If nothing was read of it, it is there for
    /// the next request.
    pub(super) fn end_upload(&mut self) {
        if let Some(Upload { source, .. }) = self.upload.take() {
            if !self.exchange.is_body_begun() {
                Given::put_back(&mut self.given, source);
            }
        }
    }

    /// Gives the machine as much of the body as it takes.
    pub(super) fn feed(&mut self, client: &mut Client) -> Fed {
        let now = client.now;
        if self.link.as_ref().is_some_and(|link| link.is_lost()) {
            // What was not read of it is there for another attempt.
            return Fed::Goes(false);
        }
        let (Some(upload), Some(link)) = (&mut self.upload, &mut self.link) else {
            return Fed::Goes(false);
        };
        let mut any = false;
        loop {
            if upload.rest.is_empty() {
                if link.machine.is_held(self.id) {
                    return Fed::Goes(any);
                }
                if link.machine.send(self.id, &mut Bytes::new(), now).is_err() {
                    // All was sent, or no more is wanted: by this request.
                    if self.exchange.is_body_begun() {
                        self.upload = None;
                    }
                    return Fed::Goes(any);
                }
                self.exchange.body_taken();
                match upload.source.next(now.mono) {
                    Piece::Data(piece) => (upload.rest, upload.later) = (piece, None),
                    Piece::Later(at) => {
                        if upload.later.is_none_or(|known| known < at) {
                            self.own += at.since(now.mono);
                        }
                        upload.later = Some(at);
                        return Fed::Goes(any);
                    }
                    Piece::Failed => {
                        self.excuse = Excuse::Fault;
                        return Fed::Fails(Error::of_source(io::ErrorKind::Other));
                    }
                    Piece::End => {
                        let ended = link.machine.finish(self.id, None, now);
                        self.upload = None;
                        return fed(Error::of_upload(ended));
                    }
                }
            }
            if let Err(misuse) = link.machine.send(self.id, &mut upload.rest, now) {
                self.upload = None;
                return fed(Error::of_upload(Err(misuse)));
            }
            if !upload.rest.is_empty() {
                return Fed::Goes(any);
            }
            // What the source gave goes out before it is asked for more: it may be slow.
            any |= link.write(&mut client.wires[link.wire], now, &mut client.trace);
            if link.machine.want().write {
                return Fed::Goes(any);
            }
        }
    }
}

fn fed(taken: Result<(), Error>) -> Fed {
    taken.map_or_else(Fed::Fails, |()| Fed::Goes(true))
}

/// An error that a source's failing gives.
pub(super) fn is_of_source(error: &Error) -> bool {
    matches!(error.cause(), Cause::Body(_))
}
