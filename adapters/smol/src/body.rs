//! The body of a request, to be read piece by piece or whole.
//! Keeps no bytes but the rest of a piece: they wait in the machine until asked for.

use crate::Error;
use crate::clock;
use bytes::Bytes;
use futures_lite::{AsyncRead, Stream, future};
use purlin_core::Fields;
use purlin_core::message::Attended;
use purlin_engine::served::Reader;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of a request.
///
/// The peer sends no faster than this is read. An interim response that asks
/// for the body goes out with the first read. Dropped early, the rest is
/// thrown away or the connection ended, whichever is cheaper.
///
/// ```
/// use purlin_smol::{Error, Request};
///
/// async fn shout(mut request: Request) -> Result<String, Error> {
///     let text = request.body_mut().text().await?; // 413, 408, 400 on their own
///     Ok(text.to_uppercase())
/// }
/// ```
pub struct Body(Reader);

impl Body {
    /// A body without bytes, for requests that come from no connection.
    ///
    /// ```
    /// let mut body = purlin_smol::Body::empty();
    /// assert_eq!(smol::block_on(body.text()).unwrap(), "");
    /// ```
    pub fn empty() -> Body {
        Body(Reader::of(Bytes::new(), None))
    }

    /// What this reads.
    pub(crate) fn of(reader: Reader) -> Body {
        Body(reader)
    }

    /// The next piece; `None` at the end.
    ///
    /// ```
    /// # async fn count(mut request: purlin_smol::Request) -> purlin_smol::Result<usize> {
    /// let mut length = 0;
    /// while let Some(piece) = request.body_mut().chunk().await? {
    ///     length += piece.len();
    /// }
    /// # Ok(length) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Peer`] if the body breaks a rule or a limit, comes too slowly or not to its end;
    /// [`Error::Misuse`] or [`Error::Closed`] once the response is complete.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// The trailer fields, once the body has been read to its end.
    ///
    /// ```
    /// # async fn sum(mut request: purlin_smol::Request) -> purlin_smol::Result<()> {
    /// request.body_mut().bytes().await?;
    /// let sum = request.body().trailers().and_then(|fields| fields.get("Checksum"));
    /// # let _ = sum; Ok(()) }
    /// ```
    pub fn trailers(&self) -> Option<&Fields> {
        self.0.trailers()
    }

    /// Changes how many bytes the body may have. To be called before the first read.
    ///
    /// ```
    /// # async fn upload(mut request: purlin_smol::Request) -> purlin_smol::Result<()> {
    /// request.body_mut().set_limit(4 << 30);
    /// # Ok(()) }
    /// ```
    pub fn set_limit(&mut self, bytes: u64) {
        self.0.set_limit(bytes);
    }

    /// Whether there is nothing to read: no body, or its end was reached.
    ///
    /// ```
    /// assert!(purlin_smol::Body::empty().is_end());
    /// ```
    pub fn is_end(&self) -> bool {
        self.0.is_end()
    }

    /// How many bytes are still to be read, where that is known before the end.
    ///
    /// ```
    /// assert_eq!(purlin_smol::Body::empty().remaining(), Some(0));
    /// ```
    pub fn remaining(&self) -> Option<u64> {
        self.0.remaining()
    }

    pub(crate) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Error>> {
        self.0.poll_chunk(cx, clock::now())
    }

    /// The trailers, for whoever passes them on.
    #[cfg(feature = "tower")]
    pub(crate) fn take_trailers(&mut self) -> Option<Box<Fields>> {
        self.0.take_trailers()
    }
}

purlin_engine::request_body_api! {
    (async) (.await)
    bytes "# async fn store(mut request: purlin_smol::Request) -> purlin_smol::Result<()> {
let bytes = request.body_mut().bytes().await?;
# drop(bytes); Ok(()) }"
    text "# async fn name(mut request: purlin_smol::Request) -> purlin_smol::Result<String> {
let name = request.body_mut().text().await?;
# Ok(name) }"
}

/// Given by [`Request::cancelled`](purlin_core::Request::cancelled).
///
/// ```
/// use futures_lite::FutureExt;
/// use purlin_smol::Request;
/// # async fn news() -> &'static str { "news\n" }
/// async fn poll(request: Request) -> &'static str {
///     let gone = request.cancelled();
///     news().or(async { gone.await; "nobody waits" }).await
/// }
/// # let _ = poll;
/// ```
pub use purlin_engine::served::Cancelled;

impl Attended for Body {
    type Cancelled = Cancelled;

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn cancelled(&self) -> Cancelled {
        self.0.cancelled()
    }
}

impl AsyncRead for Body {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buf, clock::now()).map_err(io::Error::from)
    }
}

/// The pieces of [`Body::chunk`].
impl Stream for Body {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx).map(|piece| piece.map_err(io::Error::from).transpose())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("ended", &self.is_end()).finish_non_exhaustive()
    }
}
