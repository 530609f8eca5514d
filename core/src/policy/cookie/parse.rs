//! Reads the fields Set-Cookie and Cookie, as Go does.
//! Decides what is well formed, not what is kept.

use super::{Cookie, SameSite, date, write};
use crate::head::token::{as_token, ascii};
use std::fmt;

/// The most cookies that are read out of one request.
const MOST: usize = 3000;

/// Why a text is not a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieError {
    /// There is nothing.
    Blank,
    /// There is no `=`.
    NoEqual,
    /// The name is not a token.
    Name,
    /// The value has a byte that may not stand there.
    Value,
    /// There are more than 3,000.
    TooMany,
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CookieError::Blank => "a cookie is blank",
            CookieError::NoEqual => "a cookie has no `=`",
            CookieError::Name => "a cookie's name is not a token",
            CookieError::Value => "a cookie's value has a byte that may not stand there",
            CookieError::TooMany => "there are more than 3000 cookies",
        })
    }
}

impl std::error::Error for CookieError {}

impl Cookie {
    /// Reads the value of a Set-Cookie field (RFC 6265 §5.2, in Go's narrower
    /// reading of names and values; dates as in §5.1.1).
    ///
    /// # Errors
    /// [`CookieError`], if name or value are not well formed. Attributes never
    /// fail; those that make no sense are in [`Cookie::unparsed`].
    pub fn parse(line: impl AsRef<[u8]>) -> Result<Cookie, CookieError> {
        let line = trim(line.as_ref());
        if line.is_empty() {
            return Err(CookieError::Blank);
        }
        let mut parts = line.split(|byte| *byte == b';').map(trim);
        let (name, value) = cut(parts.next().unwrap_or_default());
        let mut cookie = pair(trim(name), value)?;
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
    if !value.iter().all(|byte| write::is_value_byte(*byte)) {
        return None;
    }
    let text = || Some(ascii(value).to_owned()).filter(|text| !text.is_empty());
    match name.to_ascii_lowercase().as_slice() {
        b"path" => cookie.path = text(),
        b"domain" => cookie.domain = text(),
        b"expires" => {
            cookie.raw_expires = text();
            cookie.expires = None;
            cookie.expires = Some(date::parse(value)?);
        }
        b"max-age" => {
            let seconds: i64 = ascii(value).parse().ok()?;
            if seconds != 0 && value[0] == b'0' {
                return None;
            }
            cookie.max_age = Some(u64::try_from(seconds).unwrap_or(0));
        }
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
    let line = trim(line.as_ref());
    if count(line) > MOST {
        return Err(CookieError::TooMany);
    }
    if line.is_empty() {
        return Err(CookieError::Blank);
    }
    let read = |part: &[u8]| {
        let (name, value) = cut(trim(part));
        pair(name, value)
    };
    line.split(|byte| *byte == b';').map(read).collect()
}

/// Reads the values of a request's Cookie fields, and passes over what is not
/// well formed. More than 3,000 are none.
pub fn read_cookies<'a>(lines: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<Cookie> {
    if lines.clone().map(count).sum::<usize>() > MOST {
        return Vec::new();
    }
    let parts = lines.flat_map(|line| line.split(|byte| *byte == b';'));
    let read = |part: &[u8]| {
        let (name, value) = cut(trim(part));
        pair(trim(name), value.or(Some(&[]))).ok()
    };
    parts.filter_map(read).collect()
}

fn count(line: &[u8]) -> usize {
    line.split(|byte| *byte == b';').count()
}

fn pair(name: &[u8], value: Option<&[u8]>) -> Result<Cookie, CookieError> {
    let value = value.ok_or(CookieError::NoEqual)?;
    let name = as_token(name).ok_or(CookieError::Name)?;
    let (value, quoted) = match value {
        [b'"', inner @ .., b'"'] => (inner, true),
        plain => (plain, false),
    };
    if !value.iter().all(|byte| write::is_value_byte(*byte)) {
        return Err(CookieError::Value);
    }
    Ok(Cookie { quoted, ..Cookie::new(name, ascii(value)) })
}

/// What stands before the first `=`, and what behind it.
fn cut(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    match part.iter().position(|byte| *byte == b'=') {
        Some(at) => (&part[..at], Some(&part[at + 1..])),
        None => (part, None),
    }
}

/// Without spaces, tabs and line ends at both ends.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = text {
        text = rest;
    }
    text
}
