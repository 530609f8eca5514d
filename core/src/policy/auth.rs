//! Basic authentication (RFC 7617): the value of an Authorization or Proxy-Authorization field.
//! Decides nothing about who is told it.

use crate::url::Url;

/// The credentials of a user and a password, as bytes.
///
/// ```
/// use purlin_core::policy::auth;
/// assert_eq!(auth::basic(b"Aladdin", b"open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// ```
pub fn basic(user: &[u8], password: &[u8]) -> String {
    let mut value = String::from("Basic ");
    push_base64(&mut value, &[user, b":", password].concat());
    value
}

/// The credentials in a URL: `None` if there is no `@` in it.
///
/// ```
/// use purlin_core::{Url, policy::auth};
/// let url = Url::parse("http://Aladdin:open%20sesame@a.test/").unwrap();
/// assert_eq!(auth::of_url(&url).as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
/// ```
pub fn of_url(url: &Url) -> Option<String> {
    let user = url.user()?;
    Some(basic(&user, &url.password().unwrap_or_default()))
}

/// Base64 with padding (RFC 4648 §4).
fn push_base64(text: &mut String, bytes: &[u8]) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            if at > three.len() {
                text.push('=');
            } else {
                let letter = bits >> (18 - 6 * at) & 63;
                text.push(char::from(LETTERS[letter as usize]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_in_rfc_4648_section_10() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut text = String::new();
            push_base64(&mut text, plain.as_bytes());
            assert_eq!(text, coded);
        }
        let mut text = String::new();
        push_base64(&mut text, &[0xFB, 0xFF, 0xBF, 0x00]);
        assert_eq!(text, "+/+/AA==");
    }

    #[test]
    fn a_url_gives_what_stands_before_its_at_sign() {
        let of = |text: &str| of_url(&Url::parse(text).unwrap());
        assert_eq!(of("http://a/"), None);
        assert_eq!(of("http://v@a/").as_deref(), Some("Basic djo="));
        assert_eq!(of("http://v:@a/").as_deref(), Some("Basic djo="));
        assert_eq!(of("http://@a/").as_deref(), Some("Basic Og=="));
        assert_eq!(of("http://%FF:%3A@a/").as_deref(), Some(&*basic(b"\xff", b":")));
    }
}
