//! The contract of every connection machine: verbs for bytes, events, time and
//! interest, and commands for messages.
//! Holds no protocol: HTTP/1, HTTP/2 and TLS implement these traits.

mod boxed;
mod event;
mod sides;
mod values;

pub use event::{Event, Facts};
pub use sides::{ClientMachine, ServerMachine};
pub use values::{Body, BodyLength, Close, Eof, Recv, Reuse, Want};

use crate::error::Misuse;
use crate::head::Fields;
use crate::time::{Mono, Now, Why};
use bytes::Bytes;
use std::io::IoSlice;

/// Names an exchange (one request and its response) on its connection.
pub type Id = u64;

/// The verbs that every machine has, so that one driver loop serves all.
///
/// Any order of calls is legal. Nothing panics, and no byte is lost.
///
/// # How long an exchange is open
/// A server's exchange is open until its response is whole; what is unread of its request
/// is thrown away then. A client's is open until its response was read to the end, or
/// discarded, and its request is whole, or not wanted any more. So it is over without a
/// word more from an application that does what it owes, and [`Machine::reset`] ends it
/// at any time.
///
/// A peer ends none: one that gives it up ([`Event::Reset`], [`Event::Failed`] with its id)
/// leaves it open until the application has let go of it, by [`Machine::discard`] or
/// [`Machine::reset`], and until then it counts among those that the connection carries at
/// once. Who begins requests only to give them up has no more handlers running by that
/// than who waits for them. [`Event::Closed`] ends all exchanges; over HTTP/1 a peer
/// gives one up with its connection, and so by that alone.
///
/// The trait is open, and so are [`ServerMachine`] and [`ClientMachine`]: whoever has a
/// layer of their own writes a machine around a machine, as TLS and a proxy's tunnel are.
/// A method that is added later has a default, which is right for a machine with nothing
/// inside. A layer hands every method on, those with a default too.
pub trait Machine {
    /// Room for input: at least 4 KiB, or empty, which says "do not read".
    fn read_buf(&mut self) -> &mut [u8];

    /// The first `n` bytes of the room now hold input. 0 does nothing.
    fn filled(&mut self, n: usize, now: Now);

    /// No more input will come.
    fn eof(&mut self, how: Eof, now: Now);

    /// What happened, one at a time; call it until it gives `None`. It parses on demand.
    fn poll_event(&mut self, now: Now) -> Option<Event>;

    /// Fills `slices` with what is to be written and says how many it used.
    /// Called again without [`Machine::wrote`], it gives the same bytes first.
    ///
    /// Call it while [`Want::write`] is true, also when the socket is known to be
    /// full: the time that the peer has to take the bytes runs from there.
    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize;

    /// The first `n` bytes of the output have been written.
    fn wrote(&mut self, n: usize, now: Now);

    /// When to call [`Machine::tick`] at the latest, and why.
    fn deadline(&self) -> Option<(Mono, Why)>;

    /// So many bytes of what was written are still with the system that takes
    /// them for the peer: the peer has not taken them. Nothing else shows how a
    /// slow one does, for a system takes megabytes at once; until it is told,
    /// what was written counts as taken.
    ///
    /// A driver that can ask its system tells it once a deadline has come, before
    /// [`Machine::tick`], and where much was written at once. By default it does nothing.
    fn untaken(&mut self, bytes: usize, now: Now) {
        let _ = (bytes, now);
    }

    /// Time has passed. Early, late and spurious ticks are harmless.
    ///
    /// Once a deadline has come, a driver first reads and writes what it can
    /// without waiting: the peer was in time, if it was the driver that was late.
    fn tick(&mut self, now: Now);

    /// What the machine wants of its socket. The driver asks nothing else.
    fn want(&self) -> Want;

    /// Gives back buffers that hold nothing. Call it before every wait.
    fn trim(&mut self, now: Now);

    /// Whether an exchange is open: one whose message the application owes, or is still reading.
    fn in_exchange(&self) -> bool;

    /// Whether this exchange is open.
    fn is_open(&self, id: Id) -> bool {
        let _ = id;
        self.in_exchange()
    }

    /// Bytes of memory held for input and output; the application's own `Bytes` are not counted.
    fn held(&self) -> usize;

    /// Bytes held beyond the share of this connection: what each one may hold whatever others
    /// do. The application's own pieces are counted, as long as they are queued.
    ///
    /// By default there are none: a machine of which this says nothing keeps to its limits.
    fn surplus(&self) -> usize {
        0
    }

    /// Holds no more than so many bytes beyond its share from now on, and gives back room that
    /// holds nothing. What it holds already stays; it takes no more until that is less.
    /// Without it the limits alone count. A share is enough for any message, in smaller steps.
    ///
    /// Which connections may hold how much, [`budget`](crate::budget) decides.
    fn allow_surplus(&mut self, bytes: usize) {
        let _ = bytes;
    }

    /// Input by value, for machines behind a lock and for tests: takes what
    /// there is room for and says how much that was.
    fn receive(&mut self, bytes: &[u8], now: Now) -> usize {
        let mut taken = 0;
        while taken < bytes.len() {
            let room = self.read_buf();
            let count = room.len().min(bytes.len() - taken);
            if count == 0 {
                break;
            }
            room[..count].copy_from_slice(&bytes[taken..taken + count]);
            self.filled(count, now);
            taken += count;
        }
        taken
    }

    /// Output by value: appends at most `max` bytes to `out`, and says how many.
    fn transmit(&mut self, out: &mut Vec<u8>, max: usize, now: Now) -> usize {
        let before = out.len();
        while out.len() - before < max {
            let mut slices = [IoSlice::new(&[]); 16];
            let used = self.output(&mut slices, now);
            let start = out.len();
            for slice in &slices[..used] {
                let count = slice.len().min(max - (out.len() - before));
                out.extend_from_slice(&slice[..count]);
            }
            let count = out.len() - start;
            if count == 0 {
                break;
            }
            self.wrote(count, now);
        }
        out.len() - before
    }

    /// Sends body bytes: takes what there is room for out of `data` and leaves
    /// the rest; [`Event::Writable`] follows once there is room again.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse>;

    /// Ends the message being sent, with trailers if there are any.
    ///
    /// # Errors
    /// [`Misuse`], and nothing is changed.
    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse>;

    /// Takes body bytes. They stay in the machine until asked for; that is the
    /// flow control. The first call sends 100 (Continue) if the peer waits for it.
    fn recv(&mut self, id: Id, now: Now) -> Recv;

    /// Takes in body ahead of `recv`, so that whoever reads it later need not
    /// wait: says whether all of it is here, or `most` bytes of it or as many as
    /// are held, or whether waiting is of no use because it has failed or the
    /// peer waits to be asked for it. A body that fits into `most`, or that may, is asked
    /// for with 100 (Continue), as `recv` does with any. Until then [`Event::Readable`] follows
    /// input, and the peer's time runs.
    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool;

    /// Whether all that was given to this exchange has left the machine.
    fn is_flushed(&self, id: Id) -> bool {
        let _ = id;
        !self.want().write
    }

    /// Says the same, and has it told if it is not so yet: [`Event::Flushed`] follows once
    /// all of this exchange's output is out, whatever others have to send, or
    /// [`Event::Closed`] if the connection ends before.
    ///
    /// By default it tells nothing, which is right for a machine without output.
    fn flush(&mut self, id: Id) -> bool {
        self.is_flushed(id)
    }

    /// What the two sides agreed to speak inside TLS (ALPN), told before the first byte
    /// of it; `None` if they did not say. A machine of one protocol has no use for it.
    fn negotiated(&mut self, alpn: Option<&[u8]>, now: Now) {
        let _ = (alpn, now);
    }

    /// Whether it carries many exchanges at once. Until the two sides have agreed on what
    /// they speak it does not; once it does, that stays so.
    fn carries_many(&self) -> bool {
        false
    }

    /// Nobody will read the rest of this message. It lets go of an exchange that the peer
    /// has given up.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse>;

    /// Gives up on the exchange in a way the peer can tell from a regular end, and lets go
    /// of it.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse>;

    /// Begins a graceful end: what is in progress is finished, nothing new begins.
    fn shutdown(&mut self, now: Now);

    /// Changes how much body this exchange may bring, in bytes. It counts from the next `recv`.
    ///
    /// # Errors
    /// [`Misuse::NoSuchExchange`].
    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse>;
}
