//! Why there is no tunnel, told with the proxy's name and in its own words where it said any.

use super::Refusal;
use crate::error::Fault;
use crate::head::ResponseHead;
use std::fmt;

/// Why a proxy made no tunnel: which proxy, and what it said.
///
/// `Display` names it by its URL without a password, and tells the reason that it gave
/// rather than the one that is registered for its status.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub(super) proxy: Box<str>,
    pub(super) socks: bool,
    /// User and password were offered.
    pub(super) login: bool,
    pub(super) fault: Fault,
    pub(super) refusal: Option<Refusal>,
    pub(super) head: Option<Box<ResponseHead>>,
    /// The beginning of what came and was not understood.
    pub(super) said: Box<[u8]>,
}

impl Trouble {
    /// The kind of fault.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// What the proxy said when it refused.
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// The head that answered CONNECT: its reason phrase and its fields, such as
    /// Proxy-Authenticate (RFC 9110 §11.7.1).
    pub fn head(&self) -> Option<&ResponseHead> {
        self.head.as_deref()
    }

    /// The proxy's URL, without a password.
    pub fn proxy(&self) -> &str {
        &self.proxy
    }

    fn fault_in_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.socks { "SOCKS5" } else { "HTTP/1.1" };
        match self.fault {
            Fault::NoResponse => f.write_str("closed without an answer"),
            Fault::Truncated => f.write_str("closed in the middle of its answer"),
            Fault::Reset => f.write_str("reset the connection and gave no answer"),
            Fault::ProxyTimeout => f.write_str("made no tunnel in time"),
            _ if self.said.is_empty() => write!(f, "fails: {}", self.fault),
            Fault::ProxyProtocol => {
                write!(f, "does not speak {protocol}; it says \"{}\"", Shown(&self.said))
            }
            fault => write!(f, "answers \"{}\": {fault}", Shown(&self.said)),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} ", self.proxy)?;
        let reason = self.head().and_then(ResponseHead::reason).unwrap_or_default();
        match self.refusal {
            None => self.fault_in_words(f),
            Some(Refusal::Status(status)) if reason.is_empty() => {
                write!(f, "answers {}", status.code())
            }
            Some(Refusal::Status(status)) => {
                write!(f, "answers {} {}", status.code(), Shown(reason))
            }
            // RFC 1928 §3: what was offered was to say nothing.
            Some(Refusal::Method) if !self.login => f.write_str("wants user and password"),
            Some(refusal) => f.write_str(refusal.text()).and_then(|()| refusal.code(f)),
        }
    }
}

impl std::error::Error for Trouble {}

/// Bytes of a peer in one line of ASCII, the first of them.
struct Shown<'a>(&'a [u8]);

/// The most bytes that are shown.
const MOST: usize = 100;

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.iter().take(MOST) {
            match byte {
                b'\\' | b'"' => write!(f, "\\{}", char::from(*byte))?,
                b' '..=b'~' => write!(f, "{}", char::from(*byte))?,
                _ => write!(f, "{}", byte.escape_ascii())?,
            }
        }
        f.write_str(if self.0.len() > MOST { "..." } else { "" })
    }
}
