//! What is answered, wherever a request alone decides it.

use crate::files;
use purlin_core::{RequestHead, Response, Status};
use ring::digest;
use std::fmt::Write as _;

/// So many bytes, which a shell makes with `seq -f %07.0f 0 N | head -c COUNT`: each 8 of them
/// say where they are.
pub(crate) fn content(count: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::with_capacity(count + 8);
    let mut line = *b"0000000\n";
    while bytes.len() < count {
        bytes.extend_from_slice(&line);
        for digit in line[..7].iter_mut().rev() {
            *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
            if *digit != b'0' {
                break;
            }
        }
    }
    bytes.truncate(count);
    bytes
}

/// `content`, or the ranges of it that are asked for.
pub(crate) fn bytes<B>(head: &RequestHead, count: &str) -> Response<B> {
    let Some(count) = count.parse().ok().filter(|count| *count <= 80_000_000) else {
        return Response::new(Status::NOT_FOUND);
    };
    let modified = 1_700_000_000;
    files::answer(head, "application/octet-stream", modified, content(count))
}

/// A request as it was read.
pub(crate) fn head(head: &RequestHead) -> String {
    let mut text = format!("{} {} {}\n", head.method(), head.target(), head.version());
    for field in head.fields().iter() {
        let value = String::from_utf8_lossy(field.value);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}: {value}", field.name);
    }
    text
}

/// The checksum of what comes piece by piece, as `sha256sum` prints it.
pub(crate) struct Hash(digest::Context, u64);

impl Hash {
    pub(crate) fn new() -> Hash {
        Hash(digest::Context::new(&digest::SHA256), 0)
    }

    pub(crate) fn take(&mut self, piece: &[u8]) {
        self.0.update(piece);
        self.1 += piece.len() as u64;
    }

    /// The checksum and the count of bytes.
    pub(crate) fn text(self) -> String {
        let sum = self.0.finish();
        let hex: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex} {}\n", self.1)
    }
}

/// To those who are `user` with the password `secret`.
pub(crate) fn auth<B>(head: &RequestHead) -> Response<B> {
    let said = head.fields().get("Authorization").and_then(|field| field.split_once(' '));
    // Guile writes the scheme in lower case (RFC 9110 §11.1).
    if said.is_some_and(|(scheme, who)| {
        scheme.eq_ignore_ascii_case("Basic") && who == "dXNlcjpzZWNyZXQ="
    }) {
        return Response::text("come in\n");
    }
    with(Response::text("who are you?\n"), "WWW-Authenticate", "Basic realm=\"interop\"")
        .with_status(Status::UNAUTHORIZED)
}

/// To `/head`, with this status.
pub(crate) fn redirect<B>(code: &str) -> Response<B> {
    let status = code.parse().ok().and_then(Status::from_code);
    let status = status.filter(|status| status.code() / 100 == 3).unwrap_or(Status::FOUND);
    with(Response::text("over there\n"), "Location", "/head").with_status(status)
}

/// With one field more, which is a valid one.
pub(crate) fn with<B>(mut response: Response<B>, name: &str, value: &str) -> Response<B> {
    response.fields_mut().append(name, value).expect("a valid field");
    response
}
