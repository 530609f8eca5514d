//! The adapters hold no protocol: the core alone speaks HTTP.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use std::path::{Path, PathBuf};

/// Words that only the core may know.
const WORDS: [&str; 5] = ["chunked", "keep-alive", "content-length", "transfer-encoding", "goaway"];

/// The knobs of a server have the names that its users know them by; what is
/// set with them, the core reads.
const KNOBS: &str = "server/knobs.rs";

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(sources(&path));
        } else {
            all.push(path);
        }
    }
    all
}

#[test]
fn no_literal_or_identifier_is_a_word_of_the_protocol() {
    for adapter in ["host", "std", "smol"] {
        let folder = format!("{}/../adapters/{adapter}/src", env!("CARGO_MANIFEST_DIR"));
        let sources = sources(Path::new(&folder));
        assert!(sources.len() > 5);
        for path in sources.into_iter().filter(|path| !path.ends_with(KNOBS)) {
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                let plain = line.to_lowercase().replace('_', "-");
                for word in WORDS {
                    assert!(!plain.contains(word), "{}: {word} in {line}", path.display());
                }
            }
        }
    }
}

/// A file of the repository.
fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn links_between_crates_lead_to_the_version_that_is_published() {
    let workspace = read("Cargo.toml");
    let (_, after) = workspace.split_once("\nversion = \"").unwrap();
    let version: Vec<_> = after.split('"').next().unwrap().split('.').collect();
    for (folder, name) in [
        ("core", "purlin-core"),
        ("adapters/host", "purlin-host"),
        ("adapters/tls", "purlin-tls"),
        ("adapters/std", "purlin-std"),
        ("adapters/smol", "purlin-smol"),
    ] {
        // Any patch of it will do: docs.rs shows the last one.
        let root = format!("\"https://docs.rs/{name}/{}\"", version[..2].join("."));
        assert!(read(&format!("{folder}/src/lib.rs")).contains(&root), "{name}: not {root}");
    }
}
