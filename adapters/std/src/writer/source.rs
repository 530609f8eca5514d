//! Sends a response whose bytes a source gives.
//! Decides nothing about framing: the length, if it is known, comes with the source.

use super::{ResponseWriter, Stage};
use crate::{Error, Source};
use bytes::BytesMut;
use purlin_core::{Body, ServerMachine};
use std::io::{self, ErrorKind, Read};

/// The most a source is asked for at a time.
const PIECE: usize = 64 * 1024;

impl ResponseWriter {
    /// Sends what a source gives. The first piece is read before the head goes
    /// out, so that a source that fails at once can be answered with 500.
    pub(super) fn send_source(&mut self, body: Body, mut source: Source) -> Result<(), Error> {
        let mut buffer = BytesMut::new();
        let mut count = 0;
        if !self.draft.head_only {
            buffer.resize(PIECE, 0);
            count = read_piece(&mut source, &mut buffer)?;
        }
        {
            let mut slot = self.shared.enter(self.id)?;
            let conn = slot.conn(self.id)?;
            let now = conn.clock.look();
            conn.machine
                .respond(self.id, &self.draft.head, body, now)
                .map_err(|misuse| conn.explain(misuse))?;
            self.draft.stage = Stage::Open;
        }
        while count > 0 {
            let whole = buffer.freeze();
            let slot = self.shared.enter(self.id)?;
            let slot = self.shared.send(slot, self.id, whole.slice(..count))?;
            let mut slot = self.shared.write_out(slot);
            slot.conn(self.id)?.still_open()?;
            drop(slot);
            // The machine has let go of what was written: the store can be used again.
            buffer = whole.try_into_mut().unwrap_or_else(|_| BytesMut::zeroed(PIECE));
            count = read_piece(&mut source, &mut buffer)?;
        }
        self.end()
    }
}

fn read_piece(source: &mut Source, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
