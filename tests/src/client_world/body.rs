//! Reads the body of a response, or what is left of one that nobody reads; at
//! its end the connection goes home.

use super::client::Client;
use super::drive::Fed;
use super::net::Excuse;
use super::task::{Outcome, State, Task};
use super::world::Broken;
use purlin_core::exchange::{Cause, Error};
use purlin_core::{BodyLength, ClientMachine, Machine, Mono, Phase, Recv, Reuse};

impl Task {
    /// Reads the next piece, if its caller wants it by now.
    pub(super) fn read(&mut self, at: Mono, client: &mut Client) -> Result<bool, String> {
        let now = client.now;
        let empty = self.answer.as_ref().is_some_and(|answer| answer.body == BodyLength::Empty);
        if at > now.mono && !empty {
            self.state = State::Reads(at);
            return Ok(false);
        }
        if self.errand.enough.is_some_and(|enough| self.got.len() > enough) {
            self.begin_leaving(false, client);
            return Ok(true);
        }
        let mut any = false;
        loop {
            let Some(link) = &mut self.link else { return Err("no connection to read".to_owned()) };
            let received = match self.tail {
                Some(_) => Recv::Pending,
                None => link.machine.recv(self.id, now),
            };
            match received {
                Recv::Data(data) => {
                    self.got.extend_from_slice(&data);
                    self.own += self.errand.pause;
                    self.state = State::Reads(now.mono + self.errand.pause);
                    return Ok(true);
                }
                Recv::Failed(error) if client.broken != Some(Broken::TakesCutForWhole) => {
                    let error = Error::new(error).during(Phase::Receive);
                    self.check_late(&error, client);
                    self.drop_link(client);
                    self.end(Outcome::Failed(error), client);
                    return Ok(true);
                }
                Recv::End(trailers) => self.tail = Some(trailers.is_some()),
                Recv::Failed(_) => {
                    self.ends_on(false, client);
                    return Ok(true);
                }
                Recv::Pending => {}
            }
            // What it tells besides is told by `recv` too.
            while link.machine.poll_event(now).is_some() {}
            // The rest of the request goes out as well.
            if let Some(trailers) = self.tail.filter(|_| !link.machine.in_exchange()) {
                self.ends_on(trailers, client);
                return Ok(true);
            }
            let fed = match self.feed(client) {
                Fed::Goes(moved) => moved,
                Fed::Fails(error) => {
                    self.drop_link(client);
                    self.end(Outcome::Failed(error), client);
                    return Ok(true);
                }
            };
            let Some(link) = &mut self.link else { return Err("no connection to read".to_owned()) };
            let moved = link.turn(&mut client.wires[link.wire], now, &mut client.trace);
            if !moved && !fed {
                break;
            }
            any = true;
        }
        if self.runs_out(client) {
            return Ok(true);
        }
        if self.upload.is_none() && self.link.as_ref().is_some_and(|link| link.is_stuck()) {
            return Err(format!("#{} reads, and waits for nothing", self.name));
        }
        self.state = State::Reads(at);
        Ok(any)
    }

    /// Its time may be over, and then it ends; says whether it did.
    fn runs_out(&mut self, client: &mut Client) -> bool {
        let until = self.answer.as_ref().and_then(|answer| answer.until);
        let Some((_, limit)) = until.filter(|(at, _)| *at <= client.now.mono) else {
            return false;
        };
        self.drop_link(client);
        let error = Error::new(Cause::TotalTimeout(limit)).during(Phase::Receive);
        self.end(Outcome::Failed(error), client);
        true
    }

    /// The response has been read to its end.
    fn ends_on(&mut self, trailers: bool, client: &mut Client) {
        if let Some(link) = self.link.take() {
            let key = (self.name, self.hop());
            let served = client.ledger.served(key, link.wire).cloned();
            let excused = client.wires[link.wire].excuse == Excuse::Fault;
            let beside = *client.ledger.beside(key, link.wire);
            let checked = self
                .check_answer(served.as_ref(), excused)
                .and_then(|()| self.check_beside(served.as_ref(), beside, trailers));
            if let Err(why) = checked {
                client.ledger.wrong(|| why);
            }
            client.give_back(link);
        }
        self.end(Outcome::Whole, client);
    }

    /// Nobody reads what is left: as much of it is read as is cheaper than a new connection.
    pub(super) fn begin_leaving(&mut self, goes_on: bool, client: &mut Client) {
        let now = client.now;
        self.end_upload();
        if let Some(mut link) = self.link.take() {
            match link.machine.discard(self.id, now) {
                Ok(()) => self.link = Some(link),
                // It was over already.
                Err(_) => client.give_back(link),
            }
        }
        self.state = State::Leaves(now.mono + client.setting.patience, goes_on);
    }

    pub(super) fn go_on_leaving(
        &mut self,
        until: Mono,
        goes_on: bool,
        client: &mut Client,
    ) -> bool {
        let now = client.now;
        let mut any = false;
        while let Some(link) = &mut self.link {
            while link.machine.poll_event(now).is_some() {}
            let open = link.machine.reuse() == Reuse::Later && link.machine.want().close.is_none();
            if open {
                if link.turn(&mut client.wires[link.wire], now, &mut client.trace) {
                    any = true;
                    continue;
                }
                if until > now.mono && !link.is_stuck() {
                    self.state = State::Leaves(until, goes_on);
                    return any;
                }
            }
            if let Some(link) = self.link.take() {
                client.give_back(link);
            }
        }
        if goes_on {
            self.exchange.discarded(now);
        } else {
            self.end(Outcome::Left, client);
        }
        true
    }
}
