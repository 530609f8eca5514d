//! Reads what a server sent, as strictly as a client could (RFC 9112 §4, §6, §7).
//! It decides where each response ends; it does not judge what a status means.

/// Names and values, in order.
pub type FieldList = Vec<(Vec<u8>, Vec<u8>)>;

/// How the end of a response was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body, whatever the fields say.
    Bodiless,
    /// Content-Length.
    Length,
    /// The chunked coding.
    Chunked,
    /// The close of the connection.
    Close,
    /// What follows is not HTTP.
    Tunnel,
}

/// A response, interim or final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// 0 or 1: the version's minor number.
    pub minor: u8,
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: Vec<u8>,
    /// The fields of the head.
    pub fields: FieldList,
    /// How the body was delimited.
    pub framing: Framing,
    /// The body, without its coding.
    pub body: Vec<u8>,
    /// The fields behind a chunked body.
    pub trailers: FieldList,
}

impl Response {
    /// The values of the fields of this name.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = |(found, _): &&(Vec<u8>, Vec<u8>)| found.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(named).map(|(_, value)| &value[..]).collect()
    }

    /// Whether the response says that the connection ends.
    pub fn says_close(&self) -> bool {
        self.values("connection").iter().any(|value| {
            value.split(|byte| *byte == b',').any(|option| option.trim_ascii() == b"close")
        })
    }
}

/// What stands at the front of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A response, and how many bytes it took.
    Whole(Box<Response>, usize),
    /// The beginning of one.
    Partial,
}

/// Reads the response to a request of this method; `ended` if no byte will follow.
///
/// # Errors
/// What a strict client would not take.
pub fn read(method: &str, bytes: &[u8], ended: bool) -> Result<Found, String> {
    let Some((line, at)) = take_line(bytes)? else {
        return Ok(Found::Partial);
    };
    let (minor, status, reason) = status_line(line)?;
    let Some((fields, used)) = field_lines(&bytes[at..])? else {
        return Ok(Found::Partial);
    };
    let at = at + used;
    let mut response = Response {
        minor,
        status,
        reason,
        fields,
        framing: Framing::Bodiless,
        body: Vec::new(),
        trailers: Vec::new(),
    };
    response.framing = framing(method, &response)?;
    let rest = &bytes[at..];
    let used = match response.framing {
        Framing::Bodiless | Framing::Tunnel => 0,
        Framing::Length => {
            let length = number(response.values("content-length")[0])?;
            if rest.len() < length {
                return Ok(Found::Partial);
            }
            response.body = rest[..length].to_vec();
            length
        }
        Framing::Close if !ended => return Ok(Found::Partial),
        Framing::Close => {
            response.body = rest.to_vec();
            rest.len()
        }
        Framing::Chunked => match chunks(rest)? {
            None => return Ok(Found::Partial),
            Some((body, trailers, used)) => {
                (response.body, response.trailers) = (body, trailers);
                used
            }
        },
    };
    Ok(Found::Whole(Box::new(response), at + used))
}

/// How many bytes a response takes whose head is whole and tells its length.
pub fn told_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    bytes[..head].split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(15)?;
        let value = std::str::from_utf8(value.trim_ascii()).ok()?;
        let length: usize = value.parse().ok()?;
        name.eq_ignore_ascii_case(b"content-length:").then_some(head + length)
    })
}

/// Reads all responses, given the methods of the requests they answer in order;
/// gives them with the bytes that are left, a tunnel's among them.
///
/// # Errors
/// What a strict client would not take, or a response that nobody asked for.
pub fn read_all<'b>(
    methods: &[&str],
    mut bytes: &'b [u8],
    ended: bool,
) -> Result<(Vec<Response>, &'b [u8]), String> {
    let mut all = Vec::new();
    let mut methods = methods.iter();
    let mut method = methods.next();
    while !bytes.is_empty() {
        let Some(asked) = method else {
            return Err(format!("a response to no request: {}", bytes.escape_ascii()));
        };
        let Found::Whole(response, used) = read(asked, bytes, ended)? else {
            break;
        };
        bytes = &bytes[used..];
        let tunnel = response.framing == Framing::Tunnel;
        if response.status >= 200 || tunnel {
            method = methods.next();
        }
        all.push(*response);
        if tunnel {
            break;
        }
    }
    Ok((all, bytes))
}

fn framing(method: &str, response: &Response) -> Result<Framing, String> {
    let lengths = response.values("content-length");
    let codings = response.values("transfer-encoding");
    let bare = lengths.is_empty() && codings.is_empty();
    let status = response.status;
    if status == 101 || (method == "CONNECT" && (200..300).contains(&status)) {
        return if bare { Ok(Framing::Tunnel) } else { Err("a tunnel with a length".into()) };
    }
    if status < 200 || status == 204 {
        return if bare { Ok(Framing::Bodiless) } else { Err(format!("{status} with a length")) };
    }
    if lengths.len() > 1 || codings.len() > 1 || (!lengths.is_empty() && !codings.is_empty()) {
        return Err("more than one length".into());
    }
    if let Some(coding) = codings.first() {
        if *coding != b"chunked" || response.minor == 0 {
            return Err(format!("Transfer-Encoding: {}", coding.escape_ascii()));
        }
    }
    if let Some(length) = lengths.first() {
        number(length)?;
    }
    Ok(match () {
        () if method == "HEAD" || status == 304 => Framing::Bodiless,
        () if !codings.is_empty() => Framing::Chunked,
        () if !lengths.is_empty() => Framing::Length,
        () => Framing::Close,
    })
}

fn status_line(line: &[u8]) -> Result<(u8, u16, Vec<u8>), String> {
    let wrong = || format!("status line: {}", line.escape_ascii());
    match line {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            minor @ b'0'..=b'1',
            b' ',
            a,
            b,
            c,
            b' ',
            reason @ ..,
        ] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) && reason.iter().all(is_text) => {
            let digit = |byte: &u8| u16::from(byte - b'0');
            Ok((minor - b'0', digit(a) * 100 + digit(b) * 10 + digit(c), reason.to_vec()))
        }
        _ => Err(wrong()),
    }
}

/// A body, its trailers, and how many bytes they took.
type Chunks = (Vec<u8>, FieldList, usize);

/// A chunked body, without extensions: the core writes none.
fn chunks(bytes: &[u8]) -> Result<Option<Chunks>, String> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some((line, used)) = take_line(&bytes[at..])? else {
            return Ok(None);
        };
        at += used;
        let text = std::str::from_utf8(line).unwrap_or("?");
        let hex =
            (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = usize::from_str_radix(text, 16).ok().filter(|_| hex);
        let size = size.ok_or_else(|| format!("chunk size: {}", line.escape_ascii()))?;
        if size == 0 {
            let fields = field_lines(&bytes[at..])?;
            return Ok(fields.map(|(trailers, used)| (body, trailers, at + used)));
        }
        let end = size.checked_add(at + 2);
        let Some(data) = end.and_then(|end| bytes.get(at..end)) else {
            return Ok(None);
        };
        let data = data.strip_suffix(b"\r\n").ok_or("chunk data without its CRLF")?;
        body.extend_from_slice(data);
        at += size + 2;
    }
}

/// Field lines up to their empty line, and how many bytes they took.
fn field_lines(bytes: &[u8]) -> Result<Option<(FieldList, usize)>, String> {
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let Some((line, used)) = take_line(&bytes[at..])? else {
            return Ok(None);
        };
        at += used;
        if line.is_empty() {
            return Ok(Some((fields, at)));
        }
        let wrong = || format!("field line: {}", line.escape_ascii());
        let colon = line.iter().position(|byte| *byte == b':').ok_or_else(wrong)?;
        let (name, value) = (&line[..colon], trim(&line[colon + 1..]));
        if name.is_empty() || !name.iter().all(is_token) || !value.iter().all(is_text) {
            return Err(wrong());
        }
        fields.push((name.to_vec(), value.to_vec()));
    }
}

/// Without the SP and HTAB at its ends.
fn trim(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// The first line without its CRLF, and how long it was with it.
fn take_line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, String> {
    let Some(lf) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Ok(None);
    };
    match bytes[..lf].strip_suffix(b"\r") {
        Some(line) if !line.contains(&b'\r') => Ok(Some((line, lf + 1))),
        _ => Err(format!("line end: {}", bytes[..=lf].escape_ascii())),
    }
}

fn number(digits: &[u8]) -> Result<usize, String> {
    let text = std::str::from_utf8(digits).unwrap_or("?");
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse().ok().filter(|_| plain);
    value.ok_or_else(|| format!("Content-Length: {text}"))
}

fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

fn is_text(byte: &u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}
