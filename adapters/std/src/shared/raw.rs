//! Raw bytes: writes that may have to be over by a given time.

use super::Shared;
use crate::Error;
use bytes::Bytes;
use purlin_core::Id;
use std::io;
use std::time::Instant;

impl Shared {
    /// Sends raw bytes, as many as there is room for by then; says how many.
    ///
    /// # Errors
    /// The connection has ended, or there was room for none.
    pub(crate) fn send_until(
        &self,
        id: Id,
        bytes: &[u8],
        until: Option<Instant>,
    ) -> Result<usize, Error> {
        let mut slot = self.enter(id)?;
        let mut data = Bytes::copy_from_slice(bytes);
        loop {
            slot.act(id, |to| to.machine.send(id, &mut data, to.now))?;
            let in_time;
            (slot, in_time) = self.write_until(slot, until);
            let conn = slot.conn(id)?;
            conn.still_open()?;
            conn.note_events();
            let sent = bytes.len() - data.len();
            match in_time {
                true if data.is_empty() => return Ok(sent),
                true => {}
                false if sent > 0 => return Ok(sent),
                false => return Err(late()),
            }
        }
    }
}

/// The time that was given to a read or a write of a raw stream is over.
pub(super) fn late() -> Error {
    Error::Io(io::ErrorKind::WouldBlock.into())
}
