//! A connection: the machine, the socket it is moved through, and the server at its end.

use super::said::Said;
use super::server::Server;
use super::socket::{Moved, Socket};
use purlin_core::client::Connection;
use purlin_core::exchange::{Cause, Error, Route};
use purlin_core::policy::pool::{Back, Kept, Ticket};
use purlin_core::tunnel::{Destination, Tunnel};
use purlin_core::{ClientConfig, ClientMachine, CloseReason, Eof, Machine, Now, Reuse};
use std::io::IoSlice;
use std::sync::Arc;

/// A machine, with whatever is around it.
pub(super) type BoxMachine = Box<dyn ClientMachine>;

/// What connections are shared by: where they lead, and how that was spelled if
/// that is to make a difference.
pub(super) type Key = (String, Route);

/// A connection.
pub(super) struct Conn {
    pub(super) key: Key,
    /// As what it was given, if it is no new one.
    pub(super) kept: Option<Kept>,
    /// What the pool is to know of it when it comes back.
    pub(super) back: Back,
    pub(super) stage: Stage,
    pub(super) socket: Socket,
    pub(super) server: Server,
}

/// How far a connection has come.
pub(super) enum Stage {
    /// It is being made, for this ticket.
    Dialing(Ticket),
    Open(BoxMachine),
    Gone,
}

impl Conn {
    pub(super) fn dial(number: usize, key: Key, ticket: Ticket, now: Now) -> Conn {
        let (stage, server) = (Stage::Dialing(ticket), Server::new(number));
        let back = Back { born: now.mono, ..Back::default() };
        Conn { key, kept: None, back, stage, socket: Socket::default(), server }
    }

    pub(super) fn machine(&mut self) -> Option<&mut BoxMachine> {
        match &mut self.stage {
            Stage::Open(machine) => Some(machine),
            Stage::Dialing(_) | Stage::Gone => None,
        }
    }

    pub(super) fn opened(&self) -> Option<&BoxMachine> {
        match &self.stage {
            Stage::Open(machine) => Some(machine),
            Stage::Dialing(_) | Stage::Gone => None,
        }
    }

    /// Writes what there is to be written; says whether anything moved.
    pub(super) fn write(&mut self, now: Now, said: &mut Vec<Said>) -> bool {
        let Stage::Open(machine) = &mut self.stage else { return false };
        let mut moved = false;
        while machine.want().write {
            let mut slices = [IoSlice::new(&[]); 16];
            let used = machine.output(&mut slices, now);
            moved = true;
            let Some(bytes) = self.socket.write(&slices[..used]) else {
                // What the server said before may still be there.
                read(machine, &mut self.socket, now);
                machine.eof(Eof::Reset, now);
                break;
            };
            machine.wrote(bytes.len(), now);
            self.server.hear(&bytes, said);
        }
        moved
    }

    /// Reads once, if the machine wants to; says whether anything moved.
    pub(super) fn read(&mut self, now: Now) -> bool {
        match &mut self.stage {
            Stage::Open(machine) => read(machine, &mut self.socket, now),
            Stage::Dialing(_) | Stage::Gone => false,
        }
    }

    /// Looks at a connection that nobody uses: whether it takes a request. It may
    /// have ended, or something may have come that nobody asked for.
    pub(super) fn look(&mut self, now: Now) -> Reuse {
        self.read(now);
        let Some(machine) = self.machine() else { return Reuse::Never(CloseReason::PeerClosed) };
        while machine.poll_event(now).is_some() {}
        if machine.want().write { Reuse::Later } else { machine.reuse() }
    }
}

fn read(machine: &mut BoxMachine, socket: &mut Socket, now: Now) -> bool {
    let room = machine.read_buf();
    if room.is_empty() {
        return false;
    }
    match socket.read(room) {
        Moved::Bytes(count) => machine.filled(count, now),
        Moved::End(how) => machine.eof(how, now),
        Moved::Nothing => return false,
    }
    true
}

/// The machines of a route, one around the other. TLS is not played here.
pub(super) fn layers(
    route: &Route,
    config: &Arc<ClientConfig>,
    now: Now,
) -> Result<BoxMachine, Error> {
    if route.is_secure() || route.is_proxy_secure() {
        return Err(Error::new(Cause::Layer("TLS is not played here".into())));
    }
    let machine: BoxMachine = Box::new(Connection::new(config.clone(), now));
    let Some((proxy, host, port)) = route.tunnelled() else { return Ok(machine) };
    let tunnel = Tunnel::new(machine, &Destination::new(proxy, host, port), now);
    let tunnel = tunnel.map_err(|error| Error::new(Cause::Layer(Box::new(error))))?;
    Ok(Box::new(tunnel))
}
