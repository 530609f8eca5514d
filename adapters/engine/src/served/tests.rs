use super::*;
use purlin_core::message::Outcome;
use purlin_core::server::Config;
use purlin_core::{Event, Mono, ResponseHead, Status, Why};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Wake;
use std::time::Duration;

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn counted() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), count.into())
}

/// A connection to which this was sent, and its first request.
fn asked(text: &str) -> (Arc<Served>, Id, Reader) {
    let served = Served::over(Connection::new(Arc::new(Config::default()), NOW), NOW);
    let (id, length) = {
        let mut state = served.lock();
        assert_eq!(state.machine.receive(text.as_bytes(), NOW), text.len());
        let Some(Event::Request { id, head, body, .. }) = state.machine.poll_event(NOW) else {
            panic!("no request");
        };
        state.begin(id, head.method());
        (id, body)
    };
    let reader = Reader::new(served.clone(), id, length);
    (served, id, reader)
}

/// What a handler comes to that has taken a writer, or does not care for the response.
const WRITTEN: Outcome<()> = Outcome::Written;

/// A turn of the driver, at this time.
fn turn(served: &Served, now: Now) -> Option<Asked> {
    let told = |_: Payload| panic!("nobody panics");
    let mut heard = Heard::default();
    drop(obey(&told, served, served.lock(), Waker::noop(), &mut heard, now));
    heard.asked
}

fn sent(served: &Served) -> String {
    let mut out = Vec::new();
    served.lock().machine.transmit(&mut out, usize::MAX, NOW);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_body_is_read_as_it_comes_and_its_reader_is_told() {
    let (served, id, mut reader) =
        asked("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    let (_, waker) = counted();
    let cx = Context::from_waker(&waker);
    assert_eq!(reader.remaining(), Some(6));
    let mut room = [0; 2];
    assert!(matches!(reader.poll_read(&cx, &mut room, NOW), Poll::Ready(Ok(2))));
    assert_eq!(reader.remaining(), Some(4));
    assert!(matches!(reader.poll_chunk(&cx, NOW), Poll::Ready(Ok(Some(rest))) if rest == "c"));
    assert!(reader.poll_chunk(&cx, NOW).is_pending());
    let waits = served.lock().rows.take(id, For::Input);
    assert!(waits.is_some_and(|waits| waits.will_wake(&waker)));
    served.lock().machine.receive(b"def", NOW);
    assert!(matches!(reader.poll_chunk(&cx, NOW), Poll::Ready(Ok(Some(rest))) if rest == "def"));
    assert!(matches!(reader.poll_chunk(&cx, NOW), Poll::Ready(Ok(None))));
    assert!(reader.is_end() && reader.remaining() == Some(0));
}

#[test]
fn a_command_from_elsewhere_wakes_the_driver_and_one_of_its_own_handler_does_not() {
    let (served, id, _) = asked("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let (count, waker) = counted();
    served.lock().driver = Some(waker);
    let cx = Context::from_waker(Waker::noop());
    let mut writer = served.lock().writer(&served, id);
    served.lock().driving = true;
    assert!(writer.poll_give(&cx, NOW).is_ready());
    assert_eq!(count.0.load(SeqCst), 0);
    served.lock().driving = false;
    assert!(writer.poll_write(&cx, b"hello", NOW).is_ready());
    assert!(writer.poll_end(&cx, NOW).is_ready());
    assert!(count.0.load(SeqCst) > 0);
    assert!(sent(&served).ends_with("\r\n0\r\n\r\n"));
}

#[test]
fn what_a_writer_left_is_the_response_once_the_handler_has_returned() {
    for handled_first in [false, true] {
        let (served, id, _) = asked("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let cx = Context::from_waker(Waker::noop());
        let mut writer = served.lock().writer(&served, id);
        assert!(writer.poll_write(&cx, b"hello", NOW).is_ready());
        if handled_first {
            served.lock().handled(id);
            served.lock().end_written(id, NOW);
            assert_eq!(sent(&served), "", "it is elsewhere, and goes on");
            drop(writer);
            turn(&served, NOW);
        } else {
            drop(writer);
            turn(&served, NOW);
            assert_eq!(sent(&served), "", "the handler may still fail");
            served.lock().handled(id);
            served.lock().end_written(id, NOW);
        }
        let text = sent(&served);
        assert!(
            text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\nhello"),
            "{text}"
        );
    }
}

#[test]
fn a_failure_takes_the_place_of_what_was_not_sent_yet() {
    let (served, id, _) = asked("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let cx = Context::from_waker(Waker::noop());
    let mut writer = served.lock().writer(&served, id);
    assert!(writer.poll_write(&cx, b"hello", NOW).is_ready());
    writer.fail_for("the source is gone".into(), NOW);
    assert!(sent(&served).starts_with("HTTP/1.1 500 "));
    let trouble = served.lock().backlog.take_troubles().pop();
    assert!(matches!(trouble, Some(Trouble::Failed(text)) if &*text == "the source is gone"));
}

#[test]
fn who_waits_for_the_peer_to_go_is_told_at_the_end_and_each_once() {
    let (served, id, reader) = asked("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let writer = served.lock().writer(&served, id);
    let ((one, first), (other, second)) = (counted(), counted());
    let mut futures = [reader.cancelled(), writer.cancelled()];
    for (future, waker) in futures.iter_mut().zip([&first, &second]) {
        for _ in 0..2 {
            assert!(
                std::pin::Pin::new(&mut *future).poll(&mut Context::from_waker(waker)).is_pending()
            );
        }
    }
    let released = served.lock().release();
    assert_eq!(released.len(), 2);
    released.into_iter().for_each(Waker::wake);
    assert_eq!((one.0.load(SeqCst), other.0.load(SeqCst)), (1, 1));
    served.lock().closed = Some(CloseReason::PeerClosed);
    assert!(reader.is_cancelled() && writer.is_cancelled());
}

#[test]
fn an_upgraded_connection_carries_raw_bytes_and_ends_by_halves() {
    let (served, id, _) =
        asked("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nraw");
    let cx = Context::from_waker(Waker::noop());
    let mut head = ResponseHead::new(Status::SWITCHING_PROTOCOLS);
    head.fields_mut().append("Upgrade", "echo").unwrap();
    let mut writer = served.lock().writer(&served, id);
    let mut raw = writer.upgrade(&head, NOW).unwrap();
    let mut room = [0; 8];
    assert!(matches!(raw.poll_read(&cx, &mut room, NOW), Poll::Ready(Ok(3))));
    assert!(raw.poll_read(&cx, &mut room, NOW).is_pending());
    assert!(matches!(raw.poll_write(&cx, b"back", NOW), Poll::Ready(Ok(4))));
    assert!(raw.poll_flush(&cx).is_pending());
    assert!(sent(&served).ends_with("\r\n\r\nback"));
    assert!(raw.poll_flush(&cx).is_ready());
    let told = std::iter::from_fn(|| served.lock().machine.poll_event(NOW));
    assert!({ told }.any(|event| matches!(event, Event::Flushed { .. })), "who waits is woken");
    raw.close(NOW).unwrap();
    served.lock().machine.receive(b"more", NOW);
    assert!(matches!(raw.poll_read(&cx, &mut room, NOW), Poll::Ready(Ok(4))));
    drop(raw);
    turn(&served, NOW);
    assert!(!served.lock().machine.in_exchange());
}

#[test]
fn who_drops_a_writer_elsewhere_wakes_the_driver_that_ends_its_response() {
    for panics in [false, true] {
        let (served, id, _) = asked("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let (count, waker) = counted();
        served.lock().driver = Some(waker);
        let mut writer = served.lock().writer(&served, id);
        assert!(writer.poll_write(&Context::from_waker(Waker::noop()), b"some", NOW).is_ready());
        assert!(served.lock().settle(id, WRITTEN, NOW).is_none());
        let elsewhere = std::thread::spawn(move || {
            let _writer = writer;
            assert!(!panics, "it fails");
        });
        assert_eq!(elsewhere.join().is_err(), panics);
        assert!(count.0.load(SeqCst) > 0);
        turn(&served, NOW);
        let text = sent(&served);
        let expected = if panics { "HTTP/1.1 500 " } else { "HTTP/1.1 200 OK\r\n" };
        assert!(text.starts_with(expected) && text.ends_with("some") != panics, "{text}");
    }
}

#[test]
fn what_is_dropped_is_let_go_of_when_somebody_tells_the_time_and_counts_from_then() {
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc";
    let (served, id, reader) = asked(post);
    let (count, waker) = counted();
    served.lock().driver = Some(waker);
    drop(reader);
    assert_eq!(count.0.load(SeqCst), 1);
    // The driver gets to it late, and the peer has all its time for the rest.
    let late = NOW.later(Duration::from_secs(60));
    turn(&served, late);
    let due = served.lock().machine.deadline();
    assert!(matches!(due, Some((at, Why::Body)) if at > late.mono), "{due:?}");
    assert!(served.lock().settle(id, WRITTEN, late).is_none());
    let next = b"defGET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(served.lock().machine.receive(next, late), next.len());
    assert!(turn(&served, late).is_some_and(|asked| asked.head.target() == "/next"));
}

#[test]
fn a_body_that_was_dropped_is_let_go_of_before_its_response_begins() {
    // So much is unread that the connection ends, which the response's head has to say.
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\nabc";
    let (served, id, reader) = asked(post);
    let mut writer = served.lock().writer(&served, id);
    drop(reader);
    assert!(writer.poll_give(&Context::from_waker(Waker::noop()), NOW).is_ready());
    assert!(sent(&served).contains("Connection: close\r\n"));
}

#[test]
fn an_idle_connection_is_evicted_once_and_a_stop_only_goes_forward() {
    let served = Served::over(Connection::new(Arc::new(Config::default()), NOW), NOW);
    let since = NOW.mono + UNTOUCHED;
    assert_eq!(served.idle_since(NOW.mono), None, "its first request may be on its way");
    assert_eq!(served.idle_since(since), Some(since));
    assert!(served.evict(since));
    assert!(!served.evict(since));
    served.stop(Stop::Cut);
    served.stop(Stop::Asked);
    assert_eq!(served.lock().stop, Stop::Cut);
}

#[test]
fn a_connection_needs_no_room_for_what_most_never_have() {
    let machine = size_of::<Connection>();
    assert!(size_of::<State>() <= machine + 128, "{} beside {machine}", size_of::<State>());
}
