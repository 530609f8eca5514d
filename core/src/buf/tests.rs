use super::output::COPY_MOST;
use super::*;
use bytes::Bytes;
use std::io::IoSlice;

fn gather(out: &OutBuf) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 8];
    let used = out.slices(&mut slices);
    slices[..used].iter().flat_map(|slice| slice.to_vec()).collect()
}

#[test]
fn output_keeps_its_order_whatever_is_written_at_a_time() {
    let big = Bytes::from(vec![b'x'; COPY_MOST + 1]);
    for step in [61, 4096, 30_000] {
        let mut out = OutBuf::default();
        out.write(|text| text.extend_from_slice(b"head"));
        out.push(big.clone());
        out.push(Bytes::from_static(b"small"));
        out.push(big.clone());
        out.write(|text| text.extend_from_slice(b"tail"));
        let whole = gather(&out);
        assert_eq!(whole.len(), out.len());
        let mut seen = Vec::new();
        while !out.is_empty() {
            let now = gather(&out);
            let count = step.min(now.len());
            seen.extend_from_slice(&now[..count]);
            out.consume(count);
        }
        assert_eq!(seen, whole);
        assert_eq!(out.slices(&mut [IoSlice::new(&[]); 2]), 0);
    }
}

#[test]
fn few_slices_give_a_prefix() {
    let mut out = OutBuf::default();
    out.write(|text| text.extend_from_slice(b"head"));
    out.push(Bytes::from(vec![0; 5000]));
    let mut one = [IoSlice::new(&[])];
    assert_eq!(out.slices(&mut one), 1);
    assert_eq!(&*one[0], b"head");
}

#[test]
fn a_read_gets_four_kibibytes_or_nothing() {
    let mut input = InBuf::new(16 * 1024);
    let mut total = 0;
    loop {
        let room = input.spare().len();
        if room == 0 {
            break;
        }
        assert!(room >= LEAST_READ);
        input.filled(1000);
        total += 1000;
        assert_eq!(input.len(), total);
    }
    assert!(input.held() <= 16 * 1024);
    input.consume(total);
    input.trim();
    assert_eq!(input.held(), 0);
}

#[test]
fn a_queue_never_holds_more_than_its_most() {
    for most in [4096, 5000, 12_288, 69_632] {
        let mut input = InBuf::new(most);
        while input.has_room() {
            let room = input.spare().len();
            assert_eq!(input.filled(room + 1), room, "what there is no room for does not count");
            assert!(input.held() <= most, "{} of {most}", input.held());
        }
    }
}

/// Fills all the room there is.
fn fill(input: &mut InBuf, byte: u8) -> usize {
    let room = input.spare();
    room.fill(byte);
    let count = room.len();
    input.filled(count)
}

#[test]
fn a_store_that_left_is_used_again_unless_it_is_kept() {
    let mut input = InBuf::new(64 * 1024);
    while input.size() < 64 * 1024 {
        let count = fill(&mut input, b'a');
        input.consume(count);
    }
    let count = fill(&mut input, b'b');
    let place = input.bytes().as_ptr();
    let piece = input.take(usize::MAX);
    assert_eq!((piece.len(), piece.as_ptr(), input.held()), (count, place, 0));
    drop(piece);
    assert_eq!(input.held(), count);
    assert_eq!(fill(&mut input, b'c'), count);
    assert_eq!(input.bytes().as_ptr(), place, "the same store");
    let kept = input.take(usize::MAX);
    assert_eq!(fill(&mut input, b'd'), count);
    assert_ne!(input.bytes().as_ptr(), place);
    assert!(kept.iter().all(|byte| *byte == b'c'));
    assert!(input.take(usize::MAX).iter().all(|byte| *byte == b'd'));
    input.trim();
    assert_eq!(input.held(), 0);
}

#[test]
fn room_that_holds_nothing_is_given_back() {
    const KIB: usize = 1024;
    #[rustfmt::skip]
    let cases = [
        // bytes here, most, bytes of the store then
        (0,         0,         0),
        (0,         16 * KIB,  0),
        (100,       16 * KIB,  16 * KIB),
        (14 * KIB,  16 * KIB,  18 * KIB),
        (100,       0,         100 + LEAST_READ),
        (100,       256 * KIB, 256 * KIB),
        (255 * KIB, 16 * KIB,  256 * KIB),
    ];
    for (count, most, size) in cases {
        let mut input = InBuf::new(256 * KIB);
        while fill(&mut input, b'a') < 252 * KIB {
            input.clear();
        }
        assert_eq!(input.size(), 256 * KIB);
        input.consume(input.len().saturating_sub(count));
        if count > input.len() {
            fill(&mut input, b'a');
            input.consume(input.len() - count);
        }
        input.shrink_to(most);
        assert_eq!((input.size(), input.held()), (size, size), "{count} of {most}");
        assert_eq!(input.bytes(), vec![b'a'; count]);
        // And there is room again as long as the limit says so.
        assert_eq!(fill(&mut input, b'b') > 0, count < 252 * KIB + 1, "{count} of {most}");
    }
    let mut input = InBuf::new(256 * KIB);
    while fill(&mut input, b'a') < 252 * KIB {
        input.clear();
    }
    drop(input.take(usize::MAX));
    assert!(input.held() > 200 * KIB, "it comes back");
    input.shrink_to(16 * KIB);
    assert_eq!(input.held(), 0, "a store that was lent, too");
}

#[test]
fn few_bytes_are_copied_out() {
    let mut input = InBuf::new(256 * 1024);
    fill(&mut input, b'a');
    let place = input.bytes().as_ptr();
    let piece = input.take(100);
    assert_ne!(piece.as_ptr(), place);
    assert_eq!((piece.len(), input.len()), (100, LEAST_READ - 100));
    assert_eq!(input.take(usize::MAX).len(), LEAST_READ - 100);
    assert!(input.is_empty());
}

#[test]
fn text_that_has_gone_out_is_not_held_for_long() {
    let mut out = OutBuf::default();
    for _ in 0..1000 {
        out.write(|text| text.extend_from_slice(&[b'x'; 1000]));
        out.consume(if out.len() > 8000 { 1500 } else { 500 });
    }
    assert!(out.held() <= 4 * (8000 + COPY_MOST), "{} for {}", out.held(), out.len());
}

#[test]
fn filled_buffers_grow_and_keep_their_bytes() {
    let mut input = InBuf::new(64 * 1024);
    let mut next = 0_u8;
    let mut expected = Vec::new();
    while input.has_room() {
        let room = input.spare();
        for byte in room.iter_mut() {
            *byte = next;
            expected.push(next);
            next = next.wrapping_add(1);
        }
        let room = room.len();
        input.filled(room);
        input.consume(100);
    }
    let skipped = expected.len() - input.len();
    assert_eq!(input.bytes(), &expected[skipped..]);
}
