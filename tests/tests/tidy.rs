//! The adapters hold no protocol: the core alone speaks HTTP. What documents name is there.
//! And no file and no function is longer than a reader can keep in mind.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use std::collections::BTreeSet;
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
    for adapter in ["engine", "net", "std", "smol"] {
        let folder = format!("{}/../adapters/{adapter}/src", env!("CARGO_MANIFEST_DIR"));
        let sources = sources(Path::new(&folder));
        assert!(sources.len() > 5);
        // A test plays the peer, and that speaks HTTP.
        let test = |path: &Path| path.with_extension("").iter().any(|part| part == "tests");
        for path in sources.into_iter().filter(|path| !path.ends_with(KNOBS) && !test(path)) {
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
        ("adapters/engine", "purlin-engine"),
        ("adapters/net", "purlin-net"),
        ("adapters/tls", "purlin-tls"),
        ("adapters/std", "purlin-std"),
        ("adapters/smol", "purlin-smol"),
    ] {
        // Any patch of it will do: docs.rs shows the last one.
        let root = format!("\"https://docs.rs/{name}/{}\"", version[..2].join("."));
        assert!(read(&format!("{folder}/src/lib.rs")).contains(&root), "{name}: not {root}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn what_holds_an_invariant_is_there_and_every_number_is_used_once() {
    let text = read("docs/invariants.md");
    let number = |line: &str| line.split_once(". **")?.0.parse::<usize>().ok();
    let mut numbers: Vec<usize> = text.lines().filter_map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());

    let folders = ["core", "adapters", "tests/src", "tests/tests", "tests/peers"];
    let sources = folders.iter().flat_map(|folder| sources(&root().join(folder)));
    let mut functions = BTreeSet::new();
    for path in sources.filter(|path| path.extension().is_some_and(|kind| kind == "rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        let named = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
        functions.extend(named.map(str::to_owned));
    }
    let (mut named, mut paths) = (0, 0);
    for name in text.split('`').skip(1).step_by(2) {
        let last = name.rsplit("::").next().unwrap_or(name);
        let is_word = last.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if is_word && last.matches('_').count() > 1 {
            assert!(functions.contains(last), "there is no {name}");
            named += 1;
        } else if name.contains('/') && !name.contains(' ') {
            assert!(root().join(name).exists(), "there is no {name}");
            paths += 1;
        }
    }
    assert!(named > 30 && paths > 30, "{named} functions and {paths} paths are named");
}

/// A file has fewer lines.
const FILE: usize = 400;

/// A function has no more.
const FUNCTION: usize = 70;

/// Files that are longer still. One that is not any more leaves this list, so that it only
/// gets shorter; nothing is added to it.
const LONG: [&str; 5] = [
    "tests/src/vectors/serve/script.rs",
    "tests/src/virtual_client/task.rs",
    "tests/tests/both/client.rs",
    "tests/tests/examples.rs",
    "tests/tests/tls.rs",
];

/// The function that begins in the first of these lines, and how many it has.
fn function<'a>(lines: &[&'a str]) -> Option<(usize, &'a str)> {
    let line = lines.first()?;
    let words = ["pub", "const", "async", "pub(crate)", "pub(super)"];
    let mut rest = line.split_whitespace().skip_while(|word| words.contains(word));
    let name = rest.next().filter(|word| *word == "fn").and(rest.next())?;
    // It ends where its brace is closed, or where it is declared alone: as far to the
    // left as it begins.
    let indent = &line[..line.len() - line.trim_start().len()];
    let ends = |line: &&str| {
        let own = line.strip_prefix(indent).filter(|own| !own.starts_with(' '));
        own.is_some_and(|own| own.starts_with('}') || own.ends_with([';', '}']))
    };
    Some((lines.iter().position(ends)? + 1, name))
}

/// The longest function of a file, by its name.
fn longest(text: &str) -> (usize, &str) {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).filter_map(|at| function(&lines[at..])).max().unwrap_or_default()
}

#[test]
fn a_function_is_found_from_its_name_to_its_brace() {
    let text =
        "    pub fn a(\n        b: u8,\n    ) -> u8 {\n        b\n    }\n\nfn c();\nfn d() {}\n";
    assert_eq!(longest(text), (5, "a("));
    assert_eq!(longest("fn c();\nfn e() {\n    if x {\n    }\n}\n"), (4, "e()"));
}

#[test]
fn no_file_and_no_function_is_too_long_to_keep_in_mind() {
    let folders = ["core", "adapters", "tests", "fuzz/fuzz_targets"];
    let sources = folders.iter().flat_map(|folder| sources(&root().join(folder)));
    let mut long = BTreeSet::new();
    let mut seen = 0;
    for path in sources.filter(|path| path.extension().is_some_and(|kind| kind == "rs")) {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let (lines, function) = longest(&text);
        assert!(lines <= FUNCTION, "{name}: {function} has {lines} lines");
        if text.lines().count() >= FILE {
            long.insert(name);
        }
        seen += 1;
    }
    assert!(seen > 400, "{seen} files");
    let known: BTreeSet<String> = LONG.iter().map(|name| (*name).to_owned()).collect();
    let grown: Vec<_> = long.difference(&known).collect();
    assert!(grown.is_empty(), "{grown:?} have {FILE} lines and more");
    let mended: Vec<_> = known.difference(&long).collect();
    assert!(mended.is_empty(), "{mended:?} are not long any more: take them off the list");
}
