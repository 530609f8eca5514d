//! One request on its way through a handler: where that gets the writer of its response.
//! Decides nothing of the protocol; what the handler's answer becomes, the driver carries out.

use crate::server::line::{Guard, Line};
use crate::writer::ResponseWriter;
use purlin_core::message::Hooks;
use purlin_core::{Id, Now};
use purlin_engine::served::{Heard, State, obey};
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

/// The exchange that a request belongs to: where a handler gets the writer of
/// its response.
///
/// ```
/// use purlin_std::{Answer, Exchange, Handler, Request};
///
/// /// Lets only safe methods through to another handler.
/// struct ReadOnly<H>(H);
///
/// impl<H: Handler> Handler for ReadOnly<H> {
///     fn call(&self, request: Request, exchange: &Exchange) -> Answer {
///         if request.method().is_safe() {
///             return self.0.call(request, exchange);
///         }
///         purlin_std::Response::text("read only\n").into()
///     }
/// }
/// ```
pub struct Exchange {
    pub(crate) line: Arc<Line>,
    /// The machine's number of it.
    pub(crate) id: Cell<Id>,
}

impl Exchange {
    /// What the requests of this connection belong to, one after the other.
    pub(crate) fn new(line: Arc<Line>) -> Exchange {
        Exchange { line, id: Cell::new(0) }
    }

    /// Takes the connection's events, until a request comes or there are none.
    #[inline]
    pub(crate) fn obey<'s>(&'s self, state: Guard<'s>, heard: &mut Heard, now: Now) -> Guard<'s> {
        let panicked = |payload| self.line.common.panicked(payload);
        obey(&panicked, &self.line.served, state, Waker::noop(), heard, now)
    }

    /// The writer of the response. The response belongs to it from here, and
    /// what the handler returns counts only if it is [`Answer::written`](crate::Answer::written).
    ///
    /// ```
    /// use purlin_std::{Answer, Exchange, Handler, Request};
    /// struct Ticker;
    /// impl Handler for Ticker {
    ///     fn call(&self, _: Request, exchange: &Exchange) -> Answer {
    ///         let mut writer = exchange.writer();
    ///         let _ = writer.write(b"tick\n");
    ///         Answer::written()
    ///     }
    /// }
    /// ```
    pub fn writer(&self) -> ResponseWriter {
        self.own_writer(&mut self.line.lock())
    }

    fn follow(&self, add: impl FnOnce(&mut Hooks)) {
        self.line.lock().follow(self.id.get(), add);
    }

    /// The writer of the response.
    pub(crate) fn own_writer(&self, state: &mut State) -> ResponseWriter {
        let writer = state.writer(&self.line.served, self.id.get());
        ResponseWriter::new(writer, Arc::clone(&self.line))
    }
}

purlin_engine::exchange_api! { example "# fn example(exchange: &purlin_std::Exchange) {" }

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({})", self.id.get())
    }
}
