//! The observers that write to `log` and `tracing`, on either adapter.

use crate::kit::LONG;
use crate::on::{Site, purlin};
use purlin::observe::{LogObserver, TracingObserver};
use purlin::{Mux, Request, Result, Server};
use std::fmt::{Debug, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use tracing::field::{Field, Visit};
use tracing::span;

/// Keeps lines.
struct Lines(Sender<String>);

impl log::Log for Lines {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "purlin"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.send(format!("{} {}", record.level(), record.args())).unwrap();
        }
    }

    fn flush(&self) {}
}

/// Writes the fields of an event, one behind the other.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "purlin"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.0.send(fields.0).unwrap();
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The next line has all of these in it.
#[track_caller]
fn expect(lines: &Receiver<String>, parts: &[&str]) {
    let line = lines.recv_timeout(LONG).unwrap();
    for part in parts {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[test]
fn what_is_observed_is_logged_and_traced() {
    let ((log, logged), (trace, traced)) = (channel(), channel());
    log::set_boxed_logger(Box::new(Lines(log))).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    tracing::subscriber::set_global_default(Lines(trace)).unwrap();
    let mut mux = Mux::new();
    let hello = handler!(|r: Request| {
        assert_ne!(r.param("name"), "panic", "as asked for");
        "hello"
    });
    mux.handle("GET /hello/{name}", hello).unwrap();
    let fails = handler!(|_: Request| -> Result<&'static str> {
        Err(std::io::Error::other("the disk\nis on fire").into())
    });
    mux.handle("GET /fails", fails).unwrap();
    let site = Site::start(Server::new(mux).observe(LogObserver).observe(TracingObserver));
    let mut peer = site.connect();
    peer.send("GET /hello/you?x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 200);
    expect(&logged, &["INFO 127.0.0.1:", "GET /hello/you?x HTTP/1.1 200 5 B", "µs"]);
    expect(&traced, &["INFO", "remote=127.0.0.1:", "connection=1", "method=GET"]);
    peer.send("GET /hello/panic HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 500);
    expect(&logged, &["ERROR the handler of 127.0.0.1:", "panicked: ", "as asked for\\n"]);
    expect(&traced, &["ERROR", "panic: "]);
    expect(&logged, &["GET /hello/panic HTTP/1.1 500"]);
    expect(&traced, &["target=/hello/panic", "pattern=\"GET /hello/{name}\"", "status=500"]);
    peer.send("GET /fails HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 500);
    expect(&logged, &["ERROR the response to 127.0.0.1:", "the disk\\nis on fire"]);
    expect(&traced, &["ERROR", "failure: ", "the disk\\nis on fire"]);
    expect(&logged, &["GET /fails HTTP/1.1 500"]);
    expect(&traced, &["target=/fails", "status=500"]);
    peer.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    assert_eq!(peer.response().0, 400);
    expect(&logged, &["INFO 127.0.0.1:", "broke a rule or a limit: ", "RFC 9112 §5.1"]);
    expect(&traced, &["INFO", "rule=\"RFC 9112 §5.1\"", "fault: "]);
}
