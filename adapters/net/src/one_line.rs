//! A text that may hold what a peer chose, as one line of a log.

use std::fmt;

/// A text whose control characters are escaped, so that it is one line and moves no cursor.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(char::is_control) {
            match part.char_indices().next_back() {
                Some((at, last)) if last.is_control() => {
                    write!(f, "{}{}", &part[..at], last.escape_default())?;
                }
                _ => f.write_str(part)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_whatever_is_in_it() {
        for (text, line) in [
            ("", ""),
            ("no such user: é", "no such user: é"),
            ("no such user: x\nINFO paid", "no such user: x\\nINFO paid"),
            ("\u{1b}[31m\r\n", "\\u{1b}[31m\\r\\n"),
            ("\u{85}\t", "\\u{85}\\t"),
        ] {
            assert_eq!(OneLine(text).to_string(), line);
        }
    }
}
