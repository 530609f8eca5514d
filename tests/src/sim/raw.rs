//! A connection that the application took over: it gives back what comes, for a
//! while, and then ends it.
//! It keeps both directions, and judges nothing.

use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{Id, Machine, Misuse, Mono, Now, Recv};
use std::time::Duration;

/// How long it waits for the other side to end, too.
const FAREWELL: Duration = Duration::from_secs(30);

/// A raw stream.
#[derive(Debug)]
pub(super) struct Raw {
    /// When it was taken over.
    pub(super) since: Mono,
    /// The application wrote the head itself.
    pub(super) wrote_head: bool,
    /// With the body of its request unread.
    pub(super) unread: bool,
    pub(super) got: Vec<u8>,
    pub(super) sent: Vec<u8>,
    /// To be sent yet.
    held: Bytes,
    until: Mono,
    /// The other side does not take what is held.
    stuck: bool,
    finished: bool,
    pub(super) gave_up: bool,
}

impl Raw {
    /// A stream that begins with these bytes of ours.
    pub(super) fn new(first: Bytes, unread: bool, now: Now, talk: Duration) -> Raw {
        Raw {
            since: now.mono,
            wrote_head: !first.is_empty(),
            unread,
            got: Vec::new(),
            sent: Vec::new(),
            held: first,
            until: now.mono + talk,
            stuck: false,
            finished: false,
            gave_up: false,
        }
    }

    /// Does what it can; says whether that was anything.
    pub(super) fn talk(
        &mut self,
        machine: &mut Connection,
        id: Id,
        now: Now,
    ) -> Result<bool, Misuse> {
        if self.finished {
            return self.wait_for_end(machine, id, now);
        }
        let mut moved = false;
        loop {
            let before = self.held.clone();
            machine.send(id, &mut self.held, now)?;
            let taken = before.len() - self.held.len();
            self.sent.extend_from_slice(&before[..taken]);
            moved |= taken > 0;
            self.stuck = !self.held.is_empty();
            if self.stuck {
                // HTTP's limits are over, so its patience is all there is.
                return Ok(self.give_up(machine, id, now)? || moved);
            }
            match machine.recv(id, now) {
                Recv::Data(data) => {
                    self.got.extend_from_slice(&data);
                    self.held = data;
                }
                Recv::Pending if self.until > now.mono => return Ok(moved),
                _ => {
                    self.finished = true;
                    machine.finish(id, None, now)?;
                    return Ok(true);
                }
            }
        }
    }

    fn wait_for_end(&mut self, machine: &mut Connection, id: Id, now: Now) -> Result<bool, Misuse> {
        let mut moved = false;
        while let Recv::Data(data) = machine.recv(id, now) {
            self.got.extend_from_slice(&data);
            moved = true;
        }
        Ok(self.give_up(machine, id, now)? || moved)
    }

    fn give_up(&mut self, machine: &mut Connection, id: Id, now: Now) -> Result<bool, Misuse> {
        let due = self.next() <= now.mono && machine.in_exchange();
        if due {
            self.gave_up = true;
            machine.reset(id, now)?;
        }
        Ok(due)
    }

    /// When its patience ends.
    pub(super) fn next(&self) -> Mono {
        if self.finished || self.stuck { self.until + FAREWELL } else { self.until }
    }
}
