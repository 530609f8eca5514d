//! Any order of calls and frames, and what must hold behind each.

use super::client::{answer, client, head};
use super::*;
use crate::head::Method;
use crate::machine::ClientMachine;
use proptest::prelude::*;

/// A call, or bytes of the peer's.
#[derive(Clone, Debug)]
enum Call {
    Bytes(Vec<u8>),
    Poll,
    /// A client's, with so much content if there is any, or with what is given behind it.
    Request(Option<usize>, bool),
    Recv(u32),
    Respond(u32, usize),
    Begin(u32),
    Send(u32, usize),
    Finish(u32),
    Interim(u32),
    Discard(u32),
    Reset(u32),
    Prefetch(u32),
    Flush(u32),
    Output(usize),
    Tick(u64),
    Shutdown,
    Eof(Eof),
}

fn call() -> impl Strategy<Value = Call> {
    let id = || (0..6_u32).prop_map(|number| 2 * number + 1);
    let bytes = prop_oneof![
        4 => (id(), any::<bool>()).prop_map(|(id, end)| request(id, end)),
        4 => (id(), 0..40_000_usize, any::<bool>()).prop_map(|(id, length, end)| {
            data(id, &vec![b'x'; length.min(16_000)], end)
        }),
        1 => id().prop_map(rst),
        2 => (0..12_u32, 1..100_000_u32).prop_map(|(id, by)| {
            let mut out = Vec::new();
            write::window_update(&mut out, id, by);
            out
        }),
        1 => (0..100_000_u32).prop_map(|window| {
            let mut out = Vec::new();
            write::settings(&mut out, [(settings::INITIAL_WINDOW_SIZE, window)]);
            out
        }),
        3 => (id(), 0..6_usize, any::<bool>()).prop_map(|(id, status, end)| {
            answer(id, ["100", "103", "200", "204", "404", "99"][status], end)
        }),
        1 => id().prop_map(|last| {
            let mut out = Vec::new();
            write::go_away(&mut out, last, ErrorCode::NO_ERROR, b"");
            out
        }),
        1 => proptest::collection::vec(any::<u8>(), 0..30),
    ];
    prop_oneof![
        8 => bytes.prop_map(Call::Bytes),
        4 => Just(Call::Poll),
        3 => (proptest::option::of(0..100_000_usize), any::<bool>())
            .prop_map(|(length, expects)| Call::Request(length, expects)),
        3 => id().prop_map(Call::Recv),
        2 => (id(), 0..50_000_usize).prop_map(|(id, length)| Call::Respond(id, length)),
        2 => id().prop_map(Call::Begin),
        2 => (id(), 0..100_000_usize).prop_map(|(id, length)| Call::Send(id, length)),
        2 => id().prop_map(Call::Finish),
        1 => id().prop_map(Call::Interim),
        1 => id().prop_map(Call::Discard),
        1 => id().prop_map(Call::Reset),
        1 => id().prop_map(Call::Prefetch),
        1 => id().prop_map(Call::Flush),
        4 => (0..100_000_usize).prop_map(Call::Output),
        1 => (0..20_u64).prop_map(Call::Tick),
        1 => Just(Call::Shutdown),
        1 => prop_oneof![Just(Eof::Clean), Just(Eof::Truncated), Just(Eof::Reset)].prop_map(Call::Eof),
    ]
}

/// Makes a call; what it gives is the machine's affair.
fn make(server: &mut Connection, call: &Call, now: &mut Now, out: &mut Vec<u8>) {
    let at = *now;
    let refused = match call {
        Call::Bytes(octets) => {
            server.receive(octets, at);
            Ok(())
        }
        Call::Poll => {
            while server.poll_event(at).is_some() {}
            Ok(())
        }
        Call::Request(length, expects) => {
            let body = length.map_or(Body::Stream, |length| Body::Full(vec![b'x'; length].into()));
            let mut head = head(Method::POST);
            if *expects {
                head.fields_mut().append("Expect", "100-continue").unwrap();
            }
            server.request(&head, body, at).map(drop)
        }
        Call::Recv(id) => {
            server.recv(Id::from(*id), at);
            Ok(())
        }
        Call::Respond(id, length) => {
            server.respond(Id::from(*id), &ok(), Body::Full(vec![b'x'; *length].into()), at)
        }
        Call::Begin(id) => server.respond(Id::from(*id), &ok(), Body::Stream, at),
        Call::Send(id, length) => {
            server.send(Id::from(*id), &mut Bytes::from(vec![b'x'; *length]), at)
        }
        Call::Finish(id) => server.finish(Id::from(*id), None, at),
        Call::Interim(id) => {
            server.interim(Id::from(*id), &ResponseHead::new(Status::EARLY_HINTS), at)
        }
        Call::Discard(id) => server.discard(Id::from(*id), at),
        Call::Reset(id) => server.reset(Id::from(*id), at),
        Call::Prefetch(id) => {
            server.prefetch(Id::from(*id), 1000, at);
            Ok(())
        }
        Call::Flush(id) => {
            server.flush(Id::from(*id));
            Ok(())
        }
        Call::Output(most) => {
            server.transmit(out, *most, at);
            Ok(())
        }
        Call::Tick(seconds) => {
            *now = now.later(Duration::from_secs(*seconds));
            server.tick(*now);
            Ok(())
        }
        Call::Shutdown => {
            server.shutdown(at);
            Ok(())
        }
        Call::Eof(how) => {
            server.eof(*how, at);
            Ok(())
        }
    };
    // Whatever makes no sense is a misuse, and nothing else.
    let _: Result<(), Misuse> = refused;
}

proptest! {
    #[test]
    fn any_order_of_calls_is_legal_and_credit_is_given_once(
        calls in proptest::collection::vec(call(), 0..120),
        asks in any::<bool>(),
    ) {
        let mut machine = if asks { client(4) } else { server(4) };
        let (mut now, mut out) = (NOW, Vec::new());
        let mut lost = false;
        for call in &calls {
            make(&mut machine, call, &mut now, &mut out);
            lost |= matches!(call, Call::Eof(Eof::Reset));
            prop_assert!(!(lost && machine.want().write), "nothing will arrive");
            prop_assert!(machine.streams.len() <= 4);
            prop_assert!(machine.schedule.len() <= machine.streams.len());
            let unread: u32 = machine.streams.iter().map(|(_, _, s)| s.inbox.unread).sum();
            // What is unread and what may still come is never more than the window.
            prop_assert!(machine.credit.left() + unread <= 65_535);
            for (_, state, stream) in machine.streams.iter() {
                prop_assert!(stream.is_open() || !state.is_closed(), "nobody has it any more");
                prop_assert_eq!(
                    stream.outbox.scheduled,
                    state.can_send() && stream.can_send(machine.theirs.initial_window_size)
                );
            }
        }
        machine.transmit(&mut out, usize::MAX, now);
        frames(&out);
    }
}
