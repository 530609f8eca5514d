//! Heads that come again, which are not made anew: each is what it would have been by itself.

use super::client::client;
use super::*;
use crate::head::{Method, RequestHead};
use crate::machine::ClientMachine;
use proptest::prelude::*;

/// One exchange of a connection: which of few heads there are on both ways, how long the
/// content is, and how much later it is.
#[derive(Clone, Copy, Debug)]
struct Step {
    path: usize,
    asked: usize,
    status: usize,
    said: usize,
    length: usize,
    later: u64,
}

const PATHS: [&str; 2] = ["/", "/a"];
/// One is not put in the table, one is, and one is too large for that.
const VALUES: [(&str, usize); 4] = [("Range", 3), ("X-A", 3), ("X-A", 4), ("X-Long", 600)];
const STATUSES: [Status; 2] = [Status::OK, Status::NOT_FOUND];

fn step() -> impl Strategy<Value = Step> {
    let alike = |most: usize| prop_oneof![3 => Just(0), 1 => 0..most];
    let later = prop_oneof![4 => Just(0_u64), 1 => 1..3_u64];
    (alike(2), alike(4), alike(2), alike(4), alike(3), later).prop_map(
        |(path, asked, status, said, length, later)| Step {
            path,
            asked,
            status,
            said,
            length,
            later,
        },
    )
}

fn value(of: usize) -> (&'static str, String) {
    let (name, length) = VALUES[of];
    (name, "v".repeat(length))
}

/// All that one has to say goes to the other.
fn carry(from: &mut Connection, to: &mut Connection, now: Now) {
    let mut out = Vec::new();
    from.transmit(&mut out, usize::MAX, now);
    assert_eq!(to.receive(&out, now), out.len());
}

proptest! {
    #[test]
    fn what_comes_again_is_what_it_was_whatever_came_between(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let (mut client, mut server, mut now) = (client(9), server(9), NOW);
        for step in steps {
            now = now.later(Duration::from_secs(step.later));
            let mut head = RequestHead::new(Method::GET, PATHS[step.path]).unwrap();
            head.fields_mut().append("Host", "a.test").unwrap();
            let (name, asked) = value(step.asked);
            head.fields_mut().append(name, &asked).unwrap();
            let id = client.request(&head, Body::Empty, now).unwrap();
            carry(&mut client, &mut server, now);
            let Some(Event::Request { id: came, head, .. }) = server.poll_event(now) else {
                panic!("no request");
            };
            prop_assert_eq!((came, head.target()), (id, PATHS[step.path]));
            prop_assert_eq!(head.fields().get(name), Some(&*asked));
            prop_assert_eq!(head.fields().len(), 2);

            let (name, said) = value(step.said);
            let answer = ResponseHead::new(STATUSES[step.status]).with(name, &said).unwrap();
            let content = Bytes::from(vec![b'x'; step.length]);
            server.respond(id, &answer, Body::Full(content.clone()), now).unwrap();
            carry(&mut server, &mut client, now);
            let head = std::iter::from_fn(|| client.poll_event(now)).find_map(|event| match event {
                Event::Response { id: of, head, .. } if of == id => Some(head),
                _ => None,
            });
            let head = head.expect("it is answered");
            prop_assert_eq!(head.status(), STATUSES[step.status]);
            prop_assert_eq!(head.fields().get(name), Some(&*said));
            let date = crate::head::imf_fixdate(now.unix);
            prop_assert_eq!(head.fields().get("Date"), std::str::from_utf8(&date).ok());
            let length = step.length.to_string();
            prop_assert_eq!(head.fields().get("Content-Length"), Some(&*length));
            let mut got = Vec::new();
            while let Recv::Data(data) = client.recv(id, now) {
                got.extend_from_slice(&data);
            }
            prop_assert_eq!(got, content);
            carry(&mut client, &mut server, now);
            while server.poll_event(now).is_some() {}
        }
    }
}

#[test]
fn the_same_octets_mean_what_the_table_says_now() {
    let mut server = server(9);
    let fields =
        [(&b":method"[..], &b"GET"[..]), (b":scheme", b"http"), (b":path", b"/"), (b"host", b"a")];
    let mut alike = Vec::new();
    Encoder::new(0).encode(fields, &mut alike);
    // The size update that a table of none begins with is not repeated.
    let alike = alike.strip_prefix(&[0x20][..]).unwrap_or(&alike);
    let adds = |value: &[u8; 3]| [&[0x40, 3][..], b"x-a", &[3], value].concat();
    let newest = vec![0x80 | 62];
    let asked = [
        (adds(b"one"), "one"),
        (newest.clone(), "one"),
        (newest.clone(), "one"),
        (newest.clone(), "one"),
        (adds(b"two"), "two"),
        (newest.clone(), "two"),
        (newest, "two"),
    ];
    for (id, (field, value)) in (1..).step_by(2).zip(asked) {
        let mut out = Vec::new();
        write::headers(&mut out, id, &[alike, &field].concat(), true, 16_384);
        feed(&mut server, &out);
        let Some(Event::Request { id, head, .. }) = server.poll_event(NOW) else {
            panic!("no request: {:?}", frames(&output(&mut server)));
        };
        assert_eq!(head.fields().get("X-A"), Some(value), "{id}");
        server.respond(id, &ok(), Body::Empty, NOW).unwrap();
    }
}
