//! Reads the fields Set-Cookie and Cookie as a user agent does (RFC 6265bis §5.6),
//! which takes nearly everything, and keeps it as it came.
//! Decides what is well formed, not what is kept.

use super::{Cookie, SameSite, date};
use crate::wire::token::trim;
use std::fmt;

/// The most cookies that are read out of one request.
const MOST: usize = 3000;

/// The most bytes of an attribute's value that is heeded (RFC 6265bis §5.6).
pub(in crate::policy) const LONGEST_ATTRIBUTE: usize = 1024;

/// Why a text is not a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieError {
    /// There is neither a name nor a value.
    Blank,
    /// There is no `=` in a pair of a Cookie field.
    NoEqual,
    /// The name is missing, or is not UTF-8. A Set-Cookie field may do without one,
    /// unless its value would read as name and value when it comes back.
    Name,
    /// The value is not UTF-8.
    Value,
    /// There is a control character other than a tab.
    Control,
    /// There are more than 3,000.
    TooMany,
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CookieError::Blank => "a cookie is blank",
            CookieError::NoEqual => "a cookie has no `=`",
            CookieError::Name => "a cookie's name is missing, or is not UTF-8",
            CookieError::Value => "a cookie's value is not UTF-8",
            CookieError::Control => "a cookie has a control character",
            CookieError::TooMany => "there are more than 3000 cookies",
        })
    }
}

impl std::error::Error for CookieError {}

impl Cookie {
    /// Reads the value of a Set-Cookie field as a user agent does (RFC 6265bis
    /// §5.6): name and value are any text without control characters, and stay as
    /// they came but for the white space around them. Without an `=` all of the
    /// pair is the value of a cookie that has no name.
    ///
    /// ```
    /// use purlin_core::policy::cookie::Cookie;
    /// let cookie = Cookie::parse(r#"prefs = {"a": [1, 2]}; Secure"#).unwrap();
    /// assert_eq!((&*cookie.name, &*cookie.value), ("prefs", r#"{"a": [1, 2]}"#));
    /// assert!(cookie.secure && !cookie.quoted);
    /// ```
    ///
    /// # Errors
    /// [`CookieError`]. Attributes never fail but for a control character; those
    /// that make no sense, or have more than 1,024 bytes, are in [`Cookie::unparsed`].
    pub fn parse(line: impl AsRef<[u8]>) -> Result<Cookie, CookieError> {
        let line = without_ends(line.as_ref());
        if line.iter().any(|byte| is_control(*byte)) {
            return Err(CookieError::Control);
        }
        let mut parts = line.split(|byte| *byte == b';').map(trim);
        let mut cookie = match cut(parts.next().unwrap_or_default()) {
            (b"", None | Some(b"")) => return Err(CookieError::Blank),
            // It would come back as another's name and value.
            (b"", Some(value)) if value.contains(&b'=') => return Err(CookieError::Name),
            (b"", Some(value)) | (value, None) => pair(b"", value)?,
            (name, Some(value)) => pair(name, value)?,
        };
        for part in parts.filter(|part| !part.is_empty()) {
            let plain = cut(part).0.iter().all(|byte| matches!(byte, b' '..=b'~'));
            if plain && attribute(&mut cookie, part).is_none() {
                cookie.unparsed.push(part.to_vec());
            }
        }
        Ok(cookie)
    }
}

/// Takes one attribute over, if it makes sense.
fn attribute(cookie: &mut Cookie, part: &[u8]) -> Option<()> {
    let (name, value) = cut(part);
    let value = value.unwrap_or_default();
    if value.len() > LONGEST_ATTRIBUTE {
        return None;
    }
    // What is not UTF-8 becomes what no host and no path of a URL has.
    let text = || Some(String::from_utf8_lossy(value).into_owned()).filter(|text| !text.is_empty());
    match name.to_ascii_lowercase().as_slice() {
        b"path" => cookie.path = text(),
        b"domain" => cookie.domain = text(),
        b"expires" => {
            cookie.raw_expires = text();
            cookie.expires = Some(date::parse(value)?);
        }
        b"max-age" => cookie.max_age = Some(seconds(value)?),
        b"secure" => cookie.secure = true,
        b"httponly" => cookie.http_only = true,
        b"samesite" => {
            cookie.same_site = Some(match value.to_ascii_lowercase().as_slice() {
                b"lax" => SameSite::Lax,
                b"strict" => SameSite::Strict,
                b"none" => SameSite::None,
                _ => SameSite::Default,
            });
        }
        b"partitioned" => cookie.partitioned = true,
        _ => return None,
    }
    Some(())
}

/// Max-Age: digits, perhaps behind a minus; what is past is 0 (RFC 6265bis §5.6.2).
fn seconds(value: &[u8]) -> Option<u64> {
    let (past, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let more =
        |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    Some(if past { 0 } else { digits.iter().fold(0, more) })
}

/// Reads the value of a Cookie field, all of it or nothing.
///
/// ```
/// use purlin_core::policy::cookie::{CookieError, parse_cookies};
/// let cookies = parse_cookies("a=1; b=2").unwrap();
/// assert_eq!((cookies[1].name.as_str(), cookies[1].value.as_str()), ("b", "2"));
/// assert_eq!(parse_cookies("a=1; b"), Err(CookieError::NoEqual));
/// ```
///
/// # Errors
/// [`CookieError`] of the first that is not well formed.
pub fn parse_cookies(line: impl AsRef<[u8]>) -> Result<Vec<Cookie>, CookieError> {
    let line = without_ends(line.as_ref());
    if count(line) > MOST {
        return Err(CookieError::TooMany);
    }
    if line.is_empty() {
        return Err(CookieError::Blank);
    }
    let read = |part: &[u8]| {
        let (name, value) = cut(trim(part));
        sent_pair(name, value.ok_or(CookieError::NoEqual)?)
    };
    line.split(|byte| *byte == b';').map(read).collect()
}

/// Reads the values of a request's Cookie fields, and passes over what is not
/// well formed: names and values are whatever a browser sends (RFC 6265 §5.4),
/// but for what has no name, a control character, or is not UTF-8. A name alone
/// has an empty value. More than 3,000 are none.
pub fn read_cookies<'a>(lines: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<Cookie> {
    if lines.clone().map(count).sum::<usize>() > MOST {
        return Vec::new();
    }
    let parts = lines.flat_map(|line| line.split(|byte| *byte == b';'));
    let read = |part: &[u8]| {
        let (name, value) = cut(without_ends(part));
        sent_pair(name, value.unwrap_or_default()).ok()
    };
    parts.filter_map(read).collect()
}

fn count(line: &[u8]) -> usize {
    line.split(|byte| *byte == b';').count()
}

/// A pair of a Cookie field, where each has a name.
fn sent_pair(name: &[u8], value: &[u8]) -> Result<Cookie, CookieError> {
    if name.iter().chain(value).any(|byte| is_control(*byte)) {
        return Err(CookieError::Control);
    }
    if name.is_empty() {
        return Err(CookieError::Name);
    }
    pair(name, value)
}

/// Quotes around a value are told apart from it, so that they come back with it.
fn pair(name: &[u8], value: &[u8]) -> Result<Cookie, CookieError> {
    let (value, quoted) = match value {
        [b'"', inner @ .., b'"'] => (inner, true),
        plain => (plain, false),
    };
    let name = std::str::from_utf8(name).map_err(|_| CookieError::Name)?;
    let value = std::str::from_utf8(value).map_err(|_| CookieError::Value)?;
    Ok(Cookie { quoted, ..Cookie::new(name, value) })
}

/// What stands before the first `=`, and what behind it, without the white space
/// around them (RFC 6265bis §5.6).
fn cut(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    match part.iter().position(|byte| *byte == b'=') {
        Some(at) => (trim(&part[..at]), Some(trim(&part[at + 1..]))),
        None => (trim(part), None),
    }
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// Without spaces, tabs and line ends at both ends.
fn without_ends(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = text {
        text = rest;
    }
    text
}
