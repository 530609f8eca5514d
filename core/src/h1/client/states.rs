//! The states of one HTTP/1 client connection, and every legal transition.
//!
//! Rules of this file: what moves a connection from state to state stands in
//! the two tables below and nowhere else; a step that is not in a table does
//! not happen. The diagram in `docs/h1-client-states.md` is drawn from them.

use crate::h1::states::transitions;

/// What is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// No response is due, and nothing has come.
    Idle,
    /// No response is due, and something has come.
    Unasked,
    /// A response is due, and no byte of its next head has come.
    Wait,
    /// Part of a head.
    Head,
    /// The body, for the application.
    Body,
    /// The body, to be thrown away.
    Drain,
    /// The body broke a rule: what follows cannot be understood.
    Broken,
    /// All of the response has been read.
    End,
    /// Raw bytes, after an upgrade.
    Raw,
    /// Nothing more is understood; what comes is thrown away.
    Closed,
}

/// What moves the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStep {
    /// A request was begun.
    Request,
    /// A byte came.
    FirstByte,
    /// The head of an interim response was whole.
    Interim,
    /// The final head was whole, and no body follows.
    HeadAlone,
    /// The final head was whole, and a body follows.
    HeadThenBody,
    /// The application will read no further.
    Discard,
    /// The body's last byte was read.
    LastByte,
    /// The body broke a rule or a limit, or the input ended in it.
    Fault,
    /// Request and response are done, and the connection goes on.
    NextExchange,
    /// The exchange became a tunnel or another protocol.
    Upgrade,
    /// The connection ends.
    Close,
}

transitions! {
    /// Every transition of the reading side.
    READER: Reader by ReadStep;
    Idle + Request => Wait,
    Idle + FirstByte => Unasked,
    Wait + FirstByte => Head,
    Head + Interim => Wait,
    Head + HeadAlone => End,
    Head + HeadThenBody => Body,
    Head + Upgrade => Raw,
    Body + LastByte => End,
    Body + Discard => Drain,
    Body + Fault => Broken,
    Drain + LastByte => End,
    Drain + Fault => Broken,
    Raw + LastByte => End,
    Raw + Fault => Broken,
    End + NextExchange => Idle,
    Idle + Close => Closed,
    Unasked + Close => Closed,
    Wait + Close => Closed,
    Head + Close => Closed,
    Body + Close => Closed,
    Drain + Close => Closed,
    Broken + Close => Closed,
    End + Close => Closed,
    Raw + Close => Closed,
}

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// There is no request.
    Idle,
    /// The head is out; the body waits for 100 (Continue).
    Held,
    /// The head is out, the body is not.
    Body,
    /// The request is whole.
    End,
    /// The rest of the request is not wanted any more.
    Stopped,
    /// Raw bytes, after an upgrade.
    Raw,
    /// Raw bytes have ended; the other direction goes on.
    RawEnd,
    /// Nothing more is written.
    Closed,
}

/// What moves the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteStep {
    /// The application sent a head, the body to come.
    Head,
    /// The application sent a head, with a body that the server is to ask for.
    Hold,
    /// The application sent a whole request, or the rest of one went out.
    Whole,
    /// The body may go.
    GoAhead,
    /// The body has ended: its last byte was given, or the application says so.
    Finish,
    /// What is still to be sent is not wanted: the server has refused it or is gone,
    /// or nobody waits for its answer any more.
    Stop,
    /// Request and response are done, and the connection goes on.
    NextExchange,
    /// The response made the exchange a tunnel or another protocol.
    Upgrade,
    /// The connection ends.
    Close,
}

transitions! {
    /// Every transition of the writing side.
    WRITER: Writer by WriteStep;
    Idle + Head => Body,
    Idle + Hold => Held,
    Idle + Whole => End,
    Held + GoAhead => Body,
    Held + Whole => End,
    Held + Finish => End,
    Held + Stop => Stopped,
    Body + Finish => End,
    Body + Stop => Stopped,
    End + Stop => End,
    End + Upgrade => Raw,
    End + NextExchange => Idle,
    Stopped + Stop => Stopped,
    Raw + Finish => RawEnd,
    Idle + Close => Closed,
    Held + Close => Closed,
    Body + Close => Closed,
    End + Close => Closed,
    Stopped + Close => Closed,
    Raw + Close => Closed,
    RawEnd + Close => Closed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h1::states::proof;

    #[test]
    fn no_state_has_two_ways_on_one_step_and_every_one_can_close() {
        proof::holds(READER, Reader::Closed, ReadStep::Close, Reader::after);
        proof::holds(WRITER, Writer::Closed, WriteStep::Close, Writer::after);
    }
}
