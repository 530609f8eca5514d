use super::*;
use crate::config::Limits;
use crate::head::Fields;

fn read(block: &str, leniency: Leniency) -> Result<Fields, Fault> {
    let lines = block.matches('\n').count();
    read_fields(block.as_bytes().to_vec(), 0, lines, leniency)
}

#[test]
fn what_is_malformed_is_named() {
    for (block, fault) in [
        ("X : v\r\n\r\n", Fault::SpaceBeforeColon),
        ("X Y: v\r\n\r\n", Fault::BadFieldName),
        (": v\r\n\r\n", Fault::BadFieldName),
        ("nocolon\r\n\r\n", Fault::BadFieldName),
        (" X: v\r\n\r\n", Fault::BadFieldName),
        ("X: v\r\n w\r\n\r\n", Fault::ObsFold),
        ("X: a\rb\r\n\r\n", Fault::BareCr),
        ("X: a\0b\r\n\r\n", Fault::BadFieldValue),
        ("X: v\r\r\n\r\n", Fault::BareCr),
    ] {
        assert_eq!(read(block, Leniency::STRICT).unwrap_err(), fault, "{block:?}");
    }
}

#[test]
fn a_beginning_is_wrong_only_if_nothing_can_mend_it() {
    for block in ["", "\r", "X", "X:", "X: a\r", "X: a\r\n", "X: a\r\nY", "X: a\r\n\r"] {
        assert_eq!(wrong_beginning(block.as_bytes()), None, "{block:?}");
    }
    for (block, fault) in [
        ("X: a\r\n\rX", Fault::BareCr),
        ("X: a\rb", Fault::BareCr),
        ("X ", Fault::SpaceBeforeColon),
        ("X\0", Fault::BadFieldName),
        (" X", Fault::BadFieldName),
        ("X: a\r\n b", Fault::ObsFold),
        ("X : a\r\nY: b", Fault::SpaceBeforeColon),
        ("X: \0", Fault::BadFieldValue),
    ] {
        assert_eq!(wrong_beginning(block.as_bytes()), Some(fault), "{block:?}");
    }
}

#[test]
fn leniency_rewrites_what_it_lets_through() {
    let leniency = Leniency { bare_lf: true, obs_fold: true, ..Leniency::STRICT };
    let fields = read("A: 1\nB: 2\r\n\t 3 \r\nC:\n\n", leniency).unwrap();
    let all: Vec<_> = fields.iter().map(|field| (field.name, field.text().unwrap())).collect();
    assert_eq!(all, [("A", "1"), ("B", "2 3"), ("C", "")]);
    assert!(read(" A: 1\r\n\r\n", leniency).is_err(), "a fold needs a field before it");
    for framing in ["Content-Length:\r\n 5\r\n\r\n", "transfer-encoding: x,\r\n chunked\r\n\r\n"] {
        assert_eq!(read(framing, leniency).unwrap_err(), Fault::ObsFold);
    }
}

#[test]
fn space_before_a_colon_is_taken_away_where_nothing_is_framed() {
    let leniency = Leniency { space_before_colon: true, ..Leniency::STRICT };
    for (block, closed) in [
        ("X : v\r\nY\t : w : x\r\n\r\n", "X: v\r\nY: w : x\r\n\r\n"),
        ("X: v : w\r\n\r\n", "X: v : w\r\n\r\n"),
        ("X: v\r\n w : x\r\n\r\n", "X: v\r\n w : x\r\n\r\n"),
        ("X Y : v\r\n : w\r\n\r\n", "X Y : v\r\n : w\r\n\r\n"),
        ("content-Length : 5\r\n\r\n", "content-Length : 5\r\n\r\n"),
        ("Transfer-Encoding\t: chunked\r\n\r\n", "Transfer-Encoding\t: chunked\r\n\r\n"),
        ("nocolon \r\n\r\n", "nocolon \r\n\r\n"),
    ] {
        let text = close_up(block.as_bytes(), leniency);
        assert_eq!(String::from_utf8(text).unwrap(), closed);
    }
}

#[test]
fn many_fields_are_read_in_order() {
    let block: String =
        (0..300).map(|n| format!("X-{n}: {n}\r\n")).chain(["\r\n".into()]).collect();
    let fields = read(&block, Leniency::STRICT).unwrap();
    assert_eq!(fields.len(), 300);
    assert_eq!(fields.get("x-299"), Some("299"));
}

/// What both ways of reading make of a block: the fields, if it is one.
fn both(block: &[u8]) -> (Option<Fields>, Option<Fields>) {
    let limits = Limits::default();
    let quick = read_whole_fields(block, 0, 0, &limits).map(|(fields, length)| {
        assert_eq!(length, block.len());
        fields
    });
    let lines = block.split(|byte| *byte == b'\n').count();
    (quick, read_fields(block.to_vec(), 0, lines, Leniency::STRICT).ok())
}

#[test]
fn what_is_read_quickly_is_read_so_with_care() {
    for block in ["\r\n", "A: b\r\n\r\n", "A:b\r\nLong-Name: \t a value\r\nb: \u{e9}\r\n\r\n"] {
        let (quick, careful) = both(block.as_bytes());
        assert!(quick.is_some(), "{block:?}");
        assert_eq!(quick, careful, "{block:?}");
    }
    // Any byte instead of each.
    let usual = b"A-b: c d\r\nE: 0123456789\r\n\r\n";
    for at in 0..usual.len() {
        for byte in 0..=u8::MAX {
            let mut block = usual.to_vec();
            block[at] = byte;
            let (quick, careful) = both(&block);
            if quick.is_some() {
                assert_eq!(quick, careful, "{:?}", block.escape_ascii().to_string());
            }
        }
    }
}

#[test]
fn what_is_not_usual_is_left_to_the_careful_reading() {
    let many = (0..17).map(|n| format!("X-{n}: {n}\r\n")).chain(["\r\n".into()]).collect();
    let blocks = [
        "",
        "\r",
        "A",
        "A:",
        "A: b",
        "A: b\r",
        "A: b\r\n",
        "A: b\r\n\r",
        "A: b\n\r\n",
        "A: b \r\n\r\n",
        "A: b\t\r\n\r\n",
        "A:\r\n\r\n",
        "A: \r\n\r\n",
        ": b\r\n\r\n",
        "A : b\r\n\r\n",
        " A: b\r\n\r\n",
        "A: b\r\n c\r\n\r\n",
        "A: b\rc\r\n\r\n",
        "A: b\r\n\n",
        "A: b\0\r\n\r\n",
        "A\u{7f}: b\r\n\r\n",
    ];
    let blocks = blocks.into_iter().map(str::to_owned).chain([many]);
    for block in blocks {
        assert!(
            read_whole_fields(block.as_bytes(), 0, 0, &Limits::default()).is_none(),
            "{block:?}"
        );
    }
    let tight = Limits { fields: 1, ..Limits::default() };
    assert!(read_whole_fields(b"A: b\r\nC: d\r\n\r\n", 0, 0, &tight).is_none());
    let tight = Limits { head_bytes: 7, ..Limits::default() };
    assert!(read_whole_fields(b"A: b\r\n\r\n", 0, 0, &tight).is_none());
}
