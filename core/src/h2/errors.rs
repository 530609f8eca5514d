//! Every rule that a peer can break: whom it ends, by which code, and where it stands.
//! Holds them as one table; who finds a rule broken, and in which state, others know.

use crate::error::{ErrorCode, Fault};

/// Whom a broken rule ends (RFC 9113 §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All streams, and what binds them: GOAWAY, and then closed.
    Connection,
    /// One stream: RST_STREAM.
    Stream,
}

macro_rules! violations {
    ($($(#[doc = $doc:literal])* $name:ident: $scope:ident $code:ident $rule:literal,)*) => {
        /// A rule that the peer broke.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Violation {
            $($(#[doc = $doc])* $name,)*
        }

        impl Violation {
            /// Every one of them.
            pub const ALL: &'static [Violation] = &[$(Violation::$name,)*];

            /// Whom it ends.
            pub const fn scope(self) -> Scope {
                match self {
                    $(Violation::$name => Scope::$scope,)*
                }
            }

            /// The code that says so.
            pub const fn code(self) -> ErrorCode {
                match self {
                    $(Violation::$name => ErrorCode::$code,)*
                }
            }

            /// The section that has the rule.
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Violation::$name => $rule,)*
                }
            }
        }
    };
}

violations! {
    // The form of frames.
    /// A frame is longer than was allowed.
    FrameTooLong: Connection FRAME_SIZE_ERROR "RFC 9113 §4.2",
    /// A frame whose length is fixed has another, and the state of the connection hangs on it.
    FrameLength: Connection FRAME_SIZE_ERROR "RFC 9113 §4.2",
    /// PRIORITY has not 5 octets.
    PriorityLength: Stream FRAME_SIZE_ERROR "RFC 9113 §6.3",
    /// Padding is as long as the payload, or longer.
    Padding: Connection PROTOCOL_ERROR "RFC 9113 §6.1",
    /// A frame of a stream is on stream 0.
    NeedsStream: Connection PROTOCOL_ERROR "RFC 9113 §4.1",
    /// A frame of the connection is on a stream.
    NeedsConnection: Connection PROTOCOL_ERROR "RFC 9113 §4.1",
    /// A setting has a value that it cannot have.
    SettingValue: Connection PROTOCOL_ERROR "RFC 9113 §6.5.2",
    /// A first window of more than 2^31-1 octets.
    SettingWindow: Connection FLOW_CONTROL_ERROR "RFC 9113 §6.5.2",
    /// A stream's window grows by 0.
    NoIncrement: Stream PROTOCOL_ERROR "RFC 9113 §6.9",
    /// The connection's window grows by 0.
    NoIncrementAtAll: Connection PROTOCOL_ERROR "RFC 9113 §6.9",
    /// PRIORITY_UPDATE is for stream 0.
    PriorityOfNothing: Connection PROTOCOL_ERROR "RFC 9218 §7.1",
    /// PRIORITY_UPDATE is for a push, which was never promised.
    PriorityOfPush: Connection PROTOCOL_ERROR "RFC 9218 §7.1",
    /// PRIORITY_UPDATE from a server.
    PriorityByServer: Connection PROTOCOL_ERROR "RFC 9218 §7.1",
    // The order of frames.
    /// The first octets are no preface.
    Preface: Connection PROTOCOL_ERROR "RFC 9113 §3.4",
    /// The first frame is not SETTINGS.
    NotSettings: Connection PROTOCOL_ERROR "RFC 9113 §3.4",
    /// Another frame stands within a field block.
    BlockCutShort: Connection PROTOCOL_ERROR "RFC 9113 §6.10",
    /// CONTINUATION without a field block that goes on, or on another stream.
    StrayContinuation: Connection PROTOCOL_ERROR "RFC 9113 §6.10",
    /// A push, which was turned off, or which a client cannot make.
    Push: Connection PROTOCOL_ERROR "RFC 9113 §8.4",
    /// HEADERS on a stream that the peer cannot begin.
    HeadersOnIdle: Connection PROTOCOL_ERROR "RFC 9113 §5.1.1",
    /// DATA on a stream that has not begun.
    DataOnIdle: Connection PROTOCOL_ERROR "RFC 9113 §5.1",
    /// WINDOW_UPDATE on a stream that has not begun.
    WindowUpdateOnIdle: Connection PROTOCOL_ERROR "RFC 9113 §5.1",
    /// RST_STREAM on a stream that has not begun.
    RstStreamOnIdle: Connection PROTOCOL_ERROR "RFC 9113 §6.4",
    /// HEADERS on a stream that the peer has ended.
    HeadersAfterEnd: Stream STREAM_CLOSED "RFC 9113 §5.1",
    /// DATA on a stream that the peer has ended.
    DataAfterEnd: Stream STREAM_CLOSED "RFC 9113 §5.1",
    /// HEADERS on a stream that both sides have ended.
    HeadersOnEnded: Connection STREAM_CLOSED "RFC 9113 §5.1",
    /// HEADERS on a stream that was passed over, or is long closed.
    HeadersOnForgotten: Connection PROTOCOL_ERROR "RFC 9113 §5.1.1",
    // Field blocks and messages.
    /// A field block cannot be decoded.
    Compression: Connection COMPRESSION_ERROR "RFC 9113 §4.3",
    /// A head or trailers are malformed.
    MalformedMessage: Stream PROTOCOL_ERROR "RFC 9113 §8.1.1",
    /// Trailers do not end the stream.
    TrailersGoOn: Stream PROTOCOL_ERROR "RFC 9113 §8.1",
    /// DATA before a head.
    DataBeforeHead: Stream PROTOCOL_ERROR "RFC 9113 §8.1",
    /// The content is not as long as its length says, or a message without content has some.
    ContentLength: Stream PROTOCOL_ERROR "RFC 9113 §8.1.1",
    /// The fields of a response are more than the limit.
    ResponseTooLarge: Stream CANCEL "RFC 9113 §10.5.1",
    /// More interim responses than the limit.
    TooManyInterims: Stream ENHANCE_YOUR_CALM "RFC 9113 §10.5",
    // Windows.
    /// More content than the connection's window had room for.
    ConnectionWindow: Connection FLOW_CONTROL_ERROR "RFC 9113 §6.9.1",
    /// More content than the stream's window had room for.
    StreamWindow: Stream FLOW_CONTROL_ERROR "RFC 9113 §6.9.1",
    /// The connection's window grows beyond 2^31-1.
    ConnectionWindowOverflow: Connection FLOW_CONTROL_ERROR "RFC 9113 §6.9.1",
    /// A stream's window grows beyond 2^31-1.
    StreamWindowOverflow: Stream FLOW_CONTROL_ERROR "RFC 9113 §6.9.1",
    /// A change of the first window makes a stream's larger than 2^31-1.
    SettingsWindowOverflow: Connection FLOW_CONTROL_ERROR "RFC 9113 §6.9.2",
    /// GOAWAY leaves out less than the one before.
    GoAwayGrows: Connection PROTOCOL_ERROR "RFC 9113 §6.8",
    // Limits that are told before they are broken.
    /// More streams than were allowed.
    TooManyStreams: Stream REFUSED_STREAM "RFC 9113 §5.1.2",
    /// Our settings are not acknowledged.
    SettingsTimeout: Connection SETTINGS_TIMEOUT "RFC 9113 §6.5.3",
}

impl Violation {
    /// What the application is told of it.
    pub const fn fault(self) -> Fault {
        match self {
            Violation::ResponseTooLarge => Fault::HeadTooLarge,
            Violation::TooManyInterims => Fault::TooManyInterims,
            _ => Fault::Http2Violation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_has_a_code_that_is_an_error_and_a_section() {
        for violation in Violation::ALL {
            assert_ne!(violation.code(), ErrorCode::NO_ERROR, "{violation:?}");
            assert!(violation.rule().starts_with("RFC "), "{violation:?}");
        }
    }
}
