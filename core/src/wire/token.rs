//! Byte classes of the grammar: tokens, field values, white space.
//! Holds tables, no state.

const TOKEN: u8 = 1;
const VALUE: u8 = 2;

const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop stops at 255")]
        let b = byte as u8;
        let tchar = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        if tchar {
            table[byte] |= TOKEN;
        }
        if b == b'\t' || (b >= b' ' && b != 0x7f) {
            table[byte] |= VALUE;
        }
        byte += 1;
    }
    table
};

/// `tchar` of RFC 9110 §5.6.2.
pub(crate) fn is_tchar(byte: u8) -> bool {
    CLASS[usize::from(byte)] & TOKEN != 0
}

/// Whether the text is a token.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| is_tchar(*byte))
}

/// The text, if it is a token.
pub(crate) fn as_token(text: &[u8]) -> Option<&str> {
    if is_token(text) { std::str::from_utf8(text).ok() } else { None }
}

/// Whether a token is this name, which stands here in lower case and holds
/// letters and hyphens only: no other `tchar` becomes one of them by the bit
/// that tells cases apart.
#[inline]
pub(crate) fn is_name<const N: usize>(token: &[u8], lower: &[u8; N]) -> bool {
    let Ok(token) = <&[u8; N]>::try_from(token) else {
        return false;
    };
    // Eight bytes in one step; where the last eight overlap those before, they are looked at twice.
    let word = |at: usize| {
        let part =
            |text: &[u8; N]| u64::from_le_bytes(text[at..at + 8].try_into().unwrap_or_default());
        (part(token) | 0x2020_2020_2020_2020) ^ part(lower)
    };
    if N < 8 {
        let byte = |differs, (byte, lower): (&u8, &u8)| differs | (byte | 0x20) ^ lower;
        return token.iter().zip(lower).fold(0, byte) == 0;
    }
    let whole = (0..N / 8).fold(0, |differs, index| differs | word(index * 8));
    whole | word(N - 8) == 0
}

/// HTAB, SP, VCHAR and obs-text: what may stand in a field value (RFC 9110 §5.5).
pub(crate) fn is_value_byte(byte: u8) -> bool {
    CLASS[usize::from(byte)] & VALUE != 0
}

/// Without the optional white space (SP and HTAB) at both ends.
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    trim_end(text)
}

/// Without the white space (SP and HTAB) at its end.
pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The members of a comma-separated list, trimmed, without the empty ones (RFC 9110 §5.6.1).
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim).filter(|member| !member.is_empty())
}

/// ASCII bytes as text. The caller has checked them; anything else reads as empty.
pub(crate) fn ascii(text: &[u8]) -> &str {
    debug_assert!(text.is_ascii());
    std::str::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_in_any_case_and_from_any_other() {
        for byte in (0..=u8::MAX).filter(|byte| is_tchar(*byte)) {
            for lower in (b'a'..=b'z').chain([b'-']) {
                let same = byte.eq_ignore_ascii_case(&lower);
                assert_eq!(is_name(&[byte], &[lower]), same, "{byte} {lower}");
            }
        }
        assert!(!is_name(b"X-Two", b"x-tw"));
        assert!(!is_name(b"X-Tw", b"x-two"));
        every_byte_counts(b"x-two");
        every_byte_counts(b"x-eleven");
        every_byte_counts(b"content-length");
        every_byte_counts(b"transfer-encoding");
    }

    fn every_byte_counts<const N: usize>(name: &[u8; N]) {
        assert!(is_name(name, name) && is_name(&name.to_ascii_uppercase(), name));
        for at in 0..N {
            let mut other = *name;
            other[at] = b'y';
            assert!(!is_name(&other, name), "{at}");
        }
    }
}
