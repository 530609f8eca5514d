//! What is wrong with a URL.
//! Holds no text of it, which may have a password.

use std::fmt;

/// Why a text is not a URL, and where.
///
/// ```
/// use purlin_core::Url;
/// let error = Url::parse("http://user:secret@a b/").unwrap_err();
/// assert_eq!(error.to_string(), "not a URL: a byte that no host may have, at byte 20");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlError {
    problem: UrlProblem,
    at: usize,
}

impl UrlError {
    pub(super) fn new(problem: UrlProblem, at: usize) -> UrlError {
        UrlError { problem, at }
    }

    /// The kind of problem.
    pub fn problem(&self) -> UrlProblem {
        self.problem
    }

    /// Where: the byte it was found at, counted from 0.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a URL: {}, at byte {}", self.problem, self.at)
    }
}

impl std::error::Error for UrlError {}

/// The kinds of fault a URL can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlProblem {
    /// The URL is longer than 64 KiB.
    TooLong,
    /// A control byte, anywhere.
    ControlByte,
    /// There is no scheme where one is needed.
    NoScheme,
    /// A relative reference whose first segment would read as a scheme (RFC 3986 §4.2).
    ColonInFirstSegment,
    /// A `%` without two hexadecimal digits.
    BadEscape,
    /// A byte that may not stand in front of `@`.
    BadUserinfo,
    /// An `http` or `https` URL without a host (RFC 9110 §4.2.1).
    NoHost,
    /// A byte that no host may have.
    BadHost,
    /// A host that is not ASCII.
    NotAscii,
    /// Brackets that hold no IPv6 address.
    BadAddress,
    /// A port that is not a number up to 65535.
    BadPort,
}

impl fmt::Display for UrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlProblem::TooLong => "it is longer than 64 KiB",
            UrlProblem::ControlByte => "a control byte",
            UrlProblem::NoScheme => "there is no scheme such as http:",
            UrlProblem::ColonInFirstSegment => "a colon in the first segment of a relative path",
            UrlProblem::BadEscape => "a % without two hexadecimal digits",
            UrlProblem::BadUserinfo => "a byte that may not stand in a user name or password",
            UrlProblem::NoHost => "there is no host",
            UrlProblem::BadHost => "a byte that no host may have",
            UrlProblem::NotAscii => "the host is not ASCII; write it in punycode (xn--)",
            UrlProblem::BadAddress => "brackets that hold no IPv6 address",
            UrlProblem::BadPort => "the port is not a number up to 65535",
        })
    }
}
