//! Go, node, Python and curl ask, on either adapter. A program prints a line for
//! each thing it learns, and the lines are compared.

use super::served::{BIG, Served};
use crate::on::NAME;
use crate::secure::output;
use std::process::Command;

fn program(name: &str) -> String {
    format!("{}/tests/both/{name}", env!("CARGO_MANIFEST_DIR"))
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

/// What curl prints, headers of every response included, for these arguments in
/// which `URL` is the server's.
fn curl(served: &Served, args: &str) -> Option<String> {
    let mut curl = Command::new("curl");
    // What is compared is HTTP/1.1's text; who says otherwise behind it gets that.
    curl.args(["-sS", "--max-time", "60", "--http1.1"]);
    // What stands in arguments, `--next` forgets.
    curl.env("CURL_CA_BUNDLE", served.papers.path("ca.pem")).env("NO_PROXY", "*");
    curl.args(args.split(' ').map(|arg| arg.replace("URL", &served.url)));
    let output = output(&mut curl, "")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "curl {args}: {}\n{errors}", output.status);
    Some(String::from_utf8_lossy(&output.stdout).replace('\r', ""))
}

#[test]
fn curl_asks() {
    for tls in [false, true] {
        let served = Served::start(&format!("curl-{NAME}"), tls);
        let asks = |args: &str| curl(&served, args).unwrap();
        let Some(hello) = curl(&served, "URL/hello") else { return };
        assert_eq!(hello, "hello");
        let bodies = [
            ("-d abc -L URL/moved", "GET - 0 -"),
            ("-d abc -L URL/keep", "POST 3 3 -"),
            ("-d abc -L --post302 URL/moved", "POST 3 3 -"),
            ("-X DELETE URL/sum", "DELETE - 0 -"),
            ("-X PUT -d ab URL/sum", "PUT 2 2 -"),
            ("-H Transfer-Encoding:chunked -d abc URL/sum", "POST - 3 -"),
        ];
        for (args, expected) in bodies {
            assert_eq!(asks(args), expected, "{args}");
            // Inside TLS this is HTTP/2, which frames content by itself. Where nobody reads it,
            // the answer comes all the same.
            if !args.contains("chunked") {
                assert_eq!(asks(&format!("--http2 {args}")), expected, "{args}");
            }
        }
        let trailers = asks("-D - -o /dev/null URL/stream");
        assert!(trailers.ends_with(&format!("\n\nSum: {BIG}\n")), "{trailers}");
        let hints = asks("-i URL/hints");
        let first = "HTTP/1.1 103 Early Hints\nLink: </a.css>\n\nHTTP/1.1 200 OK\n";
        assert!(hints.starts_with(first) && hints.ends_with("\n\nhinted"), "{hints}");
        assert_eq!(asks("--compressed URL/gzip"), "text that repeats ".repeat(1000));
        assert!(asks("--path-as-is -i URL/a/../hello").contains("\nLocation: /hello\n"));
        // An offer of HTTP/2 that is taken inside TLS.
        assert_eq!(asks("--http2 URL/hello"), "hello");
        let before = served.connections();
        let all = "-w #%{num_connects} URL/hello -I URL/big --next -w #%{num_connects} \
            -d abc URL/sum URL/refuse --next -w #%{num_connects} URL/none URL/hello";
        let all = asks(&all.split_whitespace().collect::<Vec<_>>().join(" "));
        let new: Vec<_> = all.match_indices('#').map(|(at, _)| &all[at + 1..=at + 1]).collect();
        assert_eq!(new, ["1", "0", "0", "0", "0", "0"], "{all}");
        assert_eq!(served.connections(), before + 1);
        let parallel = asks("-Z --parallel-max 8 URL/hello?[1-50]");
        assert_eq!(parallel, "hello".repeat(50));
        assert!(served.connections() <= before + 1 + 50);
    }
}
