//! What tests of handlers are made of: requests without a peer, and answers as values.
//! Holds values; calling a handler is the adapters', whose `testing` modules have a `Recorder`.
//!
//! ```
//! use purlin_core::testing::{TestRequest, get, post};
//!
//! let request = get("/hello?name=Ada").field("Accept", "text/plain");
//! let upload = post("/items", r#"{"a":1}"#).remote(([192, 0, 2, 1], 5000).into());
//! let from_text = TestRequest::from_text("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")?;
//! # let _ = (request, upload, from_text);
//! # Ok::<(), purlin_core::testing::TextError>(())
//! ```

mod recorded;
mod request;
mod text;

pub use recorded::{Ending, Recorded};
pub use request::{TestRequest, get, post};
pub use text::TextError;

#[cfg(test)]
mod tests;
