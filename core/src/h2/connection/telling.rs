//! What is told of streams, in the order in which there came something to tell.
//! Holds no reason: what there is to tell stands with the stream.

use super::Connection;
use super::stream::{Application, Asked};
use crate::machine::{Event, Id};
use crate::time::Now;

impl Connection {
    /// A stream has something to tell.
    pub(super) fn tell(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if !std::mem::replace(&mut stream.tell.queued, true) {
            self.ready.push_back(id);
        }
    }

    pub(super) fn next_of_stream(&mut self, now: Now) -> Option<Event> {
        while let Some(number) = self.ready.front().copied() {
            let id = Id::from(number);
            let event = self.next_request(number).or_else(|| {
                let stream = self.streams.get_mut(number)?;
                let event = stream.next_event(id);
                stream.tell.queued = event.is_some();
                event
            });
            match event {
                Some(event) => {
                    self.look_at_end(number, now);
                    return Some(event);
                }
                None => self.ready.pop_front(),
            };
        }
        None
    }

    /// The request of a stream, if nobody was told of it.
    fn next_request(&mut self, number: u32) -> Option<Event> {
        let (_, asked) = match self.asked.front()? {
            (first, _) if *first == number => self.asked.pop_front(),
            _ => {
                let place = self.asked.iter().position(|(id, _)| *id == number)?;
                self.asked.remove(place)
            }
        }?;
        let Asked { head, body, expects_continue } = asked;
        let stream = self.streams.get_mut(number)?;
        stream.application = Application::Owes;
        stream.trace.known = true;
        Some(Event::Request { id: Id::from(number), head, body, expects_continue })
    }
}
