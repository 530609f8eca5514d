//! Has a handler answer a request of a test, and records the answer.
//! No socket and no thread are part of it; the handler runs where the test does.

use crate::conn::{Conn, Pending};
use crate::exchange::Exchange;
use crate::handler::Handler;
use crate::{BoxHandler, Panics, Server};
use purlin_core::testing::{Recorded, TestRequest};
use purlin_core::{Event, Machine};
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
        let hub = server.alone().expect("the system has a poller");
        let mut conn = Conn::direct(&hub, direct, values);
        let Some(Event::Request { id, head, body, .. }) = conn.machine.poll_event(conn.now())
        else {
            unreachable!("an exchange without a wire begins with its request");
        };
        let pending = Pending { id, head, length: body };
        let answered =
            Exchange::run(conn, pending, |request, exchange| hub.handler.call(request, exchange));
        if let Some(payload) = hub.control.take_panic() {
            resume_unwind(payload);
        }
        let recorded = answered.and_then(|mut conn| {
            conn.note_events();
            conn.machine.as_direct().map(Recorded::take)
        });
        recorded.expect("an exchange without a wire comes back")
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}
