//! Which bytes may stand in a target, in a host's name, and in a URL's path (RFC 3986).
//! Holds the table; where a target's parts begin and end is not asked here.

pub(crate) const TARGET: u8 = 1;
pub(crate) const REG_NAME: u8 = 2;
/// What may stand raw in a URL's path: `pchar`, `/`, and brackets, which Go leaves alone too.
const PATH: u8 = 4;
/// What is taken in a query: besides what is taken in a path, what browsers send there.
pub(crate) const QUERY: u8 = 8;
/// `unreserved`, `sub-delims` and `:` (RFC 3986 §3.2.1).
pub(crate) const USERINFO: u8 = 16;
/// What is taken in a target and begins nothing in it.
pub(crate) const PLAIN: u8 = 32;

/// Which bytes may stand in a target, and which in a host name. `%` is taken in
/// a query alone: elsewhere it needs two digits behind it.
const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop stops at 255")]
        let byte = at as u8;
        if is_named_so(byte) {
            table[at] = TARGET | REG_NAME | PATH | QUERY | USERINFO;
        }
        // The rest of `pchar`, `/` and `?`, and what browsers send raw: `{ } | ^ [ ]`.
        if matches!(byte, b':' | b'@' | b'/' | b'?' | b'{' | b'}' | b'|' | b'^' | b'[' | b']') {
            table[at] = TARGET | QUERY;
        }
        // The query percent-encode set of the URL standard has neither.
        if matches!(byte, b'\\' | b'`' | b'%') {
            table[at] = QUERY;
        }
        if matches!(byte, b':' | b'@' | b'/' | b'[' | b']') {
            table[at] |= PATH;
        }
        if byte == b':' {
            table[at] |= USERINFO;
        }
        if table[at] & TARGET != 0 && byte != b'?' {
            table[at] |= PLAIN;
        }
        at += 1;
    }
    table
};

/// Whether a byte is of this class.
pub(crate) fn is(byte: u8, class: u8) -> bool {
    CLASS[usize::from(byte)] & class != 0
}

/// Whether all of the text is of this class, or escapes.
pub(crate) fn is_made_of(text: &[u8], class: u8) -> bool {
    let mut rest = text.iter();
    rest.all(|byte| is(*byte, class)) || has_escapes_and(text, class)
}

/// The slower way, for a text that is not all of one class.
#[cold]
fn has_escapes_and(mut text: &[u8], class: u8) -> bool {
    while let [byte, rest @ ..] = text {
        text = match rest {
            _ if is(*byte, class) => rest,
            [_, _, rest @ ..] if is_escape(text) => rest,
            _ => return false,
        };
    }
    true
}

/// `unreserved` and `sub-delims` of RFC 3986 §2: what a host's name is made of.
pub(crate) fn is_unreserved_or_sub_delim(byte: u8) -> bool {
    is(byte, REG_NAME)
}

/// `pchar` and `/` (RFC 3986 §3.3), and brackets.
pub(crate) fn is_path(byte: u8) -> bool {
    is(byte, PATH)
}

/// What may stand raw in a target, and so in a URL's query; not `%`.
pub(crate) fn is_in_target(byte: u8) -> bool {
    is(byte, TARGET)
}

const fn is_named_so(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
}

pub(crate) fn is_escape(text: &[u8]) -> bool {
    matches!(text, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// The first byte that keeps a text from being made of this class and escapes.
#[cold]
pub(crate) fn first_bad(text: &[u8], class: u8) -> u8 {
    let bad = (0..text.len()).find(|at| !is(text[*at], class) && !is_escape(&text[*at..]));
    bad.map_or(b'%', |at| text[at])
}
