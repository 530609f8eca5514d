//! The client's world holds, can be replayed, and is able to fail.

use purlin_tests::client_world::{Broken, run};

#[test]
fn every_seed_holds() {
    let mut answered = 0;
    for seed in 0..500 {
        let outcome = run(seed, false, None);
        assert_eq!(outcome.verdict, Ok(()), "replay with: --bin sim -- --client --seed {seed}");
        answered += outcome.requests;
    }
    assert!(answered > 1000, "many requests are answered: {answered}");
}

#[test]
fn a_seed_is_replayed_exactly() {
    for seed in 0..40 {
        let (first, again) = (run(seed, true, None), run(seed, true, None));
        assert!(first.picture.lines().count() > 2);
        assert_eq!(first.picture, again.picture, "seed {seed}");
    }
}

#[test]
fn a_world_that_breaks_a_rule_is_found_out() {
    for broken in Broken::ALL {
        let failed = |seed: &u64| run(*seed, false, Some(broken)).verdict.is_err();
        let found = (0..1000).filter(failed).take(3).count();
        assert_eq!(found, 3, "{broken:?} is not found often enough");
    }
}
