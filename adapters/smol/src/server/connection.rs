//! One connection as a task: the engine's driver, over the reactor.
//! How it is served, the engine decides.

use super::accept::Arrival;
use super::roll::Seat;
use crate::alarms::Alarm;
use crate::link::Reactor;
use crate::place::Place;
use purlin_engine::served::{Driver, Service};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A connection that is served. Its seat is free once it has ended.
pub(super) struct Connection<'p, K: Service> {
    driver: Driver<'p, Place<K>, Reactor<Alarm<'p>>>,
    _seat: Seat,
}

impl<'p, K: Service> Connection<'p, K> {
    pub(super) fn new(place: &'p Place<K>, arrival: Arrival) -> Self {
        let Arrival { stream, peer, secured, shared, seat } = arrival;
        let (values, watch) = place.common.welcome(peer, secured);
        let wire = Reactor::new(stream, Alarm::new(&place.alarms));
        Connection { driver: Driver::new(place, wire, shared, values, watch), _seat: seat }
    }
}

impl<K: Service> Future for Connection<'_, K> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.driver).poll(cx)
    }
}
