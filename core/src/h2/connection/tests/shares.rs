//! What streams have in common: the connection's window, and what may be queued.

use super::*;
use crate::machine::Recv;

#[test]
fn what_nobody_reads_does_not_keep_credit_from_who_does() {
    let mut server = server(9);
    feed(&mut server, &[request(1, false), request(3, false)].concat());
    assert_eq!(events(&mut server).len(), 2);
    for _ in 0..4 {
        feed(&mut server, &data(1, &[b'x'; 16_000], false));
    }
    feed(&mut server, &data(1, &[b'x'; 1_535], false));
    assert_eq!(frames(&output(&mut server)), [""; 0], "nothing was read");
    assert_eq!(server.recv(3, NOW), Recv::Pending);
    assert_eq!(frames(&output(&mut server)), ["CREDIT 0 65535"]);
    feed(&mut server, &data(3, &[b'y'; 10_000], true));
    assert!(matches!(server.recv(3, NOW), Recv::Data(data) if data.len() == 10_000));
}

#[test]
fn streams_share_what_may_be_queued() {
    let mut server = server(100);
    let mut hello = Vec::new();
    write::settings(&mut hello, [(settings::INITIAL_WINDOW_SIZE, 0)]);
    feed(&mut server, &hello);
    for number in 0..100 {
        feed(&mut server, &request(2 * number + 1, true));
    }
    assert_eq!(events(&mut server).len(), 100);
    let mut queued = 0;
    for number in 0..100 {
        let id = Id::from(2 * number + 1_u32);
        server.respond(id, &ok(), Body::Stream, NOW).unwrap();
        let mut piece = Bytes::from_static(&[b'x'; 70_000]);
        server.send(id, &mut piece, NOW).unwrap();
        queued += 70_000 - piece.len();
    }
    assert!(queued <= server.role.limits().output_bytes, "{queued}");
}
