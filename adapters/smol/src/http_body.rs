//! A request's body as one of the crate `http-body`, and such bodies taken apart.
//! Converts; what is read when, whoever polls decides.

use crate::{Body, Error};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Its pieces as data frames, and then its trailers, if there are any.
///
/// ```
/// use http_body::Body as _;
/// let body = purlin_smol::Body::empty();
/// assert!(body.is_end_stream());
/// assert_eq!(body.size_hint().exact(), Some(0));
/// ```
impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(piece) = ready!(self.poll_chunk(cx))? {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        Poll::Ready(self.take_trailers().map(|trailers| {
            let trailers = HeaderMap::try_from(&*trailers).map_err(io::Error::other)?;
            Ok(Frame::trailers(trailers))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.is_end() && self.trailers().is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
