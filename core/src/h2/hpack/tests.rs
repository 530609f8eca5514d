//! The examples of RFC 7541 Appendix C, what an encoder says of its table, and round trips.

use super::encode::{Indexing, OWN_SIZE, indexing};
use super::*;
use proptest::prelude::*;

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn pairs(list: &List) -> Pairs {
    list.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect()
}

fn octets(hex: &str) -> Vec<u8> {
    let hex: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digits = hex.chunks(2).map(|two| std::str::from_utf8(two).unwrap());
    digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
}

fn fields(text: &str) -> Pairs {
    let line = |line: &str| {
        let (name, value) = line.trim().split_once(": ").unwrap();
        (name.as_bytes().to_vec(), value.as_bytes().to_vec())
    };
    text.lines().map(line).collect()
}

fn reads(decoder: &mut Decoder, hex: &str, expected: &str) {
    let outcome = decoder.decode(&octets(hex), &Limits::NONE).unwrap();
    assert_eq!(pairs(&outcome.list), fields(expected));
}

#[test]
fn the_requests_of_the_rfc_are_read() {
    let first = ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com";
    let second = format!("{first}\ncache-control: no-cache");
    let third = ":method: GET\n:scheme: https\n:path: /index.html\n\
                 :authority: www.example.com\ncustom-key: custom-value";
    // C.3, and C.4 with the same in Huffman code.
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, coded] {
        let mut decoder = Decoder::default();
        reads(&mut decoder, blocks[0], first);
        reads(&mut decoder, blocks[1], &second);
        reads(&mut decoder, blocks[2], third);
        assert_eq!((decoder.table().len(), decoder.table().size()), (3, 164));
    }
}

#[test]
fn the_responses_of_the_rfc_are_read_with_a_table_that_evicts() {
    // C.6.
    let mut decoder = Decoder::new(256);
    let first = ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n\
                 location: https://www.example.com";
    reads(
        &mut decoder,
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 \
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        first,
    );
    reads(&mut decoder, "4883 640e ffc1 c0bf", &first.replacen("302", "307", 1));
    assert_eq!((decoder.table().len(), decoder.table().size()), (4, 222));
    let (name, value) = decoder.table().get(62).unwrap();
    assert!(name.is(b":status") && value.is(b"307"));
}

#[test]
fn an_encoder_writes_what_its_table_makes_short_and_says_how_large_that_is() {
    let mut encoder = Encoder::default();
    let request = fields(":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com");
    let block = |encoder: &mut Encoder| {
        let mut out = Vec::new();
        encoder.encode(request.iter().map(|(name, value)| (&name[..], &value[..])), &mut out);
        out
    };
    // Behind the size, what C.4.1 has, and then an index alone.
    assert_eq!(block(&mut encoder), octets("3fe107 8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"));
    assert_eq!(block(&mut encoder), octets("8286 84be"));
    // The peer's size went down and up again: both are told, once.
    for size in [4096, 0, 100, 65_536] {
        encoder.allow(size);
    }
    assert_eq!(block(&mut encoder)[..4], octets("20 3fe107")[..]);
    assert_eq!(block(&mut encoder), octets("8286 84be"));
    encoder.allow(OWN_SIZE);
    assert_eq!(block(&mut encoder), octets("8286 84be"), "nothing has changed");
}

#[test]
fn secrets_are_never_indexed_and_what_changes_is_left_out() {
    for (name, value, expected) in [
        ("authorization", "Basic YTpi", Indexing::Never),
        ("proxy-authorization", "x", Indexing::Never),
        ("cookie", "a=1", Indexing::Never),
        ("set-cookie", "a=1", Indexing::Never),
        (":path", "/a", Indexing::Leave),
        ("content-length", "7", Indexing::Leave),
        ("etag", "\"x\"", Indexing::Leave),
        ("x-long", &"x".repeat(474), Indexing::Add),
        ("x-long", &"x".repeat(475), Indexing::Leave),
        (":authority", "example.test", Indexing::Add),
        ("server", "purlin", Indexing::Add),
    ] {
        assert_eq!(indexing(name.as_bytes(), value.as_bytes(), OWN_SIZE), expected, "{name}");
    }
    let mut out = Vec::new();
    Encoder::new(4096).encode([(&b"Cookie"[..], &b"a=1"[..])], &mut out);
    let outcome = Decoder::default().decode(&out, &Limits::NONE).unwrap();
    assert!(outcome.list.iter().all(|field| field.name == b"cookie" && field.never_indexed));
}

#[test]
fn a_list_over_its_limits_is_told_and_holds_nothing() {
    let mut out = Vec::new();
    let long = [b'x'; 400];
    let fields = [(&b"a"[..], &long[..]), (b"b", b"1"), (b"cookie", b"c"), (b"cookie", b"d")];
    Encoder::new(4096).encode(fields, &mut out);
    let size = 4 * 32 + 401 + 2 + 7 + 7;
    for (limits, too_large) in [
        (Limits { list_bytes: size, ..Limits::NONE }, false),
        (Limits { list_bytes: size - 1, ..Limits::NONE }, true),
        (Limits { fields: 2, ..Limits::NONE }, false), // crumbs are counted by their octets
        (Limits { fields: 1, ..Limits::NONE }, true),
    ] {
        let mut decoder = Decoder::default();
        let outcome = decoder.decode(&out, &limits).unwrap();
        assert_eq!(outcome.too_large, too_large);
        assert_eq!(outcome.list.is_empty(), too_large);
        assert_eq!(decoder.table().len(), 2, "the table is as if all had been kept");
    }
    let decoded = u64::from(size) - 1;
    let limits = Limits { decoded, ..Limits::NONE };
    assert_eq!(Decoder::default().decode(&out, &limits).unwrap_err(), Error::TooMuch);
}

#[test]
fn memory_is_held_as_it_is_used() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.table().held(), 0);
    for number in 0..10_000 {
        let value = format!("{number:0100}");
        let mut out = Vec::new();
        out.extend_from_slice(&[0x40, 1, b'a', 100]);
        out.extend_from_slice(value.as_bytes());
        decoder.decode(&out, &Limits::NONE).unwrap();
    }
    assert!(decoder.table().held() <= 5 * 1024, "{}", decoder.table().held());
}

fn list() -> impl Strategy<Value = Pairs> {
    let name = prop_oneof![
        proptest::sample::select(vec![":path", ":status", "cookie", "x-a", "x-b", "server"])
            .prop_map(|name| name.as_bytes().to_vec()),
        proptest::collection::vec(b'a'..=b'e', 0..40),
    ];
    let value = prop_oneof![
        proptest::sample::select(vec!["", "/", "200", "a"])
            .prop_map(|value| value.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::collection::vec(b'0'..=b'3', 0..4),
    ];
    proptest::collection::vec((name, value), 0..12)
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        own in 0..5000_u32,
        blocks in proptest::collection::vec((proptest::option::of(0..5000_u32), list()), 0..12),
    ) {
        let mut encoder = Encoder::new(own);
        let mut decoder = Decoder::default();
        for (size, fields) in blocks {
            if let Some(size) = size {
                encoder.allow(size);
                decoder.allow(size);
            }
            let mut out = Vec::new();
            encoder.encode(fields.iter().map(|(name, value)| (&name[..], &value[..])), &mut out);
            let outcome = decoder.decode(&out, &Limits::NONE).unwrap();
            prop_assert_eq!(pairs(&outcome.list), fields);
            prop_assert!(outcome.size_updates <= 2);
            prop_assert_eq!(decoder.table().size(), encoder.table().size());
        }
    }

    #[test]
    fn any_octets_are_decoded_or_refused(block in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut decoder = Decoder::default();
        let limits = Limits { list_bytes: 1000, fields: 10, decoded: 100_000 };
        if let Ok(outcome) = decoder.decode(&block, &limits) {
            prop_assert!(outcome.list.iter().map(|f| f.name.len() + f.value.len() + 32).sum::<usize>() <= 1000);
        }
        prop_assert!(decoder.table().size() <= 4096);
    }
}
