//! Has a handler answer a request of a test, and records the answer.
//! No socket and no thread are part of it; the handler runs where the test does.

use crate::handler::Handler;
use crate::server::conn::Conn;
use crate::server::driver::record;
use crate::{BoxHandler, Panics, Server};
use purlin_core::testing::{Recorded, TestRequest};
use purlin_engine::Failure;
use std::fmt;
use std::panic::resume_unwind;

/// A recorder of what a handler answers: any handler, a mux, one that streams.
///
/// The answer is recorded once it is whole and the handler has returned. There
/// is room for any answer, so nobody waits. A handler that panics, such as one
/// with an assertion in it, panics here too. One that takes the exchange over as
/// a raw stream finds that ended when it reads, and what it writes is recorded;
/// [`Recorded::ending`] tells of it. There are no deadlines:
/// [`TestServer`](super::TestServer) has them.
///
/// ```
/// use purlin_std::testing::{Ending, Recorder, post};
/// use purlin_std::{Request, ResponseWriter, Result, Status, streaming};
/// use std::io::Write;
///
/// let count = streaming(|mut request: Request, mut writer: ResponseWriter| -> Result {
///     writer.status(Status::ACCEPTED);
///     while let Some(piece) = request.body_mut().chunk()? {
///         writeln!(writer, "{} bytes", piece.len())?;
///     }
///     writer.trailers_mut().append("X-Done", "yes")?;
///     Ok(())
/// });
/// let answer = Recorder::new(count).record(post("/", "three"));
/// assert_eq!((answer.status(), answer.text()), (Status::ACCEPTED, "5 bytes\n"));
/// assert_eq!(answer.trailers().get("x-done"), Some("yes"));
/// assert_eq!(answer.ending(), Ending::Whole);
/// ```
pub struct Recorder(BoxHandler);

impl Recorder {
    /// A recorder of what this handler answers.
    pub fn new(handler: impl Handler) -> Recorder {
        Recorder(BoxHandler::new(handler))
    }

    /// Has the handler answer this request.
    ///
    /// # Panics
    /// With the handler's panic; or if the system has no poller to give, which
    /// every server needs.
    pub fn record(&self, request: TestRequest) -> Recorded {
        let (direct, values) = request.begin();
        let server = Server::new(self.0.clone()).panics(Panics::Propagate);
        let common = server.alone().expect("the system has a poller");
        let recorded = record(&mut Conn::direct(&common, direct, values));
        if let Some(Failure::Panic(payload)) = common.control.failure() {
            resume_unwind(payload);
        }
        recorded.expect("an exchange without a wire is one")
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}
