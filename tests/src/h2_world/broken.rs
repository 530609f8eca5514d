//! Machines with one thing wrong, so that the checks can be seen to find it.
//! A breaker changes what goes by; it knows nothing of who looks.

use super::frames::{
    DATA, END_STREAM, Frame, GOAWAY, MAX_CONCURRENT_STREAMS, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};
use purlin_core::{Event, Recv, Retry};

/// What is wrong with a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It counts more room in a stream's window than it was given.
    OverspendsStreams,
    /// The same of the connection's.
    OverspendsConnection,
    /// It does not see some of the room that it is given.
    MissesRoom,
    /// It does not acknowledge SETTINGS.
    NeverAcknowledges,
    /// It gives room back twice.
    GrantsTwice,
    /// It does not end a stream with its last content.
    LosesEnds,
    /// It sends a piece of content in the wrong order.
    TurnsContent,
    /// It sends content on the stream that had some before.
    CrossesStreams,
    /// It says in GOAWAY that it has not looked at what it looked at.
    LeavesOutTooMuch,
    /// It says that a request is safe to be sent again that may have been looked at.
    SendsAgain,
    /// It does not say that there is something to read.
    NeverReadable,
    /// It does not say that there is room.
    NeverWritable,
    /// It does not say that an exchange fails.
    NeverFails,
    /// It says twice that an exchange fails.
    FailsTwice,
    /// It takes a message that was cut off for a whole one.
    TakesCutForWhole,
    /// It loses trailers.
    LosesTrailers,
    /// It does not see that the peer resets a stream.
    MissesResets,
    /// It begins more streams than it may.
    BeginsTooMany,
    /// It keeps an exchange that was let go of.
    KeepsExchanges,
    /// It keeps what it sent.
    KeepsContent,
    /// It forgets the time.
    SleepsOn,
}

impl Broken {
    /// All of them.
    pub const ALL: [Broken; 21] = [
        Broken::OverspendsStreams,
        Broken::OverspendsConnection,
        Broken::MissesRoom,
        Broken::NeverAcknowledges,
        Broken::GrantsTwice,
        Broken::LosesEnds,
        Broken::TurnsContent,
        Broken::CrossesStreams,
        Broken::LeavesOutTooMuch,
        Broken::SendsAgain,
        Broken::NeverReadable,
        Broken::NeverWritable,
        Broken::NeverFails,
        Broken::FailsTwice,
        Broken::TakesCutForWhole,
        Broken::LosesTrailers,
        Broken::MissesResets,
        Broken::BeginsTooMany,
        Broken::KeepsExchanges,
        Broken::KeepsContent,
        Broken::SleepsOn,
    ];
}

/// Breaks what it is told to break, or nothing.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    broken: Option<Broken>,
    seen: usize,
    before: u32,
    again: Option<Event>,
    held: usize,
}

impl Breaker {
    pub(super) fn new(broken: Option<Broken>) -> Breaker {
        Breaker { broken, ..Breaker::default() }
    }

    /// Whether it is every third of these.
    fn now_and_then(&mut self, one: bool) -> bool {
        self.seen += usize::from(one);
        one && self.seen % 3 == 0
    }

    /// What goes, in place of this.
    pub(super) fn goes(&mut self, mut frame: Frame) -> Vec<Frame> {
        let third = self.now_and_then(frame.kind == DATA);
        match self.broken {
            Some(Broken::NeverAcknowledges) if frame.kind == SETTINGS && frame.is_ack() => {
                return Vec::new();
            }
            Some(Broken::GrantsTwice) if frame.kind == WINDOW_UPDATE => {
                return vec![frame.clone(), frame];
            }
            Some(Broken::LosesEnds) if frame.kind == DATA && third => {
                frame.flags &= !END_STREAM;
            }
            Some(Broken::TurnsContent) if frame.kind == DATA => frame.payload.reverse(),
            Some(Broken::CrossesStreams) if frame.kind == DATA => {
                let before = std::mem::replace(&mut self.before, frame.stream);
                frame.stream = if before == 0 { frame.stream } else { before };
            }
            Some(Broken::LeavesOutTooMuch) if frame.kind == GOAWAY => {
                let last = frame.number().saturating_sub(6);
                frame.payload[..4].copy_from_slice(&last.to_be_bytes());
            }
            Some(Broken::KeepsContent) if frame.kind == DATA => {
                self.held += 4 * frame.payload.len();
            }
            _ => {}
        }
        vec![frame]
    }

    /// What comes, in place of this.
    pub(super) fn comes(&mut self, mut frame: Frame) -> Option<Frame> {
        let of_stream = frame.stream != 0;
        let third = self.now_and_then(frame.kind == WINDOW_UPDATE && of_stream);
        match self.broken {
            Some(Broken::OverspendsStreams) if frame.kind == WINDOW_UPDATE && of_stream => {
                frame = Frame::window_update(frame.stream, frame.number() + 1);
            }
            Some(Broken::OverspendsConnection) if frame.kind == WINDOW_UPDATE && !of_stream => {
                frame = Frame::window_update(0, frame.number() + 50_000);
            }
            Some(Broken::MissesRoom) if frame.kind == WINDOW_UPDATE && of_stream && third => {
                return None;
            }
            Some(Broken::MissesResets) if frame.kind == RST_STREAM => return None,
            Some(Broken::BeginsTooMany) if frame.kind == SETTINGS && !frame.is_ack() => {
                let more = |(id, value)| {
                    let more = u32::from(id == MAX_CONCURRENT_STREAMS);
                    (id, value + more)
                };
                frame = Frame::settings(&frame.entries().map(more).collect::<Vec<_>>());
            }
            _ => {}
        }
        Some(frame)
    }

    /// What is told, in place of this.
    pub(super) fn tells(&mut self, mut event: Event) -> Option<Event> {
        match (self.broken, &mut event) {
            (Some(Broken::NeverReadable), Event::Readable { .. })
            | (Some(Broken::NeverWritable), Event::Writable { .. })
            | (Some(Broken::NeverFails), Event::Failed { id: Some(_), .. }) => return None,
            (Some(Broken::SendsAgain), Event::Failed { error, .. })
                if error.retry == Retry::IfIdempotent =>
            {
                error.retry = Retry::Safe;
            }
            (Some(Broken::FailsTwice), Event::Failed { id, error }) => {
                self.again = Some(Event::Failed { id: *id, error: *error });
            }
            _ => {}
        }
        Some(event)
    }

    /// What is told once more.
    pub(super) fn told_again(&mut self) -> Option<Event> {
        self.again.take()
    }

    /// What is read, in place of this.
    pub(super) fn gives(&self, received: Recv) -> Recv {
        match (self.broken, received) {
            (Some(Broken::TakesCutForWhole), Recv::Failed(_))
            | (Some(Broken::LosesTrailers), Recv::End(_)) => Recv::End(None),
            (_, received) => received,
        }
    }

    /// Whether it does not let go.
    pub(super) fn keeps(&self) -> bool {
        self.broken == Some(Broken::KeepsExchanges)
    }

    pub(super) fn sleeps(&self) -> bool {
        self.broken == Some(Broken::SleepsOn)
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }
}
