//! Answers as values.
//! Takes one out of its exchange, and looks into it.

use crate::head::{Fields, ResponseHead, Status};
use crate::in_memory::InMemory;
use crate::machine::Recv;
use bytes::Bytes;

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// In order: it is whole.
    Whole,
    /// The handler gave it up, or got its length wrong: a client sees that it is cut.
    Aborted,
    /// The handler made the exchange a raw stream by its answer, 101 or 2xx to
    /// CONNECT: the body is what it wrote to the stream.
    Upgraded,
    /// The handler took the exchange over as it was: the body is what it wrote
    /// to the raw stream.
    Hijacked,
}

/// All of what a handler answered.
///
/// The fields are those that handler and middleware gave: what a connection
/// adds, such as Date, is not among them.
#[derive(Clone, Debug)]
pub struct Recorded {
    interim: Vec<ResponseHead>,
    head: Option<ResponseHead>,
    body: Bytes,
    trailers: Fields,
    ending: Ending,
}

impl Recorded {
    /// What an exchange has come to: what an adapter calls once it is over.
    ///
    /// ```
    /// use purlin_core::testing::{Ending, Recorded, get};
    /// use purlin_core::{Body, Event, Machine, Now, ResponseHead, ServerMachine, Status};
    ///
    /// let (mut exchange, _values) = get("/hello").begin();
    /// let now = Now::default();
    /// let Some(Event::Request { id, .. }) = exchange.poll_event(now) else { unreachable!() };
    /// exchange.respond(id, &ResponseHead::new(Status::OK), Body::Full("hello".into()), now)?;
    ///
    /// let recorded = Recorded::take(&mut exchange);
    /// assert_eq!((recorded.status(), recorded.text()), (Status::OK, "hello"));
    /// assert_eq!(recorded.ending(), Ending::Whole);
    /// # Ok::<(), purlin_core::Misuse>(())
    /// ```
    pub fn take(exchange: &mut InMemory) -> Recorded {
        let interim = std::iter::from_fn(|| exchange.take_interim()).collect();
        let head = exchange.take_head();
        let mut body = Vec::new();
        let (trailers, whole) = loop {
            match exchange.take() {
                Recv::Data(piece) => body.push(piece),
                Recv::End(trailers) => break (trailers.unwrap_or_default(), true),
                Recv::Failed(_) | Recv::Pending => break (Fields::new(), false),
            }
        };
        let ending = match whole {
            _ if exchange.is_upgraded() => Ending::Upgraded,
            _ if exchange.is_hijacked() => Ending::Hijacked,
            true => Ending::Whole,
            false => Ending::Aborted,
        };
        Recorded { interim, head, body: body.concat().into(), trailers, ending }
    }

    /// The final head, if there is one: a handler may give up or hijack before.
    pub fn head(&self) -> Option<&ResponseHead> {
        self.head.as_ref()
    }

    /// The status.
    ///
    /// # Panics
    /// There is no final head.
    #[track_caller]
    pub fn status(&self) -> Status {
        self.some_head().status()
    }

    /// The fields of the final head.
    ///
    /// # Panics
    /// There is no final head.
    #[track_caller]
    pub fn fields(&self) -> &Fields {
        self.some_head().fields()
    }

    /// The first value of the field of that name, in any case, if it is UTF-8.
    ///
    /// # Panics
    /// There is no final head.
    #[track_caller]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields().get(name)
    }

    #[track_caller]
    fn some_head(&self) -> &ResponseHead {
        match &self.head {
            Some(head) => head,
            None => panic!("there is no answer: {:?}", self.ending),
        }
    }

    /// The body; of a raw stream, what was written to it.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    ///
    /// # Panics
    /// It is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        match std::str::from_utf8(&self.body) {
            Ok(text) => text,
            Err(error) => panic!("the body is no text: {error}"),
        }
    }

    /// The trailer fields.
    pub fn trailers(&self) -> &Fields {
        &self.trailers
    }

    /// The interim responses, in their order.
    pub fn interim(&self) -> &[ResponseHead] {
        &self.interim
    }

    /// How the exchange ended.
    pub fn ending(&self) -> Ending {
        self.ending
    }
}
