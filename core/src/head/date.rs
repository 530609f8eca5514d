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
    write(unix.min(LAST) + EPOCH)
}

/// The same for a second before or after 1970; those before the year 1 are written as its first one.
pub(crate) fn signed_fixdate(unix: i64) -> [u8; 29] {
    write(EPOCH.saturating_add_signed(unix).clamp(FIRST, LAST + EPOCH))
}

/// The second of a date that exists, counted from 1970. The month is 1 to 12.
pub(crate) fn unix_second(date: (u64, u64, u64), second_of_day: u64) -> Option<i64> {
    let (year, month, day) = date;
    // Of a year that begins in March, so that a leap day is its last.
    let (year_of_era, march_month) =
        if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year_of_era / 4 - year_of_era / 100 + year_of_era / 400;
    let days = year_of_era * 365 + leap_days + (153 * march_month + 2) / 5 + day - 1;
    let second = i64::try_from(days * 86_400 + second_of_day).ok()?;
    (civil(days) == date).then_some(second.checked_sub_unsigned(EPOCH)?)
}

/// Seconds from 0000-03-01 to 1970-01-01.
const EPOCH: u64 = 719_468 * 86_400;
/// 0001-01-01T00:00:00Z, from 0000-03-01.
const FIRST: u64 = 306 * 86_400;
/// 9999-12-31T23:59:59Z, from 1970-01-01.
const LAST: u64 = 253_402_300_799;

/// The date of a second since 0000-03-01.
fn write(since: u64) -> [u8; 29] {
    let (days, second) = (since / 86_400, since % 86_400);
    let (year, month, day) = civil(days);
    let mut text = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    text[..3].copy_from_slice(DAYS[at((days + 6) % 7)]);
    two(&mut text[5..7], day);
    text[8..11].copy_from_slice(MONTHS[at(month - 1)]);
    two(&mut text[12..14], year / 100);
    two(&mut text[14..16], year % 100);
    two(&mut text[17..19], second / 3600);
    two(&mut text[20..22], second / 60 % 60);
    two(&mut text[23..25], second % 60);
    text
}

/// The month (1 to 12) whose English name begins with these three letters, in any case.
pub(crate) fn month(letters: &[u8]) -> Option<u64> {
    let at = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(letters))?;
    u64::try_from(at + 1).ok()
}

/// Year, month (1 to 12) and day of the month (1 to 31) of a day since 0000-03-01.
///
/// Counts in eras of 400 years that begin on 1 March, so that a leap day is
/// the last day of its year.
fn civil(days: u64) -> (u64, u64, u64) {
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

    /// The date alone.
    pub(crate) fn value(&mut self, unix: u64) -> &[u8] {
        &self.line(unix)[6..35]
    }
}

fn line(unix: u64) -> DateLine {
    let mut line = *b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    line[6..35].copy_from_slice(&imf_fixdate(unix));
    line
}
