//! What is to be asked, and how.

use crate::Result;
use ring::digest;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) struct Options {
    pub(crate) groups: Vec<Group>,
    pub(crate) proxy: Option<String>,
    pub(crate) roots: Option<PathBuf>,
    pub(crate) compression: bool,
    pub(crate) heads: bool,
    pub(crate) reuse: bool,
    pub(crate) rounds: usize,
    pub(crate) pause: Duration,
}

/// Requests that are alike, but for their URLs.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) urls: Vec<String>,
    pub(crate) method: Option<String>,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
    pub(crate) expect: bool,
    pub(crate) user: Option<(String, String)>,
    pub(crate) output: Option<PathBuf>,
}

/// A file that is sent.
pub(crate) enum Body {
    /// Read before it is sent.
    AtHand(PathBuf),
    /// Read while it is sent; its length is told.
    Known(PathBuf),
    /// Read while it is sent; its length is not told.
    Unknown(PathBuf),
}

pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options {
        groups: Vec::new(),
        proxy: None,
        roots: None,
        compression: false,
        heads: false,
        reuse: false,
        rounds: 1,
        pause: Duration::ZERO,
    };
    let mut group = Group::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} of what?"));
        match &*arg {
            "-X" => group.method = Some(value()?),
            "-H" => group.fields.push(split(&value()?)?),
            "-d" => group.body = Some(Body::AtHand(value()?.into())),
            "-T" => group.body = Some(Body::Known(value()?.into())),
            "-c" => group.body = Some(Body::Unknown(value()?.into())),
            "-e" => group.expect = true,
            "-u" => group.user = Some(split(&value()?)?),
            "-o" => group.output = Some(value()?.into()),
            "--next" => options.groups.push(std::mem::take(&mut group)),
            "-x" => options.proxy = Some(value()?),
            "-r" => options.roots = Some(value()?.into()),
            "-z" => options.compression = true,
            "-i" => options.heads = true,
            "-k" => options.reuse = true,
            "-n" => options.rounds = value()?.parse()?,
            "-w" => options.pause = Duration::from_millis(value()?.parse()?),
            option if option.starts_with('-') => return Err(format!("no option {arg}").into()),
            _ => group.urls.push(arg),
        }
    }
    options.groups.push(group);
    Ok(options)
}

/// At its first colon.
fn split(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once(':').ok_or(format!("no colon in {text}"))?;
    Ok((name.to_owned(), value.trim_start().to_owned()))
}

impl Options {
    /// Everything that is asked, in order.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (&Group, &String)> {
        let one =
            || self.groups.iter().flat_map(|group| group.urls.iter().map(move |url| (group, url)));
        (0..self.rounds).flat_map(move |_| one())
    }
}

impl Group {
    /// The method: what was said, or what fits the body.
    pub(crate) fn method(&self) -> &str {
        let usual = if self.body.is_some() { "PUT" } else { "GET" };
        self.method.as_deref().unwrap_or(usual)
    }
}

/// The checksum and the count of content that comes piece by piece.
pub(crate) struct Hash(digest::Context, u64);

impl Hash {
    pub(crate) fn new() -> Hash {
        Hash(digest::Context::new(&digest::SHA256), 0)
    }

    pub(crate) fn take(&mut self, piece: &[u8]) {
        self.0.update(piece);
        self.1 += piece.len() as u64;
    }

    /// The count of bytes and the checksum.
    pub(crate) fn text(self) -> String {
        let sum = self.0.finish();
        let hex: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{} {hex}", self.1)
    }
}
