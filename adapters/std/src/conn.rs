//! A machine with its clock, and the four moves a blocking driver makes with a
//! socket: read, write, wait for the deadline, give up.
//! Decides nothing: how long, whether and what for is the machine's to say.

use crate::Error;
use crate::clock::Clock;
use crate::control::Control;
use crate::socket::{Moved, Socket};
use purlin_core::{
    Close, CloseReason, Eof, Event, Machine, Misuse, Mono, Now, ServerConfig, Why, server,
};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

/// Slices given to one write.
const SLICES: usize = 16;
/// How long to wait before looking again where nothing tells when to.
const PAUSE: Duration = Duration::from_millis(5);

/// What drives one connection; whoever has it may talk to the machine.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) machine: server::Connection,
    pub(crate) clock: Clock,
    control: Arc<Control>,
    /// The deadline when it was last asked for.
    due: Mono,
    /// Room for what is read while others may use the machine.
    pub(crate) scratch: Vec<u8>,
    /// A shutdown has been told to the machine.
    told: bool,
    /// The writing half has been shut.
    half_shut: bool,
    /// The reading half was shut to wake this connection: an end of input
    /// says nothing about the peer any more.
    pub(crate) deaf: bool,
    /// The peer sends nothing more.
    pub(crate) input_closed: bool,
    /// Why the connection ends.
    pub(crate) closed: Option<CloseReason>,
}

impl Conn {
    pub(crate) fn new(config: Arc<ServerConfig>, control: Arc<Control>) -> Conn {
        let clock = Clock::since(control.origin());
        Conn {
            machine: server::Connection::new(config, clock.last()),
            clock,
            control,
            due: Mono::ZERO,
            scratch: Vec::new(),
            told: false,
            half_shut: false,
            deaf: false,
            input_closed: false,
            closed: None,
        }
    }

    pub(crate) fn now(&self) -> Now {
        self.clock.last()
    }

    /// Tells the machine what the server has been told.
    pub(crate) fn obey(&mut self) {
        if !self.control.running() {
            self.obey_end();
        }
    }

    #[cold]
    fn obey_end(&mut self) {
        let now = self.clock.look();
        if self.control.aborting() {
            self.machine.eof(Eof::Reset, now);
        } else if !self.told {
            self.told = true;
            self.machine.shutdown(now);
        }
    }

    /// Nanoseconds to the machine's deadline, and what it is for.
    pub(crate) fn wait(&mut self) -> (Option<u64>, Option<Why>) {
        let Some((at, why)) = self.machine.deadline() else {
            return (None, None);
        };
        self.due = at;
        (Some(at.as_nanos().saturating_sub(self.now().mono.as_nanos())), Some(why))
    }

    /// Reads once, right into the machine.
    pub(crate) fn read_in(&mut self, socket: &Socket, wait: Option<u64>) {
        let room = self.machine.read_buf();
        if room.is_empty() {
            return self.sleep(wait, socket);
        }
        let moved = socket.read(room, wait);
        self.took(moved, socket);
    }

    /// The machine takes no input: only time can change that.
    pub(crate) fn sleep(&mut self, wait: Option<u64>, socket: &Socket) {
        let pause = wait.map_or(PAUSE, |nanos| PAUSE.min(Duration::from_nanos(nanos)));
        std::thread::sleep(pause);
        self.took(Moved::Nothing, socket);
    }

    /// A read into the machine's own room ended like this.
    pub(crate) fn took(&mut self, moved: Moved, socket: &Socket) {
        let now = self.clock.look();
        match moved {
            Moved::Bytes(count) => self.machine.filled(count, now),
            _ => self.took_nothing(moved, socket),
        }
        if now.mono >= self.due {
            self.machine.tick(now);
        }
    }

    /// A read into other memory ended like this.
    pub(crate) fn took_copy(&mut self, moved: Moved, bytes: &[u8], socket: &Socket) {
        let now = self.clock.look();
        match moved {
            Moved::Bytes(count) => {
                // Less is taken if the exchange was given up while the socket was read.
                self.machine.receive(&bytes[..count], now);
            }
            _ => self.took_nothing(moved, socket),
        }
        if now.mono >= self.due {
            self.machine.tick(now);
        }
    }

    fn took_nothing(&mut self, moved: Moved, socket: &Socket) {
        let now = self.now();
        match moved {
            Moved::Lost => self.machine.eof(Eof::Reset, now),
            Moved::End if self.deaf && !(self.half_shut && socket.is_closed()) => {
                std::thread::sleep(PAUSE);
            }
            Moved::End => self.machine.eof(Eof::Clean, now),
            Moved::Bytes(_) | Moved::Nothing => {}
        }
        if self.control.aborting() {
            self.machine.eof(Eof::Reset, now);
        }
    }

    /// Writes until nothing is left to write.
    pub(crate) fn write_out(&mut self, socket: &Socket) {
        socket.begin_write();
        while self.machine.want().write {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let now = self.now();
            let used = self.machine.output(&mut slices, now);
            let whole = slices[..used].iter().map(|slice| slice.len()).sum();
            let moved = socket.write(&slices[..used]);
            self.gave(moved, whole, socket);
            if moved == Moved::Bytes(whole) && used < SLICES {
                return;
            }
        }
    }

    /// A write of `whole` bytes of output ended like this.
    pub(crate) fn gave(&mut self, moved: Moved, whole: usize, socket: &Socket) {
        match moved {
            Moved::Bytes(count) if count == whole => self.machine.wrote(count, self.clock.last()),
            Moved::Bytes(count) => {
                let now = self.clock.look();
                self.machine.wrote(count, now);
            }
            Moved::Nothing => {
                let now = self.clock.look();
                self.machine.tick(now);
                if self.control.aborting() {
                    self.machine.eof(Eof::Reset, now);
                }
                let (wait, _) = self.wait();
                socket.wait_longer(wait);
            }
            Moved::End | Moved::Lost => self.machine.eof(Eof::Reset, self.clock.last()),
        }
    }

    /// Copies output without taking it, at most `most` bytes.
    pub(crate) fn copy_output(&mut self, copy: &mut Vec<u8>, most: usize) {
        copy.clear();
        let mut slices = [IoSlice::new(&[]); SLICES];
        let now = self.now();
        let used = self.machine.output(&mut slices, now);
        for slice in &slices[..used] {
            let count = slice.len().min(most - copy.len());
            copy.extend_from_slice(&slice[..count]);
        }
    }

    /// Does what the machine wants of the socket; gives back what ends it for good.
    pub(crate) fn close(&mut self, how: Close, socket: &Socket) -> Option<Close> {
        if how != Close::Linger {
            return Some(how);
        }
        if !std::mem::replace(&mut self.half_shut, true) {
            socket.shut_writing();
        }
        None
    }

    /// Shuts the writing half if the machine wants that; an exchange that is
    /// open does not end the connection otherwise.
    pub(crate) fn half_close(&mut self, socket: &Socket) {
        if let Some(how) = self.machine.want().close {
            let _ = self.close(how, socket);
        }
    }

    /// Whether the socket is to be closed now.
    pub(crate) fn ends(&self) -> bool {
        self.machine.want().close.is_some_and(|how| how != Close::Linger)
    }

    /// Gives back memory that holds nothing.
    pub(crate) fn trim(&mut self) {
        self.scratch = Vec::new();
        self.machine.trim(self.clock.last());
    }

    /// Whether the connection is lost.
    pub(crate) fn is_cut(&self) -> bool {
        self.machine.want().close == Some(Close::Abort)
    }

    /// Takes the events of an exchange that is open, so that none but these can come.
    pub(crate) fn note_events(&mut self) {
        while let Some(event) = self.machine.poll_event(self.clock.last()) {
            self.note(&event);
        }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::InputClosed => self.input_closed = true,
            Event::Closed(reason) => self.closed = Some(*reason),
            _ => {}
        }
    }

    /// Whether what was written can still arrive.
    ///
    /// # Errors
    /// The connection has ended.
    pub(crate) fn still_open(&mut self) -> Result<(), Error> {
        if self.is_cut() {
            self.note_events();
        }
        self.closed.map_or(Ok(()), |reason| Err(Error::Closed(reason)))
    }

    /// What a refused command means to the application.
    pub(crate) fn explain(&self, misuse: Misuse) -> Error {
        match (misuse, self.closed) {
            (Misuse::NoSuchExchange, Some(reason)) => Error::Closed(reason),
            (misuse, _) => Error::Misuse(misuse),
        }
    }
}
