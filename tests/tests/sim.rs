//! The simulation holds, can be replayed, and is able to fail.

use purlin_tests::sim::{Meddle, run};

#[test]
fn every_seed_holds() {
    let mut requests = 0;
    for seed in 0..500 {
        let outcome = run(seed, false, None);
        assert_eq!(outcome.verdict, Ok(()), "replay with: --bin sim -- --seed {seed}");
        requests += outcome.requests;
    }
    assert!(requests > 500, "the clients have asked for something");
}

#[test]
fn a_seed_is_replayed_exactly() {
    for seed in 0..20 {
        let (first, again) = (run(seed, true, None), run(seed, true, None));
        assert!(first.picture.lines().count() > 2);
        assert_eq!(first.picture, again.picture);
    }
}

#[test]
fn a_network_that_changes_bytes_is_found_out() {
    for meddle in [Meddle::Flip, Meddle::Drop, Meddle::Repeat] {
        let (mut asked, mut found) = (0, 0);
        for seed in 0..200 {
            if run(seed, false, None).requests > 0 {
                asked += 1;
                found += usize::from(run(seed, false, Some((20, meddle))).verdict.is_err());
            }
        }
        assert!(found * 10 > asked * 8, "{meddle:?}: {found} of {asked} found");
    }
}
