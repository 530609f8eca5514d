//! Properties of reading requests: what is valid is seen as it was sent, what
//! is broken never becomes another request, and how it is split does not matter.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use purlin_core::Version;
use purlin_tests::assumed::{BodyEnd, Seen, Server};
use purlin_tests::peer::request::{self, End};
use purlin_tests::rng::Rng;
use purlin_tests::traffic::{self, Made, Mix};

const REGRESSIONS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../proptest-regressions/requests.txt");

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..ProptestConfig::default()
    }
}

/// What is seen of an input that is cut at these places, before its end is told.
fn feed(input: &[u8], cuts: &[usize]) -> Seen {
    let mut server = Server::new(false);
    let mut from = 0;
    for cut in cuts.iter().copied().chain([input.len()]) {
        server.feed(&input[from..cut]).unwrap();
        from = cut;
    }
    server.seen()
}

fn requests(rng: &mut Rng, mix: Mix) -> Vec<Made> {
    let mut all: Vec<Made> = Vec::new();
    for index in 0..rng.range(1, 5) {
        if all.last().is_some_and(|made| made.last) {
            break;
        }
        all.push(traffic::request(rng, &format!("r{index}"), mix));
    }
    all
}

fn wire(all: &[Made]) -> Vec<u8> {
    all.iter().flat_map(|made| made.wire.iter().copied()).collect()
}

fn bytes(fields: &[(String, String)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone().into())).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn valid_requests_are_seen_as_they_were_made(seed: u64) {
        let mut rng = Rng::new(seed);
        let made = requests(&mut rng, Mix { body: 5000, last: true, expect: true });
        let seen = feed(&wire(&made), &[]);
        prop_assert_eq!(seen.messages.len(), made.len());
        for (seen, made) in seen.messages.iter().zip(&made) {
            prop_assert_eq!(&seen.method, &made.method);
            prop_assert_eq!(&seen.target, &made.target);
            prop_assert_eq!(seen.version == Version::Http11, made.minor == 1);
            prop_assert_eq!(&seen.fields, &bytes(&made.fields));
            prop_assert_eq!(&seen.body, &made.body);
            prop_assert_eq!(&seen.trailers, &bytes(&made.trailers));
            prop_assert_eq!(seen.end, BodyEnd::Whole);
        }
        prop_assert_eq!(seen.closing, made.last().is_some_and(|made| made.last));
    }

    #[test]
    fn broken_requests_are_read_as_the_oracle_reads_them(seed: u64) {
        let mut rng = Rng::new(seed);
        let made = requests(&mut rng, Mix { body: 60, last: true, expect: false });
        let text = wire(&made);
        for _ in 0..30 {
            let broken = traffic::mutate(&mut rng, &text);
            let (seen, end) = feed(&broken, &[]).read();
            let (expected, expected_end) = request::read_all(&broken);
            prop_assert_eq!(&seen, &expected, "{}", broken.escape_ascii());
            let same = request::same_end(end, expected_end, &seen);
            prop_assert!(same, "{end:?}, not {expected_end:?}: {}", broken.escape_ascii());
        }
    }

    #[test]
    fn how_the_input_is_split_does_not_matter(seed: u64) {
        let mut rng = Rng::new(seed);
        let mut text = wire(&requests(&mut rng, Mix { body: 3000, last: true, expect: true }));
        if rng.chance(50) {
            text = traffic::mutate(&mut rng, &text);
        }
        let whole = feed(&text, &[]);
        for cuts in [1, 3, 30] {
            let mut cuts: Vec<usize> = (0..cuts).map(|_| rng.below(text.len() + 1)).collect();
            cuts.sort_unstable();
            prop_assert_eq!(&feed(&text, &cuts), &whole, "{:?} in {}", cuts, text.escape_ascii());
        }
    }
}

#[test]
fn breaking_requests_leads_everywhere() {
    let mut ends = Vec::new();
    for seed in 0..400 {
        let mut rng = Rng::new(seed);
        let text = wire(&requests(&mut rng, Mix { body: 60, last: true, expect: false }));
        let (_, end) = request::read_all(&traffic::mutate(&mut rng, &text));
        ends.push(end);
    }
    for end in [End::Idle, End::Head, End::Body, End::Refused, End::Closed] {
        let count = ends.iter().filter(|found| **found == end).count();
        assert!(count > 4, "{end:?} comes {count} times");
    }
}

#[test]
fn the_oracle_knows_smuggling_when_it_sees_it() {
    let (all, end) = request::read_all(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
          0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert_eq!((all.len(), end), (0, End::Refused));
    let (all, end) = request::read_all(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
          GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\n",
    );
    assert_eq!((all.len(), end), (2, End::Closed));
    assert_eq!((&all[0].body[..], &*all[1].target), (&b"abc"[..], "/next"));
}
