//! The states of one HTTP/2 stream, every legal transition, and which frames may come in each.
//! Holds tables; `docs/h2-stream-states.md` is drawn from them, and what a frame does others know.
//!
//! Nobody pushes here, so RFC 9113 §5.1's reserved states are not: a PUSH_PROMISE is a
//! connection error. Nor does PRIORITY change or break anything, wherever it comes.

use super::errors::{Scope, Violation};
use crate::h1::states::transitions;

/// The state of a stream, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was sent on it, by either side.
    Idle,
    /// Both sides may send.
    Open,
    /// We have ended, the peer may send.
    HalfClosedLocal,
    /// The peer has ended, we may send.
    HalfClosedRemote,
    /// Both sides have ended.
    Ended,
    /// The peer reset it.
    ResetByPeer,
    /// We reset it: what was on its way may still come.
    ResetByUs,
    /// It was passed over, or it ended so long ago that nobody knows how.
    Forgotten,
}

/// What moves a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A request's head: the client's first frame on it.
    Begins,
    /// One of a higher number began.
    PassedOver,
    /// END_STREAM came.
    PeerEnds,
    /// END_STREAM was sent.
    WeEnd,
    /// RST_STREAM came.
    PeerResets,
    /// RST_STREAM was sent.
    WeReset,
}

transitions! {
    /// Every transition of a stream.
    STREAM: State by Step;
    Idle + Begins => Open,
    Idle + PassedOver => Forgotten,
    Open + PeerEnds => HalfClosedRemote,
    Open + WeEnd => HalfClosedLocal,
    HalfClosedLocal + PeerEnds => Ended,
    HalfClosedRemote + WeEnd => Ended,
    Open + PeerResets => ResetByPeer,
    HalfClosedLocal + PeerResets => ResetByPeer,
    HalfClosedRemote + PeerResets => ResetByPeer,
    Open + WeReset => ResetByUs,
    HalfClosedLocal + WeReset => ResetByUs,
    HalfClosedRemote + WeReset => ResetByUs,
    Ended + PassedOver => Forgotten,
    ResetByPeer + PassedOver => Forgotten,
    ResetByUs + PassedOver => Forgotten,
}

impl State {
    /// Whether nothing more is sent on it, by either side.
    pub const fn is_closed(self) -> bool {
        matches!(self, State::Ended | State::ResetByPeer | State::ResetByUs | State::Forgotten)
    }

    /// Whether we may send on it.
    pub const fn can_send(self) -> bool {
        matches!(self, State::Open | State::HalfClosedRemote)
    }

    /// Whether more may come on it.
    pub const fn can_receive(self) -> bool {
        matches!(self, State::Open | State::HalfClosedLocal)
    }
}

/// Where a frame comes: the states, and two ways to be idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Idle, and the peer may begin it.
    Next,
    /// Idle, and it is not the peer's to begin.
    NotTheirs,
    /// Open.
    Open,
    /// Half-closed (local).
    HalfClosedLocal,
    /// Half-closed (remote).
    HalfClosedRemote,
    /// Closed by both ends.
    Ended,
    /// Closed by a RST_STREAM that came.
    ResetByPeer,
    /// Closed by a RST_STREAM that was sent.
    ResetByUs,
    /// Closed, and nobody knows how.
    Forgotten,
}

impl Place {
    /// The place that a stream of this state is, `theirs` if the peer may begin it.
    pub const fn of(state: State, theirs: bool) -> Place {
        match state {
            State::Idle if theirs => Place::Next,
            State::Idle => Place::NotTheirs,
            State::Open => Place::Open,
            State::HalfClosedLocal => Place::HalfClosedLocal,
            State::HalfClosedRemote => Place::HalfClosedRemote,
            State::Ended => Place::Ended,
            State::ResetByPeer => Place::ResetByPeer,
            State::ResetByUs => Place::ResetByUs,
            State::Forgotten => Place::Forgotten,
        }
    }
}

/// The frames for which it matters where they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// A field block.
    Headers,
    /// Content.
    Data,
    /// Credit.
    WindowUpdate,
    /// An end.
    RstStream,
}

/// What is done with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It means what it says.
    Take,
    /// It is decoded and counted for the connection, and does nothing else.
    Skip,
    /// It breaks a rule.
    Break(Violation),
}

use Verdict::{Break, Skip, Take};
use Violation as V;

/// What is done with HEADERS, DATA, WINDOW_UPDATE and RST_STREAM in each place.
pub const FRAMES: [(Place, [Verdict; 4]); 9] = [
    (
        Place::Next,
        [Take, Break(V::DataOnIdle), Break(V::WindowUpdateOnIdle), Break(V::RstStreamOnIdle)],
    ),
    (
        Place::NotTheirs,
        [
            Break(V::HeadersOnIdle),
            Break(V::DataOnIdle),
            Break(V::WindowUpdateOnIdle),
            Break(V::RstStreamOnIdle),
        ],
    ),
    (Place::Open, [Take, Take, Take, Take]),
    (Place::HalfClosedLocal, [Take, Take, Take, Take]),
    (Place::HalfClosedRemote, [Break(V::HeadersAfterEnd), Break(V::DataAfterEnd), Take, Take]),
    (Place::Ended, [Break(V::HeadersOnEnded), Break(V::DataAfterEnd), Skip, Skip]),
    (Place::ResetByPeer, [Break(V::HeadersAfterEnd), Break(V::DataAfterEnd), Skip, Skip]),
    (Place::ResetByUs, [Skip, Skip, Skip, Skip]),
    (Place::Forgotten, [Break(V::HeadersOnForgotten), Break(V::DataAfterEnd), Skip, Skip]),
];

/// What is done with a frame that comes in this place.
pub const fn verdict(place: Place, came: Came) -> Verdict {
    FRAMES[place as usize].1[came as usize]
}

impl Verdict {
    /// The verdict as the documents have it.
    pub fn shown(self) -> String {
        match self {
            Take => "taken".to_owned(),
            Skip => "skipped".to_owned(),
            Break(violation) => {
                let scope = match violation.scope() {
                    Scope::Connection => "connection",
                    Scope::Stream => "stream",
                };
                format!("{scope}: {}", violation.code().name().unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 8] = [
        State::Idle,
        State::Open,
        State::HalfClosedLocal,
        State::HalfClosedRemote,
        State::Ended,
        State::ResetByPeer,
        State::ResetByUs,
        State::Forgotten,
    ];

    #[test]
    fn no_state_has_two_ways_on_one_step_and_what_is_closed_stays_so() {
        for (index, (from, step, to)) in STREAM.iter().enumerate() {
            assert!(!STREAM[..index].iter().any(|(f, s, _)| (f, s) == (from, step)));
            assert_eq!(from.after(*step), Some(*to));
            assert!(!from.is_closed() || to.is_closed());
            assert_ne!(from, to);
        }
    }

    #[test]
    fn who_has_not_ended_can_end_or_reset_and_nobody_else() {
        for state in STATES {
            let sends = state.after(Step::WeEnd).is_some();
            assert_eq!(sends, state.can_send(), "{state:?}");
            let receives = state.after(Step::PeerEnds).is_some();
            assert_eq!(receives, state.can_receive(), "{state:?}");
            let lives = state.can_send() || state.can_receive();
            for reset in [Step::PeerResets, Step::WeReset] {
                assert_eq!(state.after(reset).is_some(), lives, "{state:?}");
            }
            assert_eq!(lives, !state.is_closed() && state != State::Idle);
        }
    }

    #[test]
    fn the_row_of_each_place_stands_at_its_number() {
        for (row, (place, _)) in FRAMES.iter().enumerate() {
            assert_eq!(*place as usize, row);
        }
        for state in STATES {
            let place = Place::of(state, true);
            // A frame that is taken moves only what can still move.
            if verdict(place, Came::RstStream) == Take {
                assert!(state.after(Step::PeerResets).is_some(), "{state:?}");
            }
            if verdict(place, Came::Data) == Take {
                assert!(state.can_receive(), "{state:?}");
            }
        }
    }

    #[test]
    fn only_what_may_be_on_its_way_is_forgiven() {
        // RFC 9113 §5.1: after a RST_STREAM of ours whatever was sent before it came.
        for came in [Came::Headers, Came::Data, Came::WindowUpdate, Came::RstStream] {
            assert_eq!(verdict(Place::ResetByUs, came), Skip);
            assert!(matches!(verdict(Place::NotTheirs, came), Break(_)));
        }
    }
}
