//! Every vector file that is committed holds.

use std::path::Path;

use purlin_tests::vectors::{KINDS, deviations, run};

fn all_hold(family: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(family);
    let deviations = deviations(family).expect("the deviations can be read");
    for kind in KINDS.iter().filter(|kind| kind.family == family) {
        let report = run(kind, &folder.join(format!("{}.jsonl", kind.name)), &deviations);
        let report = report.expect("the vectors can be read");
        assert!(report.failures.is_empty(), "{}:\n{}", kind.name, report.failures.join("\n"));
        assert!(report.passed > 0, "{}: no case", kind.name);
    }
}

#[test]
fn routing_vectors_hold() {
    all_hold("routing");
}
