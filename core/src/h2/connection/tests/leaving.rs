//! A graceful end, from the word that it begins to the last exchange.

use super::client::{client, head};
use super::*;
use crate::error::Retry;
use crate::h2::connection::leaving::LEAVING;
use crate::head::Method;
use crate::machine::ClientMachine;

#[test]
fn a_shutdown_lets_what_has_begun_end_and_begins_nothing() {
    let mut server = server(9);
    feed(&mut server, &request(1, true));
    events(&mut server);
    server.shutdown(NOW);
    // It was on its way: nobody has heard of the end yet.
    feed(&mut server, &request(3, true));
    assert_eq!(events(&mut server).len(), 1);
    assert_eq!(server.respond(3, &ok(), Body::Empty, NOW), Ok(()));
    let sent = frames(&output(&mut server));
    assert_eq!(sent[0], "GOAWAY 2147483647 NO_ERROR ");
    assert!(sent[1].starts_with("Ping { ack: false"), "{sent:?}");
    let mut heard = Vec::new();
    write::ping(&mut heard, true, LEAVING);
    feed(&mut server, &[heard, request(5, true)].concat());
    assert!(events(&mut server).is_empty());
    assert_eq!(server.respond(1, &ok(), Body::Empty, NOW), Ok(()));
    let sent = frames(&output(&mut server));
    assert_eq!(sent, ["GOAWAY 3 NO_ERROR ", "HEADERS 1 true"]);
    assert_eq!(events(&mut server), ["Closed(Shutdown)"]);
    assert_eq!(server.want().close, Some(Close::Linger));
}

#[test]
fn who_does_not_answer_that_we_go_has_a_second_to_hear_it() {
    let mut server = server(9);
    server.shutdown(NOW);
    assert_eq!(frames(&output(&mut server)).len(), 2);
    let (at, why) = server.deadline().unwrap();
    assert_eq!((at, why), (NOW.mono + Duration::from_secs(1), Why::Drain));
    server.tick(Now { mono: at, ..NOW });
    assert_eq!(frames(&output(&mut server)), ["GOAWAY 0 NO_ERROR "]);
    assert_eq!(events(&mut server), ["Closed(Shutdown)"]);
    // And who has a request open has the time that a drain has.
    let mut server = self::server(9);
    feed(&mut server, &request(1, true));
    events(&mut server);
    server.shutdown(NOW);
    server.tick(Now { mono: at, ..NOW });
    let until = NOW.mono + crate::config::Timeouts::default().drain;
    assert_eq!(server.deadline(), Some((until, Why::Drain)));
    server.tick(Now { mono: until, ..NOW });
    assert_eq!(events(&mut server), ["Closed(Timeout(Drain))"]);
}

#[test]
fn what_a_goaway_leaves_out_may_be_asked_again_in_what_it_says() {
    let codes = [
        (ErrorCode::NO_ERROR, Retry::Safe),
        (ErrorCode::ENHANCE_YOUR_CALM, Retry::Safe),
        (ErrorCode::HTTP_1_1_REQUIRED, Retry::OlderProtocol),
    ];
    for (code, retry) in codes {
        let mut client = client(9);
        for _ in 0..2 {
            client.request(&head(Method::POST), Body::Empty, NOW).unwrap();
        }
        let _ = output(&mut client);
        let mut out = Vec::new();
        write::go_away(&mut out, 1, code, b"");
        feed(&mut client, &out);
        let failed: Vec<_> = std::iter::from_fn(|| client.poll_event(NOW))
            .filter_map(|event| match event {
                Event::Failed { id, error } => Some((id, error.retry)),
                _ => None,
            })
            .collect();
        assert_eq!(failed, [(Some(3), retry)], "{code}");
    }
}
