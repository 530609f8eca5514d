//! The windows that we send into (RFC 9113 §6.9).
//! Holds how much may be sent; what is sent next, the schedule says.
//!
//! A stream's window is the connection's first size and what this stream had since. So a
//! change of SETTINGS_INITIAL_WINDOW_SIZE touches one number, however many streams there are.

use super::errors::Violation;
use super::frame::settings::MAX_WINDOW;

/// The first size of the connection's own window, which no setting changes.
pub const CONNECTION: u32 = 65_535;

/// What a window had since its first size: credit came, content went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    since: i64,
}

impl Window {
    /// How much may be sent, if its first size is `first`. A window that a setting made
    /// smaller than what was sent is empty.
    pub fn room(self, first: u32) -> u32 {
        u32::try_from(self.size(first).max(0)).unwrap_or(MAX_WINDOW)
    }

    fn size(self, first: u32) -> i64 {
        i64::from(first) + self.since
    }

    /// Whether it is within 2^31-1 for this first size: each change of that asks for every
    /// open stream, once a frame.
    pub fn fits(self, first: u32) -> bool {
        self.size(first) <= i64::from(MAX_WINDOW)
    }

    /// Credit came.
    ///
    /// # Errors
    /// It would be larger than 2^31-1: `violation`, and nothing is changed.
    pub fn grow(&mut self, first: u32, by: u32, violation: Violation) -> Result<(), Violation> {
        let grown = Window { since: self.since + i64::from(by) };
        if !grown.fits(first) {
            return Err(violation);
        }
        *self = grown;
        Ok(())
    }

    /// Content went, as much as there was room for at the most.
    pub fn spend(&mut self, sent: u32) {
        self.since -= i64::from(sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grow(window: &mut Window, first: u32, by: u32) -> bool {
        window.grow(first, by, Violation::StreamWindowOverflow).is_ok()
    }

    #[test]
    fn a_window_is_its_first_size_and_what_it_had_since() {
        let mut window = Window::default();
        assert_eq!(window.room(100), 100);
        window.spend(60);
        assert!(grow(&mut window, 100, 10));
        assert_eq!(window.room(100), 50);
        // RFC 9113 §6.9.2: it may become negative, and is empty until credit makes up for it.
        assert_eq!(window.room(0), 0);
        assert!(grow(&mut window, 0, 49));
        assert_eq!(window.room(0), 0);
        assert!(grow(&mut window, 0, 2));
        assert_eq!((window.room(0), window.room(100)), (1, 101));
    }

    #[test]
    fn a_window_beyond_2_31_is_refused_and_stays_as_it_was() {
        let mut window = Window::default();
        assert!(grow(&mut window, 65_535, MAX_WINDOW - 65_535));
        assert_eq!(window.room(65_535), MAX_WINDOW);
        assert!(!grow(&mut window, 65_535, 1));
        assert_eq!(window.room(65_535), MAX_WINDOW);
        assert!(window.fits(65_535) && !window.fits(65_536));
        window.spend(MAX_WINDOW);
        assert!(grow(&mut window, 65_535, MAX_WINDOW));
    }
}
