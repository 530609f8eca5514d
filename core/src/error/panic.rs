//! What a panic of the application's own code left behind, as text.
//! Catches none.

use std::any::Any;

/// What a panic says of itself.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref().map(String::as_str));
    text.unwrap_or("the panic has no message")
}
