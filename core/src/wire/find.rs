//! Finding bytes in a text.
//! Knows nothing of what they mean.

/// The first LF.
pub(crate) fn find_lf(text: &[u8]) -> Option<usize> {
    find_byte(text, b'\n')
}

/// The first of these bytes, eight looked at in one step.
#[inline]
pub(crate) fn find_byte(text: &[u8], wanted: u8) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
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

#[cfg(test)]
mod tests {
    use super::*;

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
