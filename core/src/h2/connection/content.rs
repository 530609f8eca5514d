//! Content that comes: DATA into the windows and the streams, and what the application takes.
//! When credit is due `credit` says; what a message may be is decided elsewhere.

use super::stream::{Application, Stream};
use super::{Broken, Connection};
use crate::error::{Fault, PeerError};
use crate::h1::decide::asks_ahead;
use crate::h2::buckets::{Budget, DATA_OVERHEAD};
use crate::h2::errors::Violation;
use crate::h2::frame::write;
use crate::h2::states::{Came, State, Step, Verdict};
use crate::h2::window::CONNECTION;
use crate::machine::{Id, Recv};
use crate::time::Now;
use bytes::Bytes;

impl Connection {
    /// DATA came, which takes `flow` from the windows.
    pub(super) fn data(
        &mut self,
        id: u32,
        data: Bytes,
        flow: usize,
        end_stream: bool,
        now: Now,
    ) -> Result<(), Broken> {
        let flow = u32::try_from(flow).unwrap_or(u32::MAX);
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        self.count_data(length, end_stream, now)?;
        let verdict = self.streams.verdict(id, Came::Data);
        if let Verdict::Break(violation @ Violation::DataOnIdle) = verdict {
            return Err(violation.into());
        }
        if !self.credit.receive(flow) {
            return Err(Violation::ConnectionWindow.into());
        }
        match verdict {
            Verdict::Take => {}
            // RFC 9113 §6.9: what nobody reads counts all the same, and is credited at once.
            Verdict::Skip => return self.release(flow),
            Verdict::Break(violation) => {
                self.release(flow)?;
                return self.break_stream(id, violation, now);
            }
        }
        let Some(stream) = self.streams.get_mut(id) else { return self.release(flow) };
        let early = self.role.is_client() && !stream.reply.is_final;
        let broken =
            if early { Some(Violation::DataBeforeHead) } else { stream.counts(flow, length) };
        if let Some(violation) = broken {
            self.release(flow)?;
            return self.break_stream(id, violation, now);
        }
        let inbox = &mut stream.inbox;
        // Padding has left as soon as it is here; so has what nobody will read.
        let discarded = stream.application == Application::Done || inbox.fault.is_some();
        let kept = if discarded { 0 } else { length };
        if inbox.due.is_some() {
            inbox.pace.moved(data.len(), now.mono);
            inbox.due = inbox.pace.wait(now.mono);
            self.stale = true;
        }
        inbox.discarded += u64::from(length - kept);
        if kept > 0 {
            inbox.pieces.push_back(data);
            inbox.unread += kept;
            inbox.expects = false;
        }
        inbox.credit.release(flow - kept);
        let wakes = kept > 0 && inbox.wake();
        stream.tell.readable |= wakes;
        if wakes {
            self.tell(id);
        }
        self.release(flow - kept)?;
        self.relieve();
        if end_stream {
            return self.content_ends(id, now);
        }
        // Of what nobody reads there may be more than is worth it.
        self.tidy(id, now);
        self.grant(id);
        Ok(())
    }

    /// What DATA costs us beyond its content.
    fn count_data(&mut self, length: u32, end_stream: bool, now: Now) -> Result<(), Broken> {
        // One that ends its stream says something, however short it is.
        if !end_stream {
            if length == 0 {
                self.buckets.spend(Budget::EmptyData, 1, now.mono)?;
            }
            self.buckets.spend(Budget::TinyData, DATA_OVERHEAD, now.mono)?;
        }
        self.buckets.earn(Budget::TinyData, length);
        Ok(())
    }

    /// END_STREAM came, with DATA or with trailers.
    pub(super) fn content_ends(&mut self, id: u32, now: Now) -> Result<(), Broken> {
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        if stream.inbox.left.is_some_and(|left| left > 0) {
            return self.break_stream(id, Violation::ContentLength, now);
        }
        stream.inbox.ended = true;
        let wakes = stream.inbox.wake();
        stream.tell.readable |= wakes;
        if wakes {
            self.tell(id);
        }
        self.streams.step(id, Step::PeerEnds);
        self.look_at_end(id, now);
        self.tidy(id, now);
        Ok(())
    }

    /// So much of the connection's window has left.
    fn release(&mut self, octets: u32) -> Result<(), Broken> {
        self.credit.release(octets);
        self.grant_connection();
        Ok(())
    }

    pub(super) fn grant_connection(&mut self) {
        if self.credit.is_due() && self.ending.is_none() {
            let granted = self.credit.grant();
            self.say(|text| write::window_update(text, 0, granted));
        }
    }

    /// Where what others leave unread has used the connection's window up, and somebody waits
    /// for content of another stream, the peer is given a stream's share more: at the most
    /// what all of them may hold.
    fn relieve(&mut self) {
        let waits = |stream: &Stream| stream.inbox.waits && !stream.inbox.ended;
        if self.credit.left() > 0 || !self.streams.iter().any(|(_, _, stream)| waits(stream)) {
            return;
        }
        let http2 = self.http2;
        let all = http2.max_concurrent.saturating_mul(http2.stream_window);
        let most = http2.connection_window.max(CONNECTION).saturating_add(all);
        let size = self.credit.size().saturating_add(http2.stream_window);
        self.credit.resize(size.min(most));
        let granted = self.credit.grant();
        if granted > 0 {
            self.say(|text| write::window_update(text, 0, granted));
        }
    }

    /// Gives a stream credit, if that is due and the peer may still send on it.
    fn grant(&mut self, id: u32) {
        let receives = self.streams.state(id).can_receive();
        let Some(stream) = self.streams.get_mut(id) else { return };
        if receives && stream.inbox.credit.is_due() {
            let granted = stream.inbox.credit.grant();
            self.say(|text| write::window_update(text, id, granted));
        }
    }

    /// What `recv` gives.
    pub(super) fn recv_body(&mut self, id: u32, now: Now) -> Recv {
        let Some(stream) = self.streams.get_mut(id) else {
            return self.recv_nothing(Id::from(id));
        };
        let inbox = &mut stream.inbox;
        let declared = inbox.taken + u64::from(inbox.unread) + inbox.left.unwrap_or(0);
        if declared > inbox.limit && (inbox.fault.is_none() || inbox.unread > 0) {
            let error = self.error_of(id, Fault::BodyTooLarge, None);
            self.drop_unread(id, error);
        }
        let Some(stream) = self.streams.get_mut(id) else { return Recv::Pending };
        let inbox = &mut stream.inbox;
        self.stale |= inbox.due.is_some();
        if let Some(piece) = inbox.pieces.pop_front() {
            inbox.rest(now.mono);
            let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            inbox.unread -= length;
            inbox.taken += u64::from(length);
            inbox.credit.release(length);
            self.credit.release(length);
            self.grant_connection();
            self.grant(id);
            return Recv::Data(piece);
        }
        if let Some(error) = inbox.fault {
            return Recv::Failed(error);
        }
        if inbox.ended {
            inbox.rest(now.mono);
            inbox.told = true;
            let trailers = inbox.trailers.take();
            // Both halves of a tunnel are over.
            if stream.outbox.finished && !self.role.is_client() {
                self.let_go(id, now);
            }
            self.look_at_end(id, now);
            return Recv::End(trailers);
        }
        let untimed = stream.is_connect || (self.role.is_client() && !stream.reply.is_final);
        inbox.watch(now.mono, untimed);
        self.stale = true;
        self.send_continue(id, now);
        self.relieve();
        self.look_at_dues();
        Recv::Pending
    }

    /// What `recv` gives of an exchange that is over: a client's whose both ends were seen
    /// was read to its end, since others are reset.
    pub(super) fn recv_nothing(&self, id: Id) -> Recv {
        let number = u32::try_from(id).unwrap_or_default();
        if self.role.is_client() && self.streams.state(number) == State::Ended {
            return Recv::End(None);
        }
        Recv::Failed(self.error_of(number, Fault::Truncated, None))
    }

    /// Whether there is nothing to wait for.
    pub(super) fn prefetch_body(&mut self, id: u32, most: usize, now: Now) -> bool {
        let exhausted = self.credit.left() == 0;
        let Some(stream) = self.streams.get_mut(id) else { return true };
        let inbox = &mut stream.inbox;
        let ready = inbox.ended
            || inbox.fault.is_some()
            || inbox.unread as usize >= most
            || inbox.credit.left() == 0
            || exhausted;
        if ready {
            inbox.rest(now.mono);
            self.stale = true;
            return true;
        }
        if inbox.expects {
            if !asks_ahead(inbox.left, inbox.limit, most) {
                return true;
            }
            self.send_continue(id, now);
        }
        if let Some(stream) = self.streams.get_mut(id) {
            let untimed = stream.is_connect || (self.role.is_client() && !stream.reply.is_final);
            stream.inbox.watch(now.mono, untimed);
        }
        self.stale = true;
        self.look_at_dues();
        false
    }

    /// The application reads no further.
    pub(super) fn discard_body(&mut self, id: u32, now: Now) {
        if self.role.is_client() {
            self.let_go(id, now);
            // What was thrown away is not an end, whenever that is asked.
            if self.streams.state(id) == State::Ended {
                self.streams.reset_closed(id);
            }
            return self.settle(now);
        }
        self.drop_unread(id, PeerError::of_request(Fault::Truncated));
        if self.streams.state(id).is_closed() {
            self.let_go(id, now);
        }
        self.pump(now);
    }

    /// Throws away what is unread; the rest will not be read either.
    pub(super) fn drop_unread(&mut self, id: u32, error: PeerError) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if !stream.inbox.told {
            stream.inbox.fault.get_or_insert(error);
        }
        let unread = stream.inbox.clear();
        stream.inbox.taken += u64::from(unread);
        stream.inbox.credit.release(unread);
        self.credit.release(unread);
        self.grant_connection();
        self.grant(id);
    }
}

impl Stream {
    /// Counts DATA that came, and says what is wrong with it if there may not be as much.
    fn counts(&mut self, flow: u32, length: u32) -> Option<Violation> {
        let inbox = &mut self.inbox;
        if !inbox.credit.receive(flow) {
            return Some(Violation::StreamWindow);
        }
        let too_long = inbox.left.is_some_and(|left| left < u64::from(length));
        inbox.left = inbox.left.map(|left| left.saturating_sub(u64::from(length)));
        too_long.then_some(Violation::ContentLength)
    }
}
