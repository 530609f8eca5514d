//! The `Priority` field (RFC 9218 §4): how urgent a response is, and whether parts of it are of use.
//! Decides what a value says; what is sent first, the schedule does.

/// A priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// 0, the most urgent, to 7.
    pub urgency: u8,
    /// A part of the response is of use before the rest is there.
    pub incremental: bool,
}

/// How many urgencies there are.
pub const URGENCIES: usize = 8;

impl Default for Priority {
    fn default() -> Priority {
        Priority { urgency: 3, incremental: false }
    }
}

impl Priority {
    /// Reads a field value: a dictionary (RFC 9651 §3.2), of which `u` and `i` are looked at.
    /// What has another type, or is out of range, is left out, and so is all of a value that
    /// is no dictionary (RFC 9218 §4).
    pub fn parse(value: &[u8]) -> Priority {
        Priority::of(value).unwrap_or_default()
    }

    fn of(value: &[u8]) -> Option<Priority> {
        let mut priority = Priority::default();
        let mut rest = Rest(value);
        rest.skip(b" ");
        while !rest.0.is_empty() {
            let key = rest.key()?;
            let item = if rest.take(b'=') { rest.item()? } else { Item::Bool(true) };
            rest.parameters()?;
            // Of a key that comes twice the last one counts (RFC 9651 §3.2).
            match (key, item) {
                (b"u", Item::Int(urgency @ 0..=7)) => priority.urgency = urgency,
                (b"u", _) => priority.urgency = Priority::default().urgency,
                (b"i", Item::Bool(incremental)) => priority.incremental = incremental,
                (b"i", _) => priority.incremental = false,
                _ => {}
            }
            rest.skip(b" \t");
            if rest.0.is_empty() {
                break;
            }
            if !rest.take(b',') {
                return None;
            }
            rest.skip(b" \t");
            if rest.0.is_empty() {
                return None; // a comma that nothing follows
            }
        }
        Some(priority)
    }
}

/// A value, as far as it matters which it is.
enum Item {
    Bool(bool),
    /// A number below ten, without a sign.
    Int(u8),
    /// Anything else that is well formed.
    Other,
}

/// What is left to read of a value.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn skip(&mut self, what: &[u8]) {
        while let [first, rest @ ..] = self.0 {
            if !what.contains(first) {
                return;
            }
            self.0 = rest;
        }
    }

    fn take(&mut self, what: u8) -> bool {
        let rest = self.0.strip_prefix(&[what]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Takes what is made of such octets.
    fn while_in(&mut self, is: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|octet| !is(*octet)).unwrap_or(self.0.len());
        let (front, rest) = self.0.split_at(end);
        self.0 = rest;
        front
    }

    fn key(&mut self) -> Option<&'a [u8]> {
        matches!(self.0.first()?, b'a'..=b'z' | b'*').then(|| {
            self.while_in(|octet| {
                octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"_-.*".contains(&octet)
            })
        })
    }

    /// A bare item or an inner list (RFC 9651 §3.1.1, §3.3).
    fn item(&mut self) -> Option<Item> {
        match *self.0.first()? {
            b'?' => self.boolean(),
            b'"' => self.string(),
            b':' => self.enclosed(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(&octet)),
            b'(' => self.list(),
            b'-' | b'0'..=b'9' => self.number(),
            b'@' => {
                self.take(b'@');
                self.number().map(|_| Item::Other)
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'*' => {
                let token = |octet| crate::wire::token::is_tchar(octet) || b":/".contains(&octet);
                self.while_in(token);
                Some(Item::Other)
            }
            _ => None,
        }
    }

    fn boolean(&mut self) -> Option<Item> {
        self.take(b'?');
        match (self.take(b'1'), self.take(b'0')) {
            (true, false) => Some(Item::Bool(true)),
            (false, true) => Some(Item::Bool(false)),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Item> {
        let negative = self.take(b'-');
        let digits = self.while_in(|octet| octet.is_ascii_digit());
        let fraction = if self.take(b'.') {
            Some(self.while_in(|octet| octet.is_ascii_digit()))
        } else {
            None
        };
        let most = if fraction.is_some() { 12 } else { 15 };
        let well = (1..=most).contains(&digits.len())
            && fraction.is_none_or(|fraction| (1..=3).contains(&fraction.len()));
        match (well, digits, fraction) {
            (false, ..) => None,
            (true, [.., digit], None) => {
                let zeros = digits[..digits.len() - 1].iter().all(|digit| *digit == b'0');
                let value = digit - b'0';
                // Minus nought is nought.
                let small = zeros && (!negative || value == 0);
                Some(if small { Item::Int(value) } else { Item::Other })
            }
            _ => Some(Item::Other),
        }
    }

    fn string(&mut self) -> Option<Item> {
        self.take(b'"');
        loop {
            self.while_in(|octet| matches!(octet, 0x20..=0x7e) && !b"\"\\".contains(&octet));
            match self.0 {
                [b'"', rest @ ..] => {
                    self.0 = rest;
                    return Some(Item::Other);
                }
                [b'\\', b'"' | b'\\', rest @ ..] => self.0 = rest,
                _ => return None,
            }
        }
    }

    /// Between two colons.
    fn enclosed(&mut self, is: impl Fn(u8) -> bool) -> Option<Item> {
        self.take(b':');
        self.while_in(is);
        self.take(b':').then_some(Item::Other)
    }

    fn list(&mut self) -> Option<Item> {
        self.take(b'(');
        loop {
            self.skip(b" ");
            if self.take(b')') {
                return Some(Item::Other);
            }
            if self.0.first() == Some(&b'(') {
                return None; // one list in another there is not
            }
            self.item()?;
            self.parameters()?;
            if !matches!(self.0.first(), Some(b' ' | b')')) {
                return None;
            }
        }
    }

    fn parameters(&mut self) -> Option<()> {
        while self.take(b';') {
            self.skip(b" ");
            self.key()?;
            if self.take(b'=') {
                if self.0.first() == Some(&b'(') {
                    return None;
                }
                self.item()?;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgency_and_incremental_are_read_and_nothing_else() {
        for (value, urgency, incremental) in [
            ("", 3, false),
            ("u=0", 0, false),
            ("u=7, i", 7, true),
            ("i, u=5", 5, true),
            ("i=?0", 3, false),
            ("i=?1,u=1", 1, true),
            (" u=2 ", 2, false),
            ("u=2\t,\ti", 2, true),
            ("u=1;x=2, i;y", 1, true),
            ("u=1, u=4", 4, false),
            ("u=1, u=x", 3, false),
            ("u=007", 7, false),
            ("u=-0", 0, false),
            // Other types and values out of range are left out.
            ("u=8, i", 3, true),
            ("u=-1, i", 3, true),
            ("u=1.0, i", 3, true),
            ("u=\"1\", i", 3, true),
            ("i=1, u=1", 1, false),
            // What is not known says nothing, whatever it is.
            ("x=(a \"b\";c=1 2), y=:AAA=:, z=\"a\\\"b\", t=@12, u=6", 6, false),
            // No dictionary: nothing counts.
            ("u=1,", 3, false),
            ("u=1 i", 3, false),
            ("U=1", 3, false),
            ("u=", 3, false),
            ("u=1, i=?2", 3, false),
            ("u=1, x=\"", 3, false),
            ("u=1, x=(", 3, false),
            ("u=1, x=((a))", 3, false),
            ("u=1, x=(a b", 3, false),
            ("u=1;", 3, false),
            ("u=1, x=1.", 3, false),
            ("u=1, x=1234567890123456", 3, false),
            ("u=1, x=\u{7f}", 3, false),
        ] {
            let expected = Priority { urgency, incremental };
            assert_eq!(Priority::parse(value.as_bytes()), expected, "{value:?}");
        }
    }
}
