//! Takes a written request apart, and compares it with what Go wrote.
//!
//! What means the same is put into one form before; what Purlin refuses
//! altogether `request_rules` says.

use super::json::{fields, items, same, text};
use super::redirect_rules::escaped;
use serde_json::Value;
use std::collections::BTreeMap;

/// A request line whose path has no brackets; its authority and query keep theirs.
fn without_brackets(line: &str) -> String {
    let target = line.find(' ').map_or(line.len(), |at| at + 1);
    let authority = line[target..].find("://").map_or(target, |at| target + at + 3);
    let path = line[authority..].find('/').map_or(line.len(), |at| authority + at);
    let query = line[path..].find('?').map_or(line.len(), |at| path + at);
    let plain = line[path..query].replace('[', "%5B").replace(']', "%5D");
    format!("{}{plain}{}", &line[..path], &line[query..])
}

/// A request taken apart.
#[derive(Clone, Debug)]
pub(super) struct Message {
    line: String,
    fields: BTreeMap<String, Vec<String>>,
    body: Vec<u8>,
}

impl Message {
    pub(super) fn parse(wire: &[u8]) -> Result<Message, String> {
        let end = wire.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no head")?;
        let head: String = wire[..end].iter().map(|byte| char::from(*byte)).collect();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for field in lines {
            let (name, value) = field.split_once(':').ok_or(field)?;
            fields.entry(name.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
        }
        let body = &wire[end + 4..];
        let body = match fields.get("transfer-encoding") {
            Some(_) if !body.is_empty() => plain(body)?,
            _ => body.to_vec(),
        };
        Ok(Message { line, fields, body })
    }

    /// Puts what means the same into one form.
    fn settle(&mut self, given: &Value) {
        let named = |name: &str| {
            fields(&given["headers"]).iter().any(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
        };
        // RFC 3986 §3.4: what may not stand in a query is escaped.
        if let Some((method, rest)) = self.line.split_once(' ') {
            if let Some((target, version)) = rest.rsplit_once(' ') {
                let plain = match target.split_once('?') {
                    Some((path, query)) => format!("{path}?{}", escaped(query)),
                    None => target.to_owned(),
                };
                // RFC 9112 §3.2.3: the target of CONNECT is host and port.
                let plain = if method == "CONNECT" { String::new() } else { plain };
                self.line = format!("{method} {plain} {version}");
            }
        }
        self.settle_connection();
        // RFC 9110 §10.1.1: nothing is expected without content.
        if self.body.is_empty() {
            self.fields.remove("expect");
        }
        // A stream is not read to find out whether it is empty, and no body is no body.
        if self.body.is_empty() {
            let coded = self.fields.remove("transfer-encoding");
            let length = self.fields.remove("content-length").filter(|length| length[0] != "0");
            if let (None, Some(length)) = (coded, length) {
                self.fields.insert("content-length".into(), length);
            }
        }
        // What the caller says stands alone, and a Host of theirs is sent.
        for (name, of_client) in [("user-agent", "Go-http-client/1.1"), ("accept-encoding", "gzip")]
        {
            if let Some(values) = self.fields.get_mut(name).filter(|values| values.len() > 1) {
                values.retain(|value| value != of_client);
            }
        }
        if named("proxy-authorization") {
            self.fields.entry("proxy-authorization".into()).and_modify(|values| values.truncate(1));
        }
        if named("host") {
            self.fields.remove("host");
        }
        self.settle_trailers(given);
        // Fields keep the caller's order, whatever their case.
        for values in self.fields.values_mut() {
            values.sort();
        }
    }

    fn settle_connection(&mut self) {
        // One Connection, which says whether the connection ends.
        let upgrades = self.fields.contains_key("upgrade");
        let mut options: Vec<String> = self.fields.remove("connection").unwrap_or_default();
        options = options
            .iter()
            .flat_map(|all| all.split(','))
            .map(|o| o.trim().to_ascii_lowercase())
            .collect();
        options.retain(|option| !option.is_empty() && option != "keep-alive" && option != "te");
        // RFC 9110 §7.8: Upgrade and the option of that name go together.
        options.retain(|option| option != "upgrade");
        options.extend(upgrades.then(|| "upgrade".to_owned()));
        if options.iter().any(|option| option == "close") {
            options = vec!["close".into()];
        }
        options.sort();
        options.dedup();
        if !options.is_empty() {
            self.fields.insert("connection".into(), options);
        }
    }

    fn settle_trailers(&mut self, given: &Value) {
        // Trailer names what follows, in any order and case; it is the caller's to send.
        self.fields.remove("trailer");
        if self.fields.contains_key("transfer-encoding") && !items(given, "trailer").is_empty() {
            let text: String = self.body.iter().map(|byte| char::from(*byte)).collect();
            let mut lines: Vec<_> = text.split_inclusive("\r\n").collect();
            lines.sort_unstable();
            self.body = lines.concat().into_bytes();
        }
    }

    /// What Go sent, but for what is sent otherwise by rule. `ours` is looked at for its
    /// framing alone, where Go has none that one can read, or none for trailers.
    fn by_rule(&mut self, ours: &Message, given: &Value) {
        let named = |name: &str| {
            let mut all = fields(&given["headers"]).into_iter();
            all.find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
        };
        // A field that may come once comes once: the caller's first, and none if that is empty.
        if let Some(value) = named("user-agent") {
            let value: String = value.into_iter().map(char::from).collect();
            self.fields.remove("user-agent");
            if !value.trim().is_empty() {
                self.fields.insert("user-agent".into(), vec![value.trim().to_owned()]);
            }
        }
        // RFC 9110 §9.3.6: a tunnel has no content, so that no coding of it is asked for.
        if self.line.starts_with("CONNECT ") && named("accept-encoding").is_none() {
            self.fields.remove("accept-encoding");
        }
        // A Host among the fields is sent, and in an absolute target too (RFC 9112 §3.2).
        let over = text(given, "host").is_empty().then(|| named("host")).flatten();
        if let Some((method, rest)) = self.line.split_once(" http://") {
            let host: String = over.unwrap_or_default().into_iter().map(char::from).collect();
            let path = rest.find('/').unwrap_or(rest.len());
            if !host.trim().is_empty() {
                self.line = format!("{method} http://{}{}", host.trim(), &rest[path..]);
            }
        }
        // RFC 3986 §3.3: a path has no brackets; Go leaves those that stand in a URL's text.
        self.line = without_brackets(&self.line);
        // What has no body has no trailers.
        if matches!(text(&given["body"], "kind"), "" | "no_body") {
            self.body.clear();
        }
        // A name has no case: `range` asks for a part too, and of the plain content.
        if named("range").is_some() && named("accept-encoding").is_none() {
            self.fields.remove("accept-encoding");
        }
        // A length that the caller gives among the fields, and that is right, is the length.
        let length = named("content-length").and_then(|l| String::from_utf8(l).ok()?.parse().ok());
        if length == Some(self.body.len()) && self.fields.contains_key("transfer-encoding") {
            self.fields.remove("transfer-encoding");
            self.fields.insert("content-length".into(), vec![self.body.len().to_string()]);
        }
        // RFC 9112 §6.3: a body is framed; with a coding that is not `chunked` Go leaves that out.
        let bare =
            !["content-length", "transfer-encoding"].iter().any(|f| self.fields.contains_key(*f));
        let unframed =
            bare && !self.body.is_empty() && !items(given, "transfer_encoding").is_empty();
        // Trailers go with chunks; with a length Go leaves the trailers out.
        let coded = self.fields.contains_key("transfer-encoding");
        let left_out = !coded && !items(given, "trailer").is_empty();
        let Some(coding) = ours.fields.get("transfer-encoding").filter(|_| unframed || left_out)
        else {
            return;
        };
        self.fields.remove("content-length");
        self.fields.insert("transfer-encoding".into(), coding.clone());
        if left_out {
            self.body.extend_from_slice(&trailer_section(given));
        }
    }

    pub(super) fn compare(mut self, expected: &Message, given: &Value) -> Result<(), String> {
        let mut expected = expected.clone();
        expected.by_rule(&self, given);
        self.settle(given);
        expected.settle(given);
        same("request line", &self.line, &expected.line)?;
        if text(given, "url").contains('@') && !expected.fields.contains_key("authorization") {
            self.fields.remove("authorization");
        }
        same("fields", &self.fields, &expected.fields)?;
        same("body", &self.body, &expected.body)
    }
}

/// The data of all chunks, and the trailer section as it stands.
fn plain(mut coded: &[u8]) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    loop {
        let end = coded.windows(2).position(|two| two == b"\r\n").ok_or("no chunk line")?;
        let size = std::str::from_utf8(&coded[..end]).map_err(|e| e.to_string())?;
        let size = usize::from_str_radix(size, 16).map_err(|e| e.to_string())?;
        coded = &coded[end + 2..];
        if size == 0 {
            // The trailer section begins a line.
            if coded != b"\r\n" {
                all.extend_from_slice(b"\r\n");
                all.extend_from_slice(coded);
            }
            return Ok(all);
        }
        all.extend_from_slice(coded.get(..size).ok_or("a chunk is cut")?);
        coded = coded.get(size + 2..).ok_or("a chunk has no end")?;
    }
}

/// The trailer section of a case, as [`plain`] leaves it.
fn trailer_section(given: &Value) -> Vec<u8> {
    let mut section = b"\r\n".to_vec();
    for (name, value) in fields(&given["trailer"]) {
        section.extend_from_slice(&[&name, b": ".as_slice(), value.trim_ascii(), b"\r\n"].concat());
    }
    section.extend_from_slice(b"\r\n");
    section
}
