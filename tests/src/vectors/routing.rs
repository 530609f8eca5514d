//! Decides whether a case of the routing family holds.
//!
//! The router is under test here and nothing else; the cases say what a request
//! target was parsed to.

use std::collections::BTreeMap;

use purlin_core::router::{
    Conflict, InsertError, Pattern, Relation, RouteInput, Routed, Router, RouterOptions, Segment,
    Witness,
};
use serde_json::Value;

use super::json::{bytes, decode, items, same, text};

type Outcome = Result<(), String>;

/// A pattern's text. Ours are UTF-8; a path that is not is spelled with escapes,
/// which mean the same.
fn pattern_text(case: &Value) -> Option<String> {
    let raw = bytes(case, "pattern")?;
    if let Ok(text) = String::from_utf8(raw.clone()) {
        return Some(text);
    }
    let slash = raw.iter().position(|&b| b == b'/')?;
    let mut spelled = String::from_utf8(raw[..slash].to_vec()).ok()?;
    for &b in &raw[slash..] {
        if b.is_ascii() {
            spelled.push(char::from(b));
        } else {
            spelled.push_str(&format!("%{b:02X}"));
        }
    }
    Some(spelled)
}

pub(super) fn pattern_parse(case: &Value) -> Outcome {
    let parsed = pattern_text(case).and_then(|text| Pattern::parse(&text).ok());
    let ok = case["ok"].as_bool() == Some(true);
    same("ok", &parsed.is_some(), &ok)?;
    let (Some(pattern), expected) = (parsed, &case["parsed"]) else { return Ok(()) };
    same("method", &pattern.method().unwrap_or_default(), &text(expected, "method"))?;
    same("host", &pattern.host(), &text(expected, "host"))?;
    let segments: Vec<_> = pattern.segments().map(go_segment).collect();
    let read = |s: &Value| {
        let flag = |name: &str| s[name].as_bool() == Some(true);
        (bytes(s, "s").unwrap_or_default(), flag("wild"), flag("multi"))
    };
    let expected: Vec<_> = items(expected, "segments").iter().map(read).collect();
    same("segments", &segments, &expected)
}

/// A segment as Go keeps it: text, wild, multi. `{$}` is the literal `/` there.
fn go_segment(segment: Segment<'_>) -> (Vec<u8>, bool, bool) {
    match segment {
        Segment::Literal(literal) => (literal.to_vec(), false, false),
        Segment::Wild(name) => (name.into(), true, false),
        Segment::Rest(name) => (name.into(), true, true),
        Segment::End => (b"/".to_vec(), false, false),
    }
}

pub(super) fn conflicts(case: &Value) -> Outcome {
    let (a, b) = (text(case, "a"), text(case, "b"));
    let mut router = Router::new();
    router.insert(a, ()).map_err(|e| format!("{a}: {e}"))?;
    let inserted = router.insert(b, ());
    let conflict = match &inserted {
        Ok(_) => None,
        Err(InsertError::Conflict(conflict)) => Some(conflict),
        Err(error) => return Err(format!("{b}: {error}")),
    };
    if let Some(conflict) = conflict {
        witnesses_hold(conflict)?;
    }
    if case["quirk"].as_bool() == Some(true) {
        // Go is at odds with itself here; what Purlin does stands in its own tests.
        return Ok(());
    }
    let [a, b] = [a, b].map(|text| Pattern::parse(text).map_err(|e| e.to_string()));
    let (a, b) = (a?, b?);
    let relation = |name: &str| match text(case, name) {
        "equivalent" => Relation::Equivalent,
        "moreGeneral" => Relation::MoreGeneral,
        "moreSpecific" => Relation::MoreSpecific,
        "overlaps" => Relation::Overlaps,
        _ => Relation::Disjoint,
    };
    // Hosts that differ by case or a dot at the end are two hosts to Go, and one to us.
    let one_host = a.host() != b.host() && canonical_host(a.host()) == canonical_host(b.host());
    let expected = if one_host {
        relation("relation").is_conflict()
    } else {
        text(case, "result") == "conflict"
    };
    same("conflict", &conflict.is_some(), &expected)?;
    same("relation", &a.relation_to(&b), &relation("relation"))?;
    same("methods", &a.method_relation_to(&b), &relation("method_relation"))?;
    same("paths", &a.path_relation_to(&b), &relation("path_relation"))?;
    let expected = relation("relation").inverse();
    conflict.map_or(Ok(()), |conflict| same("told", &conflict.relation(), &expected))
}

/// A host as the router compares it: in lower case, without a dot at its end.
fn canonical_host(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    match host.strip_suffix('.') {
        Some(name) if !name.is_empty() => name.into(),
        _ => host,
    }
}

/// Every request that an explanation names is matched by the patterns it says.
fn witnesses_hold(conflict: &Conflict) -> Outcome {
    let matches = |pattern: &Pattern, witness: &Witness| {
        let options = RouterOptions {
            clean_path: false,
            redirect_to_slash: false,
            ..RouterOptions::default()
        };
        let mut router = Router::with_options(options);
        // Conflicts are between patterns of one host; one with a port may never be reached.
        let text = format!("{} {}", pattern.method().unwrap_or_default(), pattern.path());
        let found = router.insert(&text, ()).is_ok();
        let routed = router.route(witness.method(), "", witness.path());
        found && matches!(routed, Routed::Found { .. })
    };
    let (new, old) = (conflict.new_pattern(), conflict.old_pattern());
    let mut claims = vec![(conflict.both(), true, true)];
    claims.extend(conflict.only_new().map(|witness| (witness, true, false)));
    claims.extend(conflict.only_old().map(|witness| (witness, false, true)));
    if conflict.relation() == Relation::Overlaps && claims.len() != 3 {
        return Err(format!("a witness is missing:\n{conflict}"));
    }
    for (witness, by_new, by_old) in claims {
        if matches(new, witness) != by_new || matches(old, witness) != by_old {
            return Err(format!("{witness} is not a witness:\n{conflict}"));
        }
    }
    Ok(())
}

pub(super) fn register_seq(case: &Value) -> Outcome {
    let mut router = Router::new();
    for (at, (pattern, expected)) in
        items(case, "patterns").iter().zip(items(case, "results")).enumerate()
    {
        let pattern = pattern.as_str().unwrap_or_default();
        let ok = match router.insert(pattern, ()) {
            Ok(_) => true,
            Err(InsertError::Conflict(_)) => false,
            Err(error) => return Err(format!("{at}: {error}")),
        };
        same(&format!("{at}: {pattern}"), &ok, &(expected == "ok"))?;
    }
    Ok(())
}

pub(super) fn matching(case: &Value) -> Outcome {
    check_requests(case, RouterOptions::default())
}

pub(super) fn matching_go121(case: &Value) -> Outcome {
    check_requests(case, RouterOptions { go121: true, ..RouterOptions::default() })
}

fn check_requests(case: &Value, options: RouterOptions) -> Outcome {
    let quirk = case["quirk"].as_bool() == Some(true);
    let texts = items(case, "patterns").iter().filter_map(Value::as_str);
    let written: Vec<String> = texts.map(str::to_owned).collect();
    let canonical: Vec<String> = written.iter().map(|text| canonical_pattern(text)).collect();
    let (router, plain) = (build(&written, options, quirk)?, build(&canonical, options, quirk)?);
    for (at, request) in items(case, "requests").iter().enumerate() {
        let check = check_request(&router, request)
            .or_else(|why| check_host_case(&router, &plain, request).map_err(|_| why));
        let quirk = quirk || request["quirk"].is_string();
        if let (Err(why), false) = (check, quirk) {
            let (method, target) = (text(request, "method"), text(request, "target"));
            return Err(format!("request {at}, {method} {target}: {why}"));
        }
    }
    Ok(())
}

fn build(patterns: &[String], options: RouterOptions, quirk: bool) -> Result<Router<()>, String> {
    let mut router = Router::with_options(options);
    for pattern in patterns {
        // Go registers some patterns over each other.
        router
            .insert(pattern, ())
            .map(drop)
            .or_else(|error| if quirk { Ok(()) } else { Err(format!("{pattern}: {error}")) })?;
    }
    Ok(router)
}

/// A pattern with its host as the router compares it.
fn canonical_pattern(text: &str) -> String {
    let start = text.find([' ', '\t']).map_or(0, |at| at + 1);
    let end = text.find('/').unwrap_or(text.len()).max(start);
    format!("{}{}{}", &text[..start], canonical_host(&text[start..end]), &text[end..])
}

/// Go compares hosts byte by byte; we do not regard ASCII case and a dot at the
/// end. A request that we answer otherwise for this reason must be answered as if
/// all hosts were written alike.
fn check_host_case(router: &Router<()>, plain: &Router<()>, request: &Value) -> Outcome {
    let wire = Wire::read(request);
    let alike = |host: &[u8]| {
        let (name, port) =
            host.split_at(host.iter().position(|&b| b == b':').unwrap_or(host.len()));
        [canonical_host(&String::from_utf8_lossy(name)).as_bytes(), port].concat()
    };
    let canonical = Wire {
        host: alike(&wire.host),
        target_host: alike(&wire.target_host),
        ..Wire::read(request)
    };
    let mut got = answer(router.route_input(wire.input(request)));
    got.pattern = canonical_pattern(&got.pattern);
    let regarded = answer(router.route_input(canonical.input(request)));
    let expected = answer(plain.route_input(canonical.input(request)));
    // If nothing is written unusually, there is no such reason.
    let usual = wire.host == canonical.host && regarded.pattern == expected.pattern;
    if usual { Err("no unusual host".into()) } else { same("canonical", &got, &expected) }
}

/// What Go read from a request.
struct Wire {
    host: Vec<u8>,
    target_host: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
}

impl Wire {
    fn read(request: &Value) -> Self {
        let field = |name: &str| bytes(&request["parsed"], name).unwrap_or_default();
        let asterisk = request["target"] == "*";
        Self {
            host: field("r_host"),
            target_host: field("url_host"),
            path: if asterisk { b"*".to_vec() } else { field("escaped_path") },
            query: field("raw_query"),
        }
    }

    fn input<'a>(&'a self, request: &'a Value) -> RouteInput<'a> {
        let mut input = RouteInput::new(text(request, "method"), &self.host, &self.path);
        (input.target_host, input.query) = (&self.target_host, &self.query);
        input
    }
}

/// What a request came to, in the vectors' words.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    status: u64,
    pattern: String,
    values: BTreeMap<String, Vec<u8>>,
    location: Option<String>,
    allow: Option<String>,
}

fn check_request(router: &Router<()>, request: &Value) -> Outcome {
    let Some(status) = request["status"].as_u64() else {
        // Go refused to read the request; whatever we are given, we must not panic.
        let target = bytes(request, "target").unwrap_or_default();
        let _ = router.route(text(request, "method"), text(request, "host"), &target);
        return Ok(());
    };
    let wire = Wire::read(request);
    let expected = expected_answer(request, status);
    same("answer", &answer(router.route_input(wire.input(request))), &expected)?;
    // Where Go did not have to write the path anew, the target itself must do too.
    let target = bytes(request, "target").unwrap_or_default();
    let mut parts = target.splitn(2, |&b| b == b'?');
    if parts.next() == Some(&wire.path) && target.starts_with(b"/") {
        let header = text(request, "host");
        same("raw", &answer(router.route(text(request, "method"), header, &target)), &expected)?;
    }
    Ok(())
}

fn expected_answer(request: &Value, status: u64) -> Answer {
    let names = request["path_values"].as_object().into_iter().flatten();
    let value = |(name, plain): (&String, &Value)| {
        let exact = request["path_values_b64"].get(name).map(decode);
        let plain = plain.as_str().unwrap_or_default().as_bytes().to_vec();
        (name.clone(), exact.unwrap_or(plain))
    };
    let header = |name: &str| request[name].as_str().map(str::to_owned);
    Answer {
        status,
        pattern: text(request, "pattern").into(),
        values: names.map(value).collect(),
        location: header("location"),
        allow: header("allow"),
    }
}

fn answer(routed: Routed<'_, ()>) -> Answer {
    let plain = |status| Answer { status, ..Answer::default() };
    match routed {
        Routed::Found { pattern, params, .. } => Answer {
            pattern: pattern.as_str().into(),
            values: params.iter().map(|p| (p.name.into(), p.bytes().into_owned())).collect(),
            ..plain(200)
        },
        Routed::Redirect(to) => Answer { location: Some(to.location), ..plain(to.status.into()) },
        Routed::MethodNotAllowed(allow) => Answer { allow: Some(allow.to_string()), ..plain(405) },
        Routed::NotFound => plain(404),
        Routed::BadTarget(_) => plain(400),
    }
}
