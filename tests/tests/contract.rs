//! The contract of a machine holds whatever is done to it, and whatever the
//! application misuses, the peer reads whole messages; also through a draft, and
//! without a wire.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use purlin_tests::answers::{direct, draft};
use purlin_tests::chaos::{Chaos, ClientChaos, Op, decode, decode_client};

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

fn client_ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(any::<u8>(), 0..600).prop_map(|bytes| decode_client(&bytes))
}

fn run_client(ops: &[Op]) {
    let mut chaos = ClientChaos::new();
    for op in ops {
        chaos.step(op);
    }
    chaos.finish();
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_order_of_calls_to_a_client_is_legal(ops in client_ops()) {
        run_client(&ops);
    }

    #[test]
    fn any_order_of_calls_is_legal(ops in ops()) {
        run(&ops);
    }

    #[test]
    fn a_draft_in_any_hands_gives_what_was_written(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        draft::play(&bytes);
    }

    #[test]
    fn without_a_wire_the_same_calls_give_the_same_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        direct::play(&bytes);
    }
}

#[test]
fn a_raw_stream_has_no_trailers_also_without_a_wire() {
    // 101, and then an end with a field that may not stand behind a body.
    direct::play(&[1, 4, 7, 7, 0, 7, 0, 13, 0, 1]);
}
