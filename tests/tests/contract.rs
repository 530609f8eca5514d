//! The contract of a machine holds whatever is done to it, and whatever the
//! application misuses, the peer reads whole messages.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use purlin_tests::chaos::{Chaos, Op, decode};

const REGRESSIONS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../proptest-regressions/contract.txt");

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..ProptestConfig::default()
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(any::<u8>(), 0..600).prop_map(|bytes| decode(&bytes))
}

fn run(ops: &[Op]) {
    let mut chaos = Chaos::new();
    for op in ops {
        chaos.step(op);
    }
    chaos.finish();
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_order_of_calls_is_legal(ops in ops()) {
        run(&ops);
    }
}
