//! Reads cookies by the letter of RFC 6265bis §5.6, and says which of them Go reads too.
//!
//! Go follows §4.1, what servers should write, on both sides (docs/coming-from-go.md). It
//! shares no code with the parser: what both read, both are held to.

/// A name, a value, and whether that stood in quotes.
pub(super) type Pair = (String, String, bool);

/// What a Set-Cookie line says, as far as it is kept.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Line {
    pub(super) pair: Pair,
    pub(super) path: String,
    pub(super) domain: String,
    pub(super) max_age: Option<u64>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) partitioned: bool,
}

/// What a user agent makes of a Set-Cookie line.
pub(super) fn set(line: &[u8]) -> Option<Line> {
    let line = trimmed(line, b" \t\r\n");
    if line.iter().any(|byte| is_control(*byte)) {
        return None;
    }
    let mut parts = line.split(|byte| *byte == b';');
    let first = parts.next()?;
    let (name, value) = match halves(first) {
        (value, None) => (&b""[..], value),
        (b"", Some(value)) if value.contains(&b'=') => return None,
        (name, Some(value)) => (name, value),
    };
    if name.is_empty() && value.is_empty() {
        return None;
    }
    let mut read = Line { pair: pair(name, value)?, ..Line::default() };
    for part in parts {
        let (name, value) = halves(part);
        let value = value.unwrap_or_default();
        if value.len() > 1024 {
            continue;
        }
        let text = String::from_utf8_lossy(value).into_owned();
        match String::from_utf8_lossy(name).to_ascii_lowercase().as_str() {
            "path" => read.path = text,
            "domain" => read.domain = text,
            "max-age" => read.max_age = age(&text).or(read.max_age),
            "secure" => read.secure = true,
            "httponly" => read.http_only = true,
            "partitioned" => read.partitioned = true,
            _ => {}
        }
    }
    Some(read)
}

fn age(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || digits.contains(|letter: char| !letter.is_ascii_digit()) {
        return None;
    }
    Some(if digits == text { digits.parse().unwrap_or(u64::MAX) } else { 0 })
}

/// What a server makes of a pair in a Cookie line: none that has no name.
pub(super) fn sent(part: &[u8]) -> Option<Pair> {
    let (name, value) = halves(trimmed(part, b" \t\r\n"));
    let odd = part
        .split(|byte| *byte == b'=')
        .any(|half| trimmed(trimmed(half, b"\r\n"), b" \t").iter().any(|byte| is_control(*byte)));
    if odd || name.is_empty() {
        return None;
    }
    pair(name, value.unwrap_or_default())
}

fn pair(name: &[u8], value: &[u8]) -> Option<Pair> {
    let quoted = value.len() > 1 && value.starts_with(b"\"") && value.ends_with(b"\"");
    let value = if quoted { &value[1..value.len() - 1] } else { value };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    Some((text(name)?, text(value)?, quoted))
}

/// Whether Go keeps the cookie of this Set-Cookie line: a token, and a value of `cookie-octet`,
/// spaces and commas, perhaps in quotes that stand right behind the `=`.
pub(super) fn go_sets(line: &[u8]) -> bool {
    let line = trimmed(line, b" \t\r\n");
    let first = trimmed(line.split(|byte| *byte == b';').next().unwrap_or_default(), b" \t\r\n");
    let Some(at) = first.iter().position(|byte| *byte == b'=') else { return false };
    is_token(trimmed(&first[..at], b" \t\r\n")) && go_takes(&first[at + 1..])
}

/// Whether Go finds this pair in a Cookie line.
pub(super) fn go_sees(part: &[u8]) -> bool {
    let part = trimmed(part, b" \t\r\n");
    let at = part.iter().position(|byte| *byte == b'=');
    let (name, value) = at.map_or((part, &b""[..]), |at| (&part[..at], &part[at + 1..]));
    is_token(trimmed(name, b" \t\r\n")) && go_takes(value)
}

fn go_takes(value: &[u8]) -> bool {
    let inside = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inside.unwrap_or(value).iter().all(|byte| is_go_value(*byte))
}

/// Whether Go reads every attribute of this Set-Cookie line as it is to be read: none with white
/// space around its `=` or another value than it takes, or longer than 1,024 bytes, and no
/// Max-Age of zeros before a number, a sign, or more than it counts to.
pub(super) fn go_reads_attributes(line: &[u8]) -> bool {
    let line = trimmed(line, b" \t\r\n");
    line.split(|byte| *byte == b';').skip(1).all(|part| {
        let part = trimmed(part, b" \t\r\n");
        let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let (name, value) = (&part[..at], part.get(at + 1..).unwrap_or_default());
        let age = String::from_utf8_lossy(value);
        let plain_age = age == "0"
            || age.parse::<i64>().is_ok() && !age.starts_with(['0', '+']) && !age.starts_with("-0");
        trimmed(name, b" \t") == name
            && trimmed(value, b" \t") == value
            && value.len() <= 1024
            && part.iter().all(|byte| is_go_value(*byte))
            && (!name.eq_ignore_ascii_case(b"max-age") || plain_age)
            && (!name.eq_ignore_ascii_case(b"expires") || !age.is_empty())
    })
}

/// Whether Go writes this pair as it is into a Cookie field.
pub(super) fn go_sends(name: &str, value: &str) -> bool {
    let octet = |byte: u8| is_go_value(byte) && !matches!(byte, b' ' | b',');
    !name.is_empty() && !name.contains(is_odd_in_name) && value.bytes().all(octet)
}

/// What is sent of a cookie: name and value as they are, but for what would end the pair.
pub(super) fn sent_text(name: &str, value: &str, quoted: bool) -> String {
    let blanks = [' ', '\t'];
    let name: String = name.trim_matches(blanks).replace(is_odd_in_name, "-");
    let value = value.replace(|c: char| c == ';' || (c.is_ascii_control() && c != '\t'), "");
    let equals = if name.is_empty() { "" } else { "=" };
    if quoted || value.trim_matches(blanks) != value {
        format!("{name}{equals}\"{value}\"")
    } else {
        format!("{name}{equals}{value}")
    }
}

fn is_odd_in_name(letter: char) -> bool {
    matches!(letter, ';' | '=') || (letter.is_ascii_control() && letter != '\t')
}

/// What stands before the first `=` and behind it, without the white space around them.
fn halves(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut both = part.splitn(2, |byte| *byte == b'=').map(|half| trimmed(half, b" \t"));
    (both.next().unwrap_or_default(), both.next())
}

fn trimmed<'a>(text: &'a [u8], ends: &[u8]) -> &'a [u8] {
    let from = text.iter().position(|byte| !ends.contains(byte)).unwrap_or(text.len());
    let to = text.iter().rposition(|byte| !ends.contains(byte)).map_or(from, |at| at + 1);
    &text[from..to]
}

pub(super) fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn is_go_value(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b';' | b'\\')
}

fn is_token(text: &[u8]) -> bool {
    let tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(tchar)
}
