//! The leniency for targets with bytes that had to be escaped: they are, where that is safe.
//! Whether it is asked for, the configuration says.

use crate::wire::find_byte;

/// Escapes what [`Leniency::raw_target`](crate::config::Leniency::raw_target)
/// lets through; nothing, if a target has none of it.
///
/// A control byte and `#` stay: the ones some readers take for the end of the
/// target, the other for the end of its URL. So does a `%` that begins no escape.
/// In front of the path only bytes above 0x7F are escaped: behind a `\`, which
/// browsers read as `/`, another host could stand.
pub(crate) fn escape_raw(target: &[u8]) -> Option<Vec<u8>> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let path = match target {
        [b'/', ..] => Some(0),
        _ => target.windows(3).position(|three| three == b"://").and_then(|at| {
            let rest = &target[at + 3..];
            rest.iter().position(|byte| matches!(byte, b'/' | b'?')).map(|end| at + 3 + end)
        }),
    };
    let path = path.unwrap_or(target.len());
    let query = find_byte(target, b'?').unwrap_or(target.len());
    let is_raw = |at: usize, byte: u8| match byte {
        0x80.. => true,
        b'"' | b'<' | b'>' => at >= path,
        b'\\' | b'`' => at >= path && at < query,
        _ => false,
    };
    let raw = target.iter().enumerate().filter(|(at, byte)| is_raw(*at, **byte)).count();
    if raw == 0 {
        return None;
    }
    let mut text = Vec::with_capacity(target.len() + 2 * raw);
    for (at, byte) in target.iter().enumerate() {
        if is_raw(at, *byte) {
            text.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        } else {
            text.push(*byte);
        }
    }
    Some(text)
}
