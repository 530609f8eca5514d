//! Field names in their canonical case.
//! Holds text only: any other name can be given as a string.

macro_rules! names {
    ($($name:ident = $text:literal;)*) => {
        $(#[doc = concat!("`", $text, "`")] pub const $name: &str = $text;)*
    };
}

names! {
    ACCEPT = "Accept";
    ACCEPT_ENCODING = "Accept-Encoding";
    ALLOW = "Allow";
    AUTHORIZATION = "Authorization";
    CACHE_CONTROL = "Cache-Control";
    CONNECTION = "Connection";
    CONTENT_ENCODING = "Content-Encoding";
    CONTENT_LENGTH = "Content-Length";
    CONTENT_RANGE = "Content-Range";
    CONTENT_TYPE = "Content-Type";
    COOKIE = "Cookie";
    DATE = "Date";
    ETAG = "ETag";
    EXPECT = "Expect";
    HOST = "Host";
    KEEP_ALIVE = "Keep-Alive";
    LAST_MODIFIED = "Last-Modified";
    LOCATION = "Location";
    PROXY_AUTHENTICATE = "Proxy-Authenticate";
    PROXY_AUTHORIZATION = "Proxy-Authorization";
    PROXY_CONNECTION = "Proxy-Connection";
    RANGE = "Range";
    REFERER = "Referer";
    RETRY_AFTER = "Retry-After";
    SERVER = "Server";
    SET_COOKIE = "Set-Cookie";
    TE = "TE";
    TRAILER = "Trailer";
    TRANSFER_ENCODING = "Transfer-Encoding";
    UPGRADE = "Upgrade";
    USER_AGENT = "User-Agent";
    VARY = "Vary";
    WWW_AUTHENTICATE = "WWW-Authenticate";
    X_CONTENT_TYPE_OPTIONS = "X-Content-Type-Options";
}

/// Whether a field of that name holds what its sender signs in with, so that it
/// is shown in no log: credentials and cookies.
pub(crate) fn is_secret(name: impl AsRef<[u8]>) -> bool {
    let name = name.as_ref();
    [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE, "Cookie2", "Set-Cookie2"]
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()))
}

/// Whether a field of that name controls a message's framing or its connection, or where
/// it goes: what stands in it is looked at before the head is sent.
pub(crate) fn controls(name: &str) -> bool {
    let names: &[&str] = match name.len() {
        4 => &[HOST],
        6 => &[EXPECT],
        7 => &[UPGRADE],
        10 => &[CONNECTION],
        14 => &[CONTENT_LENGTH],
        17 => &[TRANSFER_ENCODING],
        _ => &[],
    };
    names.iter().any(|control| name.eq_ignore_ascii_case(control))
}
