//! A handler made of a service.
//! Asks the service and sends its answer; what was wrong with either is told to observers.

use super::{BoxError, Part, chain, fault_behind, poll_part};
use crate::handler::{Answer, Exchange, Handler, HandlerFuture, SendHandler, SendHandlerFuture};
use crate::source::ResponsePieces;
use crate::{Body, Error, Request, ResponseWriter, Upgraded};
use async_channel::{Receiver, Sender};
use bytes::Bytes;
use futures_lite::future;
use http::{Method, StatusCode, request};
use purlin_core::{Body as Sent, Fields, IntoResponse, ResponseHead, Status, names};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// A handler that has a tower service answer, such as an axum `Router`.
///
/// The service takes `http::Request<purlin_smol::Body>`. It is cloned for each
/// request, and called once it is ready; what its answer's body gives is sent
/// as it comes, with its trailers where the peer can read them. A service that
/// fails is answered with 500, and observers are told why
/// ([`Observer::failed`](crate::Observer::failed)), unless a fault of the client
/// is behind it, which has a status of its own; a body that fails breaks the
/// answer off. When the client goes, all of it is dropped where it waits.
///
/// In the request's extensions are the [`Peer`](crate::Peer), all
/// [`Values`](crate::Values), and an [`OnUpgrade`] if the client asks for
/// another protocol. A service that is not `Sync` needs something around it;
/// tower's `BoxCloneSyncService` is, its `BoxCloneService` is not.
///
/// ```
/// # use purlin_smol::Body;
/// use purlin_smol::Mux;
/// use purlin_smol::tower::ServiceHandler;
///
/// # fn serve<S>(router: S) -> Result<(), purlin_smol::InsertError>
/// # where
/// #     S: tower_service::Service<http::Request<Body>, Response = http::Response<String>>
/// #         + Clone + Send + Sync + 'static,
/// #     S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
/// # {
/// // An axum::Router whose handlers may ask for `axum::Extension<purlin_smol::Peer>`.
/// let mut mux = Mux::new();
/// mux.handle("/axum/", ServiceHandler::new(router))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ServiceHandler<S>(S);

impl<S> ServiceHandler<S> {
    /// A handler of this service.
    pub fn new(service: S) -> ServiceHandler<S> {
        ServiceHandler(service)
    }
}

impl<S, B> Handler for ServiceHandler<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body<Error: Into<BoxError>> + 'static,
{
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        Box::pin(answer(self.0.clone(), request, exchange.writer()))
    }
}

impl<S, B> SendHandler for ServiceHandler<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
    B: http_body::Body<Error: Into<BoxError>> + Send + 'static,
{
    fn call_send<'h>(&'h self, request: Request, exchange: &Exchange) -> SendHandlerFuture<'h> {
        Box::pin(answer(self.0.clone(), request, exchange.writer()))
    }
}

/// What becomes a raw stream if the service answers 101 (Switching Protocols),
/// or 2xx to CONNECT: in the extensions of a request that asks for it.
///
/// ```
/// use futures_lite::AsyncWriteExt;
/// use purlin_smol::Body;
/// use purlin_smol::tower::OnUpgrade;
///
/// async fn greet(mut request: http::Request<Body>) -> http::Result<http::Response<String>> {
///     let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
///         return http::Response::builder().status(426).body("ask for greeting\n".into());
///     };
///     smol::spawn(async {
///         if let Some(mut stream) = upgrade.upgraded().await {
///             let _ = stream.write_all(b"hello in another protocol\n").await;
///         }
///     })
///     .detach();
///     http::Response::builder().status(101).header("Upgrade", "greeting").body(String::new())
/// }
/// # let _ = greet;
/// ```
#[derive(Clone, Debug)]
pub struct OnUpgrade(Receiver<Upgraded>);

impl OnUpgrade {
    /// The stream, once the answer has gone; `None` if the answer was another
    /// one. Of several clones, one gets it. To be awaited in a task of its own:
    /// the answer comes first.
    pub async fn upgraded(self) -> Option<Upgraded> {
        self.0.recv().await.ok()
    }
}

async fn answer<S, B>(mut service: S, request: Request, writer: ResponseWriter) -> Answer
where
    S: Service<http::Request<Body>, Response = http::Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Error: Into<BoxError>>,
{
    let Ok((request, upgrade)) = translate(request) else {
        return Answer::failed(Status::BAD_REQUEST.into_response());
    };
    let connects = request.method() == Method::CONNECT;
    let answered = async {
        future::poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    };
    let response = match answered.await {
        Ok(response) => response,
        Err(error) => {
            fail(writer, &error.into());
            return Answer::written();
        }
    };
    let (parts, body) = response.into_parts();
    let head = match ResponseHead::try_from(&parts) {
        Ok(head) => head,
        Err(error) => {
            writer.fail_for(error.to_string());
            return Answer::written();
        }
    };
    let switches = parts.status == StatusCode::SWITCHING_PROTOCOLS;
    match upgrade {
        Some(give) if switches || (connects && parts.status.is_success()) => {
            // What could not be upgraded is answered.
            if let Ok(stream) = writer.upgrade(head) {
                // If nobody waits for it, it ends with this.
                let _ = give.try_send(stream);
            }
        }
        _ => send(writer, head, body).await,
    }
    Answer::written()
}

/// A request as the service takes it, and where to give the stream that it may become.
fn translate(
    request: Request,
) -> Result<(http::Request<Body>, Option<Sender<Upgraded>>), crate::convert::ConvertError> {
    let mut parts = request::Parts::try_from(request.head())?;
    if let Some(peer) = request.peer() {
        parts.extensions.insert(peer.clone());
    }
    parts.extensions.insert(request.values().clone());
    let asks = request.fields().contains(names::UPGRADE) || parts.method == Method::CONNECT;
    let upgrade = asks.then(|| {
        let (give, get) = async_channel::bounded(1);
        parts.extensions.insert(OnUpgrade(get));
        give
    });
    Ok((http::Request::from_parts(parts, request.into_body()), upgrade))
}

/// There is no answer, because of this: one of the peer's faults has its own status.
fn fail(writer: ResponseWriter, error: &BoxError) {
    match fault_behind(error) {
        Some(fault) => writer.fail_with(&Error::Peer(fault)),
        None => writer.fail_for(chain(error)),
    }
}

/// Sends an answer, its length told if the body knows it.
async fn send<B>(writer: ResponseWriter, head: ResponseHead, body: B)
where
    B: http_body::Body<Error: Into<BoxError>>,
{
    let length = match body.size_hint().exact() {
        // Behind a HEAD, an empty body stands for the one that is left out.
        Some(0) if writer.is_head_only() => None,
        length => length.map(Sent::Length),
    };
    let body = BodyPieces { body: Box::pin(body), trailers: None };
    writer.respond_pieces(head, length, body).await;
}

/// An answer's body, as the writer takes it.
struct BodyPieces<B> {
    body: Pin<Box<B>>,
    trailers: Option<Fields>,
}

impl<B: http_body::Body<Error: Into<BoxError>>> ResponsePieces for BodyPieces<B> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        Poll::Ready(match ready!(poll_part(self.body.as_mut(), cx)) {
            None => None,
            Some(Ok(Part::Data(data))) => Some(Ok(data)),
            Some(Ok(Part::Trailers(trailers))) => match Fields::try_from(&trailers) {
                Ok(trailers) => {
                    self.trailers = Some(trailers);
                    None
                }
                Err(error) => Some(Err(io::Error::other(error).into())),
            },
            Some(Err(error)) => {
                let error = error.into();
                let fault = fault_behind(&error).map(Error::Peer);
                Some(Err(fault.unwrap_or_else(|| io::Error::other(error).into())))
            }
        })
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        self.trailers.take()
    }
}
