//! A request's body on its way out, beside whatever its connection does else.
//! What it needs next, the request in flight says.

use super::socket::{Beside, Clock, Pieces, Socket};
use crate::in_flight::{Needs, Upload};
use crate::lease::Lease;
use purlin_core::Id;
use purlin_core::exchange::Error;
use std::task::{Context, Poll};

/// Turns of a connection, and pieces of a body, before others get theirs.
pub(super) const TURNS: u32 = 32;

/// Gives the machine what there is of a body on its way out, as far as it takes it.
pub(super) fn feed<S, C, B>(
    slot: &mut Option<Upload<B>>,
    lease: &mut Lease<S>,
    id: Id,
    clock: &mut C,
    mut taken: impl FnMut(),
    cx: &mut Context<'_>,
) -> Result<Beside, Error>
where
    S: Socket<C>,
    C: Clock,
    B: Pieces,
{
    if slot.is_none() {
        return Ok(Beside::Nothing);
    }
    for _ in 0..TURNS {
        // What was not read of it before the connection was lost is there for another attempt.
        let Some(upload) = slot.as_mut().filter(|_| !lease.is_lost()) else {
            return Ok(Beside::Nothing);
        };
        let machine = lease.machine();
        match upload.needs(machine, id, clock.last())? {
            // Room comes with what is written, or else with what the peer says.
            Needs::Room if machine.want().write => return Ok(Beside::More),
            Needs::Room => return Ok(Beside::Nothing),
            Needs::Leave => return Ok(Beside::Nothing),
            Needs::Nothing => *slot = None,
            Needs::Piece => {
                taken();
                let Poll::Ready(piece) = upload.source.poll_piece(cx) else {
                    return Ok(Beside::Comes);
                };
                let (piece, now, more) = (piece?, clock.look(), upload.source.is_at_hand());
                let ends = piece.is_none();
                upload.give(piece, machine, id, now)?;
                if ends || (!more && upload.needs(machine, id, now)? == Needs::Nothing) {
                    *slot = None;
                } else if !more {
                    return Ok(Beside::More);
                }
            }
        }
    }
    Ok(Beside::More)
}
