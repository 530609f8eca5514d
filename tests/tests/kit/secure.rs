//! A client that speaks TLS, and certificates for it and its server.
//! Reads responses just well enough for the tests.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

use crate::kit::LONG;
use bytes::Bytes;
use purlin_core::{Eof, Machine, Now, Recv};
use purlin_tests::tls::Raw;
use purlin_tests::tls::certs::{Authority, Pem, Valid};
use purlin_tls::{ClientTls, Identity, Roots, ServerTls, ServerTlsBuilder, Tls};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// An authority, what it has issued, and files of it for other programs.
pub(crate) struct Papers {
    authority: Authority,
    folder: PathBuf,
}

impl Papers {
    /// New ones, in a folder of that name.
    pub(crate) fn new(name: &str) -> Papers {
        let folder = format!("purlin-tls-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let papers = Papers { authority: Authority::new(name), folder };
        papers.write("ca.pem", &papers.authority.pem);
        papers.files("client", &["client"]);
        papers
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn pem(&self, names: &[&str]) -> Pem {
        self.authority.issue(names, Valid::Now)
    }

    pub(crate) fn identity(&self, names: &[&str]) -> Identity {
        let pem = self.pem(names);
        Identity::from_pem(pem.chain.as_bytes(), pem.key.as_bytes()).unwrap()
    }

    /// A certificate in `name.pem` and `name.key`.
    pub(crate) fn files(&self, name: &str, names: &[&str]) -> [PathBuf; 2] {
        let pem = self.pem(names);
        [
            self.write(&format!("{name}.pem"), &pem.chain),
            self.write(&format!("{name}.key"), &pem.key),
        ]
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::from_pem(self.authority.pem.as_bytes()).unwrap()
    }

    /// A server that is `localhost`, whatever else it is.
    pub(crate) fn builder(&self) -> ServerTlsBuilder {
        ServerTls::builder().identity(self.identity(&["localhost", "127.0.0.1"]))
    }

    pub(crate) fn server(&self) -> ServerTls {
        self.builder().build().unwrap()
    }

    pub(crate) fn client(&self) -> ClientTls {
        ClientTls::new(self.roots()).unwrap()
    }

    /// A connection to `localhost` at this address.
    pub(crate) fn connect(&self, address: SocketAddr) -> Secure {
        Secure::new(address, &self.client(), "localhost")
    }
}

impl Drop for Papers {
    fn drop(&mut self) {
        // It is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A client's end of a connection with TLS.
pub(crate) struct Secure {
    stream: TcpStream,
    machine: Tls<Raw>,
    read: Vec<u8>,
}

impl Secure {
    pub(crate) fn new(address: SocketAddr, tls: &ClientTls, name: &str) -> Secure {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        let machine = Tls::client(tls, name, Raw::new(1 << 20), Now::default()).unwrap();
        let mut secure = Secure { stream, machine, read: Vec::new() };
        while secure.machine.is_handshaking() && secure.more() {}
        secure.flush();
        secure
    }

    pub(crate) fn machine(&self) -> &Tls<Raw> {
        &self.machine
    }

    /// Writes what there is to be written; says whether it could.
    fn flush(&mut self) -> bool {
        let mut out = Vec::new();
        self.machine.transmit(&mut out, usize::MAX, Now::default());
        self.stream.write_all(&out).is_ok()
    }

    pub(crate) fn send(&mut self, bytes: impl Into<Bytes>) {
        self.machine.send(1, &mut bytes.into(), Now::default()).unwrap();
        self.flush();
    }

    /// Sends nothing more.
    pub(crate) fn finish(&mut self) {
        self.machine.finish(1, None, Now::default()).unwrap();
        self.flush();
    }

    /// Reads once; says whether anything can still come.
    fn more(&mut self) -> bool {
        let now = Now::default();
        self.flush();
        let room = self.machine.read_buf();
        if room.is_empty() {
            return false;
        }
        match self.stream.read(room) {
            Ok(0) => self.machine.eof(Eof::Clean, now),
            Ok(count) => self.machine.filled(count, now),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                self.machine.eof(Eof::Reset, now);
            }
            Err(error) => panic!("{error}"),
        }
        self.flush();
        while let Recv::Data(data) = self.machine.recv(1, now) {
            self.read.extend_from_slice(&data);
        }
        self.machine.want().read
    }

    pub(crate) fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            assert!(self.more() || self.read.len() >= count, "so many bytes");
        }
        self.read.drain(..count).collect()
    }

    pub(crate) fn head(&mut self) -> String {
        let mut alive = true;
        loop {
            if let Some(at) = self.read.windows(4).position(|end| end == b"\r\n\r\n") {
                return String::from_utf8(self.exactly(at + 4)).unwrap();
            }
            assert!(alive, "a head, after {:?}", self.machine.error());
            alive = self.more();
        }
    }

    /// Status and body of a response that tells its length.
    pub(crate) fn response(&mut self) -> (u16, String) {
        let head = self.head();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let body = self.exactly(length.map_or(0, |length| length.parse().unwrap()));
        (head[9..12].parse().unwrap(), String::from_utf8(body).unwrap())
    }

    /// What comes until the end, and how that is told.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, Option<Eof>) {
        while self.more() {}
        (std::mem::take(&mut self.read), self.machine.inner().eof)
    }
}

/// Runs a program with this as its input, for a bounded time; nothing if it is
/// not installed, which is said.
pub(crate) fn run(program: &str, args: &[&str], input: &str) -> Option<Output> {
    output(Command::new(program).args(args), input)
}

/// The same of a command.
pub(crate) fn output(command: &mut Command, input: &str) -> Option<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        eprintln!("SKIPPED: {:?} is not installed", command.get_program());
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    // It may end before it has read everything.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let stdout = read_aside(child.stdout.take().unwrap());
    let stderr = read_aside(child.stderr.take().unwrap());
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > 3 * LONG {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    }
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    Some(Output { status: child.wait().unwrap(), stdout, stderr })
}

fn read_aside(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}
