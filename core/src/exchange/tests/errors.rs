//! What errors of requests tell, and what they hide.

use super::*;

#[test]
fn errors_tell_no_password() {
    let mut exchange = begin(ClientPolicy::default(), get("http://u:secret@a.test/"));
    sent(&mut exchange, false);
    exchange.failed(Error::new(CloseReason::PeerClosed), Retry::Never, now());
    let Ask::Fail(error) = exchange.ask(now()) else { panic!() };
    let told = format!("{error} {error:?} {:?}", error.url());
    assert!(!told.contains("secret") && told.contains("u:***@a.test"), "{told}");
    let mut exchange = begin(ClientPolicy::default(), get("ftp://a.test/"));
    assert!(matches!(exchange.ask(now()), Ask::Fail(_)));
}

#[test]
fn an_error_says_its_cause_once_and_what_lies_below_is_its_source() {
    use std::io::{Error as IoError, ErrorKind};
    /// An error with another below it, which its own text does not hold.
    #[derive(Debug)]
    struct Above(PeerError);
    impl std::fmt::Display for Above {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("above")
        }
    }
    impl std::error::Error for Above {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let below = PeerError::of_response(Fault::Reset, Retry::Never, Phase::Wait);
    let io = || IoError::other(Above(below));
    let url = Url::parse("http://a:x/").unwrap_err();
    for (cause, deep) in [
        (Cause::Url(url), false),
        (Cause::Misuse(crate::error::Misuse::Busy), false),
        (Cause::Io(ErrorKind::NotFound.into()), false),
        (Cause::Peer(below), false),
        (Cause::Redirect(crate::policy::redirect::Failure::BadLocation(url)), false),
        (Cause::Proxy(crate::policy::proxy::ProxyError::Url(url)), false),
        (Cause::Io(io()), true),
        (Cause::Body(io()), true),
        (Cause::Decode(io()), true),
        (Cause::Layer(Box::new(Above(below))), true),
    ] {
        let error = Error::new(cause).during(Phase::Connect);
        let mut texts = vec![error.to_string()];
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            texts.push(error.to_string());
            source = error.source();
        }
        assert_eq!(texts.len(), 1 + usize::from(deep), "{texts:?}");
        assert!(!deep || (texts[0].ends_with("above") && texts[1].contains("reset")), "{texts:?}");
    }
}

#[test]
fn an_error_names_the_proxy_that_it_is_about() {
    let peer = |phase| PeerError::of_response(Fault::NoResponse, Retry::Never, phase);
    for (proxy, url, phase, named) in [
        ("http://me:pw@p", "https://a.test/", Phase::Dns, true),
        ("http://me:pw@p", "https://a.test/", Phase::Connect, true),
        ("socks5://me:pw@p", "http://a.test/", Phase::Tunnel, true),
        // The server is reached, and it is about that.
        ("http://me:pw@p", "https://a.test/", Phase::Tls, false),
        ("http://me:pw@p", "https://a.test/", Phase::Wait, false),
        // The proxy is the server.
        ("http://me:pw@p", "http://a.test/", Phase::Wait, true),
        ("https://me:pw@p", "http://a.test/", Phase::Tls, true),
    ] {
        let by = Proxy::new(Url::parse(proxy).unwrap()).unwrap();
        let policy =
            ClientPolicy { proxies: Proxies::All(Arc::new(by)), ..ClientPolicy::default() };
        let mut exchange = begin(policy, get(url));
        let Ask::Connect(_) = exchange.ask(now()) else { panic!("a connection is asked for") };
        exchange.failed(Error::new(peer(phase)).during(phase), Retry::Never, now());
        let Ask::Fail(error) = exchange.ask(now()) else { panic!("it failed") };
        let text = format!("{phase}: proxy {}: ", proxy.replace("pw", "***"));
        assert_eq!(error.to_string().contains(&text), named, "{error}");
    }
}

#[test]
fn what_signs_in_is_shown_nowhere() {
    let mut parts = get("http://ada:hunter2@a.test/");
    parts.payload = Payload::Full("password=hunter2".into());
    let mut policy = ClientPolicy::default();
    let proxy = Url::parse("http://me:hunter2@proxy.test/").unwrap();
    policy.proxies = Proxies::All(Arc::new(Proxy::new(proxy).unwrap()));
    for name in ["Authorization", "Cookie", "Proxy-Authorization"] {
        parts.fields.append(name, "hunter2").unwrap();
        policy.fields.append(name, "hunter2").unwrap();
    }
    let mut shown = format!("{parts:?} {policy:?}");
    let mut exchange = begin(policy, parts);
    let Ask::Connect(route) = exchange.ask(now()) else { panic!("a connection is asked for") };
    shown += &format!("{route:?} {exchange:?}");
    exchange.connected(Reached { reused: false, idle: Duration::ZERO }, now());
    let ask = exchange.ask(now());
    let Ask::Send { head, .. } = &ask else { panic!("{ask:?}") };
    shown += &format!("{head:?} {exchange:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("YWRh"), "{shown}");
}
