//! How long a text of one class is that another begins with: a token, a host's name, a target.
//! Goes by the tables of the classes; eight of the usual bytes are counted in one step.

use super::find::{HIGH, LOW};
use super::token::is_tchar;
use super::uri::{self, PLAIN, is_unreserved_or_sub_delim};

/// How long the token is that a text begins with.
#[inline]
pub(crate) fn token_length(text: &[u8]) -> usize {
    length(text, |word| letters(word) | within(word, b'-', b'-'), is_tchar)
}

/// How long the name of a host is that a text begins with.
#[inline]
pub(crate) fn host_length(text: &[u8]) -> usize {
    let usual = |word| letters(word) | within(word, b'-', b'.') | within(word, b'0', b'9');
    length(text, usual, is_unreserved_or_sub_delim)
}

/// Whether a target is made of bytes that begin nothing in it.
#[inline]
pub(crate) fn is_plain(target: &[u8]) -> bool {
    // From `-` to `9` there are `.` and `/` besides.
    let usual = |word| letters(word) | within(word, b'-', b'9');
    length(target, usual, |byte| uri::is(byte, PLAIN)) == target.len()
}

/// How many bytes of a class a text begins with, eight of the usual ones counted in one
/// step. What is usual says the highest bit of every byte of a word.
#[inline]
fn length(text: &[u8], usual: impl Fn(u64) -> u64, is_one: impl Fn(u8) -> bool) -> usize {
    let (mut at, mut rest) = (0, text);
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let others = (!usual(word & !HIGH) | word) & HIGH;
        if others != 0 {
            at += others.trailing_zeros() as usize / 8;
            break;
        }
        (at, rest) = (at + 8, behind);
    }
    at + text[at..].iter().take_while(|byte| is_one(**byte)).count()
}

/// Which bytes of a word lie between these two; all of them are below 0x80.
#[inline]
fn within(word: u64, from: u8, to: u8) -> u64 {
    // No carry goes from one byte to the next.
    (word + LOW * u64::from(0x80 - from)) & !(word + LOW * u64::from(0x7f - to))
}

/// Which bytes of a word are letters.
#[inline]
fn letters(word: u64) -> u64 {
    within(word | (LOW * 0x20), b'a', b'z')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte among others, at every place: how long the text is told to be.
    fn tell(length: impl Fn(&[u8]) -> usize, is_one: impl Fn(u8) -> bool) {
        for long in 0..20 {
            for byte in 0..=u8::MAX {
                for (around, at) in (0..long).flat_map(|at| b"aZ-".map(|around| (around, at))) {
                    let mut text = vec![around; long];
                    text[at] = byte;
                    let expected = if is_one(byte) { long } else { at };
                    assert_eq!(length(&text), expected, "{byte} among {around} at {at}");
                }
            }
        }
    }

    #[test]
    fn a_text_is_as_long_as_its_bytes_say() {
        tell(token_length, is_tchar);
        tell(host_length, is_unreserved_or_sub_delim);
    }

    #[test]
    fn a_target_is_plain_if_every_byte_is() {
        for byte in 0..=u8::MAX {
            for (long, at) in (1..20).flat_map(|long| (0..long).map(move |at| (long, at))) {
                let mut target = vec![b'/'; long];
                target[at] = byte;
                assert_eq!(is_plain(&target), uri::is(byte, PLAIN), "{byte} at {at} of {long}");
            }
        }
    }
}
