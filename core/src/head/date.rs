//! Dates as HTTP writes them: IMF-fixdate (RFC 9110 §5.6.7).
//! Reads no clock: the second is given.

const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// `Sun, 06 Nov 1994 08:49:37 GMT` for 784,111,777 seconds since 1970.
///
/// Seconds after the year 9999 are written as its last one.
///
/// ```
/// use purlin_core::imf_fixdate;
/// assert_eq!(&imf_fixdate(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
pub fn imf_fixdate(unix: u64) -> [u8; 29] {
    const LAST: u64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    let unix = unix.min(LAST);
    let (days, second) = (unix / 86_400, unix % 86_400);
    let (year, month, day) = civil(days);
    let mut text = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    text[..3].copy_from_slice(DAYS[at(days % 7)]);
    two(&mut text[5..7], day);
    text[8..11].copy_from_slice(MONTHS[at(month - 1)]);
    two(&mut text[12..14], year / 100);
    two(&mut text[14..16], year % 100);
    two(&mut text[17..19], second / 3600);
    two(&mut text[20..22], second / 60 % 60);
    two(&mut text[23..25], second % 60);
    text
}

/// Year, month (1 to 12) and day of the month (1 to 31) of a day since 1970-01-01.
///
/// Counts in eras of 400 years that begin on 1 March, so that a leap day is
/// the last day of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01 to 1970-01-01
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

fn two(text: &mut [u8], number: u64) {
    text[0] = b'0' + u8::try_from(number / 10 % 10).unwrap_or(0);
    text[1] = b'0' + u8::try_from(number % 10).unwrap_or(0);
}

fn at(index: u64) -> usize {
    usize::try_from(index).unwrap_or(0)
}

/// The Date field of the second it was last asked for.
#[derive(Clone, Debug)]
pub(crate) struct DateCache {
    unix: u64,
    line: DateLine,
}

/// `Date: `, the date and CRLF.
pub(crate) type DateLine = [u8; 37];

impl DateCache {
    pub(crate) fn new() -> DateCache {
        DateCache { unix: 0, line: line(0) }
    }

    pub(crate) fn line(&mut self, unix: u64) -> &DateLine {
        if self.unix != unix {
            *self = DateCache { unix, line: line(unix) };
        }
        &self.line
    }
}

fn line(unix: u64) -> DateLine {
    let mut line = *b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    line[6..35].copy_from_slice(&imf_fixdate(unix));
    line
}
