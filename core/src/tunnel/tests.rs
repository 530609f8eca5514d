use super::*;
use crate::policy::proxy::Proxy;
use crate::{Body, CloseReason, Event, Machine, Misuse, Recv, RequestHead, Reuse};
use crate::{Close, Method, Status, Url, Want, Why};
use echo::Echo;
use std::time::Duration;

mod echo;
mod words;

const NOW: Now = Now::at(Mono::ZERO, 0);

/// Object-safe: a tunnel may hold whatever is chosen while a program runs.
type Chosen = Tunnel<Box<dyn ClientMachine>>;

fn proxy(url: &str) -> Proxy {
    Proxy::new(Url::parse(url).unwrap()).unwrap()
}

fn tunnel(url: &str, host: &str) -> Tunnel<Echo> {
    Tunnel::new(Echo::new(), &Destination::new(&proxy(url), host, 443), NOW).unwrap()
}

fn said<M: ClientMachine>(tunnel: &mut Tunnel<M>) -> Vec<u8> {
    let mut out = Vec::new();
    tunnel.transmit(&mut out, usize::MAX, NOW);
    out
}

/// A request is made at once; `talk` is what is said and what comes back, in turn.
fn through(url: &str, host: &str, talk: &[(&[u8], &[u8])]) -> Tunnel<Echo> {
    let mut tunnel = tunnel(url, host);
    let head = RequestHead::new(Method::GET, "/").unwrap();
    tunnel.request(&head, Body::Empty, NOW).unwrap();
    for (words, answer) in talk {
        assert!(!tunnel.is_ready());
        let out = said(&mut tunnel);
        assert_eq!(out, *words, "{}", out.escape_ascii());
        // Byte by byte, to the last.
        for byte in *answer {
            assert_eq!(tunnel.want().close, None);
            assert_eq!(tunnel.receive(&[*byte], NOW), 1, "{}", answer.escape_ascii());
        }
    }
    tunnel
}

/// What a failed tunnel tells, in order.
fn failure(tunnel: &mut Tunnel<Echo>) -> (Fault, Retry) {
    assert!(!tunnel.is_ready());
    let Some(Event::Failed { error, .. }) = tunnel.poll_event(NOW) else { panic!("it has failed") };
    let Some(Event::Closed(reason)) = tunnel.poll_event(NOW) else { panic!("it closes") };
    assert_eq!(reason, CloseReason::Fault(error.kind));
    assert!(tunnel.poll_event(NOW).is_none());
    assert_eq!((error.answer, error.phase), (None, Phase::Tunnel));
    assert_eq!(tunnel.setting_up(), Some(Phase::Tunnel));
    let trouble = tunnel.trouble().expect("it says why");
    let trouble = trouble.downcast_ref::<Trouble>().expect("in a proxy's words");
    assert_eq!((trouble.fault(), trouble.refusal()), (error.kind, tunnel.refusal()));
    assert_eq!(tunnel.want(), Want { read: false, write: false, close: Some(Close::Graceful) });
    assert_eq!(tunnel.inner().ended, Some(Eof::Reset));
    assert!(said(tunnel).is_empty() && tunnel.read_buf().is_empty());
    assert_eq!((tunnel.deadline(), tunnel.reuse()), (None, Reuse::Never(reason)));
    let head = RequestHead::new(Method::GET, "/").unwrap();
    assert_eq!(tunnel.request(&head, Body::Empty, NOW), Err(Misuse::NotReusable));
    (error.kind, error.retry)
}

const CONNECT: &[u8] = b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n";

#[test]
fn what_is_inside_waits_for_the_answer_to_connect() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\n\r\n"[..],
        b"HTTP/1.0 200 Connection established\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 204\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nA: b\r\n\r\nHTTP/1.1 200 \r\n\r\n",
    ] {
        let mut tunnel = through("http://p", "a.test", &[(CONNECT, answer)]);
        assert!(tunnel.is_ready() && tunnel.poll_event(NOW).is_none());
        assert_eq!(said(&mut tunnel), b"REQUEST");
        tunnel.receive(b"RESPONSE", NOW);
        assert_eq!(tunnel.inner().heard, b"RESPONSE");
        assert_eq!(tunnel.deadline(), tunnel.inner().deadline());
    }
}

#[test]
fn connect_tells_the_proxy_its_own_password_and_the_given_fields() {
    let proxy = proxy("http://me:p%40w@p:3128");
    let mut destination = Destination::new(&proxy, "fe80::1%eth0", 8443);
    destination.fields.append("User-Agent", "x/1").unwrap();
    destination.fields.append("Content-Length", "3").unwrap();
    destination.fields.append("Host", "other").unwrap();
    let mut tunnel = Tunnel::new(Echo::new(), &destination, NOW).unwrap();
    let words = "CONNECT [fe80::1]:8443 HTTP/1.1\r\nHost: [fe80::1]:8443\r\nUser-Agent: x/1\r\n\
                 Proxy-Authorization: Basic bWU6cEB3\r\n\r\n";
    assert_eq!(said(&mut tunnel).escape_ascii().to_string(), words.escape_default().to_string());

    destination.fields.append("Proxy-Authorization", "Bearer t").unwrap();
    let mut tunnel = Tunnel::new(Echo::new(), &destination, NOW).unwrap();
    let words = String::from_utf8(said(&mut tunnel)).unwrap();
    assert!(words.contains("Bearer t") && !words.contains("Basic"));
}

#[test]
fn socks_is_spoken_byte_by_byte() {
    let name = b"\x05\x01\x00\x03\x06a.test\x01\xbb";
    let four = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    let six =
        b"\x05\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    let named = b"\x05\x00\x00\x03\x02ab\x00\x00";
    for reply in [&four[..], six, named] {
        let talk = [(&b"\x05\x01\x00"[..], &b"\x05\x00"[..]), (name, reply)];
        let mut tunnel = through("socks5://p", "a.test", &talk);
        assert!(tunnel.is_ready());
        assert_eq!(said(&mut tunnel), b"REQUEST");
    }
    let login = b"\x01\x01u\x02pw";
    let talk = [
        (&b"\x05\x02\x00\x02"[..], &b"\x05\x02"[..]),
        (login, b"\x01\x00"),
        (b"\x05\x01\x00\x01\x7f\x00\x00\x01\x01\xbb", four),
    ];
    assert!(through("socks5h://u:pw@p", "127.0.0.1", &talk).is_ready());
    let to = b"\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb";
    let talk = [(&b"\x05\x02\x00\x02"[..], &b"\x05\x00"[..]), (to, four)];
    assert!(through("socks5://u:pw@p", "::1", &talk).is_ready());
}

#[test]
fn what_comes_behind_the_last_word_is_for_the_inside() {
    let mut tunnel = tunnel("http://p", "a.test");
    said(&mut tunnel);
    tunnel.inner_mut().takes = 3;
    tunnel.receive(b"HTTP/1.1 200 OK\r\n\r\nfirst", NOW);
    assert_eq!(tunnel.inner().heard, b"first");
    assert!(!tunnel.want().read, "the inside has had enough");

    let mut tunnel = self::tunnel("http://p", "a.test");
    said(&mut tunnel);
    tunnel.inner_mut().takes = 0;
    tunnel.receive(b"HTTP/1.1 200 OK\r\n\r\nfirst", NOW);
    assert!(tunnel.inner().heard.is_empty() && tunnel.read_buf().is_empty());
    tunnel.eof(Eof::Clean, NOW);
    assert_eq!(tunnel.inner().ended, None, "there is more to be heard before the end");
    tunnel.inner_mut().takes = usize::MAX;
    assert!(tunnel.poll_event(NOW).is_none());
    assert_eq!(tunnel.inner().heard, b"first");
    assert_eq!(tunnel.inner().ended, Some(Eof::Clean));
}

#[test]
fn what_is_not_the_protocol_is_known_at_once() {
    for (url, answer, fault) in [
        ("http://p", &b"\x15\x03"[..], Fault::TlsSpoken),
        ("http://p", b"HTTP/2 200 \r\n", Fault::BadVersion),
        ("http://p", b"HTTP/1.1  200 OK\r\n\r\n", Fault::BadStatusLine),
        ("http://p", b"HTTP/1.1 20x\r\n\r\n", Fault::BadStatusLine),
        ("http://p", b"HTTP/1.1 200 OK\n\n", Fault::BareLf),
        ("socks5://p", b"HTTP", Fault::ProxyProtocol),
        ("socks5://p", b"\x04", Fault::ProxyProtocol),
        ("socks5://p", b"\x05\x02", Fault::ProxyProtocol),
        ("socks5://p", b"\x05\x01", Fault::ProxyProtocol),
    ] {
        let mut tunnel = tunnel(url, "a.test");
        said(&mut tunnel);
        tunnel.receive(answer, NOW);
        assert_eq!(failure(&mut tunnel), (fault, Retry::Never), "{}", answer.escape_ascii());
    }
    let name = &b"\x05\x01\x00\x03\x06a.test\x01\xbb"[..];
    let talk = [(&b"\x05\x01\x00"[..], &b"\x05\x00"[..]), (name, b"\x05\x00\x00\x02")];
    let mut odd = through("socks5://p", "a.test", &talk);
    assert_eq!(failure(&mut odd).0, Fault::ProxyProtocol);

    let mut hasty = tunnel("http://p", "a.test");
    hasty.receive(b"HTTP/1.1 200 OK\r\n\r\n", NOW);
    assert_eq!(failure(&mut hasty).0, Fault::ProxyProtocol, "an answer before the question");
}

#[test]
fn a_proxy_that_does_not_answer_is_given_up() {
    let late = NOW.later(Duration::from_secs(30));
    let mut tunnel = tunnel("http://p", "a.test");
    assert_eq!(tunnel.deadline(), Some((late.mono, Why::Handshake)));
    tunnel.tick(NOW.later(Duration::from_secs(29)));
    assert!(tunnel.poll_event(NOW).is_none());
    tunnel.tick(late);
    let (fault, retry) = failure(&mut tunnel);
    assert_eq!((fault, retry), (Fault::ProxyTimeout, Retry::Never));
    assert!(fault.is_timeout());

    for (heard, how, fault) in [
        (&b""[..], Eof::Clean, Fault::NoResponse),
        (b"HTTP/1.1 2", Eof::Clean, Fault::Truncated),
        (b"HTTP/1.1 2", Eof::Reset, Fault::Reset),
    ] {
        let mut tunnel = self::tunnel("http://p", "a.test");
        said(&mut tunnel);
        tunnel.receive(heard, NOW);
        tunnel.eof(how, NOW);
        assert_eq!(failure(&mut tunnel), (fault, Retry::Safe));
    }
}

#[test]
fn an_endless_answer_meets_a_limit() {
    for (line, fault) in [
        (&b"X: y\r\n"[..], Fault::TooManyFields),
        (b"HTTP/1.1 100 \r\n\r\n", Fault::TooManyInterims),
        (&[b'x'; 1000], Fault::HeadTooLarge),
    ] {
        let mut tunnel = tunnel("http://p", "a.test");
        said(&mut tunnel);
        if fault != Fault::TooManyInterims {
            tunnel.receive(b"HTTP/1.1 200 OK\r\n", NOW);
        }
        for _ in 0..5000 {
            tunnel.receive(line, NOW);
            assert!(tunnel.held() <= 2 * http::LIMITS.head_bytes);
        }
        assert_eq!(failure(&mut tunnel).0, fault);
    }
}

#[test]
fn nobody_waits_for_a_tunnel_that_is_not_needed() {
    let mut tunnel = tunnel("http://p", "a.test");
    tunnel.shutdown(NOW);
    assert_eq!(tunnel.want(), Want { read: false, write: false, close: Some(Close::Graceful) });
    assert!(said(&mut tunnel).is_empty() && tunnel.read_buf().is_empty());
}

#[test]
fn what_socks_cannot_say_is_refused_before() {
    let long = "x".repeat(256);
    for (url, host, error) in [
        ("socks5://p".to_owned(), &*long, DestinationError::Host),
        ("socks5://p".to_owned(), "", DestinationError::Host),
        (format!("socks5://{long}@p"), "a", DestinationError::Credentials),
        (format!("socks5://u:{long}@p"), "a", DestinationError::Credentials),
        ("http://p".to_owned(), "", DestinationError::Host),
        ("http://p".to_owned(), "a b", DestinationError::Host),
        ("http://p".to_owned(), "a\r\nX: y", DestinationError::Host),
    ] {
        let proxy = proxy(&url);
        let destination = Destination::new(&proxy, host, 1);
        assert_eq!(Tunnel::new(Echo::new(), &destination, NOW).err(), Some(error), "{url} {host}");
    }
}

#[test]
fn tunnels_nest_and_hold_what_is_chosen_at_run_time() {
    let outer = proxy("http://p");
    let inner = proxy("socks5://q");
    let chosen: Box<dyn ClientMachine> = Box::new(Echo::new());
    let first: Chosen = Tunnel::new(chosen, &Destination::new(&inner, "a.test", 443), NOW).unwrap();
    let mut both = Tunnel::new(Box::new(first), &Destination::new(&outer, "q", 1080), NOW).unwrap();
    let head = RequestHead::new(Method::GET, "/").unwrap();
    both.request(&head, Body::Empty, NOW).unwrap();
    assert_eq!(said(&mut both), b"CONNECT q:1080 HTTP/1.1\r\nHost: q:1080\r\n\r\n");
    both.receive(b"HTTP/1.1 200 OK\r\n\r\n", NOW);
    assert_eq!(said(&mut both), b"\x05\x01\x00");
    both.receive(b"\x05\x00", NOW);
    assert_eq!(said(&mut both), b"\x05\x01\x00\x03\x06a.test\x01\xbb");
    assert!(!both.is_ready());
    both.receive(b"\x05\x00\x00\x01\0\0\0\0\0\0", NOW);
    assert!(both.is_ready());
    assert_eq!(said(&mut both), b"REQUEST");
}

#[test]
fn a_clients_connection_does_not_know_that_it_is_in_a_tunnel() {
    let late = NOW.later(Duration::from_secs(29));
    let config = std::sync::Arc::new(crate::client::Config::default());
    let machine = crate::client::Connection::new(config, NOW);
    let proxy = proxy("http://p");
    let mut tunnel = Tunnel::new(machine, &Destination::new(&proxy, "a.test", 443), NOW).unwrap();
    let mut head = RequestHead::new(Method::GET, "/").unwrap();
    head.fields_mut().append("Host", "a.test").unwrap();
    let id = tunnel.request(&head, Body::Empty, NOW).unwrap();
    assert_eq!(said(&mut tunnel), CONNECT);
    // Its own time begins behind the proxy's answer.
    tunnel.tick(late);
    tunnel.receive(b"HTTP/1.1 200 OK\r\n\r\n", late);
    tunnel.tick(late);
    assert!(tunnel.poll_event(late).is_none());
    let mut out = Vec::new();
    tunnel.transmit(&mut out, usize::MAX, late);
    assert_eq!(out, b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    tunnel.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", late);
    let Some(Event::Response { head, .. }) = tunnel.poll_event(late) else { panic!("it came") };
    assert_eq!(head.status(), Status::OK);
    assert_eq!(tunnel.recv(id, late), Recv::Data("hi".into()));
    assert_eq!(tunnel.recv(id, late), Recv::End(None));
    assert_eq!(tunnel.reuse(), Reuse::Now);

    let config = std::sync::Arc::new(crate::client::Config::default());
    let machine = crate::client::Connection::new(config, NOW);
    let mut tunnel = Tunnel::new(machine, &Destination::new(&proxy, "a.test", 443), NOW).unwrap();
    let mut head = RequestHead::new(Method::GET, "/").unwrap();
    head.fields_mut().append("Host", "a.test").unwrap();
    tunnel.request(&head, Body::Empty, NOW).unwrap();
    said(&mut tunnel);
    tunnel.receive(b"HTTP/1.1 403 No\r\n\r\n", NOW);
    let Some(Event::Failed { error, .. }) = tunnel.poll_event(NOW) else { panic!("it failed") };
    assert_eq!(error.kind, Fault::ProxyRefused);
    assert!(matches!(tunnel.poll_event(NOW), Some(Event::Closed(_))));
    assert!(tunnel.poll_event(NOW).is_none() && !tunnel.in_exchange());
}
