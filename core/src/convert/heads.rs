//! Whole heads, to and from the parts of `http`.
//! Puts together what [`super`] converts.

use super::ConvertError;
use crate::head::{Fields, Method, RequestHead, ResponseHead, Status, Version, names};
use http::HeaderMap;
use http::{request, response};

/// The target becomes the URI as it stands; extensions are empty.
impl TryFrom<&RequestHead> for request::Parts {
    type Error = ConvertError;

    fn try_from(head: &RequestHead) -> Result<request::Parts, ConvertError> {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = head.method().try_into()?;
        parts.uri = head.target().try_into().map_err(|_| ConvertError::Target)?;
        parts.version = head.version().into();
        parts.headers = head.fields().try_into()?;
        Ok(parts)
    }
}

/// The URI becomes the target: in absolute form if it has an authority, as
/// requests of HTTP/2 do; their head needs no Host then.
impl TryFrom<&request::Parts> for RequestHead {
    type Error = ConvertError;

    fn try_from(parts: &request::Parts) -> Result<RequestHead, ConvertError> {
        let method = Method::try_from(&parts.method)?;
        let target = parts.uri.to_string();
        let mut head = RequestHead::new(method, &target).map_err(|_| ConvertError::Target)?;
        head.set_version(Version::try_from(parts.version)?);
        for field in Fields::try_from(&parts.headers)?.iter() {
            head.fields_mut().push(field.name, field.value);
        }
        Ok(head)
    }
}

/// The version is HTTP/1.1, the default of `http`; extensions are empty.
impl TryFrom<&ResponseHead> for response::Parts {
    type Error = ConvertError;

    fn try_from(head: &ResponseHead) -> Result<response::Parts, ConvertError> {
        let (mut parts, ()) = http::Response::new(()).into_parts();
        parts.status = head.status().into();
        parts.headers = HeaderMap::try_from(head.fields())?;
        Ok(parts)
    }
}

/// Without Transfer-Encoding: that is for the machine to choose (RFC 9112 §6.1).
impl TryFrom<&response::Parts> for ResponseHead {
    type Error = ConvertError;

    fn try_from(parts: &response::Parts) -> Result<ResponseHead, ConvertError> {
        let mut head = ResponseHead::new(Status::from(parts.status));
        *head.fields_mut() = Fields::try_from(&parts.headers)?;
        head.fields_mut().remove(names::TRANSFER_ENCODING);
        Ok(head)
    }
}
