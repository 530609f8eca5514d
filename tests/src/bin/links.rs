//! Finds links that lead nowhere: in the HTML of `cargo doc`, and in Markdown.
//!
//! `cargo run -p purlin-tests --bin links -- target/doc` looks at a folder's HTML files,
//! or at the Markdown files it is given. Links to other sites are not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> io::Result<ExitCode> {
    let mut files = Vec::new();
    for argument in env::args().skip(1) {
        collect(Path::new(&argument), &mut files)?;
    }
    if files.is_empty() {
        eprintln!("usage: links FOLDER|FILE...");
        return Ok(ExitCode::FAILURE);
    }
    let mut pages = Pages::default();
    let (mut dead, mut count) = (BTreeSet::new(), 0);
    for file in &files {
        let text = fs::read_to_string(file)?;
        for link in links(file, &text) {
            count += 1;
            if !pages.has(file, &link) {
                dead.insert(format!("{}: {link}", file.display()));
            }
        }
    }
    for line in &dead {
        println!("{line}");
    }
    println!("{count} links in {} files, {} lead nowhere", files.len(), dead.len());
    Ok(if dead.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file that is named, or all HTML below a folder.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|name| name == "html") {
            collect(&path, files)?;
        }
    }
    // These lead to a page for all crates, which there is not.
    files.retain(|file| !file.ends_with("help.html") && !file.ends_with("settings.html"));
    Ok(())
}

fn is_markdown(file: &Path) -> bool {
    file.extension().is_some_and(|name| name == "md")
}

/// The links of a file that lead to a file here.
fn links(file: &Path, text: &str) -> Vec<String> {
    let (before, after) = if is_markdown(file) { ("](", ')') } else { ("href=\"", '"') };
    let mut parts = text.split(before);
    parts.next();
    let links = parts.filter_map(|part| part.split_once(after)).map(|(link, _)| link);
    links.filter(|link| !is_elsewhere(link)).map(|link| link.replace("&amp;", "&")).collect()
}

/// A link with a scheme, to another site or to nothing that is a file, or one that a
/// script fills in.
fn is_elsewhere(link: &str) -> bool {
    if link.contains("${") {
        return true;
    }
    let scheme = link.split_once(':').map_or("", |(scheme, _)| scheme);
    !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The places that a page has, as far as it was looked at.
#[derive(Default)]
struct Pages(BTreeMap<PathBuf, Option<BTreeSet<String>>>);

impl Pages {
    fn has(&mut self, from: &Path, link: &str) -> bool {
        let (path, place) = link.split_once('#').unwrap_or((link, ""));
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let to = match path {
            "" => from.to_owned(),
            path => from.parent().unwrap_or(Path::new("")).join(path),
        };
        // A place in a source file is a range of lines, which a script finds.
        let in_source = path.ends_with(".rs.html");
        let places = self.0.entry(to).or_insert_with_key(|to| places(to));
        match places {
            None => false,
            Some(places) => place.is_empty() || in_source || places.contains(place),
        }
    }
}

/// The places of a file that a link may name; `None` if there is no such file.
fn places(file: &Path) -> Option<BTreeSet<String>> {
    if file.is_dir() {
        return Some(BTreeSet::new());
    }
    let text = String::from_utf8_lossy(&fs::read(file).ok()?).into_owned();
    if is_markdown(file) {
        let headings = text.lines().filter(|line| line.starts_with('#'));
        return Some(headings.map(|line| slug(line.trim_start_matches('#').trim())).collect());
    }
    let mut parts = text.split(" id=\"");
    parts.next();
    Some(parts.filter_map(|part| part.split_once('"')).map(|(id, _)| id.to_owned()).collect())
}

/// What a heading is called in a link: lower case, blanks as `-`, no punctuation.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
