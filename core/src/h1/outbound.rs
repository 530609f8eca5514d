//! The body of one message that goes out: how much of it there is room for, and
//! how it is framed, counted and ended. Both sides of HTTP/1 have one. Heads,
//! states and waiting for 100 (Continue) are the machine's affair.

use super::decide::{self, Sent};
use super::notices::Notices;
use crate::body::chunked;
use crate::buf::OutBuf;
use crate::error::Misuse;
use crate::head::Fields;
use crate::machine::Id;
use crate::time::{MessageDeadlines, Mono, Rate, Taking, Why};
use bytes::Bytes;

/// A body that goes out, and who waits for room.
#[derive(Debug)]
pub(super) struct Outbound {
    sent: Sent,
    /// Bytes that are declared and not given yet.
    left: u64,
    pace: Taking,
    waits: Waits,
    /// The exchanges that are to be told once their output is out.
    flushing: Option<Box<Flushing>>,
    /// Bytes given so far, without what frames them.
    count: u64,
}

/// Exchanges that wait for their output to be out: few applications have any do so.
#[derive(Debug, Default)]
struct Flushing(Vec<Id>);

/// Who waits for output to leave: one look finds that nobody does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Waits(u8);

impl Waits {
    /// `send` found no room.
    const ROOM: u8 = 1;
    /// Somebody is to be told that all is out.
    const OUT: u8 = 2;

    fn set(&mut self, whom: u8) {
        self.0 |= whom;
    }

    /// Says whether it waited.
    fn clear(&mut self, whom: u8) -> bool {
        let waited = self.0 & whom != 0;
        self.0 &= !whom;
        waited
    }
}

impl Outbound {
    pub(super) fn new(rate: Rate) -> Outbound {
        let (pace, waits) = (Taking::new(rate), Waits::default());
        Outbound { sent: Sent::None, left: 0, pace, waits, flushing: None, count: 0 }
    }

    /// A message is due, and nothing of it is given yet.
    pub(super) fn await_message(&mut self) {
        self.sent = Sent::None;
        self.left = 0;
        self.waits.clear(Waits::ROOM);
        self.count = 0;
    }

    /// How the body is framed, of which nothing is given yet.
    pub(super) fn begin(&mut self, sent: Sent) {
        self.sent = sent;
        self.left = if let Sent::Length(length) = sent { length } else { 0 };
    }

    /// All of it is given with its head.
    pub(super) fn is_whole(&mut self, count: u64) {
        self.left = 0;
        self.count = count;
    }

    /// What follows is not HTTP, and neither are its limits.
    pub(super) fn become_raw(&mut self, timers: &mut MessageDeadlines) {
        self.begin(Sent::Upgrade);
        timers.clear(Why::Write);
        self.pace.restart();
    }

    pub(super) fn sent(&self) -> Sent {
        self.sent
    }

    /// Bytes that are declared and not given yet.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Bytes given so far, without what frames them.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether this is more than was declared.
    pub(super) fn is_too_much(&self, data: &Bytes) -> bool {
        matches!(self.sent, Sent::None | Sent::Length(_)) && data.len() as u64 > self.left
    }

    /// The application waits for room.
    pub(super) fn wait(&mut self) {
        self.waits.set(Waits::ROOM);
    }

    /// Whether the application waits for room.
    pub(super) fn waits(&self) -> bool {
        self.waits.0 & Waits::ROOM != 0
    }

    /// Whether anybody waits for output to leave: for room, or for all to be out.
    pub(super) fn is_awaited(&self) -> bool {
        self.waits != Waits::default()
    }

    /// Nobody waits for room any more; says whether one did.
    pub(super) fn wake(&mut self) -> bool {
        self.waits.clear(Waits::ROOM)
    }

    /// This exchange is to be told once all is out.
    pub(super) fn flush(&mut self, id: Id) {
        self.waits.set(Waits::OUT);
        let Flushing(ids) = &mut **self.flushing.get_or_insert_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }

    /// All is out: tells the exchanges that asked for it.
    pub(super) fn flushed(&mut self, notices: &mut Notices) {
        if self.waits.clear(Waits::OUT) {
            if let Some(flushing) = &mut self.flushing {
                notices.flushed(&mut flushing.0);
            }
        }
    }

    /// Nobody waits any more: the connection ends, and is told to.
    pub(super) fn forsake(&mut self) {
        self.waits = Waits::default();
        self.flushing = None;
    }

    /// Queues what there is room for, and leaves the rest to wait.
    ///
    /// Whoever waits for room gets it in one piece: every byte that goes out
    /// would otherwise become a chunk of one byte.
    pub(super) fn give(&mut self, data: &mut Bytes, out: &mut OutBuf, most: usize) {
        if self.waits() {
            return;
        }
        // Where nothing is queued there is room, however small the limit.
        let least = usize::from(out.is_empty());
        let room = most.saturating_sub(out.len()).max(least);
        let piece = data.split_to(room.min(data.len()));
        if !data.is_empty() {
            self.wait();
        }
        if piece.is_empty() {
            return;
        }
        self.left = self.left.saturating_sub(piece.len() as u64);
        self.count += piece.len() as u64;
        if self.sent == Sent::Chunked {
            chunked::write_chunk(out, piece);
        } else {
            out.push(piece);
        }
    }

    /// Ends the body; nobody waits for room any more.
    ///
    /// # Errors
    /// Less was given than declared, or there is no place for trailers; nothing is changed.
    pub(super) fn end(
        &mut self,
        trailers: Option<&Fields>,
        out: &mut OutBuf,
    ) -> Result<(), Misuse> {
        if self.left > 0 {
            return Err(Misuse::TooLittleBody);
        }
        let trailers = trailers.filter(|trailers| !trailers.is_empty());
        decide::trailers(self.sent, trailers)?;
        // Where a peer could not read them, trailers are left out.
        if self.sent == Sent::Chunked {
            out.write(|text| chunked::write_end(text, trailers));
        }
        self.waits.clear(Waits::ROOM);
        Ok(())
    }

    /// A message begins behind which nothing else is queued, or other rules begin:
    /// its grace is granted anew.
    pub(super) fn restart(&mut self) {
        self.pace.restart();
    }

    /// The peer is to take output: its time runs.
    pub(super) fn watch(&mut self, timers: &mut MessageDeadlines, now: Mono) {
        if let Some(at) = self.pace.wait(now) {
            timers.set(Why::Write, at);
        }
    }

    /// The system took so many bytes; `none_left` if there are no more for it.
    pub(super) fn wrote(
        &mut self,
        count: usize,
        none_left: bool,
        timers: &mut MessageDeadlines,
        now: Mono,
    ) {
        self.pace.wrote(count, now);
        if none_left {
            self.pace.rest(now);
            timers.clear(Why::Write);
        }
    }

    /// The peer has not taken so much of what was written: the time that it has for it.
    pub(super) fn untaken(&mut self, bytes: usize, now: Mono) -> std::time::Duration {
        self.pace.untaken(bytes, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(sent: Sent) -> (Outbound, OutBuf) {
        let mut outbound = Outbound::new(Rate::UNLIMITED);
        outbound.await_message();
        outbound.begin(sent);
        (outbound, OutBuf::default())
    }

    #[test]
    fn there_is_room_up_to_the_limit_and_one_byte_where_nothing_is_queued() {
        for (most, taken) in [(8, 8), (3, 3), (0, 1)] {
            let (mut outbound, mut out) = begun(Sent::UntilClose);
            let mut data = Bytes::from_static(b"abcdefgh");
            outbound.give(&mut data, &mut out, most);
            assert_eq!((out.len(), data.len()), (taken, 8 - taken), "{most}");
            assert_eq!(outbound.count(), taken as u64);
            // Who found no room waits for it, however much there is by now.
            let left = data.len();
            outbound.give(&mut data, &mut out, 100);
            assert_eq!(data.len(), left, "{most}");
            assert_eq!(outbound.wake(), left > 0);
            outbound.give(&mut data, &mut out, 100);
            assert!(data.is_empty());
        }
    }

    #[test]
    fn a_body_is_as_long_as_declared() {
        let (mut outbound, mut out) = begun(Sent::Length(3));
        assert!(outbound.is_too_much(&Bytes::from_static(b"abcd")));
        assert_eq!(outbound.end(None, &mut out), Err(Misuse::TooLittleBody));
        let mut data = Bytes::from_static(b"abc");
        assert!(!outbound.is_too_much(&data));
        outbound.give(&mut data, &mut out, 100);
        assert_eq!((outbound.left(), outbound.end(None, &mut out)), (0, Ok(())));
        assert!(outbound.is_too_much(&Bytes::from_static(b"d")));
    }

    #[test]
    fn a_new_message_knows_nothing_of_the_last() {
        let (mut outbound, mut out) = begun(Sent::Length(8));
        outbound.give(&mut Bytes::from_static(b"abcdefgh"), &mut out, 3);
        assert_eq!((outbound.count(), outbound.left(), outbound.waits()), (3, 5, true));
        outbound.await_message();
        assert_eq!((outbound.count(), outbound.left(), outbound.waits()), (0, 0, false));
        assert!(outbound.is_too_much(&Bytes::from_static(b"a")), "none is declared yet");
    }

    #[test]
    fn chunks_are_framed_and_ended() {
        let (mut outbound, mut out) = begun(Sent::Chunked);
        outbound.give(&mut Bytes::from_static(b"abc"), &mut out, 100);
        assert_eq!(outbound.end(None, &mut out), Ok(()));
        let mut slices = [std::io::IoSlice::new(&[]); 8];
        let used = out.slices(&mut slices);
        let text: Vec<u8> = slices[..used].iter().flat_map(|slice| slice.to_vec()).collect();
        assert_eq!(text, b"3\r\nabc\r\n0\r\n\r\n");
        assert_eq!(outbound.count(), 3);
    }
}
