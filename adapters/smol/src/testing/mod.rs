//! What tests of handlers need: answers recorded without a server, and a
//! server without a port.
//!
//! [`Recorder`] has a handler answer a [`TestRequest`] and gives the whole answer
//! as a value; [`TestServer`] speaks to whoever connects, over sockets that no
//! other process can reach, with all limits and deadlines of a real one.
//!
//! ```
//! use purlin_smol::testing::{Recorder, get};
//! use purlin_smol::{Mux, Request, Status};
//!
//! let mut mux = Mux::new();
//! mux.handle("GET /hello/{name}", async |r: Request| format!("hello, {}\n", r.param("name")))?;
//!
//! let recorder = Recorder::new(mux);
//! smol::block_on(async {
//!     let answer = recorder.record(get("/hello/gopher")).await;
//!     assert_eq!((answer.status(), answer.text()), (Status::OK, "hello, gopher\n"));
//!     assert_eq!(recorder.record(get("/nowhere")).await.status(), Status::NOT_FOUND);
//! });
//! # Ok::<(), purlin_smol::InsertError>(())
//! ```

mod recorder;
mod server;
mod stream;

pub use purlin_core::testing::{Ending, Recorded, TestRequest, TextError, get, post};
pub use recorder::Recorder;
pub use server::TestServer;
pub use stream::TestStream;

use crate::{Body, Request};

/// The request that a handler would be given, for functions that take one
/// without being a handler. Its body is there to its end, whatever limit is set.
///
/// ```
/// use purlin_smol::testing::{post, request};
/// let mut request = request(post("/items", "three"));
/// assert_eq!(smol::block_on(request.body_mut().text())?, "three");
/// # Ok::<(), purlin_smol::Error>(())
/// ```
pub fn request(request: TestRequest) -> Request {
    request.into_request(|bytes, trailers| {
        Body::of(purlin_engine::served::Reader::of(bytes, trailers))
    })
}
