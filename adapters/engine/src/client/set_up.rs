//! A new connection whose layers are being set up: TLS, a tunnel.
//! What is said to whom, the layers know.

use super::socket::{Beside, Clock, Socket};
use crate::lease::Lease;
use crate::line::Turn;
use purlin_core::exchange::{Cause, Error, Exchange};
use purlin_core::{Phase, Reuse};
use std::io;
use std::task::{Context, Poll, ready};

/// Waits until the layers of a new connection are set up.
///
/// # Errors
/// They are not.
pub(super) fn poll_set_up<S, C>(
    lease: &mut Lease<S>,
    exchange: &mut Exchange,
    clock: &mut C,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>>
where
    S: Socket<C>,
    C: Clock,
{
    let mut at = None;
    while !lease.machine().is_ready() {
        let machine = lease.machine();
        let phase = machine.setting_up().unwrap_or(Phase::Tls);
        at = Some(phase);
        exchange.setting_up(phase, clock.last());
        while let Some(event) = machine.poll_event(clock.last()) {
            if let Some((error, _)) = Error::of_event(event) {
                // A layer's own words say more.
                return Poll::Ready(Err(error.because(machine.trouble()).during(phase)));
            }
        }
        if machine.is_ready() {
            break;
        }
        let until = exchange.deadline();
        let turn = ready!(lease.poll_turn(Beside::Nothing, until, clock, cx));
        if turn != Turn::Moved {
            let late = Cause::Io(io::ErrorKind::TimedOut.into());
            return Poll::Ready(Err(Error::new(late).during(phase)));
        }
    }
    // The last word may have had the end behind it.
    Poll::Ready(match (at, lease.machine().reuse()) {
        (Some(phase), Reuse::Never(why)) => Err(Error::new(why).during(phase)),
        _ => Ok(()),
    })
}
