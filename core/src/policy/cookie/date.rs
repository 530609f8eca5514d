//! The date of a cookie (RFC 6265 §5.1.1): whatever holds a time, a day, a
//! month and a year in any order. The zone is not looked at.

use crate::head::date::{month, unix_second};

/// The second since 1970 that a text names.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut of_month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty()) {
        if time.is_none() {
            time = clock(token);
            if time.is_some() {
                continue;
            }
        }
        if day.is_none() {
            day = number(token, 1, 2);
            if day.is_some() {
                continue;
            }
        }
        if of_month.is_none() {
            of_month = token.get(..3).and_then(month);
            if of_month.is_some() {
                continue;
            }
        }
        if year.is_none() {
            year = number(token, 2, 4);
        }
    }
    let year = match year? {
        short @ 0..=69 => short + 2000,
        short @ 70..=99 => short + 1900,
        year => year,
    };
    let (hour, minute, second) = time?;
    if year < 1601 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let day = day.filter(|day| (1..=31).contains(day))?;
    unix_second((year, of_month?, day), hour * 3600 + minute * 60 + second)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// Hour, minute and second; what follows is not looked at unless it is a digit.
fn clock(token: &[u8]) -> Option<(u64, u64, u64)> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let hour = parts.next().filter(|part| part.len() <= 2)?;
    let minute = parts.next().filter(|part| part.len() <= 2)?;
    let all_digits = [hour, minute].iter().all(|part| part.iter().all(u8::is_ascii_digit));
    let second = parts.next().filter(|_| all_digits)?;
    Some((number(hour, 1, 2)?, number(minute, 1, 2)?, number(second, 1, 2)?))
}

/// The digits that a token begins with, if they are so many.
fn number(token: &[u8], least: usize, most: usize) -> Option<u64> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(least..=most).contains(&digits) {
        return None;
    }
    std::str::from_utf8(&token[..digits]).ok()?.parse().ok()
}
