//! Which URLs lead to the same server: scheme, host and port (RFC 6454 §4, RFC 9110 §4.3.1).
//! Compares; asks nobody where a name leads.

use super::Url;
use std::fmt;

impl Url {
    /// Scheme, host and port, as they are compared.
    ///
    /// ```
    /// use purlin_core::Url;
    /// let url = Url::parse("https://Example.test/a").unwrap();
    /// assert_eq!(url.origin().to_string(), "https://example.test:443");
    /// ```
    pub fn origin(&self) -> Origin {
        let place = self.part(self.parts().place);
        let host = if self.parts().in_brackets {
            place.split_inclusive(']').next().unwrap_or_default()
        } else {
            self.host()
        };
        let mut text = format!("{}://{host}:{}", self.scheme(), self.port_or_default());
        text.make_ascii_lowercase();
        Origin(text.into())
    }

    /// Whether both have the same scheme, host and port (RFC 9110 §4.3.1).
    pub fn same_origin(&self, other: &Url) -> bool {
        self.scheme() == other.scheme()
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port_or_default() == other.port_or_default()
            && self.zone() == other.zone()
    }
}

/// Scheme, host and port of a URL (RFC 6454 §4), as they are compared: in lower
/// case, the port always there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Box<str>);

impl Origin {
    /// `scheme://host:port`
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
