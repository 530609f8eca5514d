use super::*;
use purlin_core::client::{Config, Connection};
use purlin_core::{Body, Event, Fault, Method, RequestHead};
use std::collections::VecDeque;
use std::sync::Arc;

/// A wire in memory: what reads and writes will come to, and what was written.
#[derive(Default)]
struct Script {
    reads: VecDeque<Result<&'static [u8], Moved>>,
    writes: VecDeque<Moved>,
    written: Vec<u8>,
    shut: bool,
    untaken: Option<usize>,
}

impl Wire for Script {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        match self.reads.pop_front() {
            Some(Ok(bytes)) => {
                room[..bytes.len()].copy_from_slice(bytes);
                Moved::Bytes(bytes.len())
            }
            Some(Err(moved)) => moved,
            None => Moved::Nothing,
        }
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        let all: usize = slices.iter().map(|slice| slice.len()).sum();
        let moved = self.writes.pop_front().unwrap_or(Moved::Bytes(all));
        if let Moved::Bytes(count) = moved {
            let bytes = slices.iter().flat_map(|slice| slice.iter().copied());
            self.written.extend(bytes.take(count));
        }
        moved
    }

    fn shut_writing(&mut self) {
        self.shut = true;
    }

    fn untaken(&self) -> Option<usize> {
        self.untaken
    }
}

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

fn at(seconds: u64) -> Now {
    Now::at(Mono::from_secs(seconds), 784_111_777)
}

/// A line, and a machine that has a request to send.
fn asked(body: Body) -> (Line<Script>, Connection) {
    let mut machine = Connection::new(Arc::new(Config::default()), at(1));
    let mut head = RequestHead::new(Method::POST, "/").unwrap();
    head.fields_mut().append("Host", "a").unwrap();
    machine.request(&head, body, at(1)).unwrap();
    (Line::new(Script::default()), machine)
}

fn is_answered(machine: &mut Connection, now: Now) -> bool {
    matches!(machine.poll_event(now), Some(Event::Response { .. }))
}

#[test]
fn what_there_is_is_written_and_the_answer_waited_for() {
    let (mut line, mut machine) = asked(Body::Empty);
    line.wire_mut().writes = [Moved::Bytes(3), Moved::Nothing].into();
    let Progress::Waits(wait) = line.advance(&mut machine, false, None, at(1)) else {
        panic!("it has to be waited for room")
    };
    assert_eq!((wait.read, wait.write), (true, true));
    let Progress::Waits(wait) = line.advance(&mut machine, false, Some(at(2).mono), at(1)) else {
        panic!("it has to be waited for the answer")
    };
    assert_eq!((wait.read, wait.write, wait.until), (true, false, Some(at(2).mono)));
    assert!(line.wire().written.starts_with(b"POST / HTTP/1.1\r\n"));
    line.wire_mut().reads = [Ok(ANSWER)].into();
    assert_eq!(line.read(&mut machine, at(1)), Moved::Bytes(ANSWER.len()));
    assert!(is_answered(&mut machine, at(1)));
}

#[test]
fn an_answer_behind_a_failed_write_is_read() {
    let (mut line, mut machine) = asked(Body::Length(10));
    line.wire_mut().writes = [Moved::Bytes(20), Moved::Lost].into();
    line.wire_mut().reads = [Ok(ANSWER), Err(Moved::Lost)].into();
    let progress = line.advance(&mut machine, false, None, at(1));
    assert_eq!(progress, Progress::Over(Turn::Moved));
    assert!(line.is_lost() && is_answered(&mut machine, at(1)));
}

#[test]
fn an_end_behind_a_failed_write_is_none_in_order() {
    for (lost, end) in [(false, Eof::Clean), (true, Eof::Reset)] {
        let (mut line, mut machine) = asked(Body::Empty);
        line.wire_mut().writes.extend(lost.then_some(Moved::Lost));
        line.write(&mut machine, at(1));
        assert_eq!((line.is_lost(), line.end()), (lost, end));
    }
}

#[test]
fn what_came_in_time_is_heard_before_a_deadline_is_told() {
    let (mut line, mut machine) = asked(Body::Empty);
    line.advance(&mut machine, false, None, at(1));
    line.wire_mut().reads = [Ok(ANSWER)].into();
    // Nobody was there for an hour: the answer may have come long before its time was over.
    assert_eq!(line.time_up(&mut machine, None, at(3600)), Turn::Moved);
    assert!(is_answered(&mut machine, at(3600)));

    let (mut line, mut machine) = asked(Body::Empty);
    line.advance(&mut machine, false, None, at(1));
    assert_eq!(line.time_up(&mut machine, None, at(3600)), Turn::Moved);
    let late = machine.poll_event(at(3600));
    assert!(
        matches!(late, Some(Event::Failed { error, .. }) if error.kind == Fault::FirstByteTimeout),
        "{late:?}"
    );
}

#[test]
fn an_end_behind_what_came_is_heard_before_a_deadline_is_told() {
    let (mut line, mut machine) = asked(Body::Empty);
    line.advance(&mut machine, false, None, at(1));
    line.wire_mut().reads = [Ok(&ANSWER[..5]), Err(Moved::End)].into();
    assert_eq!(line.time_up(&mut machine, None, at(3600)), Turn::Moved);
    let ended = machine.poll_event(at(3600));
    assert!(
        matches!(ended, Some(Event::Failed { error, .. }) if error.kind == Fault::Truncated),
        "{ended:?}"
    );
}

#[test]
fn who_waits_is_late_once_all_that_came_was_heard() {
    let (mut line, mut machine) = asked(Body::Length(10));
    let until = Some(at(2).mono);
    line.advance(&mut machine, false, until, at(1));
    line.wire_mut().reads = [Ok(&ANSWER[..5]), Ok(&ANSWER[5..7])].into();
    assert_eq!(line.time_up(&mut machine, until, at(2)), Turn::Moved, "it is heard once");
    assert_eq!(line.time_up(&mut machine, until, at(2)), Turn::Late, "and no second time");
    assert_eq!(line.heard(&mut machine, true, until, at(2)), Turn::Late);
    assert_eq!(line.heard(&mut machine, true, None, at(2)), Turn::Moved);
}

#[test]
fn a_server_that_takes_much_slowly_is_not_late_with_its_answer() {
    for (left, late) in [(None, true), (Some(500_000), false)] {
        let (mut line, mut machine) = asked(Body::Full(vec![b'a'; 1 << 20].into()));
        line.wire_mut().untaken = left.map(|_| 900_000);
        line.advance(&mut machine, false, None, at(1));
        line.wire_mut().untaken = left;
        line.time_up(&mut machine, None, at(61));
        let told = machine.poll_event(at(61));
        assert_eq!(matches!(told, Some(Event::Failed { .. })), late, "{left:?}: {told:?}");
    }
}

#[test]
fn beside_an_upload_nothing_is_waited_for_while_there_is_room() {
    let (mut line, mut machine) = asked(Body::Length(10));
    let more = |line: &mut Line<Script>, machine: &mut Connection, now| {
        line.advance(machine, true, Some(at(5).mono), now)
    };
    assert_eq!(more(&mut line, &mut machine, at(1)), Progress::Over(Turn::Moved));
    line.wire_mut().reads = [Ok(ANSWER)].into();
    assert_eq!(more(&mut line, &mut machine, at(1)), Progress::Over(Turn::Moved));
    assert!(is_answered(&mut machine, at(1)), "an early answer is seen");
    assert_eq!(more(&mut line, &mut machine, at(6)), Progress::Over(Turn::Late));
}

#[test]
fn a_wire_is_shut_once() {
    let (mut line, _) = asked(Body::Empty);
    for (close, shut) in
        [(None, false), (Some(Close::Graceful), false), (Some(Close::Linger), true)]
    {
        line.half_close(close);
        assert_eq!(line.wire().shut, shut, "{close:?}");
    }
    line.wire_mut().shut = false;
    line.half_close(Some(Close::Linger));
    assert!(!line.wire().shut);
}

#[test]
fn an_idle_connection_waits_for_what_nobody_asked_for() {
    let mut machine = Connection::new(Arc::new(Config::default()), at(1));
    let mut line = Line::new(Script::default());
    let idle = Progress::Waits(Wait { read: true, write: false, until: None });
    assert_eq!(line.advance(&mut machine, false, None, at(1)), idle);
}
