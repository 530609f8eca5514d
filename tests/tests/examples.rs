//! Every example runs as its header says, and answers as its header promises.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use purlin_core::{Eof, Machine, Now};
use purlin_tests::cargo::inner;
use purlin_tests::tls::Raw;
use purlin_tests::tls::certs::{Authority, Valid};
use purlin_tls::{ClientTls, Roots, Tls};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

const ADAPTERS: [&str; 2] = ["purlin-std", "purlin-smol"];

/// Examples that need more than Purlin: they have a package of their own.
const APART: [&str; 5] = ["axum", "download", "shutdown", "tls", "tokio"];

/// What cargo calls an example.
fn name(package: &str, example: &str) -> String {
    match package {
        "purlin-std" => format!("std_{example}"),
        "purlin-engine" => format!("engine_{example}"),
        "purlin-smol" if APART.contains(&example) => format!("smol_{example}"),
        _ => example.to_owned(),
    }
}

/// An example, to be run.
fn run(package: &str, example: &str) -> Command {
    let mut command = Command::new(built(package, example));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::piped());
    command
}

/// An example that serves, until it is dropped.
struct Example {
    child: Child,
    lines: Receiver<String>,
    address: String,
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An example that is built, and where it is. It is built as the whole workspace is, which
/// has been for the tests: the same for its package alone would build most of it again.
fn built(package: &str, example: &str) -> PathBuf {
    let mut command = inner(env!("CARGO"));
    command.args(["build", "-q", "--workspace", "--example", &name(package, example)]);
    command.arg("--message-format=json").current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, after) = text.rsplit_once("\"executable\":\"").unwrap();
    after.split('"').next().unwrap().into()
}

fn start(package: &str, example: &str, args: &[&str]) -> Example {
    started(run(package, example).arg("127.0.0.1:0").args(args))
}

fn started(command: &mut Command) -> Example {
    let mut child = command.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (give, lines) = mpsc::channel();
    std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|l| give.send(l)));
    let mut started = Example { child, lines, address: String::new() };
    let line = started.line_with("://");
    let (_, url) = line.split_once("://").unwrap();
    started.address = url.trim_end_matches('/').to_owned();
    started
}

impl Example {
    /// The next line that it prints and that has this in it.
    #[track_caller]
    fn line_with(&mut self, text: &str) -> String {
        loop {
            // To be built takes long, when others build.
            match self.lines.recv_timeout(Duration::from_secs(300)) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => panic!("nothing with {text}: {error}"),
            }
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends a request that is the last one of its connection; more of it may follow.
    fn send(&self, head: &str) -> TcpStream {
        let mut stream = self.connect();
        let text = format!("{head}\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    fn ask(&self, head: &str) -> String {
        rest(self.send(head))
    }
}

/// All that comes until the end.
fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[track_caller]
fn check(answer: &str, status: u16, end: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.ends_with(end), "{answer}");
}

#[test]
fn hello_greets() {
    for package in ADAPTERS {
        let example = start(package, "hello", &[]);
        check(&example.ask("GET /hello/gopher HTTP/1.1"), 200, "\r\n\r\nhello, gopher\n");
    }
}

#[test]
fn stream_ends_with_its_trailer() {
    for package in ADAPTERS {
        let example = start(package, "stream", &[]);
        check(&example.ask("GET / HTTP/1.1"), 200, "Lines: 5\r\n\r\n");
    }
}

#[test]
fn sse_ticks_until_the_client_is_gone() {
    for package in ADAPTERS {
        let mut example = start(package, "sse", &[]);
        let mut stream = BufReader::new(example.send("GET / HTTP/1.1"));
        let mut line = String::new();
        while !line.starts_with("id: 2") {
            line.clear();
            assert_ne!(stream.read_line(&mut line).unwrap(), 0);
        }
        drop(stream);
        assert!(example.line_with("gone after").ends_with(" ticks"));
    }
}

#[test]
fn upload_takes_more_than_the_default_limit() {
    let body = vec![1; (16 << 20) + 1];
    for package in ADAPTERS {
        let example = start(package, "upload", &[]);
        let head = format!("POST /upload HTTP/1.1\r\nContent-Length: {}", body.len());
        let mut stream = example.send(&head);
        stream.write_all(&body).unwrap();
        let answer = rest(stream);
        let (_, text) = answer.split_once("\r\n\r\n").unwrap();
        let path = text.trim_end().rsplit(' ').next().unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().len(), body.len() as u64);
        std::fs::remove_file(path).unwrap();
        assert!(text.starts_with("16777217 bytes, checksum "), "{text}");

        check(&example.ask("POST /upload HTTP/1.1\r\nContent-Length: 1073741825"), 413, "\n");
    }
}

#[test]
fn upgrade_echoes() {
    for package in ADAPTERS {
        let example = start(package, "upgrade", &[]);
        check(&example.ask("GET /echo HTTP/1.1"), 426, "ask for the protocol echo\n");

        let mut stream = example.connect();
        let head =
            "GET /echo HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
        stream.write_all(format!("{head}one\n").as_bytes()).unwrap();
        stream.write_all(b"two\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        check(&rest(stream), 101, "\r\n\r\none\ntwo\n");
    }
}

#[test]
fn middleware_logs_all_and_guards_some() {
    for package in ADAPTERS {
        let mut example = start(package, "middleware", &[]);
        check(&example.ask("GET / HTTP/1.1"), 200, "hello\n");
        check(&example.ask("GET /admin/whoami HTTP/1.1"), 401, "Unauthorized\n");
        example.line_with("GET /admin/whoami took");
        check(&example.ask("GET /none HTTP/1.1"), 404, "404 page not found\n");
        let line = example.line_with("GET /none took");
        assert!(line.ends_with(": 404, 19 bytes"), "{line}");
        let signed = "GET /admin/whoami HTTP/1.1\r\nAuthorization: Basic YWRhOnNlY3JldA==";
        check(&example.ask(signed), 200, "\r\n\r\nada");
        example.line_with("GET /admin/whoami took");
    }
}

#[test]
fn axum_and_purlin_greet_side_by_side() {
    let mut example = start("purlin-smol", "axum", &[]);
    check(&example.ask("GET /axum/hello/gopher HTTP/1.1"), 200, "\r\n\r\naxum greets gopher\n");
    example.line_with("gopher is at 127.0.0.1:");
    check(&example.ask("GET /hello/gopher HTTP/1.1"), 200, "\r\n\r\npurlin greets gopher\n");
    let post = "POST /axum/count HTTP/1.1\r\nContent-Length: 6";
    let mut stream = example.send(post);
    stream.write_all(b"a body").unwrap();
    check(&rest(stream), 200, "\r\n\r\n6 bytes\n");
}

#[test]
fn tokio_runs_server_and_client() {
    let example = start("purlin-smol", "tokio", &[]);
    check(&example.ask("GET /hello/gopher HTTP/1.1"), 200, "\r\n\r\nhello, gopher\n");
    check(&example.ask("GET /again HTTP/1.1"), 200, "\r\n\r\nhello, again\n");
}

#[test]
fn the_engine_serves_and_asks_on_tokio() {
    let mut example = start("purlin-engine", "tokio", &[]);
    asks_itself(&mut example);
    check(&example.ask("GET /count HTTP/1.1"), 200, "0\r\n\r\n");
    check(&example.ask("GET /hello/gopher HTTP/1.1"), 200, "\r\n\r\nhello, gopher\n");
    let echo = "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nround";
    let mut stream = TcpStream::connect(&example.address).unwrap();
    stream.write_all(echo.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\nround"), "{answer}");
}

#[test]
fn the_engine_speaks_tls_on_tokio() {
    let authority = Authority::new("examples");
    let pem = authority.issue(&["127.0.0.1"], Valid::Now);
    let folder = std::env::temp_dir().join(format!("purlin-examples-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let [chain, key] = ["chain.pem", "key.pem"].map(|name| folder.join(name));
    std::fs::write(&chain, pem.chain + &authority.pem).unwrap();
    std::fs::write(&key, pem.key).unwrap();
    let [chain, key] = [&chain, &key].map(|path| path.to_str().unwrap());
    asks_itself(&mut start("purlin-engine", "tokio", &[chain, key]));
    std::fs::remove_dir_all(folder).unwrap();
}

/// What the engine's example prints of the answers to its own client.
fn asks_itself(example: &mut Example) {
    for line in ["gopher", "12 bytes", "1\\n2\\n3", "404", "1 connection kept"] {
        example.line_with(line);
    }
}

#[test]
fn systemd_serves_an_address_of_its_own_or_the_socket_it_is_passed() {
    for package in ADAPTERS {
        let own = start(package, "systemd", &[]);
        check(&own.ask("GET / HTTP/1.1"), 200, &format!(" to {}\n", own.address));

        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap().to_string();
        // As systemd does it: the socket is descriptor 3, and for this process.
        let shell = "exec 3<&0; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";
        let program = built(package, "systemd");
        let mut command = Command::new("sh");
        command.args(["-c", shell, "sh"]).arg(program).stdin(OwnedFd::from(socket));
        let passed = started(command.stdout(Stdio::piped()));
        assert_eq!(passed.address, address);
        check(&passed.ask("GET / HTTP/1.1"), 200, &format!(" to {address}\n"));
    }
}

#[test]
fn tls_tells_what_was_settled_and_who_does_not_speak_it() {
    for package in ADAPTERS {
        let example = start(package, "tls", &[]);
        let text = "Client sent an HTTP request to an HTTPS server.\n";
        check(&example.ask("GET / HTTP/1.1"), 400, text);
        let now = Now::default();
        let port = example.address.rsplit_once(':').unwrap().1;
        let tls = ClientTls::new(Roots::webpki()).unwrap().danger_accept_invalid();
        let mut machine = Tls::client(&tls, "localhost", Raw::new(1 << 16), now).unwrap();
        let mut request = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n".into();
        machine.send(1, &mut request, now).unwrap();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        while machine.want().read {
            let mut out = Vec::new();
            machine.transmit(&mut out, usize::MAX, now);
            stream.write_all(&out).unwrap();
            match stream.read(machine.read_buf()).unwrap() {
                0 => machine.eof(Eof::Clean, now),
                count => machine.filled(count, now),
            }
        }
        let answer = String::from_utf8_lossy(machine.inner().input()).into_owned();
        assert!(answer.contains("you speak TLS 1.3 with TLS_"), "{answer}");
    }
}

/// What an example prints that ends by itself.
fn printed(package: &str, example: &str, args: &[&str]) -> String {
    let output = run(package, example).args(args).output().unwrap();
    assert!(output.status.success(), "{package} {example}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn clients_fetch_post_download_and_draw() {
    let server = start("purlin-std", "hello", &[]);
    let url = format!("http://{}/hello/gopher", server.address);
    for package in ADAPTERS {
        let got = printed(package, "get", &[&url]);
        assert!(got.starts_with("200 OK from http://") && got.ends_with("hello, gopher\n\n"));
        let drawn = printed(package, "waterfall", &[&url, "3"]);
        assert_eq!(drawn.matches("on a new connection").count(), 1, "{drawn}");
        assert_eq!(drawn.matches("on a kept connection").count(), 2, "{drawn}");

        let file = std::env::temp_dir().join(format!("purlin-example-{package}"));
        let file = file.to_str().unwrap();
        let printed = printed(package, "download", &[&url, file]);
        assert!(printed.contains("14 bytes in "), "{printed}");
        assert_eq!(std::fs::read(file).unwrap(), b"hello, gopher\n");
        std::fs::remove_file(file).unwrap();

        let refused = run(package, "post_json").arg(&url).stderr(Stdio::piped()).output();
        let refused = refused.unwrap();
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && told.contains(&format!("POST {url}: ")), "{told}");
        assert!(told.contains("405"), "{told}");
    }
}

#[test]
fn clients_log_in_and_dial_in_their_own_way() {
    for package in ADAPTERS {
        let login = printed(package, "login", &[]);
        assert_eq!(login, "401 Unauthorized\n200 OK: welcome\n200 OK: you are ada\n");
        assert_eq!(printed(package, "dialer", &[]), "200 OK: you asked for any.host\n");
    }
}

#[test]
fn clients_go_through_a_proxy() {
    let server = start("purlin-std", "hello", &[]);
    let url = format!("http://{}/hello/gopher", server.address);
    for package in ADAPTERS {
        // A server that is asked as a proxy is asked for the whole URL.
        let proxy = format!("http://user:secret@{}", server.address);
        let other = "http://elsewhere.test/hello/proxied";
        assert!(printed(package, "proxy", &[&proxy, other]).contains("hello, proxied"));
        assert!(printed(package, "proxy", &[&url]).contains("hello, gopher"));
    }
}

#[cfg(unix)]
#[test]
fn shutdown_finishes_what_is_in_progress() {
    for package in ADAPTERS {
        let mut example = start(package, "shutdown", &[]);
        let stream = example.send("GET / HTTP/1.1");
        std::thread::sleep(Duration::from_millis(500));
        let interrupt = ["-INT", &example.child.id().to_string()];
        assert!(Command::new("kill").args(interrupt).status().unwrap().success());
        example.line_with("stopping, 1 in progress");
        check(&rest(stream), 200, "slow, but whole\n");
        example.line_with("1 in progress were finished, 0 connections were cut");
        assert!(example.child.wait().unwrap().success());
    }
}

#[test]
fn a_runtime_of_its_own_serves_a_mux() {
    let example = start("purlin-core", "custom_runtime", &[]);
    check(&example.ask("GET /hello/gopher HTTP/1.1"), 200, "\r\n\r\nhello, gopher\n");
    check(&example.ask("GET /nowhere HTTP/1.1"), 404, "404 page not found\n");

    let mut pipelined = example.connect();
    let one = "GET /hello/x HTTP/1.1\r\nHost: test\r\n\r\n";
    pipelined.write_all(one.repeat(1000).as_bytes()).unwrap();
    pipelined.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(rest(pipelined).matches("hello, x\n").count(), 1000);

    let mut unread = example.send("POST /hello/x HTTP/1.1\r\nContent-Length: 9000000");
    // The answer comes before the body has gone out, and then a lingering close.
    let _ = unread.write_all(&vec![0; 1 << 20]);
    let mut start = [0; 12];
    unread.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 405");
}

#[test]
fn a_runtime_of_its_own_ends_half_open_connections() {
    let example = start("purlin-core", "custom_runtime", &["1"]);
    let begun = Instant::now();
    let silent = example.connect();
    let mut half = example.connect();
    half.write_all(b"GET /hello/x HT").unwrap();
    assert_eq!(rest(silent), "");
    check(&rest(half), 408, "\n");
    assert!(begun.elapsed() >= Duration::from_millis(900), "not before its deadline");
}

#[test]
fn programs_without_a_port_end_well() {
    for example in ["conflicts", "drive_by_hand"] {
        let output = run("purlin-core", example).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{example}");
    }
}
