//! Finding and reading field blocks: the lines of a head or of a trailer section.
//! Decides what is well formed; not what a field means.

mod diagnose;
mod fields;
mod lenient;
mod usual;

pub(crate) use diagnose::wrong_beginning;
pub(crate) use fields::{read_fields, scan_fields};
pub(crate) use lenient::close_up;
pub(crate) use usual::read_whole_fields;

use crate::config::Leniency;
use crate::error::Fault;
use crate::wire::find_lf;

/// How far a block of lines has been looked at. It resumes where it stopped,
/// so a block that arrives byte by byte costs linear time.
///
/// Every connection has one or two: they are counted in 32 bits, since no limit lets a
/// block of 4 GiB come.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockScan {
    /// The next byte to look at.
    next: u32,
    /// Where the current line starts.
    line: u32,
    /// How many lines have ended.
    lines: u32,
}

/// What [`BlockScan::next_line`] found.
pub(crate) enum Line {
    /// A line, without its end: these bytes.
    Text(usize, usize),
    /// The empty line that ends the block; the block's length with it.
    End(usize),
    /// The line has no end yet.
    Partial,
}

impl BlockScan {
    /// A scan that has looked at `count` bytes of its first line.
    pub(crate) fn looked_at(count: usize) -> BlockScan {
        BlockScan { next: clip(count), line: 0, lines: 0 }
    }

    /// A scan that has passed a first line of `length` bytes.
    pub(crate) fn behind_line(length: usize) -> BlockScan {
        BlockScan { next: clip(length), line: clip(length), lines: 1 }
    }

    /// Bytes looked at so far.
    pub(crate) fn seen(&self) -> usize {
        self.next as usize
    }

    /// Lines that ended so far.
    pub(crate) fn lines(&self) -> usize {
        self.lines as usize
    }

    /// Where the current line starts.
    pub(crate) fn line_start(&self) -> usize {
        self.line as usize
    }

    /// Finds the end of the current line and goes on to the next.
    ///
    /// # Errors
    /// [`Fault::BareLf`], as soon as the LF is there.
    #[inline]
    pub(crate) fn next_line(&mut self, input: &[u8], leniency: Leniency) -> Result<Line, Fault> {
        let Some(found) = find_lf(&input[self.seen()..]) else {
            self.next = clip(input.len());
            return Ok(Line::Partial);
        };
        let start = self.line_start();
        let lf = self.seen() + found;
        self.next = clip(lf + 1);
        self.line = self.next;
        let end = match lf.checked_sub(1) {
            Some(cr) if cr >= start && input[cr] == b'\r' => cr,
            _ if leniency.bare_lf => lf,
            _ => return Err(Fault::BareLf),
        };
        if start == end {
            return Ok(Line::End(lf + 1));
        }
        self.lines += 1;
        Ok(Line::Text(start, end))
    }

    /// Forgets what it saw, for the next block.
    pub(crate) fn reset(&mut self) {
        *self = BlockScan::default();
    }
}

fn clip(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
