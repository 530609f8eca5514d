//! Handlers made of tower services, and a service made of handlers.
//! Translates; a service decides what it answers, and its host how that is sent.
//!
//! - [`ServiceHandler`] serves an axum router, or any tower service, on purlin.
//! - [`HandlerService`] runs a purlin mux inside hyper, axum or any tower stack.
//!
//! Requests and answers stream both ways, and nothing is read faster than it is
//! taken. What `http` cannot say is in [`crate::convert`]. Interim
//! responses have no place there and are left out.
//!
//! ```
//! # use purlin_smol::Body;
//! use purlin_smol::Server;
//! use purlin_smol::tower::ServiceHandler;
//!
//! # fn serve<S>(router: S) -> Result<(), purlin_smol::InsertError>
//! # where
//! #     S: tower_service::Service<http::Request<Body>, Response = http::Response<String>>
//! #         + Clone + Send + Sync + 'static,
//! #     S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
//! # {
//! // An axum::Router, or any other service.
//! let server = Server::new(ServiceHandler::new(router));
//! # let _ = server;
//! # Ok(())
//! # }
//! ```
//!
//! A whole program is the example `smol_axum`.

mod handler;
mod host;
mod service;

pub use handler::{OnUpgrade, ServiceHandler};
pub use host::{AnswerBody, Answering};
pub use service::HandlerService;

use crate::{Error, PeerError};
use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::Body;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What services and bodies fail with.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A part of a body.
enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
}

/// The next part of a body; `None` at the end.
fn poll_part<B: Body>(
    mut body: Pin<&mut B>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Part, B::Error>>> {
    loop {
        let frame = match std::task::ready!(body.as_mut().poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            Some(Ok(frame)) => frame,
        };
        let part = match frame.into_data() {
            Ok(mut data) => Part::Data(data.copy_to_bytes(data.remaining())),
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => Part::Trailers(trailers),
                // Neither is nothing that can be passed on.
                Err(_) => continue,
            },
        };
        return Poll::Ready(Some(Ok(part)));
    }
}

/// The peer's fault that is behind an error, if one is.
fn fault_behind(error: &BoxError) -> Option<PeerError> {
    let mut behind: Option<&(dyn std::error::Error + 'static)> = Some(&**error);
    while let Some(error) = behind {
        if let Some(Error::Peer(fault)) = error.downcast_ref() {
            return Some(*fault);
        }
        behind = error.source();
    }
    None
}

/// An error and all that is behind it, in one line.
fn chain(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
