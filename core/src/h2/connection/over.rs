//! When a stream is over: what is done with the rest of a request that is answered, and who
//! hears of the end. How a stream ends before its time stands in `ending`.

use super::Connection;
use super::stream::Application;
use crate::error::{ErrorCode, Fault, PeerError};
use crate::h1::decide::BodyLeft;
use crate::h2::buckets::Budget;
use crate::h2::frame::write;
use crate::h2::states::Step;
use crate::h2::streams::Side;
use crate::machine::{Event, Id};
use crate::time::Now;

impl Connection {
    /// The application lets go of a stream that is closed.
    pub(super) fn let_go(&mut self, id: u32, now: Now) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.application = Application::Done;
        }
        self.tidy(id, now);
    }

    /// Forgets a stream that neither the wire nor the application has any more.
    pub(super) fn tidy(&mut self, id: u32, now: Now) {
        let Some(stream) = self.streams.get(id) else { return };
        if stream.is_open() {
            return;
        }
        let state = self.streams.state(id);
        let answered = stream.application == Application::Done && stream.outbox.ended;
        match self.role.side() {
            Side::Server if answered && state.can_receive() => {
                if self.awaits_rest(id, now) {
                    return;
                }
                // RFC 9113 §8.1: what the peer still sends of it is not wanted.
                self.refuse_rest(id);
            }
            Side::Server => {}
            // Nobody waits for the response, or for what there would be to send.
            Side::Client if !state.is_closed() => {
                self.say(|text| write::rst_stream(text, id, ErrorCode::CANCEL));
                self.streams.step(id, Step::WeReset);
            }
            Side::Client => {}
        }
        if self.streams.state(id).is_closed() {
            self.forget(id, answered, now);
        }
    }

    /// The rest of a request that is answered and that nobody reads is thrown away, if it is
    /// short: a client that is reset while it sends may lose the response for that. Says
    /// whether it is waited for.
    fn awaits_rest(&mut self, id: u32, now: Now) -> bool {
        let most = self.role.limits().discard_bytes;
        let Some(stream) = self.streams.get_mut(id) else { return false };
        let inbox = &mut stream.inbox;
        let left = BodyLeft::unread(inbox.expects, inbox.discarded > most, inbox.left, most);
        if left != BodyLeft::Nothing || stream.is_connect || self.eof.is_some() {
            return false;
        }
        if inbox.due.is_none() {
            inbox.due = inbox.pace.wait(now.mono);
            self.stale = true;
        }
        self.drop_unread(id, PeerError::of_request(Fault::Truncated));
        self.look_at_dues();
        true
    }

    /// The peer is told that it need not send the rest of its request.
    fn refuse_rest(&mut self, id: u32) {
        self.say(|text| write::rst_stream(text, id, ErrorCode::NO_ERROR));
        self.streams.step(id, Step::WeReset);
    }

    /// It comes too slowly to be waited for.
    pub(super) fn rest_is_late(&mut self, id: u32, now: Now) {
        self.refuse_rest(id);
        self.forget(id, true, now);
    }

    /// Neither side has anything to do with a stream any more; `answered` if its response is
    /// whole.
    fn forget(&mut self, id: u32, answered: bool, now: Now) {
        self.drop_unread(id, PeerError::of_request(Fault::Truncated));
        self.reschedule(id);
        if let Some(stream) = self.streams.get(id) {
            if stream.application == Application::Unaware {
                self.asked.retain(|(asked, _)| *asked != id);
            }
            // A response that was read to its end stays one, whatever ended the request.
            let whole = self.role.is_client() && stream.inbox.told && stream.inbox.fault.is_none();
            let goes_on = self.last.is_none() && self.eof.is_none();
            self.tell_done(id, goes_on, now);
            self.streams.remove(id);
            if whole {
                self.streams.was_whole(id);
            }
        }
        self.buckets.earn(Budget::ResetsReceived, u32::from(answered));
    }

    /// An exchange is over, as it is told to who wants to know.
    pub(super) fn tell_done(&mut self, id: u32, keep_alive: bool, now: Now) {
        let Some(stream) = self.streams.get(id) else { return };
        if stream.trace.known && (self.role.trace() || stream.trace.followed) {
            let facts = stream.facts(keep_alive, now.mono);
            self.events.push_back(Event::Done { id: Id::from(id), facts });
        }
    }
}
