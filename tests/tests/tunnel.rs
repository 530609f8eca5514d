//! A client's connection behind a proxy keeps the contract of a machine.

use proptest::prelude::*;
use purlin_tests::tunnel;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_calls_is_legal(script in prop::collection::vec(any::<u8>(), 1..200)) {
        tunnel::run(&script);
    }
}

#[test]
fn a_good_proxy_lets_everything_through() {
    for proxy in 0..4 {
        // Ask; then write, hear, poll and take, as a driver would.
        for at_once in [1, 2, 7, 16] {
            let turn = [4, 0, 0, at_once - 1, 5, 0, 7, 0];
            let script = [&[proxy, 6, 0][..], &turn.repeat(150)].concat();
            let body = tunnel::run(&script);
            // More at a time than one word of SOCKS5 is an answer before the question.
            let hasty = proxy >= 2 && at_once > 2;
            assert_eq!(body, if hasty { &b""[..] } else { b"hello" }, "{proxy} {at_once}");
        }
    }
}
