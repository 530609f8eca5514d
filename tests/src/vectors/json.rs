//! Reads the fields of a case.
//!
//! It does not know what they mean.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A string's bytes: from its `_b64` sibling if there is one, since then the
/// plain field is not exact.
pub(super) fn bytes(object: &Value, field: &str) -> Option<Vec<u8>> {
    match object.get(format!("{field}_b64")) {
        Some(exact) => Some(decode(exact)),
        None => object[field].as_str().map(|text| text.as_bytes().to_vec()),
    }
}

/// The bytes that a base64 string stands for.
pub(super) fn decode(exact: &Value) -> Vec<u8> {
    STANDARD.decode(exact.as_str().unwrap_or_default()).unwrap_or_default()
}

/// A string, or the empty one if it is absent or null.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

/// The elements of an array, none if it is absent.
pub(super) fn items<'a>(object: &'a Value, field: &str) -> &'a [Value] {
    object[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether a flag is there and true.
pub(super) fn flag(object: &Value, field: &str) -> bool {
    object[field].as_bool().unwrap_or_default()
}

/// A string that holds one character per byte.
pub(super) fn latin1(value: &Value) -> Vec<u8> {
    let byte = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
    value.as_str().unwrap_or_default().chars().map(byte).collect()
}

/// Names and values, in order.
pub(super) type FieldList = Vec<(Vec<u8>, Vec<u8>)>;

/// `[[name, value], ...]`, one character per byte.
pub(super) fn fields(value: &Value) -> FieldList {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().map(|pair| (latin1(&pair[0]), latin1(&pair[1]))).collect()
}

/// Fails unless both are the same, and says what they are.
pub(super) fn same<A: PartialEq + std::fmt::Debug>(
    what: &str,
    got: &A,
    expected: &A,
) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: {got:?}, expected {expected:?}")) }
}

/// The bytes that a string of hexadecimal digits stands for.
pub(super) fn hex(value: &Value) -> Result<Vec<u8>, String> {
    let digits = value.as_str().ok_or("no hexadecimal digits")?.as_bytes();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).map_err(|_| format!("no octet: {pair:?}")))
        .collect()
}
