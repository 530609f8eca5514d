//! How long to wait before accepting again, after it failed.
//! A pure table of errors and a doubling wait; accepts nothing.

use std::io::{self, ErrorKind};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(5);
const MOST: Duration = Duration::from_secs(1);

/// Errors without a kind of their own: out of descriptors (here, or in the
/// system) and out of buffers. The first two numbers are alike on every Unix.
const EXHAUSTED: [i32; 3] =
    [24, 23, if cfg!(any(target_os = "linux", target_os = "android")) { 105 } else { 55 }];

/// The wait after an error: 5 ms, doubling to 1 s.
///
/// ```
/// use std::io::{Error, ErrorKind};
/// let mut backoff = purlin_net::Backoff::default();
/// let wait = backoff.wait(&Error::from(ErrorKind::OutOfMemory));
/// assert_eq!(wait, Some(std::time::Duration::from_millis(5)));
/// assert_eq!(backoff.wait(&Error::from(ErrorKind::InvalidInput)), None);
/// ```
#[derive(Debug, Default)]
pub struct Backoff(Duration);

impl Backoff {
    /// Accepting went well: the next wait is a short one again.
    pub fn reset(&mut self) {
        self.0 = Duration::ZERO;
    }

    /// How long to wait after this error; `None` if it will not go away.
    pub fn wait(&mut self, error: &io::Error) -> Option<Duration> {
        if !is_temporary(error) {
            return None;
        }
        self.0 = (self.0 * 2).clamp(FIRST, MOST);
        Some(self.0)
    }
}

/// Whether descriptors or buffers have run out: closing a connection gives some back.
///
/// ```
/// assert!(purlin_net::is_exhausted(&std::io::Error::from_raw_os_error(24)));
/// assert!(!purlin_net::is_exhausted(&std::io::ErrorKind::ConnectionAborted.into()));
/// ```
pub fn is_exhausted(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| EXHAUSTED.contains(&code))
}

/// Whether a later attempt may succeed: the error was one connection's, or
/// something has run out that will be given back.
fn is_temporary(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::Interrupted
            | ErrorKind::OutOfMemory
            | ErrorKind::PermissionDenied
            | ErrorKind::StorageFull
            | ErrorKind::TimedOut
            | ErrorKind::WouldBlock
    ) || is_exhausted(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_5_ms_to_1_s_and_begin_again_after_a_success() {
        let mut backoff = Backoff::default();
        let error = io::Error::from_raw_os_error(24);
        let waits: Vec<u128> =
            (0..10).filter_map(|_| backoff.wait(&error)).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.wait(&error), Some(FIRST));
    }

    #[test]
    fn an_error_that_will_not_go_away_ends_it() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.wait(&io::Error::from(ErrorKind::InvalidInput)), None);
        // EBADF, ENOTSOCK
        for code in [9, 88] {
            assert_eq!(backoff.wait(&io::Error::from_raw_os_error(code)), None);
        }
    }

    #[test]
    fn what_has_run_out_comes_back() {
        for code in EXHAUSTED.into_iter().chain([12]) {
            assert!(is_temporary(&io::Error::from_raw_os_error(code)), "{code}");
        }
        assert!(is_temporary(&io::Error::from(ErrorKind::ConnectionAborted)));
    }
}
