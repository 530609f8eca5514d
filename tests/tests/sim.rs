//! The simulation holds, can be replayed, and is able to fail.

use purlin_tests::sim::{Habit, Meddle, download, run, upload};

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

#[test]
fn who_is_slow_and_never_late_gets_all_that_it_is_owed() {
    for seed in 0..100 {
        assert_eq!(download(seed, Habit::Careful), Ok(()), "download {seed}");
        assert_eq!(upload(seed, Habit::Careful), Ok(()), "upload {seed}");
    }
}

#[test]
fn a_driver_that_is_late_itself_is_found_out() {
    for habit in [Habit::ClockFirst, Habit::CountsWritten] {
        for (name, play) in [("download", download as fn(_, _) -> _), ("upload", upload)] {
            let found = (0..100).filter(|seed| play(*seed, habit).is_err()).count();
            assert!(found > 3, "{habit:?}: {found} of 100, {name}");
        }
    }
}
