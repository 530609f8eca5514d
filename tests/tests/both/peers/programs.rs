//! Go, node, Python and curl ask, on either adapter. A program prints a line for
//! each thing it learns, and the lines are compared.

use super::served::{BIG, Served};
use crate::on::NAME;
use crate::secure::output;
use std::process::Command;

fn program(name: &str) -> String {
    format!("{}/tests/both/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a program printed; nothing if it is not installed.
fn said(command: &mut Command) -> Option<Vec<String>> {
    let output = output(command, "")?;
    let [said, errors] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{}\n{said}\n{errors}", output.status);
    Some(said.lines().map(ToOwned::to_owned).collect())
}

/// These lines, with the length of what is big.
fn lines(expected: &str) -> Vec<String> {
    expected.trim().lines().map(|line| line.trim().replace("BIG", &BIG.to_string())).collect()
}

#[test]
fn go_asks() {
    let served = Served::start(&format!("go-{NAME}"), false);
    let mut go = Command::new("go");
    let Some(said) = said(go.args(["run", &program("client.go"), &served.url])) else { return };
    served.left();
    let expected = lines(
        "known: POST BIG BIG -
        unknown: POST - BIG -
        empty: POST 0 0 -
        put: PUT 3 3 -
        trailers up: POST - 4 four
        /big BIG true map[]
        /stream -1 true map[Sum:[BIG]]
        head: BIG 0
        both ways: 0
        moved: /sum GET - 0 -
        keep: /sum POST 3 3 -
        gzip: true 18000
        none: 404 \"404 page not found\\n\"
        hints: hinted [103 </a.css>]
        waits: POST 3 3 - [continue 100 ]
        dialed: 1
        not sent: 403 no
        refused: true
        parallel: true
        canceled: begun true
        end",
    );
    assert_eq!(said, expected);
}

#[test]
fn node_asks() {
    for tls in [false, true] {
        let served = Served::start(&format!("node-{NAME}"), tls);
        let mut node = Command::new("node");
        node.args([&program("client.mjs"), &served.url]);
        node.env("NODE_EXTRA_CA_CERTS", served.papers.path("ca.pem"));
        let Some(said) = said(&mut node) else { return };
        served.left();
        served.left();
        let expected = lines(
            "known: POST BIG BIG -
            empty: POST 0 0 -
            unknown: POST - BIG counted
            /big BIG true undefined
            /stream undefined true BIG
            head: BIG 0
            both ways: true
            moved: 302 /sum
            none: 404
            hints: 103 </a.css> hinted
            waits: POST 3 3 -
            dialed: 1
            not sent: 403
            parallel: 4
            aborted: begun
            fetch gzip: 18000
            fetch post: POST BIG BIG -
            fetch stream: POST - BIG -
            fetch moved: /sum GET - 0 -
            fetch keep: POST 3 3 -
            fetch head: BIG 0
            fetch begun: begun",
        );
        assert_eq!(said, expected, "TLS: {tls}");
    }
}

#[test]
fn python_asks() {
    let served = Served::start(&format!("python-{NAME}"), false);
    let port = served.url.rsplit(':').next().unwrap();
    let mut python = Command::new("python3");
    let Some(said) = said(python.args([&program("client.py"), "127.0.0.1", port])) else { return };
    let expected = lines(
        "known: POST BIG BIG -
        unknown: POST - BIG -
        /big BIG True
        /stream None True
        head: BIG 0
        gzip: 18000
        none: 404
        short: 403
        one connection: True
        moved: /sum GET - 0 -
        not found: 404",
    );
    assert_eq!(said, expected);
    assert_eq!(served.connections(), 4, "the opener makes one for each");
}
