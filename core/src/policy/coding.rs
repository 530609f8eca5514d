//! Content coding of responses: whether gzip is asked for, and whether an
//! answer is taken apart (RFC 9110 §8.4, §12.5.3). Decodes nothing itself.

use crate::error::{Fault, PeerError, Phase, Retry};
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
///
/// A driver does each, so one more would be another contract: it may be matched without a
/// wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoding {
    /// The content is handed on as it comes.
    AsIs,
    /// The content is gzip (RFC 1952) and is decoded; [`decoded`] puts the head right.
    Gzip,
}

/// What is done with an answer: only what was asked for by [`asks`] is decoded,
/// and only if gzip is its one coding. `identity` and empty elements are none.
pub fn decoding(asked: bool, method: &Method, status: Status, fields: &Fields) -> Decoding {
    if !asked {
        return Decoding::AsIs;
    }
    let empty = *method == Method::HEAD || status.is_bodiless();
    // RFC 9110 §8.4.1: `identity` should not stand here, and means nothing where it does.
    let mut codings = fields
        .list(names::CONTENT_ENCODING)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
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

/// How many coded bytes may come for so many bytes of content: a coding that makes
/// content longer does so by less than this, and one that has no end stops here.
pub fn most_coded(most: u64) -> u64 {
    most.saturating_add(most / 8).saturating_add(64 * 1024)
}

/// How much content there may still be behind a coding: what a limit counts is
/// what the caller gets.
///
/// ```
/// use purlin_core::policy::coding::Allowance;
/// let mut allowance = Allowance::of(Some(5));
/// assert!(allowance.spend(5).is_ok());
/// assert!(allowance.spend(1).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance(u64);

impl Allowance {
    /// So many bytes; without a number, any.
    pub fn of(most: Option<u64>) -> Allowance {
        Allowance(most.unwrap_or(u64::MAX))
    }

    /// So many bytes have been decoded.
    ///
    /// # Errors
    /// [`Fault::BodyTooLarge`]: they are too many.
    pub fn spend(&mut self, bytes: usize) -> Result<(), PeerError> {
        match self.0.checked_sub(bytes as u64) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => {
                self.0 = 0;
                Err(PeerError::of_response(Fault::BodyTooLarge, Retry::Never, Phase::Receive))
            }
        }
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
            (true, Method::GET, 200, &[("Content-Encoding", "gzip, identity")], Decoding::Gzip),
            (
                true,
                Method::GET,
                200,
                &[("Content-Encoding", "Identity,, X-GZip ,")],
                Decoding::Gzip,
            ),
            (
                true,
                Method::GET,
                200,
                &[("Content-Encoding", "identity"), ("Content-Encoding", "gzip")],
                Decoding::Gzip,
            ),
            (true, Method::GET, 200, &[("Content-Encoding", "identity")], Decoding::AsIs),
            (true, Method::GET, 200, &[("Content-Encoding", "")], Decoding::AsIs),
            (true, Method::GET, 200, &[("Content-Encoding", "gzip, identity, br")], Decoding::AsIs),
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
    fn an_allowance_is_spent_to_the_last_byte_and_stays_spent() {
        let mut allowance = Allowance::of(Some(10));
        assert_eq!(
            (allowance.spend(4), allowance.spend(0), allowance.spend(6)),
            (Ok(()), Ok(()), Ok(()))
        );
        let error = allowance.spend(1).unwrap_err();
        assert_eq!((error.kind, error.retry), (Fault::BodyTooLarge, Retry::Never));
        let mut allowance = Allowance::of(Some(10));
        assert!(allowance.spend(11).is_err() && allowance.spend(1).is_err());
        assert!(Allowance::of(None).spend(usize::MAX).is_ok());
        for most in [0, 1, 1_000, 1 << 40, u64::MAX] {
            // Stored blocks of deflate cost 5 bytes for 64 KiB, and a member 18 and its name.
            assert!(most_coded(most) >= most.saturating_add(most / 65_535 * 5 + 18));
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
