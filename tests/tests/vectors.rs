//! Every vector holds, in both profiles.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use purlin_tests::vectors::{KINDS, Profile, deviations, run};
use serde_json::{Value, json};

#[test]
fn every_vector_holds() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for kind in KINDS {
        let known = deviations(kind.family).unwrap();
        let files = files(&vectors.join(kind.family));
        let mut files = files.iter().filter(|file| kind_of(file) == kind.name).peekable();
        assert!(files.peek().is_some(), "{}: there are no vectors", kind.name);
        for file in files {
            let report = run(kind, file, &known, Profile::ALL).unwrap();
            assert!(report.failures.is_empty(), "{}", report.failures.join("\n"));
            let cases = fs::read_to_string(file).unwrap().lines().count();
            assert_eq!(report.passed, cases, "{}: every case is run", file.display());
        }
    }
}

#[test]
fn every_file_of_vectors_is_of_a_kind_and_every_id_is_used_once() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut ids = BTreeSet::new();
    for family in BTreeSet::from_iter(KINDS.iter().map(|kind| kind.family)) {
        for file in files(&vectors.join(family)) {
            let name = kind_of(&file);
            let is_kind = KINDS.iter().any(|kind| kind.name == name && kind.family == family);
            assert!(is_kind, "{}", file.display());
            for line in fs::read_to_string(&file).unwrap().lines() {
                let case: Value = serde_json::from_str(line).unwrap();
                let id = case["id"].as_str().unwrap().to_owned();
                assert!(ids.insert((name.clone(), id.clone())), "{id} stands twice");
            }
        }
    }
}

/// The files of vectors in a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|file| file.extension().is_some_and(|end| end == "jsonl"))
        .filter(|file| kind_of(file) != "deviations")
        .collect()
}

/// What stands before the first dot: `redirects` in `redirects.own.jsonl`.
fn kind_of(file: &Path) -> String {
    let name = file.file_name().unwrap().to_str().unwrap();
    name.split('.').next().unwrap().to_owned()
}

#[test]
fn a_wrong_expectation_is_found_in_every_place() {
    let (kind, line) = (
        KINDS.iter().find(|kind| kind.name == "server_requests").unwrap(),
        r#"{"id":"x","class":"c","input_b64":"R0VUIC8gSFRUUC8xLjANCg0K",
        "rfc":"accept","end":"closed","after":"close","status_ok":[],"expect":[{"method":"GET","target":"/",
        "version":"1.0","headers":[],"body_b64":"","trailers":[],"complete":true}]}"#,
    );
    let case: Value = serde_json::from_str(line).unwrap();
    kind.check.case(&case, &[Profile::Strict]).unwrap();
    for (place, other) in [
        ("/end", "idle"),
        ("/after", "keep"),
        ("/rfc", "either"),
        ("/expect/0/method", "PUT"),
        ("/expect/0/target", "/x"),
        ("/expect/0/version", "1.1"),
        ("/expect/0/body_b64", "YQ=="),
    ] {
        let mut wrong = case.clone();
        *wrong.pointer_mut(place).unwrap() = other.into();
        wrong["advice"] = "reject".into();
        assert!(kind.check.case(&wrong, &[Profile::Strict]).is_err(), "{place}");
    }
}

#[test]
fn a_wrong_expectation_of_a_response_is_found_in_every_place() {
    let kind = KINDS.iter().find(|kind| kind.name == "client_responses").unwrap();
    // HTTP/1.1 200 OK, one byte, chunked.
    let line = r#"{"id":"x","class":"c","method":"GET","rfc":"accept",
        "input_b64":"SFRUUC8xLjEgMjAwIE9LDQpUcmFuc2Zlci1FbmNvZGluZzogY2h1bmtlZA0KDQoxDQphDQowDQoNCg==",
        "expect":{"interim":[],"end":"reusable","rest_b64":"","message":{"status":200,"reason":"OK",
        "version":"1.1","headers":[["Transfer-Encoding","chunked"]],"body_b64":"YQ==","trailers":[],
        "complete":true}}}"#;
    let case: Value = serde_json::from_str(line).unwrap();
    kind.check.case(&case, Profile::ALL).unwrap();
    for (place, other) in [
        ("/method", json!("HEAD")),
        ("/rfc", "either".into()),
        ("/expect/interim", json!([100])),
        ("/expect/end", "close".into()),
        ("/expect/end", "eof_body".into()),
        ("/expect/end", "partial_body".into()),
        ("/expect/end", "error".into()),
        ("/expect/end", "tunnel".into()),
        ("/expect/message", Value::Null),
        ("/expect/message/status", 201.into()),
        ("/expect/message/reason", "KO".into()),
        ("/expect/message/version", "1.0".into()),
        ("/expect/message/headers", json!([])),
        ("/expect/message/body_b64", "YWE=".into()),
        ("/expect/message/trailers", json!([["X-T", "1"]])),
        ("/expect/message/complete", false.into()),
    ] {
        let mut wrong = case.clone();
        *wrong.pointer_mut(place).unwrap() = other;
        wrong["advice"] = "reject".into();
        assert!(kind.check.case(&wrong, &[Profile::Strict]).is_err(), "{place}");
    }
}

#[test]
fn a_wrong_expectation_of_what_a_client_does_is_found() {
    // The rules for what differs from Go let nothing else pass.
    for (kind, id, place, other) in [
        ("redirects", "redirects-dev-0133", "/out/sent/1/url", json!("http://a.com/other")),
        ("redirects", "redirects-dev-0133", "/out/sent/1/host", json!("b.com")),
        ("redirects", "redirects-dev-0133", "/out/sent/1/method", json!("POST")),
        ("redirects", "redirects-dev-0133", "/out/sent/2/headers", json!([["X", "1"]])),
        ("redirects", "redirects-dev-0133", "/out/sent/0/content_length", json!(5)),
        ("redirects", "redirects-dev-0133", "/out/status", json!(302)),
        ("redirects", "redirects-dev-0133", "/out/hop", json!(1)),
        ("redirects", "redirects-dev-0115", "/out/sent/1/url", json!("http://b.com/")),
        ("redirects", "redirects-dev-0073", "/out/sent/2/headers/0/0", json!("X-Other")),
        ("redirects", "redirects-dev-0169", "/out/sent/1/host", json!("a.com")),
        ("redirects", "redirects-dev-0163", "/in/url", json!("http://a.com/")),
        ("cookiejar", "cookiejar-dev-0006", "/out/gets/0/cookie_header", json!("A=a")),
        ("cookiejar", "cookiejar-dev-0006", "/out/gets/1/cookies", json!([{"name": "A"}])),
        ("proxy_env", "proxy_env-dev-0014", "/out/proxy", json!("http://other:1")),
        ("proxy_env", "proxy_env-dev-0014", "/out/proxy", Value::Null),
        ("proxy_env", "proxy_env-dev-0022", "/out/err", json!("")),
        ("cookies_parse", "cookies_parse-dev-0047", "/out/cookie/secure", json!(false)),
        ("cookies_parse", "cookies_parse-dev-0047", "/out/cookie/serialised", json!("a=1")),
        ("request_write", "request_write-dev-0346", "/out/dialed", json!("example.com:81")),
        ("request_write", "request_write-dev-0346", "/out/err", json!("body_error")),
        ("request_write", "request_write-dev-0346", "/out/wire", json!("GET / HTTP/1.1\r\n\r\n")),
        ("request_write", "request_write-dev-0105", "/in/body/segments/0", json!("abd")),
        ("request_write", "request_write-dev-0145", "/in/body/segments/0", json!("abd")),
    ] {
        let kind = KINDS.iter().find(|known| known.name == kind).unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/client");
        let text = fs::read_to_string(file.join(format!("{}.jsonl", kind.name))).unwrap();
        let line = text.lines().find(|line| line.contains(id)).unwrap();
        let mut case: Value = serde_json::from_str(line).unwrap();
        kind.check.case(&case, Profile::ALL).unwrap();
        *case.pointer_mut(place).unwrap() = other;
        assert!(kind.check.case(&case, Profile::ALL).is_err(), "{id} {place}");
    }
}

#[test]
fn a_wrong_expectation_of_http_2_is_found() {
    for (kind, id, place, other) in [
        ("hpack_decode", "hpk.appendix-c.3", "/steps/0/fields/0/1", json!("PUT")),
        (
            "hpack_decode",
            "hpk.appendix-c.3",
            "/steps/0/fields/0",
            json!([":method", "GET", "never"]),
        ),
        ("hpack_decode", "hpk.appendix-c.3", "/steps/2/table/1/0", json!("x")),
        ("hpack_decode", "hpk.appendix-c.3", "/steps/2/size", json!(163)),
        ("hpack_decode", "hpk.appendix-c.3", "/table_size", json!(60)),
        ("hpack_decode", "hpk.limits.list-over", "/list_limit", json!(2000)),
        ("hpack_decode", "hpk.indexed.zero-behind", "/steps/0/block", json!("82")),
        ("h2_frames", "h2f.data.padded-1", "/expect/flow", json!(4)),
        ("h2_frames", "h2f.data.padded-1", "/expect/padding", json!(0)),
        ("h2_frames", "h2f.data.padded-1", "/input", json!("0000050008000000010161626301ff")),
        ("h2_frames", "h2f.headers.priority-exclusive", "/expect/priority/dep", json!(1)),
        ("h2_frames", "h2f.settings.twice", "/expect/settings/1/1", json!(1)),
        ("h2_frames", "h2f.settings.value-window", "/error/codes/0", json!("PROTOCOL_ERROR")),
        ("h2_frames", "h2f.priority.length-1", "/error/scope", json!("connection")),
        ("h2_frames", "h2f.partial.header-9", "/input", json!("000000000000000001")),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/conn", json!("error")),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/pings", json!([])),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/requests", json!([])),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/requests/0/method", json!("PUT")),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/requests/0/path", json!("/a")),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/requests/0/body", json!("a")),
        (
            "h2_server",
            "h2s.preface.settings-empty",
            "/outcomes/0/requests/0/complete",
            json!(false),
        ),
        (
            "h2_server",
            "h2s.preface.settings-empty",
            "/outcomes/0/requests/0/fields",
            json!([["x", "y"]]),
        ),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/streams/1/status", json!(204)),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/streams/1/data", json!(1)),
        ("h2_server", "h2s.preface.settings-empty", "/outcomes/0/streams/1/end", json!(false)),
        (
            "h2_server",
            "h2s.preface.settings-empty",
            "/outcomes/0/streams/1",
            json!({"silent": true}),
        ),
        (
            "h2_server",
            "h2s.preface.settings-empty",
            "/outcomes/0/streams/1",
            json!({"rst": ["CANCEL"]}),
        ),
        ("h2_server", "h2s.preface.headers-first", "/outcomes/0/conn", json!("open")),
        ("h2_server", "h2s.preface.headers-first", "/outcomes/0/codes", json!(["NO_ERROR"])),
        ("h2_server", "h2s.preface.headers-first", "/outcomes/0/last", json!([1, 1])),
        ("h2_server", "h2s.h1.h1-get", "/outcomes/0/h1_status", json!([400])),
        ("h2_server", "h2s.h1.h1-pr", "/outcomes/0/conn", json!("open")),
    ] {
        assert!(is_found(kind, id, place, other), "{id} {place}");
    }
}

#[test]
fn a_wrong_expectation_of_a_client_of_http_2_is_found() {
    let (plain, refused) = ("h2c.response.empty-end", "h2c.rst.get-refused_stream");
    let (left_out, cancelled) = ("h2c.goaway.idle", "h2c.rst.cancel-body");
    for (id, place, other) in [
        (plain, "/outcomes/0/conn", json!("error")),
        (plain, "/outcomes/0/responses/a/status", json!(201)),
        (plain, "/outcomes/0/responses/a/body", json!("ab")),
        (plain, "/outcomes/0/responses/a/complete", json!(false)),
        (plain, "/outcomes/0/responses/a/interim", json!([103])),
        (plain, "/outcomes/0/responses/a/fields", json!([["x", "y"]])),
        (plain, "/outcomes/0/responses/a", json!({"error": true})),
        (plain, "/outcomes/0/responses/a", json!({"pending": true})),
        (plain, "/outcomes/0/streams", json!({"1": {"silent": true}})),
        (plain, "/steps/1/request/method", json!("HEAD")),
        (refused, "/outcomes/0/responses/a/retry", json!("never")),
        (refused, "/outcomes/0/responses/probe/status", json!(200)),
        (refused, "/outcomes/0/streams", json!({"1": {"rst": ["CANCEL"]}})),
        (left_out, "/outcomes/0/responses/b", json!({"pending": true, "interim": []})),
        (left_out, "/steps/3/send", json!("")),
        (cancelled, "/outcomes/0/streams/1/rst", json!(["NO_ERROR"])),
        ("h2c.preface.ack-once", "/outcomes/0/settings_acks", json!(2)),
        ("h2c.streams.ids", "/outcomes/0/opened", json!([1, 3, 7])),
        ("h2c.flow-recv.credit", "/steps/3/await_credit/1", json!(70_000)),
        ("h2c.flow-send.both", "/outcomes/0/streams/1/data", json!(99_999)),
    ] {
        assert!(is_found("h2_client", id, place, other), "{id} {place}");
    }
}

/// Whether a case that holds does not any more once this place of it is changed.
fn is_found(kind: &str, id: &str, place: &str, other: Value) -> bool {
    let kind = KINDS.iter().find(|known| known.name == kind).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/http2");
    let text = fs::read_to_string(folder.join(format!("{}.jsonl", kind.name))).unwrap();
    let line = text.lines().find(|line| line.contains(&format!("\"{id}\""))).unwrap();
    let mut case: Value = serde_json::from_str(line).unwrap();
    kind.check.case(&case, Profile::ALL).unwrap();
    *case.pointer_mut(place).unwrap() = other;
    kind.check.case(&case, &[Profile::Strict]).is_err()
}
