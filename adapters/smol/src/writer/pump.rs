//! Sending a response whose bytes are still to come: from its source to its draft.
//! When they come, the source knows; what is gathered of them, the draft.

use super::ResponseWriter;
use crate::clock;
use crate::source::ResponsePieces;
use crate::{Content, Error, Response};
use futures_lite::future;
use purlin_core::{Body, ResponseHead};

impl ResponseWriter {
    pub(super) async fn send(&mut self, response: Response) -> Result<(), Error> {
        let (head, content) = response.into_parts();
        match content {
            Content::Empty => self.send_head(head, Body::Empty)?,
            Content::Full(data) => self.send_head(head, Body::Full(data))?,
            Content::Length(length, source) => {
                return self.send_pieces(head, Some(Body::Length(length)), source).await;
            }
            // Its head waits for the first bytes: they may be all.
            Content::Stream(source) => return self.send_pieces(head, None, source).await,
        }
        self.end().await
    }

    /// Sends a head, what its pieces are, and what comes behind them.
    pub(crate) async fn send_pieces(
        &mut self,
        head: ResponseHead,
        body: Option<Body>,
        mut pieces: impl ResponsePieces,
    ) -> Result<(), Error> {
        self.pump(&mut pieces, head, body).await?;
        if let Some(trailers) = pieces.take_trailers() {
            self.writer.draft_mut().offer_trailers(&trailers);
        }
        self.end().await
    }

    /// Sends the head with this body, or keeps it until there is some.
    fn begin(&mut self, head: ResponseHead, body: Option<Body>) -> Result<(), Error> {
        match body {
            Some(body) => self.send_head(head, body),
            None => Ok(self.writer.draft_mut().adopt(head)?),
        }
    }

    fn send_head(&mut self, head: ResponseHead, body: Body) -> Result<(), Error> {
        self.writer.command(clock::now(), |draft, to| draft.respond(to, head, body))
    }

    /// Sends what the source gives. What is there at once is gathered, so that
    /// a short response gets its length; once the source waits, so does nobody else.
    async fn pump(
        &mut self,
        source: &mut impl ResponsePieces,
        head: ResponseHead,
        body: Option<Body>,
    ) -> Result<(), Error> {
        if self.writer.draft().is_head_only() {
            // Nobody reads it, and it may have no end.
            return self.begin(head, body.or(Some(Body::Stream)));
        }
        // What is still to come, if that is known: behind it the source is not asked.
        let mut left = if let Some(Body::Length(length)) = body { Some(length) } else { None };
        let mut next = match source.comes_first() {
            _ if left == Some(0) => Some(None),
            true => Some(source.next().await),
            false => future::poll_once(source.next()).await,
        };
        if let Some(Some(Err(error))) = next {
            return Err(error);
        }
        self.begin(head, body)?;
        loop {
            match next {
                Some(Some(Ok(piece))) => {
                    left = left.map(|left| left.saturating_sub(piece.len() as u64));
                    self.write_bytes(piece).await?;
                    if left == Some(0) {
                        return Ok(());
                    }
                }
                Some(Some(Err(error))) => return Err(error),
                Some(None) => return Ok(()),
                None => {
                    self.give().await?;
                    next = Some(source.next().await);
                    continue;
                }
            }
            next = future::poll_once(source.next()).await;
        }
    }
}
