//! A URL that is shown reads back the same, a reference that is resolved stays resolved, and a redirect goes where
//! `join` says, telling no password and no credential to another origin.
//!
//! The first line is a URL; the rest is a reference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::policy::redirect::{Policy, Referer, Replay, Step, Trail};
use purlin_core::{Fields, Method, RequestHead, Status, Url};

fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let reference = data.get(at + 1..).unwrap_or_default();
    let base = match Url::parse(&data[..at]) {
        Ok(base) => base,
        Err(error) => {
            assert!(error.at() <= at);
            return;
        }
    };
    check(&base);
    let joined = match base.join(reference) {
        Ok(joined) => joined,
        Err(error) => {
            assert!(error.at() <= reference.len().max(base.as_str().len()));
            return;
        }
    };
    check(&joined);
    assert_eq!(base.join(joined.as_str()).as_ref(), Ok(&joined));
    redirect(&base, reference, &joined);
});

fn check(url: &Url) {
    assert!(url.as_str().is_ascii());
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(url));
    assert_eq!(url.without_userinfo().user(), None);
    assert!(url.same_origin(&url.without_userinfo().without_fragment()));
    assert!(url.same_origin(url) && url.origin() == url.without_userinfo().origin());
    if url.is_http() {
        let head = RequestHead::new(Method::GET, &url.target()).unwrap();
        assert_eq!(head.target(), url.target());
        assert_eq!(head.query(), url.query());
        Fields::new().append("Host", url.authority().as_bytes()).unwrap();
    }
}

fn redirect(base: &Url, location: &[u8], joined: &Url) {
    if !base.is_http() {
        return;
    }
    let trail = Trail::new(Method::POST, base.clone(), Replay::Replayable, &Fields::new());
    match trail.step(Status::FOUND, Some(location), &Policy::default()) {
        Step::Follow(hop) => {
            assert_eq!(hop.url.without_fragment(), joined.without_fragment());
            assert_eq!(hop.keep_credentials, base.same_origin(joined));
            if let Referer::Set(referer) = hop.referer {
                assert!(!referer.contains(['@', '#']) || Url::parse(&*referer).unwrap().user().is_none());
            }
        }
        Step::Stop(_) => assert!(location.is_empty()),
        Step::Fail(_) => assert!(!joined.is_http()),
    }
}
