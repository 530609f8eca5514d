//! The fields that control a message's framing and its connection, gathered in one pass.
//! Says what stands there; what it means is for `decide` and `body::framing`.

use crate::body::framing::Lengths;
use crate::head::Fields;
use crate::wire::token::{self, is_name};

/// What the fields say that control framing and connection.
#[derive(Debug, Default)]
pub(crate) struct ControlFields<'a> {
    pub(crate) lengths: Lengths<'a>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) hosts: usize,
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade_option: bool,
    /// It names a protocol to switch to.
    pub(crate) upgrade: bool,
    pub(crate) expects: Expects,
}

/// What the Expect fields say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Expects {
    #[default]
    Nothing,
    Continue,
    Other,
}

impl<'a> ControlFields<'a> {
    #[inline]
    pub(crate) fn of(fields: &'a Fields) -> ControlFields<'a> {
        let mut control = ControlFields::default();
        for (name, value) in fields.raw() {
            // The length tells most names apart without comparing them.
            match name.len() {
                4 if is_name(name, b"host") => {
                    control.host = Some(value);
                    control.hosts += 1;
                }
                6 if is_name(name, b"expect") => control.expect(value),
                7 if is_name(name, b"upgrade") => {
                    control.upgrade |= token::list(value).next().is_some();
                }
                10 if is_name(name, b"connection") => control.connection(value),
                14 if is_name(name, b"content-length") => {
                    control.lengths.add_content_length(value);
                }
                17 if is_name(name, b"transfer-encoding") => {
                    control.lengths.add_transfer_encoding(value);
                }
                _ => {}
            }
        }
        control
    }

    fn connection(&mut self, value: &[u8]) {
        for option in token::list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade_option |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    fn expect(&mut self, value: &[u8]) {
        for expectation in token::list(value) {
            let known = expectation.eq_ignore_ascii_case(b"100-continue");
            self.expects = match self.expects {
                Expects::Nothing | Expects::Continue if known => Expects::Continue,
                _ => Expects::Other,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::names;

    #[test]
    fn fields_that_control_are_gathered_whatever_their_case_and_lines() {
        let mut fields = Fields::new();
        for (name, value) in [
            ("Host", "a"),
            ("Connection", "x, Close"),
            ("connection", "keep-ALIVE,upgrade"),
            ("Upgrade", "y"),
            ("Expect", "100-Continue"),
        ] {
            fields.append(name, value).unwrap();
        }
        assert!(fields.iter().all(|field| names::controls(field.name)));
        let control = ControlFields::of(&fields);
        assert!(control.close && control.keep_alive && control.upgrade && control.upgrade_option);
        assert_eq!((control.hosts, control.expects), (1, Expects::Continue));
    }

    #[test]
    fn what_is_not_named_as_controlling_controls_nothing() {
        let nothing = format!("{:?}", ControlFields::default());
        for length in 1..20 {
            for name in ["Host", "Connection", "Content-Length", "Transfer-Encoding", "X-Control"] {
                let name = format!("{name:-<length$}");
                let fields = Fields::from_pairs([(&name, "1")]).unwrap();
                let found = format!("{:?}", ControlFields::of(&fields));
                assert!(found == nothing || names::controls(&name), "{name}: {found}");
            }
        }
        assert!(["content-length", "TRANSFER-ENCODING"].into_iter().all(names::controls));
    }
}
