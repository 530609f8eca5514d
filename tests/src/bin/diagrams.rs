//! Draws the state diagrams in `docs/` from the tables the machines run on.
//!
//! `cargo run -p purlin-tests --bin diagrams` writes `docs/h1-server-states.md`;
//! with `--check` it only says whether the file is up to date (exit 1 if not).

use purlin_core::h1::states::{READER, WRITER};
use std::fmt::{Debug, Write as _};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/h1-server-states.md");
    let drawn = page();
    if std::env::args().any(|argument| argument == "--check") {
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept == drawn {
            return ExitCode::SUCCESS;
        }
        eprintln!("docs/h1-server-states.md is not what the tables say: run the diagrams binary");
        return ExitCode::FAILURE;
    }
    match std::fs::write(&path, drawn) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

fn page() -> String {
    let mut page = String::from(
        "# States of an HTTP/1 server connection\n\n\
         Drawn from the tables in `core/src/h1/states.rs` by\n\
         `cargo run -p purlin-tests --bin diagrams`; do not edit.\n\
         Every state but `Closed` also goes to `Closed` when the connection ends.\n",
    );
    diagram(&mut page, "What is being read", READER);
    diagram(&mut page, "What is being written", WRITER);
    page
}

/// A mermaid diagram of one table, in which the steps between two states share an arrow.
fn diagram<State: Debug, Step: Debug>(
    page: &mut String,
    title: &str,
    table: &[(State, Step, State)],
) {
    let _ = write!(page, "\n## {title}\n\n```mermaid\nstateDiagram-v2\n    [*] --> Idle\n");
    let mut arrows: Vec<(String, Vec<String>)> = Vec::new();
    for (from, step, to) in table {
        let step = format!("{step:?}");
        if step == "Close" {
            continue;
        }
        let arrow = format!("{from:?} --> {to:?}");
        match arrows.iter_mut().find(|(known, _)| *known == arrow) {
            Some((_, steps)) => steps.push(step),
            None => arrows.push((arrow, vec![step])),
        }
    }
    for (arrow, steps) in arrows {
        let _ = writeln!(page, "    {arrow}: {}", steps.join(", "));
    }
    page.push_str("```\n");
}
