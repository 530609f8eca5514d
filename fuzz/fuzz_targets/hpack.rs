//! Any blocks are decoded within the limits or refused, and what was decoded is encoded and decoded to the same, with tables of one size.
//!
//! The first two bytes choose the tables; then each block has its length before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::h2::hpack::{Decoder, Encoder, Limits, List};

const SIZES: [u32; 8] = [0, 31, 64, 100, 300, 1024, 4096, 10_000];
const LIMITS: Limits = Limits { list_bytes: 2000, fields: 20, decoded: 200_000 };

fuzz_target!(|data: &[u8]| {
    let [theirs, ours, rest @ ..] = data else { return };
    let mut rest = rest;
    let size = |byte: &u8| SIZES[usize::from(*byte) % SIZES.len()];
    let mut decoder = Decoder::new(size(theirs));
    let (mut encoder, mut back) = (Encoder::new(size(ours)), Decoder::default());
    while let Some((length, behind)) = rest.split_first() {
        let (block, behind) = behind.split_at(usize::from(*length).min(behind.len()));
        rest = behind;
        // The peer's table changes now and then.
        if let [.., last @ 0xf0..=0xff] = block {
            decoder.allow(size(last));
            encoder.allow(size(last));
            back.allow(size(last));
        }
        let Ok(outcome) = decoder.decode(block, &LIMITS) else { return };
        within(&outcome.list, &decoder);
        let mut out = Vec::new();
        encoder.encode(outcome.list.iter().map(|field| (field.name, field.value)), &mut out);
        let again = back.decode(&out, &LIMITS).expect("what we encode is decoded");
        assert_eq!(again.list.len(), outcome.list.len());
        for (ours, theirs) in again.list.iter().zip(outcome.list.iter()) {
            assert_eq!(ours.name, theirs.name.to_ascii_lowercase());
            assert_eq!(ours.value, theirs.value);
        }
        assert_eq!(back.table().size(), encoder.table().size());
        assert_eq!(back.table().len(), encoder.table().len());
    }
});

fn within(list: &List, decoder: &Decoder) {
    let size: usize = list.iter().map(|field| field.name.len() + field.value.len() + 32).sum();
    assert!(size <= LIMITS.list_bytes as usize);
    let crumbs = list.iter().filter(|field| field.name == b"cookie").count();
    assert!(list.len() - crumbs <= LIMITS.fields as usize);
    assert!(decoder.table().size() <= decoder.table().most());
    assert!(decoder.table().held() <= 3 * 10_000);
}
