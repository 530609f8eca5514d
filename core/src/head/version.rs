//! The version of a message, and its text.
//! Which versions a connection speaks is for its machine to say.

use std::fmt;

/// A protocol version. HTTP/1.2 to 1.9 are read as HTTP/1.1 (RFC 9110 §2.5).
///
/// ```
/// use purlin_core::Version;
/// assert_eq!("HTTP/1.1".parse(), Ok(Version::Http11));
/// assert!(Version::Http10 < Version::Http11);
/// assert_eq!(Version::Http2.to_string(), "HTTP/2.0");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2
    Http2,
}

impl Version {
    /// The version as a request line writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
            Version::Http2 => "HTTP/2.0",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads what [`Version::as_str`] writes, any minor version of HTTP/1, and `HTTP/2`, as logs
/// and configurations have it.
impl std::str::FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Version, NotAVersion> {
        match (text, numbers(text.as_bytes())) {
            ("HTTP/2", _) | (_, Some((2, 0))) => Ok(Version::Http2),
            (_, Some((1, 0))) => Ok(Version::Http10),
            (_, Some((1, _))) => Ok(Version::Http11),
            _ => Err(NotAVersion),
        }
    }
}

impl TryFrom<&str> for Version {
    type Error = NotAVersion;

    fn try_from(text: &str) -> Result<Version, NotAVersion> {
        text.parse()
    }
}

/// Major and minor version of `HTTP/` DIGIT `.` DIGIT (RFC 9112 §2.3).
pub(crate) fn numbers(text: &[u8]) -> Option<(u8, u8)> {
    match text {
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => {
            Some((major - b'0', minor - b'0'))
        }
        _ => None,
    }
}

/// Text that names no version known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAVersion;

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a version: HTTP/1.0, HTTP/1.1 and HTTP/2 are known")
    }
}

impl std::error::Error for NotAVersion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_its_text_alone() {
        for (text, version) in [
            ("HTTP/1.0", Some(Version::Http10)),
            ("HTTP/1.1", Some(Version::Http11)),
            ("HTTP/1.9", Some(Version::Http11)),
            ("HTTP/2", Some(Version::Http2)),
            ("HTTP/2.0", Some(Version::Http2)),
            ("HTTP/2.1", None),
            ("HTTP/3.0", None),
            ("HTTP/0.9", None),
            ("HTTP/1", None),
            ("HTTP/1.10", None),
            ("HTTP/1.1 ", None),
            ("http/1.1", None),
            ("1.1", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), version, "{text}");
            assert_eq!(Version::try_from(text).ok(), version, "{text}");
        }
        for version in [Version::Http10, Version::Http11, Version::Http2] {
            assert_eq!(version.as_str().parse(), Ok(version));
        }
    }
}
