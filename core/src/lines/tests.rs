use super::*;
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
