//! Writes cookies, and says what may be written of one.

use super::{Cookie, InvalidCookie, SameSite};
use crate::head::date::signed_fixdate;
use crate::wire::token::{as_token, ascii, is_token};
use std::fmt::Write;
use std::net::Ipv4Addr;

/// 1601-01-01T00:00:00Z: RFC 6265 §5.1.1 knows no date before it.
const EARLIEST: i64 = -11_644_473_600;

impl Cookie {
    /// Whether all of it can be sent.
    ///
    /// # Errors
    /// [`InvalidCookie`] of the first thing that cannot.
    pub fn check(&self) -> Result<(), InvalidCookie> {
        let domain = self.domain.as_deref().filter(|domain| !domain.is_empty());
        let path = self.path.as_deref().unwrap_or_default();
        if !is_token(self.name.as_bytes()) {
            Err(InvalidCookie::Name)
        } else if self.expires.is_some_and(|unix| unix < EARLIEST) {
            Err(InvalidCookie::Expires)
        } else if !self.value.bytes().all(is_value_byte) {
            Err(InvalidCookie::Value)
        } else if !path.bytes().all(is_path_byte) {
            Err(InvalidCookie::Path)
        } else if domain.is_some_and(|domain| !is_domain(domain)) {
            Err(InvalidCookie::Domain)
        } else if self.partitioned && !self.secure {
            Err(InvalidCookie::PartitionedInsecure)
        } else {
            Ok(())
        }
    }

    /// The value of a Set-Cookie field. Bytes that may not stand in value or
    /// path are left out, a domain or date that may not be sent too. `None` if
    /// the name is not a token.
    pub fn to_line(&self) -> Option<String> {
        as_token(self.name.as_bytes())?;
        let mut line = format!("{}={}", self.name, self.value_text());
        if let Some(path) = self.path.as_ref().filter(|path| !path.is_empty()) {
            line.push_str("; Path=");
            line.extend(path.chars().filter(|c| u8::try_from(*c).is_ok_and(is_path_byte)));
        }
        if let Some(domain) = self.domain.as_ref().filter(|domain| is_domain(domain)) {
            line.push_str("; Domain=");
            line.push_str(domain.strip_prefix('.').unwrap_or(domain));
        }
        if let Some(unix) = self.expires.filter(|unix| *unix >= EARLIEST) {
            line.push_str("; Expires=");
            line.push_str(ascii(&signed_fixdate(unix)));
        }
        if let Some(seconds) = self.max_age {
            // Writing to a String does not fail.
            let _ = write!(line, "; Max-Age={seconds}");
        }
        for (there, attribute) in [
            (self.http_only, "; HttpOnly"),
            (self.secure, "; Secure"),
            (self.same_site == Some(SameSite::None), "; SameSite=None"),
            (self.same_site == Some(SameSite::Lax), "; SameSite=Lax"),
            (self.same_site == Some(SameSite::Strict), "; SameSite=Strict"),
            (self.partitioned, "; Partitioned"),
        ] {
            if there {
                line.push_str(attribute);
            }
        }
        Some(line)
    }

    /// The value as it is written, with quotes if it needs or has them.
    fn value_text(&self) -> String {
        let keep = |c: &char| u8::try_from(*c).is_ok_and(is_value_byte);
        let value: String = self.value.chars().filter(keep).collect();
        if self.quoted || value.contains([' ', ',']) { format!("\"{value}\"") } else { value }
    }
}

/// Adds name and value to what a Cookie field says, as they are (RFC 6265 §5.4):
/// a server gets back what it set. Only what would end the pair or the field is
/// left out of a value, controls and `;`, and becomes `-` in a name. White space at
/// an end of a value is kept by quotes.
///
/// ```
/// use purlin_core::policy::cookie::{Cookie, append_cookie};
/// let mut field = String::from("a=1");
/// append_cookie(&mut field, &Cookie::new("b", r#"{"x": 2}"#));
/// assert_eq!(field, r#"a=1; b={"x": 2}"#);
/// ```
pub fn append_cookie(field: &mut String, cookie: &Cookie) {
    let name = cookie.name.trim_matches(BLANKS);
    let value: String = cookie.value.chars().filter(|c| !ends_pair(*c)).collect();
    let blank = value.starts_with(BLANKS) || value.ends_with(BLANKS);
    let quote = if cookie.quoted || blank { "\"" } else { "" };
    if name.is_empty() && value.is_empty() && quote.is_empty() {
        return;
    }
    if !field.is_empty() {
        field.push_str("; ");
    }
    if !name.is_empty() {
        field.extend(name.chars().map(|c| if ends_pair(c) || c == '=' { '-' } else { c }));
        field.push('=');
    }
    field.extend([quote, value.as_str(), quote]);
}

const BLANKS: [char; 2] = [' ', '\t'];

/// Whether it ends a pair, or may stand in no field.
pub(in crate::policy) fn ends_pair(letter: char) -> bool {
    letter == ';' || (letter.is_ascii_control() && letter != '\t')
}

/// What may stand in a value: `cookie-octet` of RFC 6265 §4.1.1, space and comma.
fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b';' | b'\\')
}

fn is_path_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b';'
}

/// Whether it is a name of a host, maybe after a dot, or an IPv4 address.
fn is_domain(domain: &str) -> bool {
    domain.parse::<Ipv4Addr>().is_ok() || is_name(domain)
}

/// RFC 1034 §3.5, with digits where it wants letters; one letter there must be.
fn is_name(domain: &str) -> bool {
    let name = domain.strip_prefix('.').unwrap_or(domain);
    let labels = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.len() <= 255
        && labels.split('.').all(label)
        && labels.bytes().any(|byte| byte.is_ascii_alphabetic())
}
