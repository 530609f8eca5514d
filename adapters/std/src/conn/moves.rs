//! The bytes of a connection: from its socket into its machine, and back.
//! Moves them and says what came of it; how long to wait, the machine says.

use super::{Conn, Free};
use crate::poller::Place;
use purlin_core::budget::Need;
use purlin_core::{Eof, Machine};
use purlin_engine::{BULK, Moved};
use purlin_net::Stream;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

/// Slices given to one write.
const SLICES: usize = 8;
/// How long to wait before looking again where nothing tells when to.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a thread stays with a connection that has nothing to do, in nanoseconds.
const LINGER: u64 = 10_000_000;

impl Conn {
    /// Reads what is there; says whether anything came.
    pub(crate) fn read_ready(&mut self) -> bool {
        let room = self.machine.read_buf();
        if room.is_empty() {
            return false;
        }
        let size = room.len();
        let moved = self.shared.socket.read_ready(room);
        self.drained = !matches!(moved, Moved::Bytes(count) if count == size);
        self.take_in(moved);
        moved != Moved::Nothing
    }

    /// Whether everything that has come was read, so that the socket will tell of more.
    pub(crate) fn is_drained(&self) -> bool {
        self.drained && !self.ended && self.place != Place::default()
    }

    /// Its socket is ready, perhaps for the last time.
    pub(crate) fn hear(&mut self, ended: bool) {
        self.ended |= ended;
    }

    /// Stays for a moment, since the next request often follows at once; says
    /// whether anything came.
    pub(crate) fn linger(&mut self) -> bool {
        self.leave_poller();
        let room = self.machine.read_buf();
        if room.is_empty() {
            return false;
        }
        let moved = self.shared.socket.read(room, Some(LINGER));
        self.take_in(moved);
        self.pass_time(Free::ALL);
        moved != Moved::Nothing
    }

    /// Reads once, right into the machine.
    pub(crate) fn read_in(&mut self, wait: Option<u64>) {
        self.leave_poller();
        let room = self.machine.read_buf();
        if room.is_empty() {
            return self.sleep(wait, Free::ALL);
        }
        let moved = self.shared.socket.read(room, wait);
        self.take_in(moved);
        self.pass_time(Free::ALL);
    }

    /// Whoever waits for the socket itself need not wake the poller.
    pub(crate) fn leave_poller(&mut self) {
        if self.place != Place::default() {
            let hub = Arc::clone(&self.hub);
            hub.poller.leave(self);
        }
    }

    /// The machine takes no input: only time can change that.
    pub(crate) fn sleep(&mut self, wait: Option<u64>, free: Free) {
        let pause = wait.map_or(PAUSE, |nanos| PAUSE.min(Duration::from_nanos(nanos)));
        std::thread::sleep(pause);
        self.waited(free);
    }

    /// Time has passed, and nothing came of it.
    pub(crate) fn waited(&mut self, free: Free) {
        self.take_in(Moved::Nothing);
        self.pass_time(free);
    }

    /// A read into the machine's own room ended like this.
    fn take_in(&mut self, moved: Moved) {
        let now = self.clock.look();
        match moved {
            Moved::Bytes(count) => {
                self.untouched = false;
                self.warm = true;
                self.last_byte = now.mono;
                self.machine.filled(count, now);
                self.moved(count);
            }
            _ => self.took_nothing(moved),
        }
    }

    /// A read into other memory ended like this.
    pub(crate) fn took_copy(&mut self, moved: Moved, bytes: &[u8]) {
        let now = self.clock.look();
        match moved {
            Moved::Bytes(count) => {
                // Less is taken if the exchange was given up while the socket was read.
                self.machine.receive(&bytes[..count], now);
                self.moved(count);
            }
            _ => self.took_nothing(moved),
        }
    }

    fn took_nothing(&mut self, moved: Moved) {
        let now = self.now();
        match moved {
            Moved::Lost => self.machine.eof(Eof::Reset, now),
            Moved::End => self.machine.eof(Eof::Clean, now),
            Moved::Bytes(_) | Moved::Nothing => {}
        }
        if self.hub.control.aborting() {
            self.machine.eof(Eof::Reset, now);
        }
    }

    /// Writes what the socket takes, of the output that there is; says whether that was all.
    pub(crate) fn write_ready(&mut self) -> bool {
        loop {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let now = self.clock.last();
            let used = self.machine.output(&mut slices, now);
            let whole = slices[..used].iter().map(|slice| slice.len()).sum();
            match self.shared.socket.write_ready(&slices[..used]) {
                Moved::Bytes(count) => {
                    self.machine.wrote(count, now);
                    self.poured(count);
                    if self.gives_all && count == whole && used < SLICES {
                        return true;
                    }
                }
                Moved::Nothing => return false,
                Moved::End | Moved::Lost => self.machine.eof(Eof::Reset, now),
            }
            if !self.machine.want().write {
                return true;
            }
        }
    }

    /// Writes until nothing is left to write.
    pub(crate) fn write_out(&mut self, free: Free) {
        self.shared.socket.begin_write();
        while self.machine.want().write {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let now = self.clock.last();
            let used = self.machine.output(&mut slices, now);
            let whole = slices[..used].iter().map(|slice| slice.len()).sum();
            let moved = self.shared.socket.write(&slices[..used]);
            self.gave(moved, whole, free);
            if self.gives_all && moved == Moved::Bytes(whole) && used < SLICES {
                return;
            }
        }
    }

    /// A write of `whole` bytes of output ended like this.
    pub(crate) fn gave(&mut self, moved: Moved, whole: usize, free: Free) {
        match moved {
            Moved::Bytes(count) if count == whole => {
                self.machine.wrote(count, self.clock.last());
                self.poured(count);
            }
            Moved::Bytes(count) => {
                let now = self.clock.look();
                self.machine.wrote(count, now);
                self.poured(count);
            }
            Moved::Nothing => {
                let now = self.clock.look();
                self.rest();
                self.wait();
                self.pass_time(free);
                if self.hub.control.aborting() {
                    self.machine.eof(Eof::Reset, now);
                }
                let (wait, _) = self.wait();
                self.shared.socket.wait_longer(wait);
            }
            Moved::End | Moved::Lost => self.machine.eof(Eof::Reset, self.clock.last()),
        }
    }

    /// So many bytes were moved: who moves many may get more room.
    #[inline]
    fn moved(&mut self, count: usize) {
        if count >= BULK {
            self.hub.budget.settle(&mut self.grant, &mut self.machine, Need::More);
        }
    }

    /// So many bytes were written.
    #[inline]
    fn poured(&mut self, count: usize) {
        if count >= BULK {
            self.moved(count);
            if self.poured.take(count) {
                self.shared.socket.stream().into_iter().for_each(Stream::expect_more);
            }
        }
    }

    /// It is going to wait: what it has no use for is others'.
    #[inline]
    pub(crate) fn rest(&mut self) {
        if !self.grant.is_none() {
            let open = self.machine.in_exchange();
            let need = if open { Need::Same } else { Need::Nothing };
            self.hub.budget.settle(&mut self.grant, &mut self.machine, need);
        }
    }

    /// Copies output without taking it, at most `most` bytes.
    pub(crate) fn copy_output(&mut self, copy: &mut Vec<u8>, most: usize) {
        copy.clear();
        let mut slices = [IoSlice::new(&[]); SLICES];
        let now = self.clock.last();
        let used = self.machine.output(&mut slices, now);
        for slice in &slices[..used] {
            let count = slice.len().min(most - copy.len());
            copy.extend_from_slice(&slice[..count]);
        }
    }
}
