//! Two machines and the wire between them: bytes go as the machines want, in
//! pieces of any size, and the ends of the socket are obeyed.

use crate::rng::Rng;
use purlin_core::{Close, Eof, Machine, Now};

/// A client's and a server's machine that talk to each other.
pub struct Pair<C, S> {
    /// The client's.
    pub client: C,
    /// The server's.
    pub server: S,
    /// What a turn moves at most, each way.
    pub most: usize,
    /// What the client's socket has been told: its writing half is shut, it is closed.
    pub client_end: End,
    /// The same of the server's.
    pub server_end: End,
    /// The present.
    pub now: Now,
    rng: Rng,
}

/// How far a socket has been closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Not at all.
    #[default]
    Open,
    /// Its writing half.
    Half,
    /// All of it.
    Closed,
    /// With a reset.
    Reset,
}

impl<C: Machine, S: Machine> Pair<C, S> {
    /// Moves at most `most` bytes a turn, and fewer by chance.
    pub fn new(client: C, server: S, most: usize, seed: u64) -> Pair<C, S> {
        let (client_end, server_end) = Default::default();
        let now = Now::default();
        Pair { client, server, most, client_end, server_end, now, rng: Rng::new(seed) }
    }

    /// Moves bytes once each way; says whether anything happened.
    pub fn turn(&mut self) -> bool {
        let Pair { client, server, most, client_end, server_end, now, rng } = self;
        let mut piece = || rng.range(1, *most);
        let there = carry(client, client_end, server, *server_end, piece(), *now);
        let back = carry(server, server_end, client, *client_end, piece(), *now);
        there | back
    }

    /// Moves bytes until nothing happens any more.
    pub fn settle(&mut self) {
        while self.turn() {}
    }
}

fn carry(
    from: &mut impl Machine,
    from_end: &mut End,
    to: &mut impl Machine,
    to_end: End,
    most: usize,
    now: Now,
) -> bool {
    check(from, now);
    let room = if to_end < End::Closed { to.read_buf().len() } else { 0 };
    let mut bytes = Vec::new();
    if *from_end == End::Open && room > 0 {
        from.transmit(&mut bytes, most.min(room), now);
        let taken = to.receive(&bytes, now);
        assert_eq!(taken, bytes.len(), "there was room for them");
    }
    let end = match from.want().close {
        None => End::Open,
        Some(Close::Linger) => End::Half,
        Some(Close::Graceful) => End::Closed,
        Some(Close::Abort) => End::Reset,
    };
    let news = end > *from_end;
    if news {
        let was_open = *from_end == End::Open;
        *from_end = end;
        match end {
            End::Reset => to.eof(Eof::Reset, now),
            _ if was_open => to.eof(Eof::Clean, now),
            _ => {}
        }
    }
    news || !bytes.is_empty()
}

/// What every machine promises at every moment.
fn check(machine: &mut impl Machine, now: Now) {
    let want = machine.want();
    assert_eq!(want.read, !machine.read_buf().is_empty(), "want().read tells the truth");
    let mut slices = [std::io::IoSlice::new(&[]); 4];
    let writes = machine.output(&mut slices, now) > 0;
    assert_eq!(want.write, writes, "want().write tells the truth");
    assert!(!(want.write && want.close.is_some()), "nothing closes over unwritten output");
}
