//! The media type of content, guessed from its first bytes
//! (WHATWG MIME Sniffing, as Go's `DetectContentType` narrows it).
//! Looks at no file name and no field.

/// How many bytes are looked at, at most.
pub const SNIFF_LEN: usize = 512;

/// Guesses the media type of content from its first 512 bytes; it always gives one.
///
/// Text that is none of the known kinds is `text/plain; charset=utf-8`, and
/// what is not even text `application/octet-stream`.
///
/// ```
/// use purlin_core::content::sniff;
/// assert_eq!(sniff(b"<!DOCTYPE html><title>x</title>"), "text/html; charset=utf-8");
/// assert_eq!(sniff(b"\x89PNG\r\n\x1a\n"), "image/png");
/// assert_eq!(sniff(b"just words"), "text/plain; charset=utf-8");
/// assert_eq!(sniff(b"\0\x01\x02"), "application/octet-stream");
/// ```
pub fn sniff(data: &[u8]) -> &'static str {
    let data = &data[..data.len().min(SNIFF_LEN)];
    let text = data.trim_ascii_start();
    if HTML_TAGS.iter().any(|tag| is_tag(text, tag)) {
        return "text/html; charset=utf-8";
    }
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    if let Some((_, media_type)) = SIGNATURES.iter().find(|(pattern, _)| matches(data, pattern)) {
        return media_type;
    }
    if is_mp4(data) {
        return "video/mp4";
    }
    if data.iter().any(|byte| is_binary(*byte)) {
        return "application/octet-stream";
    }
    "text/plain; charset=utf-8"
}

/// What an HTML document may begin with; a space or `>` must follow.
const HTML_TAGS: &[&[u8]] = &[
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<font",
    b"<table",
    b"<a",
    b"<style",
    b"<title",
    b"<b",
    b"<body",
    b"<br",
    b"<p",
    b"<!--",
];

/// The byte of a pattern that stands for any byte; no signature has it.
const ANY: u8 = b'?';

/// What content of a known type begins with.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xfe\xff??", "text/plain; charset=utf-16be"),
    (b"\xff\xfe??", "text/plain; charset=utf-16le"),
    (b"\xef\xbb\xbf?", "text/plain; charset=utf-8"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"\0\0\x02\0", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF????WEBPVP", "image/webp"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"FORM????AIFF", "audio/aiff"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\0", "application/ogg"),
    (b"MThd\0\0\0\x06", "audio/midi"),
    (b"RIFF????AVI ", "video/avi"),
    (b"RIFF????WAVE", "audio/wave"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"??????????????????????????????????LP", "application/vnd.ms-fontobject"),
    (b"\0\x01\0\0", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"ttcf", "font/collection"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07\0", "application/x-rar-compressed"),
    (b"Rar!\x1a\x07\x01\0", "application/x-rar-compressed"),
    (b"\0asm", "application/wasm"),
];

fn matches(data: &[u8], pattern: &[u8]) -> bool {
    data.len() >= pattern.len()
        && pattern.iter().zip(data).all(|(wanted, byte)| *wanted == ANY || wanted == byte)
}

fn is_tag(text: &[u8], tag: &[u8]) -> bool {
    text.split_at_checked(tag.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(tag) && matches!(rest.first(), Some(b' ' | b'>'))
    })
}

/// An `ftyp` box that names a brand beginning with `mp4` (the bytes 12 to 16 are a version).
fn is_mp4(data: &[u8]) -> bool {
    let Some(size) = data.first_chunk().map(|size| u32::from_be_bytes(*size) as usize) else {
        return false;
    };
    if data.len() < 12 || data.len() < size || size % 4 != 0 || &data[4..8] != b"ftyp" {
        return false;
    }
    (8..size).step_by(4).any(|at| at != 12 && data[at..].starts_with(b"mp4"))
}

/// A byte that no text has: a control that is neither white space nor escape.
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}
