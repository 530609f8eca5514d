//! Has a handler answer a request of a test, and records the answer.
//! No socket and no thread are part of it; the handler runs where the test does.

use crate::clock;
use crate::handler::{Handler, Staying};
use purlin_core::testing::{Recorded, TestRequest};
use purlin_engine::served::{InMemoryRun, Served, Supplied};
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

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
/// use purlin_smol::testing::{Ending, Recorder, post};
/// use purlin_smol::{Request, ResponseWriter, Result, Status, streaming};
///
/// let count = streaming(async |mut request: Request, mut writer: ResponseWriter| -> Result {
///     writer.status(Status::ACCEPTED);
///     while let Some(piece) = request.body_mut().chunk().await? {
///         writer.write(format!("{} bytes\n", piece.len()).as_bytes()).await?;
///     }
///     writer.trailers_mut().append("X-Done", "yes")?;
///     Ok(())
/// });
/// let answer = smol::block_on(Recorder::new(count).record(post("/", "three")));
/// assert_eq!((answer.status(), answer.text()), (Status::ACCEPTED, "5 bytes\n"));
/// assert_eq!(answer.trailers().get("x-done"), Some("yes"));
/// assert_eq!(answer.ending(), Ending::Whole);
/// ```
pub struct Recorder<H>(Staying<H>);

impl<H: Handler> Recorder<H> {
    /// A recorder of what this handler answers.
    pub fn new(handler: H) -> Recorder<H> {
        Recorder(Staying(Arc::new(handler)))
    }

    /// Has the handler answer this request.
    ///
    /// # Panics
    /// With the handler's panic.
    pub async fn record(&self, request: TestRequest) -> Recorded {
        let (direct, values) = request.begin();
        let shared = Served::over(direct.into(), clock::now());
        if let Some(payload) =
            InMemoryRun::new(&self.0, shared.clone(), values, Supplied, clock::now).await
        {
            resume_unwind(payload);
        }
        shared.in_memory(Recorded::take).expect("it is an exchange without a wire")
    }
}

impl<H> fmt::Debug for Recorder<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}
