//! The ring against a plain list, and the static table's look-up.

use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

#[test]
fn every_field_of_the_static_table_is_found_where_it_is() {
    for (place, (name, value)) in STATIC.iter().enumerate() {
        let index = u32::try_from(place).unwrap() + 1;
        assert_eq!(find_static(name.as_bytes(), value.as_bytes()), Found::Whole(index));
    }
    assert_eq!(find_static(b":method", b"PUT"), Found::Name(2));
    assert_eq!(find_static(b":status", b"201"), Found::Name(8));
    assert_eq!(find_static(b"x-other", b""), Found::Nowhere);
    assert_eq!(find_static(&[b'a'; 300], b""), Found::Nowhere);
    assert_eq!(find_static(b"", b""), Found::Nowhere);
}

/// The table as RFC 7541 describes it: a list of strings.
struct Plain {
    entries: VecDeque<(Vec<u8>, Vec<u8>)>,
    most: usize,
}

impl Plain {
    fn size(&self) -> usize {
        self.entries.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
    }

    fn fit(&mut self, more: usize) {
        while self.size() + more > self.most && self.entries.pop_back().is_some() {}
    }

    fn add(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + 32;
        self.fit(size);
        if size <= self.most {
            self.entries.push_front((name.to_vec(), value.to_vec()));
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(Vec<u8>, Vec<u8>),
    Resize(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let text = || proptest::collection::vec(0..3_u8, 0..60);
    prop_oneof![
        8 => (text(), text()).prop_map(|(name, value)| Step::Add(name, value)),
        1 => (0..700_u32).prop_map(Step::Resize),
    ]
}

proptest! {
    #[test]
    fn the_ring_holds_what_a_plain_list_holds(
        most in 0..700_u32,
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut table = Table::new(most);
        let mut plain = Plain { entries: VecDeque::new(), most: most as usize };
        for step in steps {
            match &step {
                Step::Add(name, value) => {
                    table.add(name, value);
                    plain.add(name, value);
                }
                Step::Resize(most) => {
                    table.resize(*most);
                    plain.most = *most as usize;
                    plain.fit(0);
                }
            }
            prop_assert_eq!(table.len(), plain.entries.len());
            prop_assert_eq!(table.size() as usize, plain.size());
            prop_assert!(table.ring.len() <= table.most() as usize);
            for (index, (name, value)) in (62..).zip(&plain.entries) {
                let (found_name, found_value) = table.get(index).unwrap();
                prop_assert!(found_name.is(name) && found_value.is(value));
                prop_assert!(!found_value.is(&[value.as_slice(), b"x"].concat()));
                prop_assert!(matches!(table.find(name, value), Found::Whole(at) if at <= index));
            }
            let behind = 62 + u32::try_from(plain.entries.len()).unwrap();
            prop_assert!(table.get(behind).is_none() && table.get(u32::MAX).is_none());
        }
        prop_assert!(table.get(0).is_none());
    }
}
