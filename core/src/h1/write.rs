//! Writes the heads of messages.
//! Decides nothing: framing and persistence come as arguments.

use super::decide::Sent;
use crate::head::{DateLine, Fields, RequestHead, ResponseHead, Status, Version};
use crate::wire::{decimal, token, token::is_name};

/// What stands in a head beside the application's own fields.
pub(crate) struct Extra<'a> {
    pub(crate) version: Version,
    pub(crate) sent: Sent,
    /// `close` or `keep-alive`.
    pub(crate) connection: Option<&'static str>,
    /// Added if the head has none.
    pub(crate) date: Option<&'a DateLine>,
    /// Whether an Expect field has a place in it.
    pub(crate) expects: bool,
}

/// Writes the head of a request.
pub(crate) fn request(out: &mut Vec<u8>, head: &RequestHead, extra: &Extra<'_>) {
    let (method, target) = (head.method().as_str().as_bytes(), head.target_bytes());
    out.reserve(method.len() + target.len() + 12);
    out.extend_from_slice(method);
    out.push(b' ');
    out.extend_from_slice(target);
    out.push(b' ');
    out.extend_from_slice(extra.version.as_str().as_bytes());
    out.extend_from_slice(b"\r\n");
    match head.plain_lines() {
        Some(lines) => {
            out.extend_from_slice(lines);
            end(out, &[], extra);
        }
        None => fields(out, head.fields(), extra),
    }
}

/// Writes a final head.
pub(crate) fn head(out: &mut Vec<u8>, head: &ResponseHead, extra: &Extra<'_>) {
    status_line(out, extra.version, head.status());
    fields(out, head.fields(), extra);
}

fn fields(out: &mut Vec<u8>, fields: &Fields, extra: &Extra<'_>) {
    let mut date = extra.date;
    let mut options: Vec<&[u8]> = Vec::new();
    let mut upgrade = false;
    for (name, value, line) in fields.lines() {
        match name.len() {
            // The machine writes these itself.
            10 if is_name(name, b"connection") => {
                options.extend(token::list(value).filter(|option| !is_ours(option)));
                continue;
            }
            14 if is_name(name, b"content-length") => continue,
            4 if is_name(name, b"date") => date = None,
            6 if !extra.expects && is_name(name, b"expect") => continue,
            7 if is_name(name, b"upgrade") => upgrade = true,
            _ => {}
        }
        match line {
            Some(line) => out.extend_from_slice(line),
            None => field(out, name, value),
        }
    }
    if let Some(date) = date {
        out.extend_from_slice(date);
    }
    if upgrade {
        // RFC 9110 §7.8: a sender of Upgrade must send that option too.
        options.push(b"upgrade");
    }
    end(out, &options, extra);
}

/// Writes what the machine adds, and the end.
#[inline]
fn end(out: &mut Vec<u8>, options: &[&[u8]], extra: &Extra<'_>) {
    match extra.sent {
        Sent::Length(length) | Sent::Omitted(Some(length)) => content_length(out, length),
        Sent::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Sent::None | Sent::Omitted(None) | Sent::UntilClose | Sent::Upgrade => {}
    }
    connection(out, options, extra.connection);
    out.extend_from_slice(b"\r\n");
}

/// Writes an interim head: what would frame a body or end the connection has no place in it.
pub(crate) fn interim(out: &mut Vec<u8>, head: &ResponseHead) {
    status_line(out, Version::Http11, head.status());
    for (name, value) in head.fields().raw() {
        let rules = [&b"content-length"[..], b"transfer-encoding", b"connection"];
        if !rules.iter().any(|rule| name.eq_ignore_ascii_case(rule)) {
            field(out, name, value);
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn status_line(out: &mut Vec<u8>, version: Version, status: Status) {
    if status == Status::OK && version == Version::Http11 {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.extend_from_slice(version.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(&status.digits());
    out.push(b' ');
    out.extend_from_slice(status.reason().as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn content_length(out: &mut Vec<u8>, length: u64) {
    out.extend_from_slice(b"Content-Length: ");
    out.extend_from_slice(decimal(length, &mut [0; 20]));
    out.extend_from_slice(b"\r\n");
}

/// `close` and `keep-alive` are the machine's to say; so is one `upgrade`.
fn is_ours(option: &[u8]) -> bool {
    [&b"close"[..], b"keep-alive", b"upgrade"].iter().any(|ours| option.eq_ignore_ascii_case(ours))
}

fn connection(out: &mut Vec<u8>, options: &[&[u8]], ours: Option<&'static str>) {
    let mut all = options.iter().copied().chain(ours.map(str::as_bytes));
    let Some(first) = all.next() else {
        return;
    };
    out.extend_from_slice(b"Connection: ");
    out.extend_from_slice(first);
    for option in all {
        out.extend_from_slice(b", ");
        out.extend_from_slice(option);
    }
    out.extend_from_slice(b"\r\n");
}
