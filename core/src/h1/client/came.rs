//! What came in place of a status line, in a form that can be shown.
//! [`PeerError`](crate::PeerError) stays small, `Copy` and without a byte of the
//! peer's, so that machines, traces and ledgers can keep and compare it; this is
//! asked for when somebody is told of the failure.

use crate::error::Fault;
use std::fmt;

/// So many bytes of it are shown.
const SHOWN: usize = 80;

/// What a server sent where a status line was due: its first line, as far as it
/// had come, escaped and cut. [`ClientMachine::trouble`](crate::ClientMachine::trouble) gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came(Box<str>);

impl Came {
    /// What the input begins with, if this is a fault of its first line.
    pub(super) fn of(input: &[u8], fault: Fault) -> Option<Came> {
        if !matches!(fault, Fault::BadStatusLine | Fault::BadVersion | Fault::UnsupportedVersion) {
            return None;
        }
        let end = input.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let line = &input[..end.unwrap_or(input.len())];
        let cut = if line.len() > SHOWN { ".." } else { "" };
        let shown = &line[..line.len().min(SHOWN)];
        (!shown.is_empty()).then(|| Came(format!("{}{cut}", shown.escape_ascii()).into()))
    }

    /// The text: printable ASCII alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server sent \"{}\"", self.0)
    }
}

impl std::error::Error for Came {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_escaped_and_cut() {
        let long = "x".repeat(100);
        for (input, text) in [
            ("ICY 200 OK\r\nicy-name: x\r\n", "ICY 200 OK"),
            ("SSH-2.0-x\n", "SSH-2.0-x"),
            ("\u{1b}[31m\"\0", "\\x1b[31m\\\"\\x00"),
            (&long, &(long[..80].to_owned() + "..")),
        ] {
            let came = Came::of(input.as_bytes(), Fault::BadStatusLine);
            assert_eq!(came.unwrap().as_str(), text);
        }
        assert_eq!(Came::of(b"\r\nHTTP/1.1 200 OK", Fault::BadStatusLine), None);
        assert_eq!(Came::of(b"HTTP/1.1 200 OK", Fault::BadFieldName), None);
    }
}
