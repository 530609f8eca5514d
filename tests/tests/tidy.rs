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
