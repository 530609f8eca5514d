//! Request methods (RFC 9110 §9).
//! Decides which methods promise what; not which of them a server offers.

use crate::wire::token;
use std::fmt;

/// A request method. Methods are case-sensitive: `get` is not `GET`.
///
/// ```
/// use purlin_core::Method;
/// assert_eq!(Method::from_bytes(b"GET").unwrap(), Method::GET);
/// assert_eq!(Method::from_bytes(b"M-SEARCH").unwrap().as_str(), "M-SEARCH");
/// assert!(Method::from_bytes(b"G T").is_err());
/// assert!("PUT".parse() == Ok(Method::PUT) && Method::try_from("PUT") == Ok(Method::PUT));
/// assert!(Method::PUT == "PUT" && Method::PUT != "put");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(Repr);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Repr {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Connect,
    Options,
    Trace,
    Patch,
    Query,
    Other(Box<str>),
}

impl Method {
    /// `GET`
    pub const GET: Method = Method(Repr::Get);
    /// `HEAD`
    pub const HEAD: Method = Method(Repr::Head);
    /// `POST`
    pub const POST: Method = Method(Repr::Post);
    /// `PUT`
    pub const PUT: Method = Method(Repr::Put);
    /// `DELETE`
    pub const DELETE: Method = Method(Repr::Delete);
    /// `CONNECT`
    pub const CONNECT: Method = Method(Repr::Connect);
    /// `OPTIONS`
    pub const OPTIONS: Method = Method(Repr::Options);
    /// `TRACE`
    pub const TRACE: Method = Method(Repr::Trace);
    /// `PATCH` (RFC 5789)
    pub const PATCH: Method = Method(Repr::Patch);
    /// `QUERY` (RFC 10008): safe, and with content that says what is asked
    pub const QUERY: Method = Method(Repr::Query);

    /// The method of this name.
    ///
    /// # Errors
    /// [`NotAToken`] if a byte may not stand in a token (RFC 9110 §5.6.2), or there is none.
    pub fn from_bytes(name: &[u8]) -> Result<Method, NotAToken> {
        Ok(Method(match name {
            b"GET" => Repr::Get,
            b"HEAD" => Repr::Head,
            b"POST" => Repr::Post,
            b"PUT" => Repr::Put,
            b"DELETE" => Repr::Delete,
            b"CONNECT" => Repr::Connect,
            b"OPTIONS" => Repr::Options,
            b"TRACE" => Repr::Trace,
            b"PATCH" => Repr::Patch,
            b"QUERY" => Repr::Query,
            _ => Repr::Other(token::as_token(name).ok_or(NotAToken)?.into()),
        }))
    }

    /// The name as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Get => "GET",
            Repr::Head => "HEAD",
            Repr::Post => "POST",
            Repr::Put => "PUT",
            Repr::Delete => "DELETE",
            Repr::Connect => "CONNECT",
            Repr::Options => "OPTIONS",
            Repr::Trace => "TRACE",
            Repr::Patch => "PATCH",
            Repr::Query => "QUERY",
            Repr::Other(name) => name,
        }
    }

    /// Whether the request asks for no change (RFC 9110 §9.2.1). Of the methods
    /// of extensions those that IANA's registry calls safe are: `PROPFIND`,
    /// `QUERY`, `REPORT` and `SEARCH`.
    ///
    /// ```
    /// use purlin_core::Method;
    /// assert!(Method::GET.is_safe() && Method::from_bytes(b"PROPFIND").unwrap().is_safe());
    /// assert!(!Method::PUT.is_safe() && !Method::from_bytes(b"get").unwrap().is_safe());
    /// ```
    pub fn is_safe(&self) -> bool {
        match &self.0 {
            Repr::Get | Repr::Head | Repr::Options | Repr::Trace | Repr::Query => true,
            Repr::Other(name) => SAFE.contains(&&**name),
            _ => false,
        }
    }

    /// Whether asking twice is like asking once (RFC 9110 §9.2.2). Of the methods
    /// of extensions those that IANA's registry calls idempotent are; a method
    /// that it does not have is not.
    ///
    /// ```
    /// use purlin_core::Method;
    /// assert!(Method::PUT.is_idempotent() && !Method::POST.is_idempotent());
    /// assert!(Method::from_bytes(b"MKCOL").unwrap().is_idempotent());
    /// assert!(!Method::from_bytes(b"LOCK").unwrap().is_idempotent());
    /// ```
    pub fn is_idempotent(&self) -> bool {
        match &self.0 {
            Repr::Put | Repr::Delete => true,
            Repr::Other(name) => self.is_safe() || IDEMPOTENT.contains(&&**name),
            _ => self.is_safe(),
        }
    }
}

/// The methods of extensions that IANA's registry of methods calls safe: WebDAV's
/// (RFC 4918, RFC 3253, RFC 5323).
const SAFE: [&str; 3] = ["PROPFIND", "REPORT", "SEARCH"];

/// Those that it calls idempotent and not safe. LOCK and PATCH are not among
/// them, nor is anything that nobody has registered.
const IDEMPOTENT: [&str; 25] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PROPPATCH",
    "REBIND",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Method {
    type Err = NotAToken;

    fn from_str(name: &str) -> Result<Method, NotAToken> {
        Method::from_bytes(name.as_bytes())
    }
}

impl TryFrom<&str> for Method {
    type Error = NotAToken;

    fn try_from(name: &str) -> Result<Method, NotAToken> {
        Method::from_bytes(name.as_bytes())
    }
}

impl TryFrom<&[u8]> for Method {
    type Error = NotAToken;

    fn try_from(name: &[u8]) -> Result<Method, NotAToken> {
        Method::from_bytes(name)
    }
}

impl AsRef<str> for Method {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Equal if the names are, in the same case.
impl PartialEq<str> for Method {
    fn eq(&self, name: &str) -> bool {
        self.as_str() == name
    }
}

impl PartialEq<&str> for Method {
    fn eq(&self, name: &&str) -> bool {
        self.as_str() == *name
    }
}

impl PartialEq<Method> for str {
    fn eq(&self, method: &Method) -> bool {
        method == self
    }
}

impl PartialEq<Method> for &str {
    fn eq(&self, method: &Method) -> bool {
        method == self
    }
}

/// Text that is not a token (RFC 9110 §5.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAToken;

impl fmt::Display for NotAToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a token: letters, digits and !#$%&'*+-.^_`|~ are allowed")
    }
}

impl std::error::Error for NotAToken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_method_promises_is_what_the_registry_says() {
        for (methods, safe, idempotent) in [
            ("GET HEAD OPTIONS TRACE PROPFIND QUERY REPORT SEARCH", true, true),
            ("PUT DELETE ACL COPY MKCOL MOVE PROPPATCH UNLOCK VERSION-CONTROL", false, true),
            (
                "POST PATCH CONNECT LOCK M-SEARCH NOTIFY PURGE X propfind Query SEARCHX",
                false,
                false,
            ),
        ] {
            for name in methods.split(' ') {
                let method = Method::from_bytes(name.as_bytes()).unwrap();
                assert_eq!(
                    (method.is_safe(), method.is_idempotent()),
                    (safe, idempotent),
                    "{name}"
                );
            }
        }
    }
}
