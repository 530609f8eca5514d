//! Every vector holds, in both profiles.

use std::fs;
use std::path::Path;

use purlin_tests::vectors::{KINDS, Profile, deviations, run};

#[test]
fn every_vector_holds() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for kind in KINDS {
        let file = vectors.join(kind.family).join(format!("{}.jsonl", kind.name));
        let known = deviations(kind.family).unwrap();
        let report = run(kind, &file, &known, Profile::ALL).unwrap();
        assert!(report.failures.is_empty(), "{}", report.failures.join("\n"));
        let cases = fs::read_to_string(&file).unwrap().lines().count();
        assert_eq!(report.passed, cases, "{}: every case is run", kind.name);
    }
}

#[test]
fn a_wrong_expectation_is_found_in_every_place() {
    let (kind, line) = (
        KINDS.iter().find(|kind| kind.name == "server_requests").unwrap(),
        r#"{"id":"x","class":"c","input_b64":"R0VUIC8gSFRUUC8xLjANCg0K",
        "rfc":"accept","end":"closed","after":"close","status_ok":[],"expect":[{"method":"GET","target":"/",
        "version":"1.0","headers":[],"body_b64":"","trailers":[],"complete":true}]}"#,
    );
    let case: serde_json::Value = serde_json::from_str(line).unwrap();
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
    let case: serde_json::Value = serde_json::from_str(line).unwrap();
    kind.check.case(&case, Profile::ALL).unwrap();
    for (place, other) in [
        ("/method", serde_json::json!("HEAD")),
        ("/rfc", "either".into()),
        ("/expect/interim", serde_json::json!([100])),
        ("/expect/end", "close".into()),
        ("/expect/end", "eof_body".into()),
        ("/expect/end", "partial_body".into()),
        ("/expect/end", "error".into()),
        ("/expect/end", "tunnel".into()),
        ("/expect/message", serde_json::Value::Null),
        ("/expect/message/status", 201.into()),
        ("/expect/message/reason", "KO".into()),
        ("/expect/message/version", "1.0".into()),
        ("/expect/message/headers", serde_json::json!([])),
        ("/expect/message/body_b64", "YWE=".into()),
        ("/expect/message/trailers", serde_json::json!([["X-T", "1"]])),
        ("/expect/message/complete", false.into()),
    ] {
        let mut wrong = case.clone();
        *wrong.pointer_mut(place).unwrap() = other;
        wrong["advice"] = "reject".into();
        assert!(kind.check.case(&wrong, &[Profile::Strict]).is_err(), "{place}");
    }
}
