//! The states of one HTTP/1 server connection, and every legal transition.
//!
//! Rules of this file: what moves a connection from state to state stands in
//! the two tables below and nowhere else; a step that is not in a table does
//! not happen. The diagram in `docs/h1-server-states.md` is drawn from them.

macro_rules! transitions {
    (
        $(#[$doc:meta])* $table:ident: $state:ident by $step:ident;
        $($from:ident + $on:ident => $to:ident,)*
    ) => {
        $(#[$doc])*
        pub const $table: &[($state, $step, $state)] = &[$(($state::$from, $step::$on, $state::$to),)*];

        impl $state {
            /// The state after a step, if the table has it.
            pub(crate) const fn after(self, step: $step) -> Option<$state> {
                match (self, step) {
                    $(($state::$from, $step::$on) => Some($state::$to),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use transitions;

/// What is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// No byte of the next request.
    Idle,
    /// Part of its head.
    Head,
    /// Its body, for the application.
    Body,
    /// Its body, to be thrown away.
    Drain,
    /// Its body broke a rule: what follows cannot be understood.
    Broken,
    /// All of it has been read.
    End,
    /// Raw bytes, after an upgrade.
    Raw,
    /// Nothing more is understood; what comes is thrown away.
    Closed,
}

/// What moves the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStep {
    /// A byte came.
    FirstByte,
    /// The head was whole, and no body follows.
    HeadAlone,
    /// The head was whole, and a body follows.
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
    Idle + FirstByte => Head,
    Head + HeadAlone => End,
    Head + HeadThenBody => Body,
    Body + LastByte => End,
    Body + Discard => Drain,
    Body + Fault => Broken,
    Drain + LastByte => End,
    Drain + Fault => Broken,
    End + NextExchange => Idle,
    End + Upgrade => Raw,
    Body + Upgrade => Raw,
    Raw + LastByte => End,
    Raw + Fault => Broken,
    Idle + Close => Closed,
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
    /// No request asks for anything.
    Idle,
    /// A response is owed.
    Owed,
    /// The head is out, the body is not.
    Body,
    /// The response is whole.
    End,
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
    /// A request's head was read.
    Request,
    /// The application sent an interim response.
    Interim,
    /// The application sent a final head, the body to come.
    Head,
    /// The application sent a whole response.
    Whole,
    /// The application ended the body.
    Finish,
    /// Request and response are done, and the connection goes on.
    NextExchange,
    /// The final head made the exchange a tunnel or another protocol.
    Upgrade,
    /// The connection ends.
    Close,
}

transitions! {
    /// Every transition of the writing side.
    WRITER: Writer by WriteStep;
    Idle + Request => Owed,
    Owed + Interim => Owed,
    Owed + Head => Body,
    Owed + Whole => End,
    Owed + Upgrade => Raw,
    Body + Upgrade => Raw,
    Body + Finish => End,
    Raw + Finish => RawEnd,
    End + NextExchange => Idle,
    Idle + Close => Closed,
    Owed + Close => Closed,
    Body + Close => Closed,
    End + Close => Closed,
    Raw + Close => Closed,
    RawEnd + Close => Closed,
}

/// What every table must fulfil.
#[cfg(test)]
pub(crate) mod proof {
    use std::fmt::Debug;

    /// No state has two ways on one step, and every one but `closed` can close.
    pub(crate) fn holds<State, Step>(
        table: &[(State, Step, State)],
        closed: State,
        close: Step,
        after: impl Fn(State, Step) -> Option<State>,
    ) where
        State: Copy + Debug + PartialEq,
        Step: Copy + Debug + PartialEq,
    {
        for (index, (from, step, to)) in table.iter().enumerate() {
            let twice = table[..index].iter().any(|(f, s, _)| (f, s) == (from, step));
            assert!(!twice, "{from:?} {step:?}");
            for state in [from, to] {
                assert_eq!(after(*state, close).is_none(), *state == closed, "{state:?}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_state_has_two_ways_on_one_step_and_every_one_can_close() {
        proof::holds(READER, Reader::Closed, ReadStep::Close, Reader::after);
        proof::holds(WRITER, Writer::Closed, WriteStep::Close, Writer::after);
    }
}
