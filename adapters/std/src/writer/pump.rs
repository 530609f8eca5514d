//! Sending a response whose bytes are still to come: from its source to its draft.
//! When they come, the source knows; what is gathered of them, the draft.

use super::ResponseWriter;
use crate::server::waiting::now;
use crate::{Content, Error, Response, Source};
use purlin_core::{Body, ResponseHead};
use purlin_engine::served::Writer;

impl ResponseWriter {
    pub(super) fn send(&mut self, response: Response) -> Result<(), Error> {
        let (head, content) = response.into_parts();
        let (body, mut source) = match content {
            Content::Empty => (Body::Empty, None),
            Content::Full(bytes) => (Body::Full(bytes), None),
            Content::Length(length, source) => (Body::Length(length), Some(source)),
            Content::Stream(source) => (Body::Stream, Some(source)),
        };
        match &mut source {
            None => self.begin(head, body)?,
            // It is dropped once the response is whole: that may panic.
            Some(source) => self.pump(head, body, source)?,
        }
        self.end()
    }

    fn begin(&mut self, head: ResponseHead, body: Body) -> Result<(), Error> {
        self.writer.command(now(), |draft, to| draft.respond(to, head, body))
    }

    /// Sends what a source gives. The first piece is read before the head goes
    /// out, so that a source that fails at once can be answered with 500.
    fn pump(&mut self, head: ResponseHead, body: Body, source: &mut Source) -> Result<(), Error> {
        if self.writer.draft().is_head_only() {
            return self.begin(head, body);
        }
        let own = source.is_body_of(&self.line);
        // What is still to come, if that is known: behind it the source is not asked.
        let mut left = if let Body::Length(length) = body { Some(length) } else { None };
        let at_hand = left.is_some() && source.is_at_hand();
        let mut next = if left == Some(0) { None } else { source.next()? };
        self.begin(head, body)?;
        while let Some(mut piece) = next {
            left = left.map(|left| left.saturating_sub(piece.len() as u64));
            self.give_bytes(&mut piece)?;
            if own {
                // The rest goes out while more is waited for.
                self.wait(Writer::poll_give)?;
                self.line.push();
            } else if !at_hand {
                // What is waited for elsewhere may be long in coming: the piece goes out
                // before. Of what is at hand, few large writes cost less than many.
                self.flush()?;
            }
            next = if left == Some(0) { None } else { source.next()? };
        }
        Ok(())
    }
}
