use super::*;

#[test]
fn a_reader_is_given_in_the_pieces_it_gives_and_its_room_is_used_again() {
    let mut source = Source::reader(io::repeat(b'x').take(1_000_000));
    let (mut total, mut rooms) = (0, std::collections::BTreeSet::new());
    while let Some(piece) = source.next().unwrap() {
        assert!(piece.iter().all(|byte| *byte == b'x'));
        rooms.insert(piece.as_ptr() as usize / ROOM.1);
        total += piece.len();
    }
    assert_eq!(total, 1_000_000);
    assert!(rooms.len() < 8, "{} rooms for what is let go of at once", rooms.len());
}

#[test]
fn pieces_that_are_kept_stay_as_they_were() {
    let data: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let mut source = Source::reader(io::Cursor::new(data.clone()));
    let pieces: Vec<_> = std::iter::from_fn(|| source.next().unwrap()).collect();
    assert!(pieces.concat() == data);
}
