//! What is looked up in a certificate that has been parsed and verified by
//! others: until when it is valid, and how long its key is (RFC 5280 §4.1).
//! Judges nothing, and what is no certificate has no answer.

/// The encoding of rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017 appendix C).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The version, which is left out where it is 1.
const VERSION: u8 = 0xa0;

/// What is wanted of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The last second in which it is valid, since 1970.
    pub(crate) not_after: u64,
    /// How many bits its key has, if that is one of RSA.
    pub(crate) rsa_bits: Option<usize>,
}

/// What is wanted of a certificate in DER.
pub(crate) fn facts(der: &[u8]) -> Option<Facts> {
    let mut all = Der(Der(der).expect(SEQUENCE)?);
    let mut signed = Der(all.expect(SEQUENCE)?);
    if signed.0.first() == Some(&VERSION) {
        signed.next()?;
    }
    signed.expect(INTEGER)?; // its number
    signed.expect(SEQUENCE)?; // how it is signed
    signed.expect(SEQUENCE)?; // by whom
    let mut validity = Der(signed.expect(SEQUENCE)?);
    validity.next()?;
    let not_after = time(validity.next()?)?;
    signed.expect(SEQUENCE)?; // whose it is
    let key = signed.expect(SEQUENCE)?;
    Some(Facts { not_after, rsa_bits: rsa_bits(key) })
}

fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut key = Der(key);
    let mut algorithm = Der(key.expect(SEQUENCE)?);
    if algorithm.expect(OBJECT_ID)? != RSA {
        return None;
    }
    let (_unused, bits) = key.expect(BIT_STRING)?.split_first()?;
    let mut parts = Der(Der(bits).expect(SEQUENCE)?);
    let modulus = parts.expect(INTEGER)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    Some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`, as RFC 5280 §4.1.2.5 has them.
fn time((tag, text): (u8, &[u8])) -> Option<u64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let two = |at: usize| -> Option<u64> {
        let pair = digits.get(at..at + 2)?;
        Some(u64::from(pair[0] - b'0') * 10 + u64::from(pair[1] - b'0'))
    };
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => (two(0)? + if two(0)? < 50 { 2000 } else { 1900 }, 2),
        (GENERALIZED_TIME, 14) => (two(0)? * 100 + two(2)?, 4),
        _ => return None,
    };
    let (month, day) = (two(rest)?, two(rest + 2)?);
    let (hour, minute, second) = (two(rest + 4)?, two(rest + 6)?, two(rest + 8)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    Some((days_before(year, month) + day - 1).saturating_sub(DAYS_TO_1970) * 86_400 + seconds)
}

/// Days from the first of March of the year 0 to the first of January 1970.
const DAYS_TO_1970: u64 = 719_468;

/// Days from the first of March of the year 0 to the first of a month.
fn days_before(year: u64, month: u64) -> u64 {
    // Years that begin in March have their leap day at their end.
    let year = if month < 3 { year.saturating_sub(1) } else { year };
    let month = (month + 9) % 12;
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5
}

/// Values of DER, one behind the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value and its tag.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&short, mut rest) = rest.split_first()?;
        let mut length = usize::from(short);
        if short >= 0x80 {
            let (long, behind) = rest.split_at_checked(usize::from(short & 0x7f))?;
            if long.len() > 4 {
                return None;
            }
            length = long.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            rest = behind;
        }
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    /// The next value, if its tag is this one.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|next| next.0 == tag).map(|next| next.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn the_end_of_a_certificate_is_found_in_either_form() {
        for (year, month, day, unix) in [
            (1970, 1, 2, 86_400),
            (2000, 2, 29, 951_782_400),
            (2001, 1, 1, 978_307_200),
            (2024, 12, 31, 1_735_603_200),
            (2049, 12, 31, 2_524_521_600),
            (2050, 1, 1, 2_524_608_000),
            (2100, 3, 1, 4_107_542_400),
            (9999, 12, 31, 253_402_214_400),
        ] {
            let mut params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, month, day);
            let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            let expected = Facts { not_after: unix, rsa_bits: None };
            assert_eq!(facts(made.der()), Some(expected), "{year}-{month}-{day}");
        }
    }

    #[test]
    fn what_is_cut_or_no_certificate_has_no_answer() {
        let params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        for end in 0..made.der().len() {
            assert_eq!(facts(&made.der()[..end]), None, "{end}");
        }
        for no in [&b""[..], b"\x30", b"\x30\x80", b"\x30\x85\0\0\0\0\x01a", b"\x30\x02\x30\0"] {
            assert_eq!(facts(no), None, "{no:?}");
        }
    }
}
