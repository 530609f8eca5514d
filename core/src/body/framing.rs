//! How a body is delimited (RFC 9112 §6.3): a decision table for requests, and one for responses.
//! Looks at field values only; reads no body.

use crate::config::Leniency;
use crate::error::Fault;
use crate::head::{Fields, Method, Version};
use crate::wire::token;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is no body.
    None,
    /// Exactly this many bytes.
    Length(u64),
    /// The chunked coding.
    Chunked,
    /// Everything to the end of the input: responses only.
    UntilClose,
}

/// The fields that delimit a message: the first value of each, and how many lines there were.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lengths<'a> {
    pub(crate) content_length: Option<&'a [u8]>,
    pub(crate) content_lengths: usize,
    pub(crate) transfer_encoding: Option<&'a [u8]>,
    pub(crate) transfer_encodings: usize,
}

impl<'a> Lengths<'a> {
    pub(crate) fn add_content_length(&mut self, value: &'a [u8]) {
        self.content_length.get_or_insert(value);
        self.content_lengths += 1;
    }

    /// Whether there is one line of Content-Length at most, and it is no list.
    pub(crate) fn is_told_once(&self) -> bool {
        self.content_lengths <= 1 && self.content_length.is_none_or(|value| !value.contains(&b','))
    }

    pub(crate) fn add_transfer_encoding(&mut self, value: &'a [u8]) {
        self.transfer_encoding.get_or_insert(value);
        self.transfer_encodings += 1;
    }
}

/// Decides the framing of a request, strictly: what two readers could read
/// differently is refused.
///
/// | Content-Length | Transfer-Encoding | |
/// |---|---|---|
/// | - | - | no body |
/// | one number | - | that length |
/// | several, or no number | any | 400 |
/// | any | any, in HTTP/1.0 | 400 |
/// | any | given too | 400 |
/// | - | `chunked`, once, alone | chunked |
/// | - | unknown codings, then `chunked` | 501 |
/// | - | anything else | 400 |
pub(crate) fn of_request(
    method: &Method,
    version: Version,
    lengths: Lengths<'_>,
) -> Result<Framing, Fault> {
    let framing = match (lengths.content_length, lengths.transfer_encoding) {
        (None, None) => return Ok(Framing::None),
        (Some(_), _) if lengths.content_lengths > 1 => return Err(Fault::ManyContentLengths),
        (Some(value), None) => Framing::Length(content_length(value)?),
        (_, Some(_)) if version == Version::Http10 => return Err(Fault::TransferEncodingInHttp10),
        (Some(_), Some(_)) => return Err(Fault::BothLengths),
        (None, Some(value)) => transfer_encoding(value, lengths.transfer_encodings)?,
    };
    // RFC 9110 §9.3.8: TRACE has no content; §9.3.6: nor has CONNECT.
    let refused =
        *method == Method::TRACE || (*method == Method::CONNECT && framing != Framing::Length(0));
    if refused { Err(Fault::ContentNotAllowed) } else { Ok(framing) }
}

/// Decides the framing of a response that may have a body, as strictly.
///
/// | Content-Length | Transfer-Encoding | |
/// |---|---|---|
/// | - | - | to the end of the input |
/// | one number, however often it is told | - | that length |
/// | several, or no number | any | refused |
/// | any | any, in HTTP/1.0 | refused |
/// | any | given too | refused |
/// | - | `chunked`, once, alone | chunked |
/// | - | anything else | refused: nobody here could decode it |
pub(crate) fn of_response(
    version: Version,
    fields: &Fields,
    lengths: Lengths<'_>,
) -> Result<Framing, Fault> {
    match (lengths.content_length, lengths.transfer_encoding) {
        (None, None) => Ok(Framing::UntilClose),
        (_, Some(_)) if version == Version::Http10 => Err(Fault::TransferEncodingInHttp10),
        (Some(_), Some(_)) => Err(Fault::BothLengths),
        (Some(_), None) => length_of_response(fields, lengths).map(Framing::Length),
        (None, Some(value)) => transfer_encoding(value, lengths.transfer_encodings),
    }
}

/// What these leniencies make of a response that [`of_response`] refuses: if it
/// is chunked, that counts (RFC 9112 §6.1, §6.3), and nobody may read on behind it.
pub(crate) fn forgiven(
    version: Version,
    lengths: Lengths<'_>,
    leniency: Leniency,
) -> Option<Framing> {
    let let_through = (lengths.content_length.is_none() || leniency.both_lengths)
        && (version != Version::Http10 || leniency.chunked_http10);
    let coding = lengths.transfer_encoding.filter(|_| let_through)?;
    transfer_encoding(coding, lengths.transfer_encodings).ok()
}

/// The length that a response tells, whether it has that body or not.
///
/// # Errors
/// The one that is told is no number, or there is more than one.
pub(crate) fn length_of_response(fields: &Fields, lengths: Lengths<'_>) -> Result<u64, Fault> {
    match lengths.content_length {
        Some(value) if lengths.is_told_once() => content_length(value),
        _ => one_length(fields),
    }
}

/// The length that is told more than once, in lists or lines of its own. RFC 9112
/// §6.3, 5 and RFC 9110 §8.6 allow it if all are the same: there is no other
/// number that anybody could read.
#[cold]
fn one_length(fields: &Fields) -> Result<u64, Fault> {
    let lines = fields.raw().filter(|(name, _)| name.eq_ignore_ascii_case(b"content-length"));
    let mut told = lines.flat_map(|(_, value)| value.split(|byte| *byte == b',')).map(token::trim);
    let first = told.next().unwrap_or_default();
    let length = content_length(first)?;
    if told.all(|other| other == first) { Ok(length) } else { Err(Fault::ManyContentLengths) }
}

/// `1*DIGIT` that fits 64 bits; no sign, no list, no white space.
pub(crate) fn content_length(value: &[u8]) -> Result<u64, Fault> {
    if value.is_empty() {
        return Err(Fault::BadContentLength);
    }
    let mut length = 0_u64;
    for byte in value {
        if *byte == b',' {
            return Err(Fault::ManyContentLengths);
        }
        if !byte.is_ascii_digit() {
            return Err(Fault::BadContentLength);
        }
        length = length
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(u64::from(byte - b'0')))
            .ok_or(Fault::BadContentLength)?;
    }
    Ok(length)
}

fn transfer_encoding(value: &[u8], lines: usize) -> Result<Framing, Fault> {
    if lines > 1 {
        return Err(Fault::BadTransferEncoding);
    }
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(Framing::Chunked);
    }
    let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let whole = value.split(|byte| *byte == b',').all(|coding| !token::trim(coding).is_empty());
    let once = token::list(value).filter(is_chunked).count() == 1;
    let last = token::list(value).last().is_some_and(|coding| is_chunked(&coding));
    // RFC 9112 §6.1: a coding that is not understood is answered with 501 (Not Implemented);
    // §6.3: without a final chunked the length cannot be told, which is a 400.
    Err(if whole && once && last {
        Fault::UnknownTransferCoding
    } else {
        Fault::BadTransferEncoding
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(
        method: Method,
        version: Version,
        cl: &[&'static str],
        te: &[&'static str],
    ) -> Result<Framing, Fault> {
        let mut lengths = Lengths::default();
        cl.iter().for_each(|value| lengths.add_content_length(value.as_bytes()));
        te.iter().for_each(|value| lengths.add_transfer_encoding(value.as_bytes()));
        of_request(&method, version, lengths)
    }

    #[test]
    fn every_row_of_the_table_holds() {
        use Version::{Http10, Http11};
        let cases: &[(Version, &[&'static str], &[&'static str], Result<Framing, Fault>)] = &[
            (Http11, &[], &[], Ok(Framing::None)),
            (Http11, &["3"], &[], Ok(Framing::Length(3))),
            (Http11, &["003"], &[], Ok(Framing::Length(3))),
            (Http10, &["3"], &[], Ok(Framing::Length(3))),
            (Http11, &["18446744073709551615"], &[], Ok(Framing::Length(u64::MAX))),
            (Http11, &["18446744073709551616"], &[], Err(Fault::BadContentLength)),
            (Http11, &[""], &[], Err(Fault::BadContentLength)),
            (Http11, &["+3"], &[], Err(Fault::BadContentLength)),
            (Http11, &["0x3"], &[], Err(Fault::BadContentLength)),
            (Http11, &["3, 3"], &[], Err(Fault::ManyContentLengths)),
            (Http11, &["3", "3"], &[], Err(Fault::ManyContentLengths)),
            (Http11, &["3", "4"], &[], Err(Fault::ManyContentLengths)),
            (Http11, &["3"], &["chunked"], Err(Fault::BothLengths)),
            (Http10, &[], &["chunked"], Err(Fault::TransferEncodingInHttp10)),
            (Http11, &[], &["chunked"], Ok(Framing::Chunked)),
            (Http11, &[], &["CHUNKED"], Ok(Framing::Chunked)),
            (Http11, &[], &["gzip, chunked"], Err(Fault::UnknownTransferCoding)),
            (Http11, &[], &["chunked, chunked"], Err(Fault::BadTransferEncoding)),
            (Http11, &[], &["chunked,"], Err(Fault::BadTransferEncoding)),
            (Http11, &[], &["chunked, gzip"], Err(Fault::BadTransferEncoding)),
            (Http11, &[], &["identity"], Err(Fault::BadTransferEncoding)),
            (Http11, &[], &[""], Err(Fault::BadTransferEncoding)),
            (Http11, &[], &["chunked", "chunked"], Err(Fault::BadTransferEncoding)),
            (Http11, &[], &["\"chunked\""], Err(Fault::BadTransferEncoding)),
        ];
        for (version, cl, te, verdict) in cases {
            assert_eq!(decide(Method::POST, *version, cl, te), *verdict, "{version} {cl:?} {te:?}");
        }
    }

    #[test]
    fn every_row_of_the_table_of_responses_holds() {
        use Version::{Http10, Http11};
        let cases: &[(Version, &str, Result<Framing, Fault>)] = &[
            (Http11, "", Ok(Framing::UntilClose)),
            (Http10, "A: b", Ok(Framing::UntilClose)),
            (Http11, "Content-Length: 3", Ok(Framing::Length(3))),
            (Http10, "Content-Length: 3", Ok(Framing::Length(3))),
            (Http11, "Content-Length: 3|Content-Length: 3", Ok(Framing::Length(3))),
            (Http11, "A: b|Content-Length: 3|Content-Length: 3|A: b", Ok(Framing::Length(3))),
            (Http11, "Content-Length: 3|content-length: 3", Ok(Framing::Length(3))),
            (Http11, "Content-Length: 3|A: b|Content-Length: 3", Ok(Framing::Length(3))),
            (Http11, "Content-Length: 3, 3", Ok(Framing::Length(3))),
            (Http11, "Content-Length: 3 ,3|A: b|Content-Length: 3", Ok(Framing::Length(3))),
            (Http11, "Content-Length: 3|Content-Length: 4", Err(Fault::ManyContentLengths)),
            (Http11, "Content-Length: 3, 4", Err(Fault::ManyContentLengths)),
            (Http11, "Content-Length: 3, 03", Err(Fault::ManyContentLengths)),
            (Http11, "Content-Length: 3,", Err(Fault::ManyContentLengths)),
            (Http11, "Content-Length: ,3", Err(Fault::BadContentLength)),
            (Http11, "Content-Length: 3, x", Err(Fault::ManyContentLengths)),
            (Http11, "Content-Length: 3|Content-Length: 3, 4", Err(Fault::ManyContentLengths)),
            (Http11, "Content-Length: x|Content-Length: x", Err(Fault::BadContentLength)),
            (Http11, "Content-Length: -3", Err(Fault::BadContentLength)),
            (Http11, "Transfer-Encoding: Chunked", Ok(Framing::Chunked)),
            (Http10, "Transfer-Encoding: chunked", Err(Fault::TransferEncodingInHttp10)),
            (Http11, "Transfer-Encoding: gzip", Err(Fault::BadTransferEncoding)),
            (Http11, "Transfer-Encoding: gzip, chunked", Err(Fault::UnknownTransferCoding)),
            (Http11, "Transfer-Encoding: chunked|Content-Length: 3", Err(Fault::BothLengths)),
        ];
        for (version, lines, verdict) in cases {
            let mut fields = Fields::new();
            for (name, value) in lines.split('|').filter_map(|line| line.split_once(": ")) {
                fields.append(name, value).unwrap();
            }
            let lengths = crate::h1::control::ControlFields::of(&fields).lengths;
            assert_eq!(of_response(*version, &fields, lengths), *verdict, "{version} {lines}");
        }
    }

    #[test]
    fn a_leniency_lets_its_own_case_through_and_no_other() {
        use Version::{Http10, Http11};
        let both = Leniency { both_lengths: true, ..Leniency::STRICT };
        let old = Leniency { chunked_http10: true, ..Leniency::STRICT };
        let all = Leniency { both_lengths: true, ..old };
        let chunked = Some(Framing::Chunked);
        let cases: &[(Version, &str, Leniency, Option<Framing>)] = &[
            (Http11, "Content-Length: 3|Transfer-Encoding: chunked", Leniency::STRICT, None),
            (Http11, "Content-Length: 3|Transfer-Encoding: chunked", old, None),
            (Http11, "Content-Length: 3|Transfer-Encoding: chunked", both, chunked),
            (Http11, "Transfer-Encoding: chunked|Content-Length: x", both, chunked),
            (Http11, "Content-Length: 3|Transfer-Encoding: gzip, chunked", all, None),
            (Http11, "Content-Length: 3|Transfer-Encoding: chunked, chunked", all, None),
            (Http11, "Content-Length: 3|Transfer-Encoding: identity", all, None),
            (Http11, "Content-Length: 3|Content-Length: 4", all, None),
            (Http10, "Transfer-Encoding: chunked", Leniency::STRICT, None),
            (Http10, "Transfer-Encoding: chunked", both, None),
            (Http10, "Transfer-Encoding: chunked", old, chunked),
            (Http10, "Content-Length: 3|Transfer-Encoding: chunked", old, None),
            (Http10, "Content-Length: 3|Transfer-Encoding: chunked", both, None),
            (Http10, "Content-Length: 3|Transfer-Encoding: chunked", all, chunked),
        ];
        for (version, lines, leniency, framing) in cases {
            let mut fields = Fields::new();
            for (name, value) in lines.split('|').filter_map(|line| line.split_once(": ")) {
                fields.append(name, value).unwrap();
            }
            let lengths = crate::h1::control::ControlFields::of(&fields).lengths;
            assert_eq!(forgiven(*version, lengths, *leniency), *framing, "{version} {lines}");
        }
    }

    #[test]
    fn trace_and_connect_take_no_content() {
        let v = Version::Http11;
        assert_eq!(decide(Method::TRACE, v, &["0"], &[]), Err(Fault::ContentNotAllowed));
        assert_eq!(decide(Method::CONNECT, v, &["1"], &[]), Err(Fault::ContentNotAllowed));
        assert_eq!(decide(Method::CONNECT, v, &[], &["chunked"]), Err(Fault::ContentNotAllowed));
        assert_eq!(decide(Method::CONNECT, v, &["0"], &[]), Ok(Framing::Length(0)));
        assert_eq!(decide(Method::GET, v, &["5"], &[]), Ok(Framing::Length(5)));
    }
}
