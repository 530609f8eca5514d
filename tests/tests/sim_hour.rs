//! A server lives through a shortened hour of mixed faults. The whole hour is
//! played by `--bin sim -- --hour SEED`.

use purlin_tests::sim::hour;
use std::time::Duration;

/// Of simulated time.
const SECONDS: u64 = 300;
const LENGTH: Duration = Duration::from_secs(SECONDS);

#[test]
fn a_server_keeps_its_books_and_its_memory_through_every_fault() {
    let mut counts = Vec::new();
    for seed in 0..3 {
        let played = hour(seed, LENGTH, None);
        if played.verdict.is_err() {
            let guilty = hour(seed, LENGTH, played.guilty);
            let again = format!("--bin sim -- --hour {seed} --seconds {SECONDS}");
            panic!("{}\n{:?}\nreplay with: {again}", guilty.picture, guilty.verdict);
        }
        assert!(played.counts.accepted > 500, "{:?}", played.counts);
        assert!(played.counts.hijacked > 0 && played.counts.faults > 0, "{:?}", played.counts);
        assert!(played.most_open > 50, "{} were open", played.most_open);
        counts.push(played.counts);
    }
    assert_ne!(counts[0], counts[1], "another seed is another hour");
}

#[test]
fn an_hour_is_replayed_exactly() {
    let (first, again) = (hour(7, LENGTH / 5, Some(20)), hour(7, LENGTH / 5, Some(20)));
    assert!(first.picture.lines().count() > 2, "{}", first.picture);
    assert_eq!(first.picture, again.picture);
    assert_eq!((first.counts, first.most_held), (again.counts, again.most_held));
}
