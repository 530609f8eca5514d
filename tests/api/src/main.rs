//! Lists every public item of the crates that are published, with its signature,
//! in `docs/api/`: what a change does to users stands in its diff.
//!
//! `cargo run -p purlin-tests-api` writes the lists; with `--check` it says what in
//! them is not so (exit 1). The stable compiler is enough.
//!
//! Items that are `#[doc(hidden)]` are not in them, nor what every type has by
//! blanket implementations. Of the auto traits it is told where `Send` or `Sync` is missing.

#[path = "../../src/cargo.rs"]
#[expect(unreachable_pub, reason = "it is the kit's, too")]
mod cargo;

use cargo::inner;
use public_api::{Builder, PublicApi};
use std::collections::HashSet;
use std::error::Error;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// The crates, each with the features that it documents.
const CRATES: [(&str, &str); 6] = [
    ("purlin-core", "http"),
    ("purlin-engine", "gzip,rustls"),
    ("purlin-net", "log,tracing"),
    ("purlin-tls", "aws-lc-rs,platform-roots"),
    ("purlin-std", "http,log,tracing,aws-lc-rs,platform-roots"),
    ("purlin-smol", "tower,log,tracing,aws-lc-rs,platform-roots"),
];

/// The formats of rustdoc's JSON that are read right. Another compiler may write
/// another: then `public-api` is raised to the version that reads it, and this with it.
const FORMATS: std::ops::RangeInclusive<u64> = 57..=57;

/// Set where this program stands in for rustdoc: the rustdoc that is meant.
const STANDS_FOR: &str = "PURLIN_API_RUSTDOC";

fn main() -> ExitCode {
    if let Some(rustdoc) = env::var_os(STANDS_FOR) {
        return as_rustdoc(&rustdoc);
    }
    let check = env::args().any(|argument| argument == "--check");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = match target(&cargo) {
        Ok(target) => target,
        Err(error) => {
            eprintln!("cargo metadata: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut failed = false;
    for (name, features) in CRATES {
        let json = document(&cargo, name, features).map(|()| json_of(&target, name));
        let done = json.and_then(|json| list(&json)).and_then(|items| put(name, &items, check));
        match done {
            Ok(same) => failed |= !same,
            Err(error) => {
                eprintln!("{name}: {error}");
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// JSON is an unstable option of rustdoc, which it takes on stable too if it is told so.
/// It alone is told: a build script that heard of it would build for nightly.
fn as_rustdoc(rustdoc: &OsStr) -> ExitCode {
    let mut command = Command::new(rustdoc);
    command.args(env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1");
    let error = command.exec();
    eprintln!("cannot run {}: {error}", Path::new(rustdoc).display());
    ExitCode::FAILURE
}

/// The items of a crate, a line each.
fn list(json: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let format = serde_json::from_slice::<serde_json::Value>(&fs::read(json)?)?;
    let format = format["format_version"].as_u64().unwrap_or(0);
    if !FORMATS.contains(&format) {
        let known = format!("{} to {}", FORMATS.start(), FORMATS.end());
        return Err(format!(
            "this compiler's rustdoc writes JSON of format {format}, and {known} is known here: \
             raise public-api in tests/api/Cargo.toml, and FORMATS with it"
        )
        .into());
    }
    let api = Builder::from_rustdoc_json(json).omit_blanket_impls(true).build()?;
    Ok(lines(&api))
}

/// What is listed of an API, each once: a type that has two paths has its methods at one.
fn lines(api: &PublicApi) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut of_trait = false;
    let mut lines = Vec::new();
    for line in api.items().map(ToString::to_string) {
        let implemented = implemented(&line);
        if implemented.is_some() || !line.starts_with("pub fn ") {
            // Behind a trait's implementation follow its functions, which the trait tells.
            of_trait = implemented.is_some() || (of_trait && line.starts_with("pub type "));
        }
        let told = match implemented {
            Some(name) => is_told(&line, name),
            None => !(of_trait && line.starts_with("pub fn ")),
        };
        if told && seen.insert(line.clone()) {
            lines.push(line);
        }
    }
    lines
}

/// The name of the trait, if the line says that one is implemented.
fn implemented(line: &str) -> Option<&str> {
    let (before, _) = line.strip_prefix("impl")?.split_once(" for ")?;
    // What it is generic over stands in front, and what the trait is of behind.
    let path = match before.strip_prefix('<') {
        Some(generic) => generic.split_once("> ")?.1,
        None => before,
    };
    path.split('<').next()?.rsplit("::").next()
}

/// That a type is `Send` and `Sync` is the rule, so that it is not is told. Of the other
/// auto traits, and of what only the compiler asks for, nothing is.
fn is_told(line: &str, implemented: &str) -> bool {
    match implemented {
        "Send" | "Sync" => line.starts_with("impl !") || line.contains("> !"),
        "Unpin" | "UnwindSafe" | "RefUnwindSafe" => false,
        "Freeze" | "UnsafeUnpin" | "StructuralPartialEq" => false,
        _ => true,
    }
}

/// Has rustdoc write a crate's JSON.
fn document(cargo: &OsStr, name: &str, features: &str) -> Result<(), Box<dyn Error>> {
    let rustdoc = env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    let status = inner(cargo)
        .args(["rustdoc", "--quiet", "--locked", "--lib", "-p", name, "--features", features])
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTDOC", env::current_exe()?)
        .env(STANDS_FOR, rustdoc)
        .env_remove("RUSTDOCFLAGS")
        .current_dir(root())
        .status()?;
    if !status.success() {
        return Err(format!("cargo rustdoc: {status}").into());
    }
    Ok(())
}

/// Where rustdoc puts a crate's JSON.
fn json_of(target: &Path, name: &str) -> PathBuf {
    target.join("doc").join(name.replace('-', "_")).with_extension("json")
}

/// Where cargo puts what it builds.
fn target(cargo: &OsStr) -> Result<PathBuf, Box<dyn Error>> {
    let output = inner(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let folder = metadata["target_directory"].as_str();
    Ok(folder.ok_or("cargo metadata names no target directory")?.into())
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Writes a crate's list, or says what in the one that is there differs; whether all is well.
fn put(name: &str, items: &[String], check: bool) -> Result<bool, Box<dyn Error>> {
    let path = root().join("docs/api").join(name).with_extension("txt");
    let text: String = items.iter().map(|item| format!("{item}\n")).collect();
    if !check {
        fs::create_dir_all(root().join("docs/api"))?;
        fs::write(&path, text)?;
        return Ok(true);
    }
    let kept = fs::read_to_string(&path)?;
    let kept: Vec<&str> = kept.lines().collect();
    let mut same = true;
    for gone in kept.iter().filter(|line| !items.iter().any(|item| item == *line)) {
        eprintln!("{name}: - {gone}");
        same = false;
    }
    for new in items.iter().filter(|item| !kept.contains(&item.as_str())) {
        eprintln!("{name}: + {new}");
        same = false;
    }
    if !same {
        eprintln!("docs/api/{name}.txt is not the API: run `cargo run -p purlin-tests-api`");
    }
    Ok(same)
}
