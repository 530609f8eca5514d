//! A caller's resolver or dialer that panics: its request fails, and says so.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What this code gives; if it panics, an error that says who did and with which words.
///
/// # Errors
/// Its own, or that it panicked.
pub fn caught<T>(who: &str, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    // What it was at is not looked at again: its request fails.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = words(&*payload).unwrap_or("with something that is no text");
        Err(io::Error::other(format!("{who} panicked: {text}")))
    })
}

fn words(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&str>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_in_its_own_words() {
        let told = |work: fn() -> io::Result<u8>| caught("the resolver", work).unwrap_err();
        assert_eq!(told(|| panic!("no map")).to_string(), "the resolver panicked: no map");
        assert_eq!(told(|| panic!("{}", 7)).to_string(), "the resolver panicked: 7");
        let text = told(|| std::panic::panic_any(7)).to_string();
        assert_eq!(text, "the resolver panicked: with something that is no text");
        assert_eq!(told(|| Err(io::ErrorKind::NotFound.into())).kind(), io::ErrorKind::NotFound);
        assert_eq!(caught("it", || Ok(1)).unwrap(), 1);
    }
}
