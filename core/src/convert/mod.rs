//! To and from the types of the crate `http`, which the rest of the ecosystem speaks.
//! Converts values; serving with them, or inside somebody else's server, is the adapters'.
//!
//! | here | there | one way | the other |
//! |---|---|---|---|
//! | [`Method`] | `http::Method` | `TryFrom<&_>` | `TryFrom<&_>` |
//! | [`Status`] | `http::StatusCode` | `From` | `From` |
//! | [`Version`] | `http::Version` | `From` | `TryFrom` |
//! | [`Fields`] | `http::HeaderMap` | `TryFrom<&_>` | `TryFrom<&_>` |
//! | [`RequestHead`](crate::RequestHead) | `http::request::Parts` | `TryFrom<&_>` | `TryFrom<&_>` |
//! | [`ResponseHead`](crate::ResponseHead) | `http::response::Parts` | `TryFrom<&_>` | `TryFrom<&_>` |
//!
//! What is lost: `http` keeps field names in lower case, and the order of
//! fields of different names as it likes; the values of one name stay in order.
//! White space around a value of `http` is no part of it (RFC 9110 §5.5) and is
//! left out. An answer's Transfer-Encoding is left out as well: framing is the
//! machine's. Credentials and cookies are marked as sensitive there. Everything
//! else is the same on both sides or a [`ConvertError`].
//!
//! ```
//! use purlin_core::{Method, RequestHead};
//! let mut head = RequestHead::new(Method::GET, "/beams?long=1").unwrap();
//! head.fields_mut().append("Host", "example.test").unwrap();
//!
//! let parts = http::request::Parts::try_from(&head)?;
//! assert_eq!(parts.uri.path(), "/beams");
//! assert_eq!(parts.headers["host"], "example.test");
//! assert_eq!(RequestHead::try_from(&parts)?.target(), "/beams?long=1");
//! # Ok::<(), purlin_core::convert::ConvertError>(())
//! ```

mod heads;

use crate::head::{Fields, Method, Status, Version, names};
use crate::wire::token;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;

/// What one side can say and the other cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertError {
    /// A method.
    Method,
    /// A target that is no URI of `http`, or a URI that is no request target
    /// (RFC 9112 §3.2).
    Target,
    /// A version: HTTP/0.9 and HTTP/3 have none here.
    Version,
    /// The name of a field.
    FieldName,
    /// The value of a field.
    FieldValue,
    /// More fields than `http` keeps: 32,768.
    TooManyFields,
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConvertError::Method => "the method cannot be converted",
            ConvertError::Target => "the request target and a URI of it do not agree",
            ConvertError::Version => "the version has no counterpart",
            ConvertError::FieldName => "a field name cannot be converted",
            ConvertError::FieldValue => "a field value cannot be converted",
            ConvertError::TooManyFields => "there are more fields than can be converted",
        })
    }
}

impl std::error::Error for ConvertError {}

impl TryFrom<&Method> for http::Method {
    type Error = ConvertError;

    fn try_from(method: &Method) -> Result<http::Method, ConvertError> {
        http::Method::from_bytes(method.as_str().as_bytes()).map_err(|_| ConvertError::Method)
    }
}

impl TryFrom<&http::Method> for Method {
    type Error = ConvertError;

    fn try_from(method: &http::Method) -> Result<Method, ConvertError> {
        Method::from_bytes(method.as_str().as_bytes()).map_err(|_| ConvertError::Method)
    }
}

impl From<Status> for http::StatusCode {
    fn from(status: Status) -> http::StatusCode {
        http::StatusCode::from_u16(status.code()).expect("both take 100 to 999")
    }
}

impl From<http::StatusCode> for Status {
    fn from(status: http::StatusCode) -> Status {
        Status::from_code(status.as_u16()).expect("both take 100 to 999")
    }
}

impl From<Version> for http::Version {
    fn from(version: Version) -> http::Version {
        match version {
            Version::Http10 => http::Version::HTTP_10,
            Version::Http11 => http::Version::HTTP_11,
            Version::Http2 => http::Version::HTTP_2,
        }
    }
}

impl TryFrom<http::Version> for Version {
    type Error = ConvertError;

    fn try_from(version: http::Version) -> Result<Version, ConvertError> {
        match version {
            http::Version::HTTP_10 => Ok(Version::Http10),
            http::Version::HTTP_11 => Ok(Version::Http11),
            http::Version::HTTP_2 => Ok(Version::Http2),
            _ => Err(ConvertError::Version),
        }
    }
}

impl TryFrom<&Fields> for HeaderMap {
    type Error = ConvertError;

    fn try_from(fields: &Fields) -> Result<HeaderMap, ConvertError> {
        let too_many = |_| ConvertError::TooManyFields;
        let mut map = HeaderMap::try_with_capacity(fields.len()).map_err(too_many)?;
        for (name, value) in fields.raw() {
            let name = HeaderName::from_bytes(name).map_err(|_| ConvertError::FieldName)?;
            let mut value = HeaderValue::from_bytes(value).map_err(|_| ConvertError::FieldValue)?;
            value.set_sensitive(names::is_secret(name.as_str()));
            map.try_append(name, value).map_err(too_many)?;
        }
        Ok(map)
    }
}

impl TryFrom<&HeaderMap> for Fields {
    type Error = ConvertError;

    fn try_from(map: &HeaderMap) -> Result<Fields, ConvertError> {
        let bytes = map.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let mut fields = Fields::with_capacity(map.len(), bytes);
        for (name, value) in map {
            let value = token::trim(value.as_bytes());
            fields.append(name.as_str(), value).map_err(|invalid| match invalid {
                crate::InvalidField::Name => ConvertError::FieldName,
                crate::InvalidField::Value => ConvertError::FieldValue,
            })?;
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests;
