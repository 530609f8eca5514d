//! TLS against TLS in memory: a client's machine and a server's, and a wire
//! between them that splits bytes anywhere.

use bytes::Bytes;
use proptest::prelude::*;
use purlin_core::{
    Body, Close, CloseReason, Eof, Event, Fault, Machine, Mono, Now, Recv, ResponseHead,
    ServerConfig, ServerMachine, Status, Why, server,
};
use purlin_tests::tls::certs::{Authority, Valid};
use purlin_tests::tls::{Pair, Raw};
use purlin_tls::{ClientTls, Identity, Roots, ServerTls, Tls, TlsErrorKind};
use std::sync::LazyLock;
use std::time::Duration;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("one"));
static SERVER: LazyLock<ServerTls> = LazyLock::new(|| {
    ServerTls::builder().identity(identity(&["localhost"])).build().expect("it can be made")
});
static CLIENT: LazyLock<ClientTls> =
    LazyLock::new(|| ClientTls::new(roots(&AUTHORITY)).expect("it can be made"));

fn identity(names: &[&str]) -> Identity {
    let pem = AUTHORITY.issue(names, Valid::Now);
    Identity::from_pem(pem.chain.as_bytes(), pem.key.as_bytes()).expect("it can be made")
}

fn roots(authority: &Authority) -> Roots {
    Roots::from_pem(authority.pem.as_bytes()).expect("it can be made")
}

type Ends = Pair<Tls<Raw>, Tls<Raw>>;

fn pair_of(client: &ClientTls, server: &ServerTls, name: &str) -> Ends {
    let now = Now::default();
    let client = Tls::client(client, name, Raw::new(1 << 20), now).expect("it can be made");
    let server = Tls::server(server, Raw::new(1 << 20), now);
    Pair::new(client, server, 3000, 1)
}

fn pair() -> Ends {
    pair_of(&CLIENT, &SERVER, "localhost")
}

/// Bytes that tell when one is missing.
fn bytes(count: usize) -> Bytes {
    (0..count).map(|at| u8::try_from(at % 251).expect("it can be made")).collect::<Vec<_>>().into()
}

fn take(machine: &mut impl Machine) -> Vec<u8> {
    let mut all = Vec::new();
    while let Recv::Data(data) = machine.recv(1, Now::default()) {
        all.extend_from_slice(&data);
    }
    all
}

fn events(machine: &mut impl Machine, now: Now) -> Vec<Event> {
    std::iter::from_fn(|| machine.poll_event(now)).collect()
}

#[test]
fn bytes_arrive_as_they_were_sent_however_the_wire_splits_them() {
    for (most, count) in [(1, 3_000), (7, 20_000), (5_000, 300_000), (100_000, 900_000)] {
        let mut pair = pair();
        pair.most = most;
        pair.client.send(1, &mut bytes(count), pair.now).unwrap();
        pair.server.send(1, &mut bytes(count + 1), pair.now).unwrap();
        pair.settle();
        assert!(!pair.client.is_handshaking() && !pair.server.is_handshaking());
        assert!(take(&mut pair.server) == bytes(count), "up, {most} at a time");
        assert!(take(&mut pair.client) == bytes(count + 1), "down, {most} at a time");
    }
}

#[test]
fn a_handshake_tells_both_sides_what_it_settled() {
    let mut pair = pair();
    assert!(pair.server.info().is_none());
    pair.settle();
    let (client, server) = (pair.client.info().unwrap(), pair.server.info().unwrap());
    assert_eq!((client.version, server.version), ("TLS 1.3", "TLS 1.3"));
    assert!(server.cipher.starts_with("TLS_AES_") || server.cipher.starts_with("TLS_CHACHA20_"));
    assert_eq!(server.key_exchange, client.key_exchange);
    assert!(server.key_exchange.starts_with("X25519"), "{}", server.key_exchange);
    assert_eq!(pair.server.alpn(), Some(&b"http/1.1"[..]));
    assert_eq!(server.server_name.as_deref(), Some("localhost"));
    assert_eq!(client.server_name.as_deref(), Some("localhost"));
    assert_eq!((client.peer_certificates.len(), server.peer_certificates.len()), (1, 0));
    assert!(!client.resumed && !server.resumed);
    let mut again = pair_of(&CLIENT, &SERVER, "localhost");
    again.settle();
    assert!(again.client.info().unwrap().resumed && again.server.info().unwrap().resumed);
    assert_eq!(again.server.info().unwrap().server_name.as_deref(), Some("localhost"));
}

#[test]
fn nothing_more_is_decrypted_than_the_inner_machine_takes() {
    let now = Now::default();
    let client = Tls::client(&CLIENT, "localhost", Raw::new(1 << 20), now).unwrap();
    let server = Tls::server(&SERVER, Raw::new(8192), now);
    let mut pair = Pair::new(client, server, 20_000, 1);
    pair.client.send(1, &mut bytes(1 << 20), now).unwrap();
    pair.settle();
    assert!(pair.server.inner().input().len() <= 8192);
    assert!(pair.server.held() < 150_000, "{} bytes held", pair.server.held());
    assert!(pair.client.inner().unwritten() > 800_000, "the client waits");
    assert!(!pair.server.want().read);
    let mut all = Vec::new();
    while all.len() < 1 << 20 {
        let piece = take(&mut pair.server);
        assert!(!piece.is_empty(), "it goes on");
        all.extend_from_slice(&piece);
        pair.settle();
    }
    assert!(all == bytes(1 << 20));
}

#[test]
fn an_end_without_a_word_is_no_clean_one() {
    let mut pair = pair();
    pair.client.send(1, &mut bytes(10), pair.now).unwrap();
    pair.settle();
    pair.server.eof(Eof::Clean, pair.now);
    assert_eq!(take(&mut pair.server), bytes(10), "what came before it is whole");
    assert_eq!(pair.server.inner().eof, Some(Eof::Truncated));
}

#[test]
fn an_end_waits_for_what_came_before_it() {
    let now = Now::default();
    let client = Tls::client(&CLIENT, "localhost", Raw::new(1 << 20), now).unwrap();
    let server = Tls::server(&SERVER, Raw::new(8192), now);
    let mut pair = Pair::new(client, server, 20_000, 1);
    pair.client.send(1, &mut bytes(60_000), now).unwrap();
    pair.client.finish(1, None, now).unwrap();
    pair.settle();
    assert_eq!(pair.server.inner().eof, None);
    let mut all = take(&mut pair.server);
    while pair.turn() {
        all.extend_from_slice(&take(&mut pair.server));
    }
    assert!(all == bytes(60_000), "{}", all.len());
    assert_eq!(pair.server.inner().eof, Some(Eof::Clean));
}

#[test]
fn one_side_may_end_while_the_other_goes_on() {
    let mut pair = pair();
    pair.client.send(1, &mut bytes(10), pair.now).unwrap();
    pair.client.finish(1, None, pair.now).unwrap();
    pair.settle();
    assert_eq!(take(&mut pair.server), bytes(10));
    assert_eq!(pair.server.recv(1, pair.now), Recv::End(None));
    assert_eq!(pair.client.want().close, Some(Close::Linger), "the socket's half follows");
    pair.server.send(1, &mut bytes(100_000), pair.now).unwrap();
    pair.settle();
    assert!(take(&mut pair.client) == bytes(100_000));
    pair.server.finish(1, None, pair.now).unwrap();
    pair.settle();
    assert_eq!(pair.client.recv(1, pair.now), Recv::End(None));
    assert_eq!(pair.client.want().close, Some(Close::Graceful));
    assert_eq!(pair.server.want().close, Some(Close::Graceful));
}

#[test]
fn keys_change_and_data_goes_on() {
    let mut pair = pair();
    assert!(!pair.client.change_keys(pair.now), "not in a handshake");
    pair.settle();
    for round in 1..5 {
        assert!(pair.client.change_keys(pair.now) && pair.server.change_keys(pair.now));
        pair.client.send(1, &mut bytes(40_000 * round), pair.now).unwrap();
        pair.server.send(1, &mut bytes(50_000 * round), pair.now).unwrap();
        pair.settle();
        assert!(take(&mut pair.server) == bytes(40_000 * round));
        assert!(take(&mut pair.client) == bytes(50_000 * round));
    }
}

fn http(now: Now) -> Tls<server::Connection> {
    let config = ServerConfig { trace: true, secure: true, ..ServerConfig::default() };
    Tls::server(&SERVER, server::Connection::new(config.into(), now), now)
}

#[test]
fn a_handshake_has_its_time() {
    let start = Now::default();
    for said in [&b""[..], b"\x16\x03\x01\x02"] {
        let mut machine = http(start);
        machine.receive(said, start);
        assert_eq!(machine.deadline(), Some((Mono::from_secs(10), Why::Handshake)));
        let now = start.later(Duration::from_secs(10));
        machine.tick(now);
        let told = events(&mut machine, now);
        match (said, told.as_slice()) {
            ([], [Event::Closed(CloseReason::Timeout(Why::Handshake))]) => {}
            ([_, ..], [Event::Failed { error, .. }, Event::Closed(CloseReason::Fault(fault))]) => {
                assert_eq!((error.kind, *fault), (Fault::TlsTimeout, Fault::TlsTimeout));
            }
            (_, told) => panic!("{told:?}"),
        }
        assert_eq!(machine.want().close, Some(Close::Linger));
        let now = now.later(Duration::from_secs(5));
        machine.tick(now);
        assert_eq!(machine.want().close, Some(Close::Graceful));
        assert_eq!(machine.deadline(), None);
    }
}

#[test]
fn who_looks_whether_the_port_is_open_does_no_wrong() {
    let now = Now::default();
    let mut machine = http(now);
    machine.eof(Eof::Clean, now);
    let told = events(&mut machine, now);
    assert!(matches!(told[..], [Event::Closed(CloseReason::PeerClosed)]), "{told:?}");
    assert_eq!(machine.want().close, Some(Close::Graceful));
}

#[test]
fn plain_http_is_answered_in_plain_text() {
    let now = Now::at(Mono::ZERO, 784_111_777);
    let mut machine = http(now);
    for byte in b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" {
        machine.receive(&[*byte], now);
    }
    let mut out = Vec::new();
    machine.transmit(&mut out, usize::MAX, now);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "HTTP/1.1 400 Bad Request\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Length: 48\r\n\
         Connection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    );
    let told = events(&mut machine, now);
    assert!(
        matches!(told[0], Event::Failed { error, .. } if error.kind == Fault::PlainHttp),
        "{told:?}"
    );
    assert_eq!(machine.want().close, Some(Close::Linger), "the answer must arrive");
    machine.eof(Eof::Clean, now);
    assert_eq!(machine.want().close, Some(Close::Graceful));
}

#[test]
fn garbage_is_answered_with_an_alert() {
    let now = Now::default();
    let mut machine = http(now);
    machine.receive(b"SSH-2.0-OpenSSH_9.9\r\n", now);
    let mut out = Vec::new();
    machine.transmit(&mut out, usize::MAX, now);
    assert_eq!((out[0], out[5]), (21, 2), "a fatal alert: {out:?}");
    let told = events(&mut machine, now);
    assert!(matches!(told[0], Event::Failed { error, .. } if error.kind == Fault::TlsHandshake));
    assert!(machine.error().is_some() && machine.secured().error().is_some());
}

#[test]
fn a_certificate_that_does_not_fit_is_told_with_why() {
    let stranger = Authority::new("two");
    let strange = ClientTls::new(roots(&stranger)).unwrap();
    let dated = |valid| {
        let pem = AUTHORITY.issue(&["localhost"], valid);
        ServerTls::from_pem(pem.chain.as_bytes(), pem.key.as_bytes()).unwrap()
    };
    let cases = [
        (&*CLIENT, &*SERVER, "example.com", "the certificate is not for example.com, but for"),
        (&strange, &*SERVER, "localhost", "issuer is not among the roots"),
        (&*CLIENT, &dated(Valid::Past), "localhost", "expired on Mon, 01 Jan 2001 00:00:00 GMT"),
        (&*CLIENT, &dated(Valid::Future), "localhost", "not valid before Tue, 01 Jan 2999"),
    ];
    for (client, server, name, text) in cases {
        let mut pair = pair_of(client, server, name);
        pair.settle();
        let error = pair.client.error().expect("it fails");
        assert_eq!(error.kind(), TlsErrorKind::Certificate);
        assert!(error.to_string().contains(text), "{error}");
        assert!(std::error::Error::source(error).is_none(), "all is said");
        let told = events(&mut pair.client, pair.now);
        assert!(
            matches!(told[0], Event::Failed { error: e, .. } if e.kind == Fault::TlsHandshake),
            "{told:?}"
        );
        let told = events(&mut pair.server, pair.now);
        assert!(
            matches!(told[0], Event::Failed { error: e, .. } if e.kind == Fault::TlsAlert),
            "{told:?}"
        );
        assert!(pair.client_end > purlin_tests::tls::End::Open);
        let mut danger = pair_of(&client.clone().danger_accept_invalid(), server, name);
        danger.settle();
        assert!(danger.client.info().is_some(), "{:?}", danger.client.error());
    }
}

#[test]
fn the_certificate_is_the_one_for_the_name() {
    let server = ServerTls::builder()
        .identity(identity(&["first.example"]))
        .identity(identity(&["*.wild.example", "exact.example"]))
        .build()
        .unwrap();
    let shown = |server: &ServerTls, name: &str| {
        let client = CLIENT.clone().danger_accept_invalid();
        let mut pair = pair_of(&client, server, name);
        pair.settle();
        pair.client.info().expect("it works").peer_certificates[0].clone()
    };
    let first = shown(&server, "first.example");
    let second = shown(&server, "exact.example");
    assert_ne!(first, second);
    for (name, expected) in [
        ("a.wild.example", &second),
        ("A.Wild.Example", &second),
        ("a.b.wild.example", &first),
        ("wild.example", &first),
        ("nobody.example", &first),
        ("127.0.0.1", &first),
    ] {
        assert!(shown(&server, name) == *expected, "{name}");
    }
    server.clone().replace(&SERVER);
    assert!(shown(&server, "exact.example") != second, "new handshakes see the new one");
}

#[test]
fn clients_show_certificates_when_they_are_asked() {
    let builder = || ServerTls::builder().identity(identity(&["localhost"]));
    let required = builder().client_certificates_required(roots(&AUTHORITY)).build().unwrap();
    let optional = builder().client_certificates_optional(roots(&AUTHORITY)).build().unwrap();
    let with = CLIENT.clone().identity(identity(&["client"]));
    let stranger = Authority::new("two").issue(&["client"], Valid::Now);
    let stranger = Identity::from_pem(stranger.chain.as_bytes(), stranger.key.as_bytes()).unwrap();
    let wrong = CLIENT.clone().identity(stranger);
    for (server, client, shown) in [
        (&required, &with, Ok(1)),
        (&required, &*CLIENT, Err("the peer has sent no certificate")),
        (&required, &wrong, Err("issuer is not among the roots")),
        (&optional, &with, Ok(1)),
        (&optional, &*CLIENT, Ok(0)),
        (&optional, &wrong, Err("issuer is not among the roots")),
    ] {
        let mut pair = pair_of(client, server, "localhost");
        pair.settle();
        match (shown, pair.server.error()) {
            (Ok(count), None) => {
                assert_eq!(pair.server.info().unwrap().peer_certificates.len(), count);
            }
            (Err(text), Some(error)) => assert!(error.to_string().contains(text), "{error}"),
            (shown, error) => panic!("{shown:?}, {error:?}"),
        }
    }
}

#[test]
fn what_cannot_be_set_up_is_named() {
    let (one, other) = (AUTHORITY.issue(&["a"], Valid::Now), AUTHORITY.issue(&["b"], Valid::Now));
    let error = |chain: &str, key: &str| {
        ServerTls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err().to_string()
    };
    assert_eq!(error(&one.key, &one.key), "there is no certificate in the chain's PEM");
    assert_eq!(error(&one.chain, &one.chain), "there is no private key in the key's PEM");
    assert_eq!(error(&one.chain, &other.key), "the private key does not belong to the certificate");
    let missing = ServerTls::from_files("/no/such/cert.pem", "key.pem").unwrap_err();
    assert_eq!(missing.to_string(), "cannot read /no/such/cert.pem");
    let now = Now::default();
    let nameless = Tls::client(&CLIENT, "no name", Raw::new(1), now).unwrap_err();
    assert_eq!(nameless.to_string(), "\"no name\" is no name of a server");
}

/// A client without HTTP and a server with it, after a request.
fn asked(request: &str) -> Pair<Tls<Raw>, Tls<server::Connection>> {
    let now = Now::default();
    let client = Tls::client(&CLIENT, "localhost", Raw::new(1 << 20), now).expect("it can be made");
    let mut pair = Pair::new(client, http(now), 3000, 1);
    pair.client
        .send(1, &mut Bytes::copy_from_slice(request.as_bytes()), now)
        .expect("it can be made");
    pair.settle();
    pair
}

fn next_request(machine: &mut impl Machine) -> u64 {
    let told = events(machine, Now::default());
    let request = told.iter().find_map(|event| match event {
        Event::Request { id, .. } => Some(*id),
        _ => None,
    });
    request.unwrap_or_else(|| panic!("{told:?}"))
}

#[test]
fn http_is_spoken_inside_and_ends_with_a_word() {
    let mut pair = asked("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let now = pair.now;
    for _ in 0..3 {
        let id = next_request(&mut pair.server);
        let head = ResponseHead::new(Status::OK);
        pair.server.respond(id, &head, Body::Full(bytes(50_000)), now).unwrap();
        pair.settle();
        let answer = take(&mut pair.client);
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.ends_with(&bytes(50_000)));
        pair.server.trim(now);
        assert_eq!(pair.server.held(), 0, "between two requests nothing is held");
        let mut again = Bytes::from_static(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        pair.client.send(1, &mut again, now).unwrap();
        pair.settle();
    }
    let id = next_request(&mut pair.server);
    pair.server.shutdown(now);
    pair.server.respond(id, &ResponseHead::new(Status::OK), Body::Empty, now).unwrap();
    pair.settle();
    assert!(take(&mut pair.client).windows(17).any(|part| part == b"Connection: close"));
    assert_eq!(pair.client.inner().eof, Some(Eof::Clean), "close_notify came");
}

#[test]
fn an_idle_connection_says_goodbye_when_it_is_shut_down() {
    let mut pair = asked("");
    pair.server.shutdown(pair.now);
    pair.settle();
    assert_eq!(pair.client.inner().eof, Some(Eof::Clean));
    assert_eq!(pair.server.want().close, Some(Close::Graceful));
}

#[test]
fn raw_bytes_go_through_after_an_upgrade() {
    let request =
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly";
    let mut pair = asked(request);
    let now = pair.now;
    let id = next_request(&mut pair.server);
    let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo").unwrap();
    pair.server.respond(id, &head, Body::Empty, now).unwrap();
    assert!(matches!(events(&mut pair.server, now)[..], [Event::Upgraded { .. }]));
    assert_eq!(pair.server.recv(id, now), Recv::Data(Bytes::from_static(b"early")));
    let (mut rest, mut came) = (bytes(70_000), Vec::new());
    while !rest.is_empty() {
        pair.server.send(id, &mut rest, now).unwrap();
        pair.settle();
        came.extend(take(&mut pair.client));
        while pair.server.poll_event(now).is_some() {}
    }
    assert!(came.ends_with(&bytes(70_000)));
    pair.server.finish(id, None, now).unwrap();
    pair.settle();
    assert_eq!(pair.client.inner().eof, Some(Eof::Clean), "half closed");
    pair.client.send(1, &mut Bytes::from_static(b"late"), now).unwrap();
    pair.client.finish(1, None, now).unwrap();
    pair.settle();
    assert_eq!(pair.server.recv(id, now), Recv::Data(Bytes::from_static(b"late")));
    assert_eq!(pair.server.recv(id, now), Recv::End(None));
    pair.settle();
    assert_eq!(pair.server.want().close, Some(Close::Graceful));
}

#[test]
fn a_peer_that_takes_nothing_has_its_time() {
    let mut pair = asked("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut now = pair.now;
    let id = next_request(&mut pair.server);
    let head = ResponseHead::new(Status::OK);
    pair.server.respond(id, &head, Body::Full(bytes(1000)), now).unwrap();
    let mut slices = [std::io::IoSlice::new(&[])];
    assert_eq!(pair.server.output(&mut slices, now), 1);
    let (at, why) = pair.server.deadline().unwrap();
    assert_eq!(why, Why::Write);
    pair.server.wrote(500, now);
    assert!(pair.server.deadline().unwrap().0 > at, "what was taken counts");
    while let Some((at, _)) = pair.server.deadline() {
        now.mono = at;
        pair.server.tick(now);
    }
    assert_eq!(pair.server.want().close, Some(Close::Abort));
}

#[test]
fn last_words_have_their_time_too() {
    let mut pair = asked("");
    let mut now = pair.now;
    pair.server.shutdown(now);
    assert!(pair.server.want().write, "close_notify");
    let mut slices = [std::io::IoSlice::new(&[])];
    assert_eq!(pair.server.output(&mut slices, now), 1);
    assert_eq!(pair.server.deadline(), Some((Mono::from_secs(5), Why::Linger)));
    now.mono = Mono::from_secs(5);
    pair.server.tick(now);
    assert_eq!(pair.server.want().close, Some(Close::Abort));
}

#[test]
fn a_record_that_was_changed_on_its_way_ends_the_exchange() {
    let mut pair = asked("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n");
    let now = pair.now;
    let id = next_request(&mut pair.server);
    assert_eq!(pair.server.recv(id, now), Recv::Pending);
    pair.client.send(1, &mut bytes(10), now).unwrap();
    let mut record = Vec::new();
    pair.client.transmit(&mut record, usize::MAX, now);
    *record.last_mut().unwrap() ^= 1;
    pair.server.receive(&record, now);
    let told = events(&mut pair.server, now);
    assert!(
        told.iter()
            .any(|e| matches!(e, Event::Failed { error, .. } if error.kind == Fault::TlsRecord)),
        "{told:?}"
    );
    assert!(matches!(told.last(), Some(Event::Closed(CloseReason::Fault(Fault::TlsRecord)))));
    let mut out = Vec::new();
    assert!(pair.server.transmit(&mut out, usize::MAX, now) > 0, "an alert");
    pair.client.receive(&out, now);
    assert_eq!(pair.client.error().unwrap().kind(), TlsErrorKind::Alert);
}

#[test]
fn asking_for_data_before_there_is_enough_to_tell_what_is_spoken_gives_none() {
    let now = Now::default();
    let mut machine = Tls::server(&SERVER, Raw::new(1 << 16), now);
    machine.receive(b"\x16\x03", now);
    assert_eq!(machine.recv(1, now), Recv::Pending);
    assert!(machine.is_handshaking() && machine.want().read);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_comes_nothing_panics_and_little_is_held(
        input in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        purlin_tests::tls::fuzz(&input);
    }
}
