//! Content coding of responses: whether gzip is asked for, and whether an
//! answer is taken apart (RFC 9110 §8.4, §12.5.3). Decodes nothing itself.

use crate::head::{Fields, Method, Status, names};

/// Whether a request asks for gzip by itself: its caller has not said what is
/// welcome, wants all of the content and not a range of it, and wants content at all.
///
/// ```
/// use purlin_core::{Fields, Method, policy::coding};
/// let mut fields = Fields::new();
/// assert!(coding::asks(&Method::GET, &fields));
/// fields.append("Range", "bytes=0-9").unwrap();
/// assert!(!coding::asks(&Method::GET, &fields));
/// ```
pub fn asks(method: &Method, fields: &Fields) -> bool {
    *method != Method::HEAD
        && *method != Method::CONNECT
        && !fields.contains(names::ACCEPT_ENCODING)
        && !fields.contains(names::RANGE)
}

/// What is done with the content of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoding {
    /// It is handed on as it comes.
    AsIs,
    /// It is gzip (RFC 1952) and is decoded; [`decoded`] puts the head right.
    Gzip,
}

/// What is done with an answer: only what was asked for by [`asks`] is decoded,
/// and only if gzip is its one coding.
pub fn decoding(asked: bool, method: &Method, status: Status, fields: &Fields) -> Decoding {
    if !asked {
        return Decoding::AsIs;
    }
    let empty = *method == Method::HEAD || status.is_bodiless();
    let mut codings = fields.list(names::CONTENT_ENCODING);
    let gzip = |coding: &[u8]| {
        // RFC 9110 §8.4.1.3: `x-gzip` is the same.
        coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
    };
    // A range of coded content cannot be decoded, and none was asked for.
    let partial = status == Status::PARTIAL_CONTENT;
    match (codings.next(), codings.next()) {
        (Some(coding), None) if !empty && !partial && gzip(coding) => Decoding::Gzip,
        _ => Decoding::AsIs,
    }
}

/// Takes out of a head what describes the coded content: its coding, its length
/// and its digest.
pub fn decoded(fields: &mut Fields) {
    for name in [names::CONTENT_ENCODING, names::CONTENT_LENGTH, "Content-MD5", "Content-Digest"] {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in lines {
            fields.append(name, value).unwrap();
        }
        fields
    }

    #[test]
    fn gzip_is_asked_for_where_nobody_else_has_said_anything() {
        for (method, lines, answer) in [
            (Method::GET, &[][..], true),
            (Method::POST, &[], true),
            (Method::HEAD, &[], false),
            (Method::CONNECT, &[], false),
            (Method::GET, &[("accept-encoding", "br")], false),
            (Method::GET, &[("Accept-Encoding", "")], false),
            (Method::GET, &[("Range", "bytes=0-")], false),
            (Method::GET, &[("Accept", "*/*")], true),
        ] {
            assert_eq!(asks(&method, &fields(lines)), answer, "{method} {lines:?}");
        }
    }

    #[test]
    fn only_gzip_that_was_asked_for_is_decoded() {
        let gzip = &[("Content-Encoding", "GZip")][..];
        for (asked, method, status, lines, answer) in [
            (true, Method::GET, 200, gzip, Decoding::Gzip),
            (true, Method::POST, 404, gzip, Decoding::Gzip),
            (true, Method::GET, 200, &[("Content-Encoding", "x-gzip")], Decoding::Gzip),
            (false, Method::GET, 200, gzip, Decoding::AsIs),
            (true, Method::HEAD, 200, gzip, Decoding::AsIs),
            (true, Method::GET, 204, gzip, Decoding::AsIs),
            (true, Method::GET, 304, gzip, Decoding::AsIs),
            (true, Method::GET, 206, gzip, Decoding::AsIs),
            (true, Method::GET, 200, &[], Decoding::AsIs),
            (true, Method::GET, 200, &[("Content-Encoding", "br")], Decoding::AsIs),
            (true, Method::GET, 200, &[("Content-Encoding", "gzip, gzip")], Decoding::AsIs),
            (true, Method::GET, 200, &[("Content-Encoding", "br, gzip")], Decoding::AsIs),
        ] {
            let status = Status::from_code(status).unwrap();
            assert_eq!(decoding(asked, &method, status, &fields(lines)), answer, "{lines:?}");
        }
    }

    #[test]
    fn a_decoded_answer_does_not_describe_what_it_was() {
        let mut head = fields(&[
            ("content-encoding", "gzip"),
            ("Content-Length", "9"),
            ("Content-Type", "text/plain"),
        ]);
        decoded(&mut head);
        assert_eq!(head, fields(&[("Content-Type", "text/plain")]));
    }
}
