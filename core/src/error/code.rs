//! The code by which a peer says why it gives up on an exchange.
//! Decides nothing by it: what it means for a request is a [`PeerError`](super::PeerError)'s to say.

use std::fmt;

/// An error code of HTTP/2 (RFC 9113 §7), as it came: codes that nobody has registered, too.
///
/// ```
/// use purlin_core::ErrorCode;
///
/// let code = ErrorCode::new(8);
/// assert_eq!((code, code.name()), (ErrorCode::CANCEL, Some("CANCEL")));
/// assert_eq!(code.to_string(), "CANCEL (0x8)");
/// assert_eq!(ErrorCode::new(0xbeef).to_string(), "0xbeef");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(u32);

/// Constants of the registered codes, and their names.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)+) => {
        impl ErrorCode {
            $($(#[doc = $doc])+ pub const $name: ErrorCode = ErrorCode($code);)+

            /// The name that the code is registered by; `None` if it is not.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($name)),)+
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// There is no error: what is given up is not needed.
    NO_ERROR = 0x0;
    /// The protocol was broken in a way that no other code names.
    PROTOCOL_ERROR = 0x1;
    /// The peer has failed.
    INTERNAL_ERROR = 0x2;
    /// More came than flow control allows.
    FLOW_CONTROL_ERROR = 0x3;
    /// Settings were not acknowledged in time.
    SETTINGS_TIMEOUT = 0x4;
    /// A frame came on a stream that was ended.
    STREAM_CLOSED = 0x5;
    /// A frame has a length that it may not have.
    FRAME_SIZE_ERROR = 0x6;
    /// The request was not looked at: it may be sent again.
    REFUSED_STREAM = 0x7;
    /// What it is about is not needed any more.
    CANCEL = 0x8;
    /// The state of field compression is lost.
    COMPRESSION_ERROR = 0x9;
    /// The connection behind a CONNECT was reset or closed.
    CONNECT_ERROR = 0xa;
    /// There is too much of something that costs the peer.
    ENHANCE_YOUR_CALM = 0xb;
    /// What lies below is not secure enough.
    INADEQUATE_SECURITY = 0xc;
    /// It is to be asked in HTTP/1.1.
    HTTP_1_1_REQUIRED = 0xd;
}

impl ErrorCode {
    /// The code of this number.
    pub const fn new(code: u32) -> ErrorCode {
        ErrorCode(code)
    }

    /// Its number.
    pub const fn code(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#x})", self.0),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorCode({self})")
    }
}
