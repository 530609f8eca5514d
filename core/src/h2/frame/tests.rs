//! What is written is read, and nothing is read before it is whole.

use super::settings::{self, Values};
use super::*;
use crate::error::ErrorCode;
use crate::h2::errors::Violation;
use proptest::prelude::*;

const MOST: u32 = DEFAULT_MAX_LEN;

/// Every frame of these octets.
fn frames(mut octets: &[u8]) -> Vec<Frame<'_>> {
    let mut all = Vec::new();
    while let Some((frame, length)) = read(octets, MOST).unwrap() {
        all.push(frame);
        octets = &octets[length..];
    }
    assert!(octets.is_empty());
    all
}

#[test]
fn what_is_written_is_read() {
    let mut out = Vec::new();
    out.extend_from_slice(&write::data_header(1, 3, true));
    out.extend_from_slice(b"abc");
    write::settings(&mut out, [(settings::MAX_FRAME_SIZE, 20_000), (0x7777, 7)]);
    write::settings_ack(&mut out);
    write::ping(&mut out, true, *b"12345678");
    write::rst_stream(&mut out, 3, ErrorCode::CANCEL);
    write::go_away(&mut out, 5, ErrorCode::ENHANCE_YOUR_CALM, b"pings");
    write::window_update(&mut out, 0, settings::MAX_WINDOW);
    let entries = [0, 5, 0, 0, 0x4e, 0x20, 0x77, 0x77, 0, 0, 0, 7];
    let expected = [
        Frame::Data { stream: 1, data: b"abc", padding: None, end_stream: true },
        Frame::Settings(Settings::parse(&entries).unwrap()),
        Frame::SettingsAck,
        Frame::Ping { ack: true, data: *b"12345678" },
        Frame::RstStream { stream: 3, code: 8 },
        Frame::GoAway { last: 5, code: 11, debug: b"pings" },
        Frame::WindowUpdate { stream: 0, increment: settings::MAX_WINDOW },
    ];
    assert_eq!(frames(&out), expected);
}

#[test]
fn what_differs_from_the_default_is_told_and_taken_in() {
    let ours = Values {
        max_concurrent_streams: 100,
        enable_push: false,
        enable_connect_protocol: true,
        ..Values::DEFAULT
    };
    let mut out = Vec::new();
    write::settings(&mut out, ours.told());
    assert_eq!(out.len(), HEADER_LEN + 3 * 6);
    let [Frame::Settings(entries)] = frames(&out)[..] else { panic!("one frame") };
    let mut theirs = Values::DEFAULT;
    entries.iter().for_each(|(id, value)| theirs.set(id, value));
    assert_eq!(theirs, ours);
    assert_eq!(Values::DEFAULT.told().count(), 0);
}

#[test]
fn a_malformed_frame_tells_where_the_next_begins() {
    let mut out = write::header(3, Kind::Priority, 0, 1).to_vec();
    out.extend_from_slice(&[0; 3]);
    write::settings_ack(&mut out);
    let malformed = read(&out, MOST).unwrap_err();
    assert_eq!(malformed.violation, Violation::PriorityLength);
    assert_eq!(frames(&out[malformed.len()..]), [Frame::SettingsAck]);
}

proptest! {
    #[test]
    fn a_block_of_any_length_is_cut_and_comes_back(
        length in 0..200_usize,
        most in 1..60_u32,
        end_stream: bool,
    ) {
        let block: Vec<u8> = (0..=255).cycle().take(length).collect();
        let mut out = Vec::new();
        write::headers(&mut out, 7, &block, end_stream, most);
        let all = frames(&out);
        prop_assert_eq!(all.len(), length.div_ceil(most as usize).max(1));
        let mut back = Vec::new();
        for (index, frame) in all.iter().enumerate() {
            let (part, end) = match frame {
                Frame::Headers { stream: 7, fragment, end_stream: ends, end_headers, .. } => {
                    prop_assert!(index == 0 && *ends == end_stream);
                    (fragment, end_headers)
                }
                Frame::Continuation { stream: 7, fragment, end_headers } => (fragment, end_headers),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(*end, index + 1 == all.len());
            prop_assert!(part.len() <= most as usize);
            back.extend_from_slice(part);
        }
        prop_assert_eq!(back, block);
    }

    #[test]
    fn a_frame_is_read_when_it_is_whole_and_not_before(
        octets in proptest::collection::vec(0..20_u8, 0..60),
    ) {
        // A short one: of three octets of length two are 0.
        let octets = [&[0, 0][..], &octets].concat();
        let whole = read(&octets, MOST);
        let needed = Header::parse(&octets).map(|header| HEADER_LEN + header.length as usize);
        for end in 0..octets.len() {
            let part = read(&octets[..end], MOST);
            match needed {
                Some(needed) if needed <= end => prop_assert_eq!(part, whole),
                _ => prop_assert_eq!(part, Ok(None)),
            }
        }
    }
}
