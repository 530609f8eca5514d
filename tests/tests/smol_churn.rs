//! purlin-smol, end to end: clients that go at the worst moment and handlers
//! that panic, by the thousand, in flat memory and descriptors.
//! A process of its own, so that nothing else is counted.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

#[path = "smol_e2e/peer.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod peer;

use peer::{Peer, Site};
use purlin_smol::observe::{ConnState, Observer};
use purlin_smol::{Error, Mux, Request, ResponseHead, ResponseWriter, Server, Status, streaming};
use smol::io::AsyncReadExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Of each kind, at a time.
const MANY: usize = 1000;

/// What is alive on the server's side.
#[derive(Default)]
struct Alive {
    connections: AtomicUsize,
    handlers: AtomicUsize,
}

/// A handler that runs.
struct Runs(Arc<Alive>);

impl Alive {
    fn begin(self: &Arc<Alive>) -> Runs {
        self.handlers.fetch_add(1, SeqCst);
        Runs(self.clone())
    }

    /// Waits until nobody is.
    fn nobody(&self) {
        while self.handlers.load(SeqCst) + self.connections.load(SeqCst) > 0 {
            std::thread::yield_now();
        }
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.handlers.fetch_sub(1, SeqCst);
    }
}

struct Counts(Arc<Alive>);

impl Observer for Counts {
    fn state(&self, _: &purlin_smol::Peer, state: ConnState) {
        match state {
            ConnState::New => self.0.connections.fetch_add(1, SeqCst),
            ConnState::Closed | ConnState::Hijacked => self.0.connections.fetch_sub(1, SeqCst),
            _ => 0,
        };
    }
}

/// One handler for each way to go wrong.
fn mux(alive: &Arc<Alive>) -> Mux {
    let mut mux = Mux::new();
    let all = alive.clone();
    let wait = async move |_: Request| {
        let _runs = all.begin();
        std::future::pending::<&str>().await
    };
    mux.handle("/wait", wait).unwrap();
    let all = alive.clone();
    let advised = async move |_: Request, mut writer: ResponseWriter| {
        let _runs = all.begin();
        writer.cancelled().await;
        writer.write(b"still here").await
    };
    mux.handle("/advised", streaming(advised)).unwrap();
    let all = alive.clone();
    let panics = async move |_: Request, mut writer: ResponseWriter| {
        let _runs = all.begin();
        writer.write(b"half").await?;
        writer.flush().await?;
        // Without the report of the panic, which would be printed by the thousand.
        std::panic::resume_unwind(Box::new("as asked for"));
        #[expect(unreachable_code, reason = "names the type")]
        Ok::<(), Error>(())
    };
    mux.handle("/panics", streaming(panics)).unwrap();
    let all = alive.clone();
    let upload = async move |mut request: Request| {
        let _runs = all.begin();
        request.body_mut().bytes().await
    };
    mux.handle("/upload", upload).unwrap();
    let all = alive.clone();
    let download = async move |_: Request, mut writer: ResponseWriter| {
        let _runs = all.begin();
        loop {
            writer.write(&[b'x'; 20_000]).await?;
        }
        #[expect(unreachable_code, reason = "names the type")]
        Ok::<(), Error>(())
    };
    mux.handle("/download", streaming(download)).unwrap();
    let all = alive.clone();
    let upgrade = async move |_: Request, writer: ResponseWriter| {
        let _runs = all.begin();
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
        let mut stream = writer.upgrade(head)?;
        stream.read_to_end(&mut Vec::new()).await?;
        Ok::<(), Error>(())
    };
    mux.handle("/upgrade", streaming(upgrade)).unwrap();
    mux
}

fn ask(site: &Site, path: &str, more: &str) -> Peer {
    let mut peer = site.connect();
    peer.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n"));
    peer
}

/// Everything that goes wrong, once.
fn go_wrong(site: &Site) {
    ask(site, "/wait", "").reset();
    ask(site, "/wait", "Connection: close\r\n").reset();
    let mut advised = ask(site, "/advised", "");
    advised.half_close();
    assert_eq!(advised.response(), (200, "still here".into()));
    let mut panics = ask(site, "/panics", "");
    assert!(panics.head().starts_with("HTTP/1.1 200 "));
    assert!(!panics.rest().ends_with(b"0\r\n\r\n"));
    drop(ask(site, "/upload", "Content-Length: 10000\r\n"));
    ask(site, "/upload", "Content-Length: 10000\r\n").reset();
    let mut download = ask(site, "/download", "");
    assert!(download.head().starts_with("HTTP/1.1 200 "));
    download.reset();
    let mut upgrade = ask(site, "/upgrade", "Connection: upgrade\r\nUpgrade: echo\r\n");
    assert!(upgrade.head().starts_with("HTTP/1.1 101 "));
    upgrade.reset();
    drop(site.connect());
    ask(site, "/nowhere", "").reset();
}

/// Descriptors that this process has open, and the bytes of memory it holds, where the system tells.
fn held() -> Option<(usize, usize)> {
    let descriptors = std::fs::read_dir("/proc/self/fd").ok()?.count();
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some((descriptors, kib * 1024))
}

#[test]
fn clients_that_go_at_the_worst_moment_leave_nothing_behind() {
    let alive = Arc::new(Alive::default());
    let server = Server::new(mux(&alive)).observe(Counts(alive.clone()));
    let site = Site::start(server);
    let churn = || {
        let clients = (0..4).map(|_| || (0..MANY / 4).for_each(|_| go_wrong(&site)));
        std::thread::scope(|scope| clients.for_each(|client| drop(scope.spawn(client))));
        alive.nobody();
        held()
    };
    // The first time buffers and tables grow to what they need.
    let before = churn();
    let (Some(before), Some(mut after)) = (before, churn()) else {
        eprintln!("SKIPPED: this system does not tell what a process holds");
        return;
    };
    // A connection is told to be closed a moment before its socket is.
    let begun = Instant::now();
    while after.0 > before.0 && begun.elapsed() < Duration::from_secs(10) {
        std::thread::yield_now();
        after = held().unwrap_or(after);
    }
    assert!(after.0 <= before.0, "{} descriptors before, {} after", before.0, after.0);
    let grown = after.1.saturating_sub(before.1);
    assert!(grown < 2 << 20, "{} bytes before, {} after", before.1, after.1);
    assert_eq!(site.shutdown(), 0);
}
