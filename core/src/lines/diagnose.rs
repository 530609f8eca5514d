//! Which rule a field block breaks that was refused, or has broken before its end.
//! Reads nothing that is well formed.

use super::{BlockScan, Line};
use crate::config::Leniency;
use crate::error::Fault;
use crate::wire::token;

/// Says which rule a block breaks that the tokeniser refused.
pub(super) fn diagnose(block: &[u8]) -> Fault {
    let mut scan = BlockScan::default();
    let mut first = true;
    while let Ok(Line::Text(start, end)) = scan.next_line(block, Leniency::STRICT) {
        if let Some(fault) = diagnose_line(&block[start..end], first) {
            return fault;
        }
        first = false;
    }
    Fault::BadFieldName
}

/// What is wrong already with a field block that has no end; nothing if it
/// might go on well.
pub(crate) fn wrong_beginning(block: &[u8]) -> Option<Fault> {
    let mut scan = BlockScan::default();
    let mut first = true;
    while let Ok(Line::Text(start, end)) = scan.next_line(block, Leniency::STRICT) {
        if let Some(fault) = diagnose_line(&block[start..end], first) {
            return Some(fault);
        }
        first = false;
    }
    let last = &block[scan.line_start()..];
    match last.strip_suffix(b"\r").unwrap_or(last) {
        [] => None,
        line if line.contains(&b':') => diagnose_line(line, first),
        line if line.contains(&b'\r') => Some(Fault::BareCr),
        name => diagnose_line(&[name, b":"].concat(), first),
    }
}

fn diagnose_line(line: &[u8], first: bool) -> Option<Fault> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Some(if first { Fault::BadFieldName } else { Fault::ObsFold });
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return Some(Fault::BadFieldName);
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let trimmed = token::trim(name);
    if trimmed.len() < name.len() && token::is_token(trimmed) {
        return Some(Fault::SpaceBeforeColon);
    }
    if !token::is_token(name) {
        return Some(Fault::BadFieldName);
    }
    if value.contains(&b'\r') {
        return Some(Fault::BareCr);
    }
    (!value.iter().all(|byte| token::is_value_byte(*byte))).then_some(Fault::BadFieldValue)
}
