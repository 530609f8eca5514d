//! Clients that go at the worst moment and handlers that panic, by the
//! thousand, in flat memory and descriptors, on either adapter.

use crate::kit::child::{self, Again};
use crate::kit::peer::Peer;
use crate::kit::{held, until};
use crate::on::{ReadExt, Site, WriteExt, cancelled, few, never, purlin};
use purlin::observe::{ConnState, Observer};
use purlin::{
    Error, Mux, Request, ResponseHead, ResponseWriter, Result, Server, Status, streaming,
};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

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
        until(|| self.handlers.load(SeqCst) + self.connections.load(SeqCst) == 0);
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.handlers.fetch_sub(1, SeqCst);
    }
}

struct Counts(Arc<Alive>);

impl Observer for Counts {
    fn state(&self, _: &purlin::Peer, state: ConnState) {
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
    let all = Arc::clone(alive);
    let wait = handler!(|_: Request, writer: ResponseWriter| {
        let _runs = all.begin();
        wait!(never(&writer));
    });
    mux.handle("/wait", streaming(wait)).unwrap();
    let all = Arc::clone(alive);
    let advised = handler!(|_: Request, mut writer: ResponseWriter| {
        let _runs = all.begin();
        wait!(cancelled(&writer));
        wait!(writer.write_all(b"still here"))
    });
    mux.handle("/advised", streaming(advised)).unwrap();
    let all = Arc::clone(alive);
    let panics = handler!(|_: Request, mut writer: ResponseWriter| {
        let _runs = all.begin();
        wait!(writer.write(b"half"))?;
        wait!(writer.flush())?;
        // Without the report of the panic, which would be printed by the thousand.
        std::panic::resume_unwind(Box::new("as asked for"));
        #[expect(unreachable_code, reason = "names the type")]
        Ok::<(), Error>(())
    });
    mux.handle("/panics", streaming(panics)).unwrap();
    let all = Arc::clone(alive);
    let upload = handler!(|mut request: Request| {
        let _runs = all.begin();
        wait!(request.body_mut().bytes())
    });
    mux.handle("/upload", upload).unwrap();
    let all = Arc::clone(alive);
    let download = handler!(|_: Request, mut writer: ResponseWriter| -> Result {
        let _runs = all.begin();
        loop {
            wait!(writer.write(&[b'x'; 20_000]))?;
        }
    });
    mux.handle("/download", streaming(download)).unwrap();
    let all = Arc::clone(alive);
    let upgrade = handler!(|_: Request, writer: ResponseWriter| -> Result {
        let _runs = all.begin();
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
        let mut stream = writer.upgrade(head)?;
        wait!(stream.read_to_end(&mut Vec::new()))?;
        Ok(())
    });
    mux.handle("/upgrade", streaming(upgrade)).unwrap();
    let all = Arc::clone(alive);
    let hijack = handler!(|_: Request, writer: ResponseWriter| -> Result {
        let _runs = all.begin();
        let mut stream = wait!(writer.hijack())?;
        wait!(stream.write_all(b"raw"))?;
        wait!(stream.read_to_end(&mut Vec::new()))?;
        Ok(())
    });
    mux.handle("/hijack", streaming(hijack)).unwrap();
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
    let mut hijack = ask(site, "/hijack", "");
    assert_eq!(hijack.exactly(3), b"raw");
    hijack.reset();
    drop(site.connect());
    ask(site, "/nowhere", "").reset();
}

#[test]
fn clients_that_go_at_the_worst_moment_leave_nothing_behind() {
    const TEST: &str = "both::clients_that_go_at_the_worst_moment_leave_nothing_behind";
    if !child::is_child() {
        // One heap for all threads: otherwise each thread's grows towards a peak of its own.
        let shell = "export MALLOC_ARENA_MAX=1;";
        Again::start(TEST, shell, Stdio::null(), Stdio::inherit()).said("nothing is left");
        return;
    }
    let alive = Arc::new(Alive::default());
    let server = Server::new(mux(&alive)).observe(Counts(Arc::clone(&alive)));
    let site = Site::start(few(server));
    let churn = || {
        let clients = (0..4).map(|_| || (0..MANY / 4).for_each(|_| go_wrong(&site)));
        std::thread::scope(|scope| clients.for_each(|client| drop(scope.spawn(client))));
        alive.nobody();
        held(TEST)
    };
    // The first times buffers and tables grow to what they need.
    churn();
    if let (Some(before), Some(after)) = (churn(), churn()) {
        // A connection is told to be closed a moment before its socket is.
        until(|| held(TEST).is_some_and(|now| now.0 <= before.0));
        let grown = after.1.saturating_sub(before.1);
        assert!(grown < 2 << 20, "{} bytes before, {} after", before.1, after.1);
    }
    assert_eq!(site.shutdown(), 0);
    println!("nothing is left");
}
