//! Why no route was found for a request, and the answer to that.
//! Says it; who answers instead, a mux decides.

use super::Response;
use crate::head::{RequestHead, Status, names};

/// The reason why no handler was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No pattern matches (404).
    NotFound,
    /// The path has routes for these methods only (405).
    MethodNotAllowed {
        /// The value of Allow.
        allow: String,
    },
    /// The path is not clean, or lacks the slash at its end.
    Redirect {
        /// 307, or 301 in go121 mode.
        status: Status,
        /// The value of Location.
        location: String,
    },
    /// The target has no path that could be routed (400).
    BadTarget,
}

impl Refusal {
    /// The answer that Go's `ServeMux` gives.
    pub fn answer<S>(&self, head: &RequestHead) -> Response<S> {
        match self {
            Refusal::NotFound => plain(Status::NOT_FOUND, "404 page not found\n"),
            Refusal::MethodNotAllowed { allow } => {
                let mut response = plain(Status::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
                response.fields_mut().push(names::ALLOW, allow.as_bytes());
                response
            }
            Refusal::Redirect { status, location } => redirect(*status, location, head),
            Refusal::BadTarget => {
                let mut response = Response::new(Status::BAD_REQUEST);
                response.fields_mut().push(names::CONNECTION, b"close");
                response
            }
        }
    }
}

fn plain<S>(status: Status, text: &str) -> Response<S> {
    let mut response = Response::text(text).with_status(status);
    response.fields_mut().push(names::X_CONTENT_TYPE_OPTIONS, b"nosniff");
    response
}

/// Browsers follow Location; the text is for whoever does not, and asked with GET or HEAD.
fn redirect<S>(status: Status, location: &str, head: &RequestHead) -> Response<S> {
    let mut response = match head.method().as_str() {
        "GET" | "HEAD" => {
            let link = escape_html(location);
            Response::html(format!("<a href=\"{link}\">{}</a>.\n\n", status.reason()))
                .with_status(status)
        }
        _ => Response::new(status),
    };
    response.fields_mut().push(names::LOCATION, location.as_bytes());
    response
}

fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}
