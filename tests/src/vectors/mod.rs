//! Decides whether a vector holds: finds the check for a kind, and runs it over a file.
//!
//! It does not know what a kind is about: each family has a module of its own.

mod client;
mod cookie_rules;
mod cookiejar;
mod cookies;
mod exchange;
mod h2_client;
mod h2_frames;
mod h2_server;
mod hpack;
mod json;
mod pool;
mod redirect_rules;
mod request_message;
mod request_rules;
mod request_write;
mod responses;
mod routing;
mod serve;
mod wire;

pub use hpack::story;
pub use pool::holds_if_broken;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// How much is demanded where the RFCs leave a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Any outcome that the RFCs allow.
    Conformance,
    /// The outcome that the vectors advise.
    Strict,
}

impl Profile {
    /// Both: what a case must pass unless one is asked for.
    pub const ALL: &'static [Profile] = &[Profile::Conformance, Profile::Strict];
}

/// One kind of vector, and the check that one of its cases must pass.
pub struct Kind {
    /// What the kind is called on the command line, and what its files begin with.
    pub name: &'static str,
    /// The folder of `tests/vectors/` that its files are in.
    pub family: &'static str,
    /// What its cases are held against.
    pub check: Check,
}

/// What a case is held against; it says what is wrong with the case, if anything.
pub enum Check {
    /// There is one right result.
    Exact(fn(&Value) -> Result<(), String>),
    /// The RFCs leave a choice.
    Profiled(fn(&Value, Profile) -> Result<(), String>),
}

impl Check {
    /// Holds a case against this in each of these profiles.
    ///
    /// # Errors
    /// What is wrong with the case.
    pub fn case(&self, case: &Value, profiles: &[Profile]) -> Result<(), String> {
        match self {
            Check::Exact(check) => check(case),
            Check::Profiled(check) => profiles.iter().try_for_each(|profile| {
                check(case, *profile).map_err(|why| format!("{profile:?}: {why}"))
            }),
        }
    }
}

/// Every kind there is. A new one needs a line here and nothing else.
pub const KINDS: &[Kind] = &[
    Kind { name: "pattern_parse", family: "routing", check: Check::Exact(routing::pattern_parse) },
    Kind { name: "conflicts", family: "routing", check: Check::Exact(routing::conflicts) },
    Kind { name: "register_seq", family: "routing", check: Check::Exact(routing::register_seq) },
    Kind { name: "match", family: "routing", check: Check::Exact(routing::matching) },
    Kind { name: "match_go121", family: "routing", check: Check::Exact(routing::matching_go121) },
    Kind { name: "server_requests", family: "wire", check: Check::Profiled(wire::server_request) },
    Kind {
        name: "client_responses",
        family: "wire",
        check: Check::Profiled(responses::client_response),
    },
    Kind { name: "chunked", family: "wire", check: Check::Profiled(wire::chunked) },
    Kind { name: "sniff", family: "client", check: Check::Exact(serve::detect) },
    Kind { name: "response_write", family: "client", check: Check::Exact(serve::serve) },
    Kind { name: "redirects", family: "client", check: Check::Exact(client::redirect) },
    Kind { name: "proxy_env", family: "client", check: Check::Exact(client::proxy) },
    Kind { name: "request_write", family: "client", check: Check::Exact(request_write::check) },
    Kind { name: "cookies_parse", family: "client", check: Check::Exact(cookies::check) },
    Kind { name: "cookiejar", family: "client", check: Check::Exact(cookiejar::check) },
    Kind { name: "pool", family: "client", check: Check::Exact(pool::check) },
    Kind { name: "hpack_decode", family: "http2", check: Check::Profiled(hpack::decode) },
    Kind { name: "h2_frames", family: "http2", check: Check::Profiled(h2_frames::frame) },
    Kind { name: "h2_server", family: "http2", check: Check::Profiled(h2_server::server) },
    Kind { name: "h2_client", family: "http2", check: Check::Profiled(h2_client::client) },
];

/// What running a file came to.
#[derive(Debug, Default)]
pub struct Report {
    /// How many cases hold, deviations included.
    pub passed: usize,
    /// One line for each case that does not.
    pub failures: Vec<String>,
}

/// Cases in which Purlin means to do otherwise, by their id, each with its reason.
pub type Deviations = BTreeMap<String, String>;

/// Reads the deviations that a family lists in its `deviations.jsonl`.
///
/// # Errors
/// The file cannot be read, or a line of it has no id or no reason.
pub fn deviations(family: &str) -> Result<Deviations, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(family);
    let file = file.join("deviations.jsonl");
    if !file.exists() {
        return Ok(Deviations::new());
    }
    let read = |line: Value| match (line["id"].as_str(), line["reason"].as_str()) {
        (Some(id), Some(reason)) if !reason.is_empty() => Ok((id.to_owned(), reason.to_owned())),
        _ => Err(format!("{}: a line without id or reason", file.display())),
    };
    lines(&file)?.into_iter().map(read).collect()
}

/// Checks every case of a file in each of these profiles.
///
/// # Errors
/// The file cannot be read, or is not made of lines of JSON.
pub fn run(
    kind: &Kind,
    file: &Path,
    deviations: &Deviations,
    profiles: &[Profile],
) -> Result<Report, String> {
    let mut report = Report::default();
    for case in lines(file)? {
        let id = case["id"].as_str().unwrap_or("?");
        let (class, preview) = (json::text(&case, "class"), json::text(&case, "preview"));
        let preview: String = preview.chars().take(100).collect();
        let verdict = kind.check.case(&case, profiles);
        let why = match (verdict, deviations.get(id)) {
            (Ok(()), None) | (Err(_), Some(_)) => {
                report.passed += 1;
                continue;
            }
            (Err(why), None) => why,
            // In one profile alone a deviation may well hold.
            (Ok(()), Some(_))
                if matches!(kind.check, Check::Profiled(_))
                    && profiles.len() < Profile::ALL.len() =>
            {
                report.passed += 1;
                continue;
            }
            (Ok(()), Some(_)) => "is listed as a deviation, and holds".to_owned(),
        };
        report.failures.push(format!("{id} [{class}] {preview}: {why}"));
    }
    Ok(report)
}

fn lines(file: &Path) -> Result<Vec<Value>, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}", file.display(), number + 1))
    };
    lines.map(parse).collect()
}
