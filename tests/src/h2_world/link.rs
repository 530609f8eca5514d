//! One connection: a machine at each end, a pipe for each direction, and at each end the loop
//! that every driver has. Judges what holds of every machine at every moment.

use super::layers::Shared;
use crate::sim::wire::{Carried, Pipe};
use purlin_core::{ClientMachine, Close, Eof, Machine, Mono, Now, ServerMachine};
use std::io::IoSlice;

/// What a machine may hold beside what its windows let in: a read, a field block, what is
/// built ahead, the heads of as many exchanges as may be, and all that twice as it grows.
const HELD: usize = 8 << 20;
/// And while nothing is going on: the tables of fields.
const HELD_IDLE: usize = 12 * 1024;

/// The socket at one end.
#[derive(Debug, Default)]
pub(super) struct Socket {
    write_shut: bool,
    pub(super) closed: bool,
}

/// One connection.
pub(super) struct Link {
    pub(super) client: Box<dyn ClientMachine>,
    pub(super) server: Box<dyn ServerMachine>,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    pub(super) client_socket: Socket,
    pub(super) server_socket: Socket,
    pub(super) log: Shared,
    /// When it is cut, and when its server is told to end it.
    pub(super) cut: Option<Mono>,
    pub(super) shutdown: Option<Mono>,
    /// The client has ended it, or was told so.
    pub(super) client_ends: bool,
    pub(super) client_closed: bool,
    /// What may be held for what windows let in, and by TLS.
    pub(super) room: usize,
    pub(super) tls: usize,
}

impl Link {
    pub(super) fn is_over(&self) -> bool {
        self.client_socket.closed && self.server_socket.closed
    }

    /// What both ends want.
    pub(super) fn describe(&self) -> String {
        let (client, server) = (self.client.want(), self.server.want());
        format!("{client:?} {:?}, {server:?} {:?}", self.client_socket, self.server_socket)
    }

    /// What is due by itself: cuts and ends.
    pub(super) fn happens(&mut self, now: Now) -> bool {
        if self.cut.take_if(|at| *at <= now.mono).is_some() {
            self.up.reset(now.mono);
            self.down.reset(now.mono);
            return true;
        }
        let ends = self.shutdown.take_if(|at| *at <= now.mono).is_some();
        if ends {
            self.server.shutdown(now);
        }
        ends
    }

    /// When something is due.
    pub(super) fn next(&self) -> Option<Mono> {
        let of = |machine: &dyn Machine, socket: &Socket, input: &Pipe| {
            let reads = socket.closed || machine.want().read || input.is_reset();
            let arrives = input.next().filter(|_| reads);
            let deadline = machine.deadline().map(|(at, _)| at).filter(|_| !socket.closed);
            arrives.into_iter().chain(deadline).min()
        };
        let client = of(&*self.client, &self.client_socket, &self.down);
        let server = of(&*self.server, &self.server_socket, &self.up);
        [client, server, self.cut, self.shutdown].into_iter().flatten().min()
    }

    /// What must hold at every moment.
    ///
    /// # Errors
    /// What does not.
    pub(super) fn check(&mut self) -> Result<(), String> {
        if let Some(why) = self.log.with(|log| log.wrong.take()) {
            return Err(why);
        }
        let ends: [(&str, &mut dyn Machine, &Socket); 2] = [
            ("client", &mut *self.client, &self.client_socket),
            ("server", &mut *self.server, &self.server_socket),
        ];
        for (name, machine, socket) in ends {
            let (held, want) = (machine.held(), machine.want());
            let idle = !machine.in_exchange() && !want.write;
            let most = if idle && socket.closed {
                HELD_IDLE + self.tls
            } else {
                HELD + self.room + self.tls
            };
            if held > most {
                return Err(format!("the {name} holds {held} bytes: {want:?}"));
            }
            if want.read && machine.read_buf().is_empty() {
                return Err(format!("the {name} wants input, and has no room"));
            }
            if want.write && want.close.is_some() {
                return Err(format!("the {name} closes over what it has not written"));
            }
        }
        Ok(())
    }

    /// Whether both machines are at rest: nothing is open, and little is held.
    ///
    /// # Errors
    /// What is left.
    pub(super) fn rests(&self) -> Result<(), String> {
        let ends: [(&str, &dyn Machine); 2] =
            [("client", &*self.client), ("server", &*self.server)];
        for (name, machine) in ends {
            if machine.in_exchange() || machine.held() > HELD_IDLE + self.tls {
                return Err(format!("the {name} is over, and holds {} bytes", machine.held()));
            }
        }
        Ok(())
    }
}

/// Moves what can be moved at one end; says whether that was anything.
pub(super) fn drive(
    machine: &mut dyn Machine,
    socket: &mut Socket,
    input: &mut Pipe,
    out: &mut Pipe,
    now: Now,
) -> bool {
    if socket.closed {
        // Bytes that come to a closed socket are answered with a reset, as in TCP.
        let came = input.read(usize::MAX, now.mono);
        if let Some(Carried::Bytes(_)) = came {
            out.reset(now.mono);
        }
        return came.is_some();
    }
    let read = read(machine, input, now);
    write(machine, out, now) || read
}

fn read(machine: &mut dyn Machine, input: &mut Pipe, now: Now) -> bool {
    let most = machine.read_buf().len();
    if most == 0 && !input.is_reset() {
        return false;
    }
    match input.read(most, now.mono) {
        None => return false,
        Some(Carried::Bytes(bytes)) => {
            machine.read_buf()[..bytes.len()].copy_from_slice(&bytes);
            machine.filled(bytes.len(), now);
        }
        Some(Carried::Fin) => machine.eof(Eof::Clean, now),
        Some(Carried::Reset) => machine.eof(Eof::Reset, now),
    }
    true
}

fn write(machine: &mut dyn Machine, out: &mut Pipe, now: Now) -> bool {
    let mut any = false;
    while machine.want().write {
        let mut slices = [IoSlice::new(&[]); 8];
        let used = machine.output(&mut slices, now);
        let room = out.room();
        let mut all = Vec::new();
        for slice in &slices[..used] {
            let count = slice.len().min(room.saturating_sub(all.len()));
            all.extend_from_slice(&slice[..count]);
        }
        let count = out.write(&all, now.mono);
        if count == 0 {
            break;
        }
        machine.wrote(count, now);
        any = true;
    }
    any
}

/// Does with the socket what the machine wants; says whether that was anything.
pub(super) fn close(
    machine: &dyn Machine,
    socket: &mut Socket,
    input: &Pipe,
    out: &mut Pipe,
    now: Now,
) -> bool {
    if socket.closed {
        return false;
    }
    match machine.want().close {
        None => return false,
        Some(Close::Linger) if socket.write_shut => return false,
        Some(Close::Linger) => {
            out.fin(now.mono);
            socket.write_shut = true;
        }
        Some(how) => {
            // What was not read turns a close into a reset, as in TCP.
            let unread = input.next().is_some_and(|at| at <= now.mono) && input.is_open();
            match how {
                Close::Graceful if !unread => out.fin(now.mono),
                _ => out.reset(now.mono),
            }
            socket.closed = true;
        }
    }
    true
}
