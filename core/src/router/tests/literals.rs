//! The map of literals finds what was put in, under every kind of key.

use std::collections::BTreeMap;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use crate::router::literals::{Caseless, Escaped, LiteralMap, Plain};

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..24),
        "[aA0]{0,20}".prop_map(String::into_bytes),
        "section-[0-9]{1,5}-overview".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_put_in_is_found_and_nothing_else(
        inside in btree_set(text(), 0..80), outside in vec(text(), 20)
    ) {
        let mut map = LiteralMap::default();
        let mut expected = BTreeMap::new();
        for (value, bytes) in (0..).zip(&inside) {
            map.insert(bytes, value);
            expected.insert(bytes.clone(), value);
        }
        for bytes in inside.iter().chain(&outside) {
            let value = expected.get(bytes).copied();
            prop_assert_eq!(map.get(&Plain::new(bytes)), value);
            let escaped: String = bytes.iter().map(|b| format!("%{b:02X}")).collect();
            prop_assert_eq!(map.get(&Escaped::new(escaped.as_bytes())), value);
        }
        let sorted: Vec<_> = expected.into_iter().collect();
        prop_assert_eq!(map.sorted(), sorted);
    }

    #[test]
    fn case_makes_no_difference_if_it_must_not(inside in btree_set(text(), 0..80)) {
        let mut map = LiteralMap::default();
        let mut lower: Vec<_> = inside.iter().map(|bytes| bytes.to_ascii_lowercase()).collect();
        lower.sort();
        lower.dedup();
        for (value, bytes) in (0..).zip(&lower) {
            map.insert(bytes, value);
        }
        for bytes in &inside {
            let at = lower.binary_search(&bytes.to_ascii_lowercase()).unwrap();
            let found = map.get(&Caseless(bytes)).map(|value| value as usize);
            prop_assert_eq!(found, Some(at));
        }
    }
}
