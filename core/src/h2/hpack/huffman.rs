//! The Huffman code of HPACK (RFC 7541 §5.2 and Appendix B), read by eight bits a step.
//! Codes and tables are made from the lengths alone; what is worth coding the encoder says.
//!
//! The code is canonical: symbols in order of length, and of value within a length, take
//! the next number each. Most symbols of a text have five to eight bits, so one look-up
//! into a table of 256 gives the symbol. Longer ones go on in a table for what their first
//! octet, or their first two or three, begin.

use super::Error;

/// How many bits each octet's code has, and that of EOS behind them (RFC 7541 Appendix B).
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, // 0x00
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, // 0x10
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, // 0x20
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, // 0x30
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // 0x40
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, // 0x50
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, // 0x60
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, // 0x70
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, // 0x80
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, // 0x90
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, // 0xa0
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, // 0xb0
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, // 0xc0
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, // 0xd0
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, // 0xe0
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, // 0xf0
    30, // EOS
];

const SYMBOLS: usize = 257;
const EOS: usize = 256;
const LONGEST: u8 = 30;

/// Each symbol's code, in the lowest bits.
const CODES: [u32; SYMBOLS] = codes();

const fn codes() -> [u32; SYMBOLS] {
    let mut codes = [0; SYMBOLS];
    let (mut next, mut length) = (0, 1);
    while length <= LONGEST {
        next <<= 1;
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] == length {
                codes[symbol] = next;
                next += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    codes
}

/// What eight bits lead to: a symbol and how many of the bits it took, or another table.
#[derive(Clone, Copy)]
struct Step {
    /// The symbol, or the number of the table in which the next eight bits are looked up.
    to: u8,
    /// How many of the eight bits are used; [`LINK`], [`END`] and 0 (nothing begins so) are others.
    bits: u8,
}

/// All eight bits are used, and the code goes on.
const LINK: u8 = 9;
/// The code of EOS, which may not be in a string.
const END: u8 = 10;

/// One for each row of whole octets that a code of more than eight bits begins with.
const TABLES: usize = count_tables();
static STEPS: [[Step; 256]; TABLES] = steps();

/// The first octets of a code that has more than so many, as a number.
const fn octets_of(symbol: usize, octets: u8) -> Option<u32> {
    let length = LENGTHS[symbol];
    if length > 8 * octets { Some(CODES[symbol] >> (length - 8 * octets)) } else { None }
}

/// Whether an earlier symbol's code begins with the same octets.
const fn is_known(symbol: usize, octets: u8, begins: u32) -> bool {
    let mut earlier = 0;
    while earlier < symbol {
        if let Some(same) = octets_of(earlier, octets) {
            if same == begins {
                return true;
            }
        }
        earlier += 1;
    }
    false
}

const fn count_tables() -> usize {
    let (mut count, mut octets) = (1, 1);
    while octets < 4 {
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if let Some(begins) = octets_of(symbol, octets) {
                if !is_known(symbol, octets, begins) {
                    count += 1;
                }
            }
            symbol += 1;
        }
        octets += 1;
    }
    count
}

/// Puts every code into its tables, and makes those as they are met.
#[allow(
    clippy::cast_possible_truncation,
    reason = "`try_from` is no const fn: an octet is masked, tables and symbols are below 256"
)]
const fn steps() -> [[Step; 256]; TABLES] {
    let mut steps = [[Step { to: 0, bits: 0 }; 256]; TABLES];
    let (mut made, mut symbol) = (1, 0);
    while symbol < SYMBOLS {
        let (mut table, mut left) = (0, LENGTHS[symbol]);
        while left > 8 {
            let octet = ((CODES[symbol] >> (left - 8)) & 0xff) as usize;
            if steps[table][octet].bits == 0 {
                steps[table][octet] = Step { to: made as u8, bits: LINK };
                made += 1;
            }
            table = steps[table][octet].to as usize;
            left -= 8;
        }
        // Whatever stands behind the code's last bits, it is the same symbol.
        let free = 8 - left;
        let first = ((CODES[symbol] << free) & 0xff) as usize;
        let step = if symbol == EOS {
            Step { to: 0, bits: END }
        } else {
            Step { to: symbol as u8, bits: left }
        };
        let mut behind = 0;
        while behind < 1 << free {
            steps[table][first + behind] = step;
            behind += 1;
        }
        symbol += 1;
    }
    assert!(made == TABLES);
    steps
}

/// The longest text that so many coded octets can be: no code is shorter than five bits.
pub fn longest(coded: usize) -> usize {
    coded * 8 / 5
}

/// Decodes a string and adds its octets to `out`.
///
/// # Errors
/// [`Error::Padding`] if what is behind the last symbol is longer than seven bits or has
/// a zero in it, [`Error::Eos`] if EOS is in the string (RFC 7541 §5.2). What was
/// decoded before is in `out` then.
pub fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    out.reserve(longest(coded.len()));
    // The bits not looked at yet are the lowest `held` ones. `since` counts those since the
    // last symbol, which are padding if none follows.
    let (mut bits, mut held, mut table, mut since) = (0_u64, 0_u32, 0_usize, 0_u32);
    for octet in coded {
        bits = (bits << 8) | u64::from(*octet);
        held += 8;
        while held >= 8 {
            let step = STEPS[table][usize::from((bits >> (held - 8)).to_le_bytes()[0])];
            match step.bits {
                LINK => {
                    (table, held, since) = (usize::from(step.to), held - 8, since + 8);
                }
                END => return Err(Error::Eos),
                0 => return Err(Error::Padding),
                used => {
                    out.push(step.to);
                    (table, held, since) = (0, held - u32::from(used), 0);
                }
            }
        }
    }
    finish(bits, held, table, since, out)
}

/// Takes the last bits, which are fewer than eight: symbols, and then padding of ones.
fn finish(
    bits: u64,
    mut held: u32,
    mut table: usize,
    mut since: u32,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    while held > 0 {
        // Behind the last bit stand ones, which no symbol needs: padding is the beginning of EOS.
        let low = bits.to_le_bytes()[0] & (u8::MAX >> (8 - held));
        let octet = (low << (8 - held)) | (u8::MAX >> held);
        let step = STEPS[table][usize::from(octet)];
        if step.bits > 8 || step.bits == 0 || u32::from(step.bits) > held {
            break;
        }
        out.push(step.to);
        (table, held, since) = (0, held - u32::from(step.bits), 0);
    }
    let ones = (1 << held) - 1;
    // A code that began in whole octets before is longer than any padding.
    if since > 0 || held > 7 || bits & ones != ones { Err(Error::Padding) } else { Ok(()) }
}

/// How many octets a text takes coded.
pub fn coded_len(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|octet| usize::from(LENGTHS[usize::from(*octet)])).sum();
    bits.div_ceil(8)
}

/// Codes a text and adds it to `out`, padded with ones.
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0_u64, 0_u32);
    for octet in text {
        let length = LENGTHS[usize::from(*octet)];
        bits = (bits << length) | u64::from(CODES[usize::from(*octet)]);
        held += u32::from(length);
        while held >= 8 {
            held -= 8;
            out.push((bits >> held).to_le_bytes()[0]);
        }
    }
    if held > 0 {
        let padded = (bits << (8 - held)) | u64::from(u8::MAX >> held);
        out.push(padded.to_le_bytes()[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        decode(coded, &mut out).map(|()| out)
    }

    #[test]
    fn the_lengths_make_a_code_that_leaves_nothing_over() {
        // Kraft's sum is 1: every row of bits begins exactly one code.
        let sum: u64 = LENGTHS.iter().map(|length| 1_u64 << (LONGEST - length)).sum();
        assert_eq!(sum, 1 << LONGEST);
        // RFC 7541 Appendix B, here and there.
        for (symbol, code) in [
            (0, 0x1ff8),
            (b'0'.into(), 0),
            (b'a'.into(), 3),
            (255, 0x03ff_ffee),
            (EOS, 0x3fff_ffff),
        ] {
            assert_eq!(CODES[symbol], code, "{symbol}");
        }
    }

    #[test]
    fn every_pair_of_octets_comes_back() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let mut coded = Vec::new();
                encode(&[first, second], &mut coded);
                assert_eq!(coded.len(), coded_len(&[first, second]));
                assert_eq!(decoded(&coded), Ok(vec![first, second]));
            }
        }
    }

    #[test]
    fn a_string_of_the_rfc_is_coded_as_there() {
        let coded = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        let mut out = Vec::new();
        encode(b"www.example.com", &mut out);
        assert_eq!(out, coded); // C.4.1
    }

    #[test]
    fn padding_is_fewer_than_eight_ones() {
        for (coded, expected) in [
            (&[0x1f][..], Ok(&b"a"[..])),
            (&[0x1e], Err(Error::Padding)),
            (&[0x1f, 0xff], Err(Error::Padding)),
            (&[0xff], Err(Error::Padding)),
            (&[0xff, 0xff, 0xff], Err(Error::Padding)),
            (&[0xff, 0xff, 0xff, 0xff], Err(Error::Eos)),
            (&[], Ok(b"")),
        ] {
            assert_eq!(decoded(coded), expected.map(<[u8]>::to_vec), "{coded:?}");
        }
    }
}
