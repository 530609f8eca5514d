//! A service made of a handler.
//! Takes requests over from a host; their answers are in [`super::host`].

use super::host::Answering;
use super::{BoxError, Part, poll_part};
use crate::clock;
use crate::handler::{Moving, SendHandler};
use crate::{Peer, Values};
use http::{Extensions, StatusCode, Version};
use http_body::Body;
use purlin_core::{BodyLength, Fields, InMemory, RequestHead};
use purlin_engine::served::{Fed, Feed, InMemoryRun, Served};
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// A tower service that has a handler answer, such as a [`SendMux`](crate::SendMux).
///
/// It runs inside hyper, as a fallback of an axum router, or behind any tower
/// layer; on whose executor is the host's affair. It is always ready and never
/// fails. The handler is driven by whoever polls the answer's future and body,
/// and reads the request's body as fast as it asks for it; it waits while the
/// host takes none of its answer, and is dropped with the answer. A handler that
/// works on behind its answer's end should hand that to a task.
///
/// Of the request's extensions the handler has [`Values`] and a [`Peer`] as its
/// own, and all others as one value, `http::Extensions`: who accepts
/// connections adds the `Peer`. A request that cannot be one here is answered
/// with 400; one of HTTP/3 reads as HTTP/2. Its body may have 16 MiB, unless the
/// handler sets another limit; timeouts are the host's. There is no raw stream
/// behind it: an upgrade is a [`Misuse`](crate::Misuse).
///
/// ```
/// use purlin_smol::tower::HandlerService;
/// use purlin_smol::{Request, SendMux};
///
/// let mut mux = SendMux::default();
/// mux.handle("GET /hello/{name}", async |r: Request| format!("hello, {}\n", r.param("name")))?;
/// // For `axum::Router::fallback_service`, or whatever else takes a service.
/// let service = HandlerService::new(mux);
/// # fn is_service(_: impl tower_service::Service<http::Request<String>>) {}
/// # is_service(service);
/// # Ok::<(), purlin_smol::InsertError>(())
/// ```
pub struct HandlerService<H>(Arc<H>);

impl<H: SendHandler> HandlerService<H> {
    /// A service of this handler.
    pub fn new(handler: H) -> HandlerService<H> {
        HandlerService(Arc::new(handler))
    }
}

/// The clones share the handler.
impl<H> Clone for HandlerService<H> {
    fn clone(&self) -> HandlerService<H> {
        HandlerService(self.0.clone())
    }
}

impl<H> fmt::Debug for HandlerService<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerService")
    }
}

impl<H, B> Service<http::Request<B>> for HandlerService<H>
where
    H: SendHandler,
    B: Body<Error: Into<BoxError>> + Send + 'static,
{
    type Response = http::Response<super::AnswerBody>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Answering {
        let (mut parts, body) = request.into_parts();
        if parts.version == Version::HTTP_3 {
            // To a handler it is the same.
            parts.version = Version::HTTP_2;
        }
        let Ok(head) = RequestHead::try_from(&parts) else {
            return Answering::refused(StatusCode::BAD_REQUEST);
        };
        let direct = InMemory::new(head, length(&body)).without_raw();
        let shared = Served::over(direct.into(), clock::now());
        let run = run(self.0.clone(), shared.clone(), values(parts.extensions), body);
        Answering::new(shared, Box::pin(run))
    }
}

/// Answers one request; it ends with the answer.
async fn run<H, B>(handler: Arc<H>, shared: Arc<Served>, values: Values, body: B)
where
    H: SendHandler,
    B: Body + Send + 'static,
{
    let kind = Moving(handler);
    // A panic was answered, and there is no server here that it could concern.
    let feed = BodyFeed(Box::pin(body));
    let _ = InMemoryRun::new(&kind, shared, values, feed, clock::now).await;
}

fn length(body: &impl Body) -> BodyLength {
    match body.size_hint().exact() {
        _ if body.is_end_stream() => BodyLength::Empty,
        Some(bytes) => BodyLength::Known(bytes),
        None => BodyLength::Unknown,
    }
}

/// What the handler has of the request's extensions.
fn values(mut extensions: Extensions) -> Values {
    let mut values = extensions.remove::<Values>().unwrap_or_default();
    if let Some(peer) = extensions.remove::<Peer>() {
        values = values.with(peer);
    }
    values.with(extensions)
}

/// The request's body, as the handler is given it.
struct BodyFeed<B>(Pin<Box<B>>);

impl<B: Body> Feed for BodyFeed<B> {
    fn poll_feed(&mut self, cx: &mut Context<'_>) -> Poll<Fed> {
        poll_part(self.0.as_mut(), cx).map(|part| match part {
            None => Fed::End(None),
            Some(Ok(Part::Data(data))) => Fed::Piece(data),
            Some(Ok(Part::Trailers(trailers))) => match Fields::try_from(&trailers) {
                Ok(trailers) => Fed::End(Some(trailers)),
                Err(_) => Fed::Cut,
            },
            // The handler is told what it would be of a connection that ended.
            Some(Err(_)) => Fed::Cut,
        })
    }
}
