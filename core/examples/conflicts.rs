//! Registers routes that do not go together, and prints what the router says.
//!
//! Run it: `cargo run -p purlin-core --example conflicts`
//!
//! You will see four explanations: of paths that overlap, of a wider method with
//! a narrower path, of two patterns that are the same, and of a pattern that is
//! none. Below them is the tree of the routes that were taken.

use std::io::{self, Write};

use purlin_core::router::{InsertError, Router};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut router = Router::new();
    let attempts = [
        router.insert("GET /posts/{id}/edit", "the form for a post"),
        router.insert("GET /posts/latest/{action}", "something with the latest post"),
        router.insert("/health", "the health check"),
        router.insert("GET /{page}", "a page"),
        router.insert("GET /files/{path...}", "a file"),
        router.insert("GET /files/", "the files"),
        router.insert("GET /users/{user-id}", "a user"),
        // This one is no conflict: it is narrower than the first.
        router.insert("GET /posts/latest/edit", "the form for the latest post"),
    ];
    for attempt in attempts {
        match attempt {
            Ok(_) => {}
            Err(InsertError::Conflict(conflict)) => writeln!(out, "error: {conflict}\n")?,
            Err(error) => writeln!(out, "error: {error}\n")?,
        }
    }
    write!(out, "{router:#}")
}
