//! Makes valid requests from a grammar, and breaks them.
//! It knows what it made; whether a broken one is still valid is for the oracle to say.

use crate::rng::Rng;

/// A request that was made, and what a server must see of it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The method.
    pub method: String,
    /// The target.
    pub target: String,
    /// 0 or 1.
    pub minor: u8,
    /// The fields, in order.
    pub fields: Vec<(String, String)>,
    /// The body, without its coding.
    pub body: Vec<u8>,
    /// The trailers that a server hands on.
    pub trailers: Vec<(String, String)>,
    /// Head and body as they go over the wire.
    pub wire: Vec<u8>,
    /// Where the body begins in it.
    pub head_length: usize,
    /// It ends the connection.
    pub last: bool,
}

/// What the grammar may make.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// The most bytes of a body.
    pub body: usize,
    /// Requests that end the connection.
    pub last: bool,
    /// Expect: 100-continue.
    pub expect: bool,
}

/// Makes a request. `name` is in its target, so that its answer can be told.
pub fn request(rng: &mut Rng, name: &str, mix: Mix) -> Made {
    let method = rng.pick(&["GET", "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "M-SEARCH"]);
    let http10 = mix.last && rng.chance(10);
    let mut fields = vec![("Host".to_owned(), host(rng))];
    let mut last = false;
    match (http10, rng.below(10)) {
        (true, 0..5) => fields.push(("Connection".into(), "keep-alive".into())),
        (false, 0) if mix.last => {
            last = true;
            fields.push(("connection".into(), "foo, Close".into()));
        }
        _ => last = http10,
    }
    for index in 0..rng.below(6) {
        fields.push((format!("X-{}{index}", word(rng)), value(rng)));
    }
    let (framing, body, coded, trailers) = body(rng, mix, http10);
    fields.extend(framing);
    if mix.expect && !http10 && !coded.is_empty() && rng.chance(30) {
        fields.push(("Expect".into(), "100-continue".into()));
    }
    shuffle(rng, &mut fields);
    let target = target(rng, name, *method == "OPTIONS");
    let minor = u8::from(!http10);
    let mut wire = if rng.chance(10) { b"\r\n".to_vec() } else { Vec::new() };
    wire.extend(format!("{method} {target} HTTP/1.{minor}\r\n").bytes());
    for (name, value) in &fields {
        let (before, after) = (*rng.pick(&["", " ", "\t "]), *rng.pick(&["", "", " "]));
        wire.extend(format!("{name}:{before}{value}{after}\r\n").bytes());
    }
    wire.extend(b"\r\n");
    let head_length = wire.len();
    wire.extend(coded);
    let method = (*method).to_owned();
    Made { method, target, minor, fields, body, trailers, wire, head_length, last }
}

type Fields = Vec<(String, String)>;

/// The fields that frame a body, the body, its coded form, and its trailers.
fn body(rng: &mut Rng, mix: Mix, http10: bool) -> (Fields, Vec<u8>, Vec<u8>, Fields) {
    let field = |name: &str, value: String| vec![(name.to_owned(), value)];
    let size =
        if rng.chance(80) { rng.below(mix.body.min(40) + 1) } else { rng.below(mix.body + 1) };
    let body: Vec<u8> = (0..size).map(|_| u8::try_from(rng.below(256)).unwrap_or(0)).collect();
    match rng.below(3) {
        0 => (Vec::new(), Vec::new(), Vec::new(), Vec::new()),
        1 if !http10 => {
            let (coded, trailers) = chunked(rng, &body);
            let name = *rng.pick(&["chunked", "Chunked"]);
            (field("Transfer-Encoding", name.to_owned()), body, coded, trailers)
        }
        _ => (field("Content-Length", body.len().to_string()), body.clone(), body, Vec::new()),
    }
}

fn chunked(rng: &mut Rng, body: &[u8]) -> (Vec<u8>, Fields) {
    let mut coded = Vec::new();
    let mut rest = body;
    let extension = |rng: &mut Rng| *rng.pick(&["", "", "", ";a", ";a=b", " ; a = \"b;\\\"\" ;c"]);
    while !rest.is_empty() {
        let size = rng.range(1, rest.len());
        let zeros = *rng.pick(&["", "", "000"]);
        coded.extend(format!("{zeros}{size:x}{}\r\n", extension(rng)).bytes());
        coded.extend_from_slice(&rest[..size]);
        coded.extend(b"\r\n");
        rest = &rest[size..];
    }
    coded.extend(format!("0{}\r\n", extension(rng)).bytes());
    let mut trailers = Vec::new();
    for index in 0..rng.below(8).saturating_sub(5) {
        let (name, value) = (format!("X-T{index}"), value(rng));
        coded.extend(format!("{name}: {value}\r\n").bytes());
        trailers.push((name, value));
    }
    coded.extend(b"\r\n");
    (coded, trailers)
}

fn host(rng: &mut Rng) -> String {
    let host = rng.pick(&["a", "example.org", "a-b.c", "[::1]", "127.0.0.1", "x%41"]);
    let port = rng.pick(&["", "", ":80", ":", ":65535"]);
    format!("{host}{port}")
}

fn target(rng: &mut Rng, name: &str, options: bool) -> String {
    let query = *rng.pick(&["", "", "?", "?a=b&c", "?/%41?", "?100%&a\\b`"]);
    match rng.below(12) {
        0 => format!("http://{}/{name}{query}", host(rng)),
        1 if options => "*".to_owned(),
        2 => format!("//{name}/..;x={query}"),
        3 => format!("/{name}/{{a}}/%7e[1]{query}"),
        _ => format!("/{name}{query}"),
    }
}

fn word(rng: &mut Rng) -> String {
    (0..rng.range(1, 8)).map(|_| char::from(*rng.pick(b"abcXYZ019!#$%&'*+-.^_`|~"))).collect()
}

fn value(rng: &mut Rng) -> String {
    let middle = |rng: &mut Rng| char::from(*rng.pick(b"ab,;:=\"/\\ \t()<>?@[]{}z"));
    match rng.below(4) {
        0 => String::new(),
        1 => format!("v{}\u{e9}v", middle(rng)),
        _ => {
            let text: String = (0..rng.below(20)).map(|_| middle(rng)).collect();
            format!("v{text}v")
        }
    }
}

fn shuffle<T>(rng: &mut Rng, all: &mut [T]) {
    for end in (1..all.len()).rev() {
        all.swap(end, rng.below(end + 1));
    }
}

/// What smuggling is made of.
const POISON: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "\n\n",
    "\r\r\n",
    "\0",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "0\r\n\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "content-length : 3\r\n",
    "Content-Length: +1\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\tchunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Host: b\r\n",
    " folded\r\n",
    "GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n",
    "HTTP/1.0",
    "HTTP/2.0",
    "\u{b}",
    "\u{16}\u{3}\u{1}",
    "\\",
    "`",
    "..",
    "0x",
    "-",
    "ffffffffffffffff",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
    "Expect: x\r\n",
    "%",
    "#",
    "\"",
    "_",
];

/// Breaks a text in one to four places.
pub fn mutate(rng: &mut Rng, text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..rng.range(1, 4) {
        let at = interesting(rng, &text);
        match rng.below(7) {
            0 if at < text.len() => text[at] = u8::try_from(rng.below(256)).unwrap_or(0),
            1 if at < text.len() => _ = text.remove(at),
            2 => {
                let end = (at + rng.below(20)).min(text.len());
                let copy = text[at..end].to_vec();
                text.splice(at..at, copy);
            }
            3 => {
                let end = (at + rng.below(12)).min(text.len());
                text.drain(at..end);
            }
            4 => text.truncate(text.len() - rng.below(text.len().min(12) + 1)),
            _ => {
                let poison = rng.pick(POISON).bytes();
                text.splice(at..at, poison);
            }
        }
    }
    text
}

/// A place in the text, mostly at the beginning or end of a line.
fn interesting(rng: &mut Rng, text: &[u8]) -> usize {
    let at = rng.below(text.len() + 1);
    if rng.chance(40) {
        return at;
    }
    let next = text[at..].iter().position(|byte| b"\r\n: ".contains(byte));
    next.map_or(at, |found| at + found + rng.below(2)).min(text.len())
}
