//! Files of a folder, and the parts and conditions of RFC 9110 §13 and §14.
//! Reads whole files: those of tests are small.

use crate::answers::with;

use purlin_core::{Method, RequestHead, Response, Status, imf_fixdate};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

const BOUNDARY: &str = "purlin-part";

/// Gives a file, keeps one that is sent, or takes one away.
pub(crate) fn file<B>(folder: &Path, path: &str, head: &RequestHead, sent: &[u8]) -> Response<B> {
    if path.split('/').any(|part| part == "..") {
        return Response::new(Status::FORBIDDEN);
    }
    let path = folder.join(path);
    let done = match *head.method() {
        Method::GET | Method::HEAD => give(path, head),
        Method::PUT => fs::write(path, sent).map(|()| Response::new(Status::CREATED)),
        Method::DELETE => fs::remove_file(path).map(|()| Response::new(Status::NO_CONTENT)),
        _ => {
            let refusal = Response::new(Status::METHOD_NOT_ALLOWED);
            Ok(with(refusal, "Allow", "GET, HEAD, PUT, DELETE"))
        }
    };
    done.unwrap_or_else(|_| Response::text("no such file\n").with_status(Status::NOT_FOUND))
}

fn give<B>(mut path: PathBuf, head: &RequestHead) -> io::Result<Response<B>> {
    if path.is_dir() {
        path.push("index.html");
    }
    let modified = fs::metadata(&path)?.modified()?.duration_since(UNIX_EPOCH);
    let modified = modified.map_or(0, |time| time.as_secs());
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("xml") => "application/xml",
        _ => "application/octet-stream",
    };
    Ok(answer(head, kind, modified, fs::read(path)?))
}

/// Content that was made at this time, or what is asked for of it.
pub(crate) fn answer<B>(
    head: &RequestHead,
    kind: &str,
    modified: u64,
    content: Vec<u8>,
) -> Response<B> {
    let tag = format!("\"{:x}-{modified:x}\"", content.len());
    let date = imf_fixdate(modified);
    let date = String::from_utf8_lossy(&date);
    let fields = head.fields();
    let described = |response: Response<B>| {
        let response = with(response, "ETag", &tag);
        with(with(response, "Last-Modified", &date), "Accept-Ranges", "bytes")
    };
    let known = match fields.get("If-None-Match") {
        Some(tags) => tags.contains(&*tag) || tags == "*",
        None => fields.get("If-Modified-Since") == Some(&date),
    };
    if known {
        return described(Response::new(Status::NOT_MODIFIED));
    }
    let same = fields.get("If-Range").is_none_or(|which| which == tag || which == date);
    let asked = fields.get("Range").filter(|_| same && head.method().as_str() == "GET");
    match asked.and_then(|range| ranges(range, content.len())).as_deref() {
        None => with(described(typeless(content)), "Content-Type", kind),
        Some([]) => {
            let response = Response::new(Status::RANGE_NOT_SATISFIABLE);
            with(response, "Content-Range", &format!("bytes */{}", content.len()))
        }
        Some([one]) => {
            let response = typeless(content[one.clone()].to_vec());
            let response = with(response, "Content-Range", &position(one, content.len()));
            let response = with(response, "Content-Type", kind);
            described(response).with_status(Status::PARTIAL_CONTENT)
        }
        Some(several) => {
            let response = typeless(parts(several, kind, &content));
            let multipart = format!("multipart/byteranges; boundary={BOUNDARY}");
            let response = with(response, "Content-Type", &multipart);
            described(response).with_status(Status::PARTIAL_CONTENT)
        }
    }
}

fn typeless<B>(content: Vec<u8>) -> Response<B> {
    let mut response = Response::bytes(content);
    response.fields_mut().remove("Content-Type");
    response
}

fn position(range: &Range<usize>, length: usize) -> String {
    format!("bytes {}-{}/{length}", range.start, range.end - 1)
}

fn parts(several: &[Range<usize>], kind: &str, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for range in several {
        let position = position(range, content.len());
        let head = format!(
            "\r\n--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Range: {position}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&content[range.clone()]);
    }
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// The ranges of a Range field that can be given; `None` if it is to be ignored.
fn ranges(field: &str, length: usize) -> Option<Vec<Range<usize>>> {
    let mut found = Vec::new();
    for one in field.strip_prefix("bytes=")?.split(',') {
        let (first, last) = one.trim().split_once('-')?;
        let (first, last) = (first.trim(), last.trim());
        let range = if first.is_empty() {
            let count: usize = last.parse().ok()?;
            length.saturating_sub(count)..length
        } else {
            let first: usize = first.parse().ok()?;
            let last: usize = if last.is_empty() { length } else { last.parse().ok()? };
            if last < first {
                return None;
            }
            first..length.min(last.saturating_add(1))
        };
        if range.start < range.end {
            found.push(range);
        }
    }
    Some(found)
}
