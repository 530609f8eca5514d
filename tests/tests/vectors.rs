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
