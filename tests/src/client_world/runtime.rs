//! What the engine's run needs of a world: its time, sockets that are ends of wires, sources
//! that take their time, and dials that fail or never end.

use super::client::{Client, Dial, Fate};
use super::errand::{Piece, Source};
use super::net::{Excuse, Waits};
use super::peer::draw;
use super::world::Broken;
use super::{layers, setting::Setting};
use crate::sim::wire::Carried;
use bytes::Bytes;
use purlin_core::exchange::Error;
use purlin_core::{ClientMachine, Mono, Now};
use purlin_engine::{
    Beside, Leaving, Line, Moved, Pieces, ReadReady, Ready, Resolver, Runtime, Settings, Ticks,
    Timer, Turn, Wire,
};
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::task::{Context, Poll};

/// A world on this thread.
#[derive(Debug)]
pub(super) struct Sim;

/// The clock of the world on this thread.
pub(super) fn ticks() -> Ticks {
    Ticks::new(|| Client::with(|client| client.now))
}

/// The settings of the client of a world, which finds names by its fate.
pub(super) fn settings(setting: &Setting, broken: Option<Broken>) -> Settings {
    let mut settings = Settings::new().resolver(Resolver::new(|_, port| find(port)));
    settings.policy = (*setting.policy).clone();
    settings.machine = (*setting.machine).clone();
    if broken != Some(Broken::Overfills) {
        settings.pool = setting.pool.clone();
    }
    settings.happy_eyeballs = setting.side_by_side;
    settings.tls = setting.tls.clone();
    settings
}

/// One address or more, of which each has its own fate.
fn find(port: u16) -> io::Result<Vec<SocketAddr>> {
    Client::with(|client| match std::mem::replace(&mut client.finds, Fate::Succeeds) {
        Fate::Fails => Err(io::ErrorKind::NotFound.into()),
        Fate::Succeeds => {
            let count = *client.rng.pick(&[1, 1, 2, 3]);
            Ok((1..=count).map(|last| ([10, 0, 0, last], port).into()).collect())
        }
    })
}

/// The client's end of a wire.
#[derive(Debug)]
pub(super) struct End {
    pub(super) wire: usize,
    /// A read gives all that has come, as it does from a system; else a part may do.
    whole: bool,
    /// What a turn waits for.
    awaits: Awaits,
}

/// What a turn of a socket waits for, as far as it has asked.
#[derive(Debug, Default)]
struct Awaits {
    read: bool,
    write: bool,
    until: Option<Mono>,
}

impl Drop for End {
    fn drop(&mut self) {
        Client::try_with(|client| client.hang_up(self.wire));
    }
}

impl Wire for End {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        Client::with(|client| {
            let (now, number) = (client.now, self.wire);
            let moved = match client.wires[number].hear(room.len(), self.whole, now.mono) {
                None => return Moved::Nothing,
                Some(Carried::Bytes(bytes)) => {
                    room[..bytes.len()].copy_from_slice(&bytes);
                    Moved::Bytes(bytes.len())
                }
                Some(Carried::Fin) => Moved::End,
                Some(Carried::Reset) => Moved::Lost,
            };
            client.trace.client(now, || format!("c{number} reads {moved:?}"));
            moved
        })
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        Client::with(|client| {
            let (now, number) = (client.now, self.wire);
            let wire = &mut client.wires[number];
            if wire.is_reset(now.mono) {
                return Moved::Lost;
            }
            let mut all = Vec::new();
            for slice in slices {
                let count = slice.len().min(wire.up.room().saturating_sub(all.len()));
                all.extend_from_slice(&slice[..count]);
            }
            let count = wire.up.write(&all, now.mono);
            if count == 0 {
                return Moved::Nothing;
            }
            let secret = layers::is_secret(&wire.route);
            draw(&mut client.trace, now, &format!("c{number} >"), &all[..count], secret);
            Moved::Bytes(count)
        })
    }

    fn shut_writing(&mut self) {
        Client::with(|client| {
            let now = client.now.mono;
            client.wires[self.wire].up.pipe().fin(now);
        });
    }

    fn untaken(&self) -> Option<usize> {
        Client::with(|client| match client.broken {
            Some(Broken::CountsWritten) => Some(0),
            _ => Some(client.wires[self.wire].up.untaken()),
        })
    }
}

impl Timer for End {
    fn poll_until(&mut self, at: Mono, _: &mut Context<'_>) -> Poll<()> {
        self.awaits.until = Some(at);
        let due = Client::with(|client| at <= client.now.mono);
        // What is due is looked at as a whole.
        self.whole = due;
        if due { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Ready for End {
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<()> {
        self.awaits.read = true;
        let readable = |client: &mut Client| client.wires[self.wire].is_readable(client.now.mono);
        if Client::with(readable) { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_writable(&mut self, _: &mut Context<'_>) -> Poll<()> {
        self.awaits.write = true;
        let writable = |client: &mut Client| client.wires[self.wire].up.is_writable();
        if Client::with(writable) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A socket of the client's.
#[derive(Debug)]
pub(super) struct Socket(Line<End>);

impl Socket {
    fn new(wire: usize) -> Socket {
        Socket(Line::new(End { wire, whole: true, awaits: Awaits::default() }))
    }

    pub(super) fn wire(&self) -> usize {
        self.0.wire().wire
    }
}

/// The engine's turn, where who waits is noted, and what is broken on purpose.
impl purlin_engine::Socket<Ticks> for Socket {
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        beside: Beside,
        until: Option<Mono>,
        clock: &mut Ticks,
        cx: &mut Context<'_>,
    ) -> Poll<Turn> {
        use purlin_engine::Clock as _;
        if Client::with(|client| client.broken == Some(Broken::ClockFirst)) {
            machine.tick(clock.look());
        }
        let end = self.0.wire_mut();
        (end.whole, end.awaits) = (false, Awaits::default());
        let turn = self.0.poll_turn(machine, beside, until, clock, cx);
        if turn.is_pending() {
            let Awaits { read, write, until } = std::mem::take(&mut self.0.wire_mut().awaits);
            let waits = Waits { waker: cx.waker().clone(), read, write, until };
            Client::with(|client| client.wires[self.wire()].waits = Some(waits));
        }
        turn
    }
}

impl ReadReady for Socket {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        Client::with(|client| client.looks_at(self.wire()));
        self.0.wire_mut().whole = true;
        self.0.read(machine, now);
    }

    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.0.flush(machine, now);
    }

    fn is_lost(&self) -> bool {
        self.0.is_lost()
    }
}

impl Pieces for Source {
    fn is_at_hand(&self) -> bool {
        self.is_steady()
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        Client::with(|client| {
            let now = client.now.mono;
            let Some(asked) = client.asking() else { return Poll::Pending };
            match self.next(now) {
                Piece::Data(piece) => Poll::Ready(Ok(Some(piece))),
                Piece::End => Poll::Ready(Ok(None)),
                Piece::Failed => {
                    asked.excuse = Excuse::Fault;
                    Poll::Ready(Err(Error::of_source(io::ErrorKind::Other)))
                }
                Piece::Later(at) => {
                    if asked.later.as_ref().is_none_or(|(known, _)| *known < at) {
                        asked.own += at.since(now);
                    }
                    asked.later = Some((at, cx.waker().clone()));
                    Poll::Pending
                }
            }
        })
    }
}

/// A socket that is connecting, by its number.
#[derive(Debug)]
pub(super) struct Attempt(usize);

impl Drop for Attempt {
    fn drop(&mut self) {
        Client::try_with(|client| client.dials.remove(&self.0));
    }
}

impl purlin_engine::Attempt<Socket> for Attempt {
    fn poll_connect(&mut self, _: Option<Mono>, cx: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        Client::with(|client| {
            let now = client.now.mono;
            let wire = client.wires.len();
            let Some(dial) = client.dials.get_mut(&self.0) else { return Poll::Pending };
            if dial.ends.is_none_or(|at| at > now) {
                dial.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(match dial.fate {
                // Its wire is there as soon as it is known where it leads.
                Fate::Succeeds => Ok(Socket::new(wire)),
                Fate::Fails => Err(io::ErrorKind::ConnectionRefused.into()),
            })
        })
    }
}

impl Runtime for Sim {
    type Clock = Ticks;
    type Socket = Socket;
    type Source = Source;
    type Dialer = Infallible;
    type Own = Infallible;
    type Attempt = Attempt;

    fn dial(dialer: &Infallible, _: &str, _: u16) -> Infallible {
        match *dialer {}
    }

    fn attempt(address: SocketAddr) -> io::Result<Attempt> {
        Client::with(|client| {
            let number = client.dials.last_key_value().map_or(0, |(last, _)| last + 1);
            let (ends, fate) = client.fate();
            let name = client.current;
            client.trace.client(client.now, || format!("#{name:?} dials {address}"));
            client.dials.insert(number, Dial { ends, fate, waker: None });
            Ok(Attempt(number))
        })
    }

    /// Read out in virtual time, or as far as it has come already.
    fn leave(mut leaving: Leaving<Socket>, clock: &mut Ticks) {
        use purlin_engine::Clock as _;
        let now = clock.last();
        if Client::with(|client| client.setting.waits_for_rest) {
            return Client::with(|client| client.left.push(leaving));
        }
        while leaving.goes_on(now) {
            let Some((socket, machine)) = leaving.lease().parts() else { break };
            if !matches!(socket.0.read(machine, now), Moved::Bytes(_)) {
                break;
            }
        }
    }
}
