//! Integers of HPACK (RFC 7541 §5.1): a prefix of some bits, and octets of seven bits behind it.
//! Decides how long one may be; not what it stands for.

use super::Error;

/// How many octets may follow the prefix: five hold 32 bits and three more, so that
/// no sum can overflow, and a row of zeros ends.
const MOST_OCTETS: usize = 5;

/// Takes an integer off the front of `input`, whose first octet holds its prefix of so
/// many `bits` (1 to 8).
///
/// # Errors
/// [`Error::Truncated`] if the input ends in it, [`Error::Integer`] if it is longer than
/// 5 octets behind the prefix or does not fit in 32 bits.
pub fn take(input: &mut &[u8], bits: u32) -> Result<u32, Error> {
    let most = prefix(bits);
    let (first, mut rest) = input.split_first().ok_or(Error::Truncated)?;
    let mut value = u64::from(first & most);
    if value == u64::from(most) {
        let mut octets = 0;
        loop {
            let (octet, behind) = rest.split_first().ok_or(Error::Truncated)?;
            if octets == MOST_OCTETS {
                return Err(Error::Integer);
            }
            value += u64::from(octet & 0x7f) << (7 * octets);
            (rest, octets) = (behind, octets + 1);
            if octet & 0x80 == 0 {
                break;
            }
        }
    }
    *input = rest;
    u32::try_from(value).map_err(|_| Error::Integer)
}

/// Writes an integer with a prefix of so many `bits`; `pattern` is what stands in the
/// bits above it.
pub fn put(out: &mut Vec<u8>, pattern: u8, bits: u32, value: u32) {
    let most = prefix(bits);
    match u8::try_from(value) {
        Ok(small) if small < most => return out.push(pattern | small),
        _ => out.push(pattern | most),
    }
    let mut rest = value - u32::from(most);
    while rest >= 0x80 {
        out.push(0x80 | low(rest));
        rest >>= 7;
    }
    out.push(low(rest));
}

/// The largest number that a prefix holds, which says that octets follow.
fn prefix(bits: u32) -> u8 {
    u8::MAX >> (8 - bits.clamp(1, 8))
}

/// The lowest seven bits.
fn low(value: u32) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integers_of_the_rfc_are_read_and_written() {
        // RFC 7541 C.1.1 to C.1.3.
        for (value, bits, octets) in
            [(10, 5, &[0b01010][..]), (1337, 5, &[31, 154, 10]), (42, 8, &[42])]
        {
            let mut out = Vec::new();
            put(&mut out, 0, bits, value);
            assert_eq!(out, octets);
            let mut input = octets;
            assert_eq!(take(&mut input, bits), Ok(value));
            assert!(input.is_empty());
        }
    }

    #[test]
    fn every_prefix_takes_the_numbers_around_every_step() {
        let steps = (0..32).map(|shift| 1_u32 << shift);
        let around = steps.flat_map(|step| [step - 1, step, step.saturating_add(127)]);
        for value in around.chain([u32::MAX - 1, u32::MAX]) {
            for bits in 1..=8 {
                let mut out = Vec::new();
                put(&mut out, 0, bits, value);
                out.push(7);
                let mut input = &out[..];
                assert_eq!(take(&mut input, bits), Ok(value), "{value} in {bits} bits");
                assert_eq!(input, [7]);
            }
        }
    }

    #[test]
    fn an_integer_that_is_cut_too_long_or_too_large_is_refused() {
        for (octets, error) in [
            (&[][..], Error::Truncated),
            (&[0xff], Error::Truncated),
            (&[0xff, 0x80, 0x80], Error::Truncated),
            (&[0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], Error::Integer),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], Error::Integer),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], Error::Integer),
        ] {
            assert_eq!(take(&mut &*octets, 8), Err(error), "{octets:?}");
        }
    }
}
