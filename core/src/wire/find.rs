//! Finding bytes in a text, several looked at in one step.
//! Knows nothing of what they mean.

/// The lowest bit of every byte of a word.
pub(super) const LOW: u64 = 0x0101_0101_0101_0101;
/// The highest.
pub(super) const HIGH: u64 = 0x8080_8080_8080_8080;

/// The first LF.
pub(crate) fn find_lf(text: &[u8]) -> Option<usize> {
    find_byte(text, b'\n')
}

/// The first of these bytes, eight looked at in one step.
#[inline]
pub(crate) fn find_byte(text: &[u8], wanted: u8) -> Option<usize> {
    let pattern = LOW * u64::from(wanted);
    let words = text.chunks_exact(8);
    let rest = words.remainder();
    for (index, word) in words.enumerate() {
        let differs = u64::from_le_bytes(word.try_into().unwrap_or_default()) ^ pattern;
        let zero = differs.wrapping_sub(LOW) & !differs & HIGH;
        if zero != 0 {
            return Some(index * 8 + zero.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|byte| *byte == wanted).map(|at| text.len() - rest.len() + at)
}

/// The first control character: a byte below 0x20, or DEL. Eight are looked at in one step.
#[inline]
pub(crate) fn find_control(text: &[u8]) -> Option<usize> {
    let (mut at, mut rest) = (0, text);
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let low = word.wrapping_sub(LOW * 0x20) & !word;
        let del = word ^ (LOW * 0x7f);
        // A borrow from one byte to the next is told only behind a byte that is one.
        let found = (low | (del.wrapping_sub(LOW) & !del)) & HIGH;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        (at, rest) = (at + 8, behind);
    }
    rest.iter().position(u8::is_ascii_control).map(|more| at + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_found_at_every_place() {
        for length in 0..40 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    for around in [b' ', b'~', 0x80, 0xff] {
                        let mut text = vec![around; length];
                        text[at] = byte;
                        let found = byte.is_ascii_control().then_some(at);
                        assert_eq!(find_control(&text), found, "{byte} among {around}");
                    }
                }
            }
        }
    }

    #[test]
    fn line_feeds_are_found_at_every_place() {
        for length in 0..40 {
            for at in 0..length {
                let mut text = vec![b'\x0b'; length];
                text[at] = b'\n';
                assert_eq!(find_lf(&text), Some(at));
                text[length - 1] = b'\n';
                assert_eq!(find_lf(&text), Some(at));
            }
            assert_eq!(find_lf(&vec![0x8a; length]), None);
        }
    }
}
