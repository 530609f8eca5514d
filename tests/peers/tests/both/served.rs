//! The server that clients of others ask, on either adapter, plain or with TLS.
//! Answers and counts connections; what is asked, `crates` and `programs` say.

use crate::kit::LONG;
use crate::on::{Site, cancelled, duplex, purlin};
use crate::secure::Papers;
use flate2::Compression;
use flate2::write::GzEncoder;
use purlin::observe::{ConnState, Observer, Peer};
use purlin::{Mux, Request, Response, ResponseHead, ResponseWriter, Server, Status, streaming};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The length of what `/big` and `/stream` give.
pub(crate) const BIG: usize = 3_000_000;

/// So many bytes, of which each tells its place.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0_u8..251).cycle().take(length).collect()
}

pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) papers: Papers,
    connections: Arc<AtomicUsize>,
    left: Receiver<()>,
    _site: Site,
}

struct Counts(Arc<AtomicUsize>);

impl Observer for Counts {
    fn state(&self, _: &Peer, state: ConnState) {
        if state == ConnState::New {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Served {
    /// Serves; with TLS if so wanted, under papers of that name.
    pub(crate) fn start(name: &str, tls: bool) -> Served {
        let papers = Papers::new(&format!("{name}-{tls}"));
        let connections = Arc::new(AtomicUsize::new(0));
        let (leave, left) = sync_channel(100);
        let mut server =
            Server::new(mux(&leave)).body_limit(1 << 30).observe(Counts(connections.clone()));
        if tls {
            server = server.tls(papers.server());
        }
        let site = Site::start(server);
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}", site.address.port());
        Served { url, papers, connections, left, _site: site }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until one that asked for `/endless` is gone.
    #[track_caller]
    pub(crate) fn left(&self) {
        self.left.recv_timeout(LONG).expect("the handler learns that its client is gone");
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// What clients are told of their request.
fn told(request: &Request, length: usize, sum: Option<&str>) -> String {
    let said = request.field("Content-Length").unwrap_or("-");
    format!("{} {said} {length} {}", request.method(), sum.unwrap_or("-"))
}

macro_rules! streams {
    () => {
        streaming(handler!(|_: Request, mut writer: ResponseWriter| {
            writer.fields_mut().append("Trailer", "Sum")?;
            // Pieces of many sizes.
            let (bytes, mut at) = (pattern(BIG), 0);
            for size in (1..).map(|turn: usize| turn * 977 % 70_001) {
                let end = BIG.min(at + size);
                wait!(writer.write(&bytes[at..end]))?;
                if end == BIG {
                    break;
                }
                at = end;
            }
            writer.trailers_mut().append("Sum", BIG.to_string())?;
            wait!(writer.finish())
        }))
    };
}

macro_rules! echoes {
    () => {
        duplex(streaming(handler!(|request: Request, mut writer: ResponseWriter| {
            let mut body = request.into_body();
            wait!(writer.flush())?;
            while let Some(piece) = wait!(body.chunk())? {
                wait!(writer.write(&piece))?;
                wait!(writer.flush())?;
            }
            if let Some(sum) = body.trailers().and_then(|fields| fields.get("Sum")) {
                writer.trailers_mut().append("Sum", sum)?;
            }
            wait!(writer.finish())
        })))
    };
}

fn mux(leave: &SyncSender<()>) -> Mux {
    let to = |place: &'static str, status: Status| {
        handler!(|_: Request| Response::new(status).with("Location", place).unwrap())
    };
    let mut mux = Mux::new();
    mux.handle("/hello", crate::on::hello).unwrap();
    mux.handle(
        "/sum",
        handler!(|mut request: Request| {
            let length = wait!(request.body_mut().bytes())?.len();
            let sum = request.body().trailers().and_then(|fields| fields.get("Sum"));
            Ok::<_, purlin::Error>(told(&request, length, sum))
        }),
    )
    .unwrap();
    mux.handle("/echo", echoes!()).unwrap();
    mux.handle("/big", handler!(|_: Request| Response::bytes(pattern(BIG)))).unwrap();
    mux.handle("/stream", streams!()).unwrap();
    mux.handle(
        "/gzip",
        handler!(|_: Request| {
            let text = "text that repeats ".repeat(1000);
            Response::bytes(gzip(text.as_bytes())).with("Content-Encoding", "gzip").unwrap()
        }),
    )
    .unwrap();
    mux.handle("/moved", to("/sum", Status::FOUND)).unwrap();
    mux.handle("/keep", to("/sum", Status::TEMPORARY_REDIRECT)).unwrap();
    mux.handle("/refuse", handler!(|_: Request| (Status::FORBIDDEN, "no"))).unwrap();
    mux.handle(
        "/hints",
        streaming(handler!(|_: Request, mut writer: ResponseWriter| {
            writer.interim(&ResponseHead::new(Status::EARLY_HINTS).with("Link", "</a.css>")?)?;
            wait!(writer.respond(Response::text("hinted")))
        })),
    )
    .unwrap();
    let leave = leave.clone();
    mux.handle(
        "/endless",
        streaming(handler!(|_: Request, mut writer: ResponseWriter| {
            let _guard = crate::kit::peer::Guard(leave.clone());
            wait!(writer.write(b"begun"))?;
            wait!(writer.flush())?;
            wait!(cancelled(&writer));
            Ok::<_, purlin::Error>(())
        })),
    )
    .unwrap();
    mux
}
