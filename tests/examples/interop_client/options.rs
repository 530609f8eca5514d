//! What is to be asked, and how.

use crate::Result;
use ring::digest;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) urls: Vec<String>,
    pub(crate) method: Option<String>,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
    pub(crate) expect: bool,
    pub(crate) proxy: Option<String>,
    pub(crate) user: Option<(String, String)>,
    pub(crate) output: Option<PathBuf>,
    pub(crate) heads: bool,
    pub(crate) times: usize,
    pub(crate) pause: Duration,
}

/// A file that is sent, and whether its length is told.
pub(crate) struct Body {
    pub(crate) path: PathBuf,
    pub(crate) chunked: bool,
}

impl Body {
    /// The file, and the length that is told.
    pub(crate) fn open(&self) -> Result<(File, Option<u64>)> {
        let file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        Ok((file, (!self.chunked).then_some(length)))
    }
}

pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options { times: 1, ..Options::default() };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} of what?"));
        match &*arg {
            "-X" => options.method = Some(value()?),
            "-H" => options.fields.push(split(&value()?)?),
            "-T" => options.body = Some(Body { path: value()?.into(), chunked: false }),
            "-c" => options.body = Some(Body { path: value()?.into(), chunked: true }),
            "-e" => options.expect = true,
            "-x" => options.proxy = Some(value()?),
            "-u" => options.user = Some(split(&value()?)?),
            "-o" => options.output = Some(value()?.into()),
            "-i" => options.heads = true,
            "-n" => options.times = value()?.parse()?,
            "-w" => options.pause = Duration::from_millis(value()?.parse()?),
            option if option.starts_with('-') => return Err(format!("no option {arg}").into()),
            _ => options.urls.push(arg),
        }
    }
    Ok(options)
}

/// At its first colon.
fn split(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once(':').ok_or(format!("no colon in {text}"))?;
    Ok((name.to_owned(), value.trim_start().to_owned()))
}

impl Options {
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
