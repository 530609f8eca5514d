use super::*;

type Decoded = Result<(Vec<u8>, Option<Fields>, Vec<u8>), Option<Fault>>;

/// Decodes `input`, given `step` bytes at a time: the body, the trailers, and what was left unread.
fn decode(input: &[u8], step: usize) -> Decoded {
    decode_with(input, step, &Limits::default())
}

fn decode_with(input: &[u8], step: usize, limits: &Limits) -> Decoded {
    let mut decoder = Decoder::new();
    let (mut body, mut held, mut given) = (Vec::new(), Vec::new(), 0);
    loop {
        match decoder.decode(&held, limits).map_err(Some)? {
            Step::Data { skip, data } => {
                body.extend_from_slice(&held[skip..skip + data]);
                held.drain(..skip + data);
            }
            Step::End { skip, trailers } => {
                let mut rest = held.split_off(skip);
                rest.extend_from_slice(&input[given..]);
                return Ok((body, trailers, rest));
            }
            Step::More { skip } => {
                held.drain(..skip);
                if given == input.len() {
                    return Err(None);
                }
                let next = (given + step).min(input.len());
                held.extend_from_slice(&input[given..next]);
                given = next;
            }
        }
    }
}

#[test]
fn a_body_decodes_the_same_however_it_arrives() {
    let input = b"5;a=\"q\\\"x\"\r\nhello\r\n6 ; b\r\n world\r\n0\r\nX-T: 1\r\n\r\nGET /";
    for step in 1..input.len() {
        let (body, trailers, rest) = decode(input, step).unwrap();
        assert_eq!(body, b"hello world");
        assert_eq!(trailers.unwrap().get("x-t"), Some("1"));
        assert_eq!(rest, b"GET /");
    }
}

#[test]
fn a_leniency_lets_a_size_have_nothing_behind_it() {
    let size = |line: &str, limits: &Limits| {
        let input = format!("{line}\r\nhi\r\n0\r\n\r\n");
        let whole = decode_with(input.as_bytes(), input.len(), limits);
        let bytewise = decode_with(input.as_bytes(), 1, limits);
        assert_eq!(whole.is_ok(), bytewise.is_ok(), "{line:?}");
        whole.map(|(body, ..)| body)
    };
    for line in ["2 ", "2   ", "2\t", "2;", "2 ;", "2; ", "2;a=b ", "2;a;", "2;a=\";\" ;"] {
        assert_eq!(size(line, &Limits::CLIENT).unwrap(), b"hi", "{line:?}");
        assert!(size(line, &Limits::SERVER).is_err(), "{line:?}");
    }
    for line in [
        " 2", "2;;", "2 2", "2 x", "2;=", "2;a=", "2;a=\"x;", "2;a b", "2\u{b}", "2\r", ";", " ",
        "2,",
    ] {
        assert!(size(line, &Limits::CLIENT).is_err(), "{line:?}");
    }
    let padded = [b"2".as_slice(), &[b' '; 5000], b"\r\nhi\r\n0\r\n\r\n"].concat();
    assert_eq!(
        decode_with(&padded, 4096, &Limits::CLIENT).unwrap_err(),
        Some(Fault::ChunkOverhead)
    );
}

#[test]
fn malformed_chunks_are_refused() {
    for (input, fault) in [
        ("x\r\n", Fault::BadChunkSize),
        ("\r\n", Fault::BadChunkSize),
        ("5 \r\nhello\r\n", Fault::BadChunkSize),
        ("+5\r\n", Fault::BadChunkSize),
        ("00000000000000005\r\n", Fault::BadChunkSize),
        ("5\nhello\r\n", Fault::BareLf),
        ("5;\r\n", Fault::BadChunkExtension),
        ("5;a=\"b\r\n", Fault::BadChunkExtension),
        ("5;a=\0\r\n", Fault::BadChunkExtension),
        ("5;a\rb\r\n", Fault::BadChunkExtension),
        ("5\r\nhelloX", Fault::BadChunkEnd),
        ("5\r\nhello\rX", Fault::BadChunkEnd),
        ("0\r\nX : 1\r\n\r\n", Fault::SpaceBeforeColon),
        ("0\r\n\n", Fault::BareLf),
    ] {
        for step in [1, 2, input.len()] {
            assert_eq!(decode(input.as_bytes(), step).unwrap_err(), Some(fault), "{input:?}");
        }
    }
}

#[test]
fn overhead_must_be_paid_for_by_data() {
    let one = format!("1;{}\r\nx\r\n", "e".repeat(2000));
    assert_eq!(decode(one.repeat(20).as_bytes(), 999).unwrap_err(), Some(Fault::ChunkOverhead));
    let endless = format!("1;{}", "e".repeat(5000));
    assert_eq!(decode(endless.as_bytes(), 1).unwrap_err(), Some(Fault::ChunkOverhead));
    let small = "1\r\nx\r\n".repeat(100_000) + "0\r\n\r\n";
    assert_eq!(decode(small.as_bytes(), 4096).unwrap().0.len(), 100_000);
}

#[test]
fn trailers_that_would_rule_the_message_are_dropped() {
    let (_, trailers, _) =
        decode(b"0\r\nContent-Length: 5\r\nhost: evil\r\nX: 1\r\n\r\n", 3).unwrap();
    let trailers = trailers.unwrap();
    assert_eq!((trailers.len(), trailers.get("X")), (1, Some("1")));
}

#[test]
fn written_chunks_read_back() {
    for size in [1, 15, 16, 255, 256, 4096, 70_000] {
        let data = vec![b'd'; size];
        let mut out = Vec::new();
        write_size(&mut out, size);
        out.extend_from_slice(&data);
        out.extend_from_slice(b"\r\n");
        let mut trailers = Fields::new();
        trailers.append("X-Sum", "9").unwrap();
        write_end(&mut out, Some(&trailers));
        assert_eq!(decode(&out, 1000).unwrap(), (data, Some(trailers), Vec::new()));
    }
}

#[test]
fn limits_are_met_at_the_byte() {
    let line = |length: usize| format!("1;{}\r\n", "a".repeat(length - 4));
    let body = |length| format!("{}x\r\n0\r\n\r\n", line(length));
    for step in [1, 7, 10_000] {
        assert!(decode(body(LINE_MOST).as_bytes(), step).is_ok());
        let longer = decode(body(LINE_MOST + 1).as_bytes(), step);
        assert_eq!(longer.unwrap_err(), Some(Fault::ChunkOverhead));
    }
    // A line that does not end is known to be too long before it does.
    let endless = "1;".to_owned() + &"a".repeat(LINE_MOST);
    assert_eq!(decode(&endless.as_bytes()[..LINE_MOST - 1], 1).unwrap_err(), None);
    assert_eq!(
        decode(&endless.as_bytes()[..LINE_MOST], 1).unwrap_err(),
        Some(Fault::ChunkOverhead)
    );

    let sixteen = b"0000000000000001\r\nx\r\n0\r\n\r\n";
    assert_eq!(decode(sixteen, 1).unwrap().0, b"x");
    let seventeen = [b"0", &sixteen[..]].concat();
    assert_eq!(decode(&seventeen, 1).unwrap_err(), Some(Fault::BadChunkSize));

    // What is escaped in a quoted string is text, too.
    for (byte, good) in [(b'"', true), (b'\t', true), (0xe9, true), (1, false), (0x7f, false)] {
        let text = [&b"1;a=\"\\"[..], &[byte], b"\"\r\nx\r\n0\r\n\r\n"].concat();
        assert_eq!(decode(&text, 3).is_ok(), good, "{byte}");
    }
}

#[test]
fn overhead_is_paid_for_to_the_byte() {
    // A byte in a chunk pays for 18 bytes; its line and its end are not free beyond.
    let mut decoder = Decoder::new();
    let line = format!("1;{}\r\n", "a".repeat(18 + 1024 - 6));
    for _ in 0..EXCESS_MOST / 1024 {
        let text = format!("{line}x\r\n");
        assert!(matches!(
            decoder.decode(text.as_bytes(), &Limits::default()),
            Ok(Step::Data { data: 1, .. })
        ));
        assert!(matches!(decoder.decode(b"\r\n", &Limits::default()), Ok(Step::More { skip: 2 })));
    }
    assert_eq!(decoder.excess, EXCESS_MOST);
    let one = decoder.decode(b"1;aaaaaaaaaaaaaaaaa\r\nx", &Limits::default());
    assert_eq!(one.unwrap_err(), Fault::ChunkOverhead);
}
