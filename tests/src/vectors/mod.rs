//! Decides whether a vector holds: finds the check for a kind, and runs it over a file.
//!
//! It does not know what a kind is about: each family has a module of its own.

mod json;
mod routing;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// One kind of vector, and the check that one of its cases must pass.
pub struct Kind {
    /// What the kind is called on the command line, and what its files begin with.
    pub name: &'static str,
    /// The folder of `tests/vectors/` that its files are in.
    pub family: &'static str,
    /// Says what is wrong with a case, if anything.
    pub check: fn(&Value) -> Result<(), String>,
}

/// Every kind there is. A new one needs a line here and nothing else.
pub const KINDS: &[Kind] = &[
    Kind { name: "pattern_parse", family: "routing", check: routing::pattern_parse },
    Kind { name: "conflicts", family: "routing", check: routing::conflicts },
    Kind { name: "register_seq", family: "routing", check: routing::register_seq },
    Kind { name: "match", family: "routing", check: routing::matching },
    Kind { name: "match_go121", family: "routing", check: routing::matching_go121 },
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

/// Checks every case of a file.
///
/// # Errors
/// The file cannot be read, or is not made of lines of JSON.
pub fn run(kind: &Kind, file: &Path, deviations: &Deviations) -> Result<Report, String> {
    let mut report = Report::default();
    for case in lines(file)? {
        let id = case["id"].as_str().unwrap_or("?");
        match ((kind.check)(&case), deviations.get(id)) {
            (Ok(()), None) | (Err(_), Some(_)) => report.passed += 1,
            (Err(why), None) => report.failures.push(format!("{id}: {why}")),
            (Ok(()), Some(_)) => {
                report.failures.push(format!("{id}: is listed as a deviation, and holds"));
            }
        }
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
