//! One connection as a task: the engine's driver, over the reactor.
//! How it is served, the engine decides.

use super::accept::Arrival;
use super::shard::Shard;
use crate::link::Reactor;
use purlin_engine::served::{Alarm, Driver, Entry, Service};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A connection that is served. Its shard is free once it has ended.
pub(super) struct Connection<'p, K: Service> {
    driver: Driver<'p, Shard<K>, Reactor<Alarm<'p>>>,
    _entry: Entry,
}

impl<'p, K: Service> Connection<'p, K> {
    pub(super) fn new(shard: &'p Shard<K>, arrival: Arrival) -> Self {
        let Arrival { stream, peer, secured, shared, entry } = arrival;
        let (values, watch) = shard.common.welcome(peer, secured);
        let wire = Reactor::new(stream, Alarm::new(&shard.alarms));
        Connection { driver: Driver::new(shard, wire, shared, values, watch), _entry: entry }
    }
}

impl<K: Service> Future for Connection<'_, K> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.driver).poll(cx)
    }
}
