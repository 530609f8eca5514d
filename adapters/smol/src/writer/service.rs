//! Sending what a service answered, or why it did not.
//! The same writer for what is no value of this crate.

use super::ResponseWriter;
use crate::Error;
use crate::clock;
use crate::source::ResponsePieces;
use purlin_core::{Body, ResponseHead};

impl ResponseWriter {
    /// Whether the request wants the head alone.
    pub(crate) fn is_head_only(&self) -> bool {
        self.writer.draft().is_head_only()
    }

    /// Sends a head and what comes in pieces; if that fails, that is answered, or the end.
    pub(crate) async fn respond_pieces(
        mut self,
        head: ResponseHead,
        body: Option<Body>,
        pieces: impl ResponsePieces,
    ) {
        if let Err(error) = self.send_pieces(head, body, pieces).await {
            self.fail(&error);
        }
    }

    /// The response cannot be made, because of this: it is answered, or the end.
    pub(crate) fn fail_with(mut self, error: &Error) {
        self.fail(error);
    }

    /// The response cannot be made, for this reason: 500, or the end.
    pub(crate) fn fail_for(mut self, reason: String) {
        self.writer.fail_for(reason, clock::now());
    }
}
