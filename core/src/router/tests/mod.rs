//! The router's tests that are about more than one of its modules.

mod conflicts;
mod drawing;
mod go121;
mod hosts;
mod literals;
mod matching;
mod naive;
mod parsing;
mod paths;
mod properties;
mod quirks;
mod show;

use super::{InsertError, Routed, Router, RouterOptions};

/// A router in which each pattern's value is the pattern itself.
fn router(patterns: &[&'static str]) -> Router<&'static str> {
    with_options(RouterOptions::default(), patterns)
}

fn with_options(options: RouterOptions, patterns: &[&'static str]) -> Router<&'static str> {
    let mut router = Router::with_options(options);
    for pattern in patterns {
        router.insert(pattern, *pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    }
    router
}

/// What a request comes to, in one line.
fn answer<T: std::fmt::Display>(
    router: &Router<T>,
    method: &str,
    host: &str,
    target: &str,
) -> String {
    told(&router.route(method, host, target))
}

fn told<T: std::fmt::Display>(routed: &Routed<'_, T>) -> String {
    match routed {
        Routed::Found { value, params, .. } => {
            let params: String =
                params.iter().map(|p| format!(" {}={}", p.name, p.text())).collect();
            format!("{value}{params}")
        }
        Routed::Redirect(to) => format!("{} {}", to.status, to.location),
        Routed::MethodNotAllowed(allow) => format!("405 {allow}"),
        Routed::NotFound => "404".into(),
        Routed::BadTarget(why) => format!("400 {why}"),
    }
}

/// Whether the second pattern is refused once the first one is registered.
fn conflict(old: &str, new: &str) -> bool {
    let mut router = Router::new();
    router.insert(old, ()).unwrap_or_else(|error| panic!("{old}: {error}"));
    match router.insert(new, ()) {
        Ok(_) => false,
        Err(InsertError::Conflict(_)) => true,
        Err(error) => panic!("{new}: {error}"),
    }
}
