//! Draws the state diagrams in `docs/` from the tables the machines run on.
//!
//! `cargo run -p purlin-tests --bin diagrams` writes `docs/h1-server-states.md`,
//! `docs/h1-client-states.md` and `docs/h2-stream-states.md`; with `--check` it only says
//! whether the files are up to date (exit 1 if not).

use purlin_core::h1::{client, states};
use purlin_core::h2::states as stream;
use std::fmt::{Debug, Write as _};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut server = head("server", "core/src/h1/states.rs");
    diagram(&mut server, "What is being read", states::READER);
    diagram(&mut server, "What is being written", states::WRITER);
    let mut client = head("client", "core/src/h1/client/states.rs");
    diagram(&mut client, "What is being read", client::states::READER);
    diagram(&mut client, "What is being written", client::states::WRITER);
    let check = std::env::args().any(|argument| argument == "--check");
    let pages = [
        ("h1-server-states.md", server),
        ("h1-client-states.md", client),
        ("h2-stream-states.md", streams()),
    ];
    let failed = pages.iter().filter(|(name, page)| !put(name, page, check)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes a page, or only looks whether it is what is there; says whether all is well.
fn put(name: &str, drawn: &str, check: bool) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if check {
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != drawn {
            eprintln!("docs/{name} is not what the tables say: run the diagrams binary");
        }
        return kept == drawn;
    }
    if let Err(error) = std::fs::write(&path, drawn) {
        eprintln!("cannot write {}: {error}", path.display());
        return false;
    }
    true
}

fn head(side: &str, tables: &str) -> String {
    format!(
        "# States of an HTTP/1 {side} connection\n\n\
         Drawn from the tables in `{tables}` by\n\
         `cargo run -p purlin-tests --bin diagrams`; do not edit.\n\
         Every state but `Closed` also goes to `Closed` when the connection ends.\n"
    )
}

/// The page of HTTP/2's streams: their states, and which frames may come in each.
fn streams() -> String {
    let mut page = "# States of an HTTP/2 stream\n\n\
         Drawn from the tables in `core/src/h2/states.rs` by\n\
         `cargo run -p purlin-tests --bin diagrams`; do not edit.\n"
        .to_owned();
    diagram(&mut page, "What it goes through", stream::STREAM);
    page.push_str(
        "\n## What is done with a frame\n\n\
         A broken rule ends the stream or the connection, by the code given. What is skipped\n\
         is decoded, and counted for the connection. PRIORITY may come anywhere; PUSH_PROMISE nowhere.\n\n\
         | state | HEADERS | DATA | WINDOW_UPDATE | RST_STREAM |\n|---|---|---|---|---|\n",
    );
    for (place, verdicts) in stream::FRAMES {
        let shown = verdicts.map(stream::Verdict::shown).join(" | ");
        let _ = writeln!(page, "| {place:?} | {shown} |");
    }
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
