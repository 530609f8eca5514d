//! How long a server says that it keeps an idle connection: the field Keep-Alive
//! (RFC 2068 §19.7.1.1, never taken over into a later one, and sent by Apache, node,
//! gunicorn and many others). Reads it; what follows from it is the pool's.

use crate::head::Fields;
use std::time::Duration;

/// What is taken off a server's limit: its clock runs from the last byte that it
/// wrote, ours from the last that we read, and the next request needs its time too.
const MARGIN: Duration = Duration::from_secs(1);

/// How long a connection may be idle and still be used again, as far as the fields of
/// the last response say something of it: what `timeout` names, less a second or half
/// of it. What is not well formed says nothing.
///
/// ```
/// use purlin_core::{Fields, policy::pool::idle_limit};
/// use std::time::Duration;
/// let mut fields = Fields::new();
/// assert_eq!(idle_limit(&fields), None);
/// fields.append("Keep-Alive", "timeout=5, max=100").unwrap();
/// assert_eq!(idle_limit(&fields), Some(Duration::from_secs(4)));
/// ```
pub fn idle_limit(fields: &Fields) -> Option<Duration> {
    let values = fields.values("Keep-Alive");
    let limits = values.flat_map(|value| value.split(|byte| matches!(byte, b',' | b';')));
    let limit = Duration::from_secs(limits.filter_map(timeout).min()?);
    Some(limit - MARGIN.min(limit / 2))
}

/// The seconds of `timeout=N`; so many that nobody waits for them, if there are more digits.
fn timeout(parameter: &[u8]) -> Option<u64> {
    let (name, value) = std::str::from_utf8(parameter).ok()?.split_once('=')?;
    let value = value.trim();
    let inside = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let digits = inside.unwrap_or(value);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let known = plain && name.trim().eq_ignore_ascii_case("timeout");
    known.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_heeded_with_a_margin_and_nonsense_is_not() {
        let ms = |ms| Some(Duration::from_millis(ms));
        for (values, limit) in [
            (&["timeout=5"][..], ms(4000)),
            (&["timeout=5, max=1000"], ms(4000)),
            (&["max=1000,TIMEOUT = 15"], ms(14_000)),
            (&["max=1; timeout=\"2\""], ms(1000)),
            (&["timeout=1"], ms(500)),
            (&["timeout=0"], ms(0)),
            (&["timeout=10", "timeout=3"], ms(2000)),
            (&["timeout=x, timeout=3"], ms(2000)),
            (&["max=100"], None),
            (&["timeout"], None),
            (&["timeout="], None),
            (&["timeout=-1"], None),
            (&["timeout=+1"], None),
            (&["timeout=1.5"], None),
            (&["timeout=1 2"], None),
            (&["timeout=\"\""], None),
            (&["idletimeout=1"], None),
            (&["5"], None),
            (&[""], None),
            (&[], None),
        ] {
            let mut fields = Fields::new();
            for value in values {
                fields.append("keep-alive", value).unwrap();
            }
            assert_eq!(idle_limit(&fields), limit, "{values:?}");
        }
        let mut fields = Fields::new();
        fields.append("Keep-Alive", "timeout=99999999999999999999999").unwrap();
        assert!(idle_limit(&fields) > Some(Duration::from_secs(1 << 60)));
        let mut fields = Fields::new();
        fields.append("Keep-Alive", b"timeout=\xe9").unwrap();
        assert_eq!(idle_limit(&fields), None);
    }
}
