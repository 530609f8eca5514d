//! The body of a response in the making: what is gathered, guessed and counted of it, and
//! when it goes to the machine. How it is framed there, the machine decides.

use super::{Outlet, PendingResponse, Stage};
use crate::content::sniff;
use crate::error::Misuse;
use crate::head::{ResponseHead, Status, names};
use crate::machine::Body;
use bytes::Bytes;

/// A response that ends within so many bytes is sent whole, with its length.
const BUFFER: usize = 2048;
/// The most that one write takes over.
const PIECE: usize = 64 * 1024;

impl PendingResponse {
    /// Takes body bytes without the machine, if they are few; says whether it took them.
    ///
    /// # Errors
    /// As [`PendingResponse::write`].
    pub fn gather(&mut self, data: &[u8]) -> Result<bool, Misuse> {
        self.check(data.len())?;
        let fits = self.outgoing.is_empty() && self.buffer.len() + data.len() <= BUFFER;
        if fits {
            self.keep(data);
        }
        Ok(fits)
    }

    /// Takes body bytes and says how many: at least one, unless the machine has no room.
    ///
    /// # Errors
    /// [`Misuse::TooMuchBody`] if the head declares less, [`Misuse::BodyNotAllowed`]
    /// if its status has none; nothing is taken then.
    pub fn write(&mut self, to: &mut Outlet<'_>, data: &[u8]) -> Result<usize, Misuse> {
        if self.gather(data)? {
            return Ok(data.len());
        }
        if !self.push(to)? {
            return Ok(0);
        }
        if self.stage == Stage::Fresh || !self.buffer.is_empty() {
            // Fills the buffer first: the more is there, the better is the guess.
            let count = data.len().min(BUFFER - self.buffer.len());
            self.keep(&data[..count]);
            if !self.drain(to)? || count > 0 {
                return Ok(count);
            }
        }
        let count = data.len().min(PIECE);
        self.count(count);
        self.outgoing = Bytes::copy_from_slice(&data[..count]);
        self.push(to)?;
        Ok(count)
    }

    /// Takes body bytes as [`PendingResponse::write`] does, without copying many of them;
    /// leaves in `data` what there is no room for.
    ///
    /// # Errors
    /// As [`PendingResponse::write`].
    pub fn write_bytes(&mut self, to: &mut Outlet<'_>, data: &mut Bytes) -> Result<(), Misuse> {
        if self.gather(data)? {
            data.clear();
            return Ok(());
        }
        if !self.push(to)? {
            return Ok(());
        }
        if !self.buffer.is_empty() {
            let first = data.split_to(data.len().min(BUFFER - self.buffer.len()));
            self.keep(&first);
            if !self.drain(to)? || data.is_empty() {
                return Ok(());
            }
        }
        self.count(data.len());
        self.outgoing = std::mem::take(data);
        self.push(to)?;
        Ok(())
    }

    /// Gives the machine everything that has been written, the head first; says
    /// whether it took all.
    ///
    /// # Errors
    /// What [`ServerMachine::respond`](crate::ServerMachine::respond) and [`crate::Machine::send`] give.
    pub fn flush(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        Ok(self.stage == Stage::Done || (self.push(to)? && self.drain(to)?))
    }

    /// Ends the response; says whether the machine took all that was left of it.
    ///
    /// A response that got less body than its head declares, or was to get more,
    /// is broken off, so that the peer can tell.
    ///
    /// # Errors
    /// As [`PendingResponse::flush`], and what [`crate::Machine::finish`] gives;
    /// [`Misuse::TooLittleBody`] or [`Misuse::TooMuchBody`] if it was broken off.
    pub fn finish(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        if self.stage == Stage::Done {
            return Ok(true);
        }
        self.fix();
        let wrong = self.wrong_length();
        if self.stage == Stage::Fresh && wrong.is_none() && self.is_whole() {
            return self.send_whole(to);
        }
        if !self.flush(to)? {
            return Ok(false);
        }
        if let Some(misuse) = wrong {
            self.stage = Stage::Done;
            to.machine.reset(to.id, to.now)?;
            return Err(misuse);
        }
        to.machine.finish(to.id, Some(&self.trailers), to.now)?;
        if self.connects && self.head().status().is_success() {
            // Nobody reads what comes through the tunnel; it may be over already.
            let _ = to.machine.discard(to.id, to.now);
        }
        self.stage = Stage::Done;
        Ok(true)
    }

    /// How the body written and the length declared disagree.
    fn wrong_length(&self) -> Option<Misuse> {
        let short = self.left.is_some_and(|left| left > 0);
        match (self.overrun, short) {
            _ if self.is_bodiless() || self.head_only => None,
            (true, _) => Some(Misuse::TooMuchBody),
            (false, true) => Some(Misuse::TooLittleBody),
            (false, false) => None,
        }
    }

    /// Sends head and body in one; nothing has gone out before.
    fn send_whole(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        self.guess();
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        // Behind a HEAD, what the head declares counts, and not what was written.
        let empty = bytes.is_empty() || (self.head_only && self.left.is_some());
        let body = if empty { Body::Empty } else { Body::Full(bytes) };
        to.machine.answer(to.id, self.head(), body, to.now)?;
        self.stage = Stage::Done;
        Ok(true)
    }

    /// From here on the head is what goes out.
    fn fix(&mut self) {
        if self.fixed.is_some() {
            return;
        }
        let head = std::mem::replace(&mut self.head, ResponseHead::new(Status::OK));
        // One that is no number is the machine's to refuse.
        self.left = head.fields().get(names::CONTENT_LENGTH).and_then(|value| value.parse().ok());
        self.fixed = Some(Box::new(head));
    }

    /// Whether so many bytes of body may be written.
    fn check(&mut self, count: usize) -> Result<(), Misuse> {
        if self.stage == Stage::Done {
            return Err(Misuse::AlreadyFinished);
        }
        self.fix();
        if count > 0 && self.is_bodiless() {
            return Err(Misuse::BodyNotAllowed);
        }
        self.overrun |= self.left.is_some_and(|left| count as u64 > left);
        if self.overrun { Err(Misuse::TooMuchBody) } else { Ok(()) }
    }

    fn count(&mut self, count: usize) {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(count as u64);
        }
    }

    fn keep(&mut self, data: &[u8]) {
        self.count(data.len());
        if self.buffer.capacity() == 0 && !data.is_empty() {
            self.buffer.reserve_exact(BUFFER);
        }
        self.buffer.extend_from_slice(data);
    }

    fn is_bodiless(&self) -> bool {
        self.head().status().is_bodiless()
    }

    /// Whether the body that is here is all there is, so that its length can be told.
    fn is_whole(&self) -> bool {
        // Nobody wrote the body that is left out behind a HEAD; trailers that are
        // announced need a body in pieces, though none came.
        let known = !self.head_only || !self.buffer.is_empty() || self.left.is_some();
        known && self.trailers.is_empty() && !self.announces_trailers()
    }

    fn announces_trailers(&self) -> bool {
        self.left.is_none() && self.head().fields().contains(names::TRAILER)
    }

    /// Gives the head a Content-Type if it has none and the body tells one.
    fn guess(&mut self) {
        let data = if self.buffer.is_empty() { &self.outgoing[..] } else { &self.buffer[..] };
        let Some(head) = &mut self.fixed else {
            return;
        };
        let fields = head.fields_mut();
        if self.sniffs
            && !data.is_empty()
            && !fields.contains(names::CONTENT_TYPE)
            && fields.get_bytes(names::CONTENT_ENCODING).is_none_or(<[u8]>::is_empty)
        {
            fields.push(names::CONTENT_TYPE, sniff(data).as_bytes());
        }
    }

    /// Sends the head, with the body to come in pieces, unless it is out.
    fn begin(&mut self, to: &mut Outlet<'_>) -> Result<(), Misuse> {
        if self.stage == Stage::Fresh {
            self.fix();
            self.guess();
            to.machine.respond(to.id, self.head(), Body::Stream, to.now)?;
            self.stage = Stage::Open;
        }
        Ok(())
    }

    /// Gives the machine what is outgoing; says whether it took all.
    fn push(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        if self.outgoing.is_empty() {
            return Ok(true);
        }
        self.begin(to)?;
        to.machine.send(to.id, &mut self.outgoing, to.now)?;
        Ok(self.outgoing.is_empty())
    }

    /// Gives the machine the head and what was gathered, behind what is outgoing;
    /// says whether it took all.
    fn drain(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        debug_assert!(self.outgoing.is_empty());
        self.begin(to)?;
        self.outgoing = Bytes::from(std::mem::take(&mut self.buffer));
        self.push(to)
    }
}
