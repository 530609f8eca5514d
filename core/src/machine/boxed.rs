//! A machine behind a box is a machine: of what kind is decided while a program runs.

use super::{Body, ClientMachine, Eof, Event, Id, Machine, Recv, Reuse, Want};
use crate::error::{Misuse, Phase};
use crate::head::{Fields, RequestHead};
use crate::secure::Secured;
use crate::time::{Mono, Now, Why};
use bytes::Bytes;
use std::io::IoSlice;
use std::time::Duration;

impl<M: Machine + ?Sized> Machine for Box<M> {
    fn read_buf(&mut self) -> &mut [u8] {
        (**self).read_buf()
    }

    fn filled(&mut self, n: usize, now: Now) {
        (**self).filled(n, now);
    }

    fn eof(&mut self, how: Eof, now: Now) {
        (**self).eof(how, now);
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        (**self).poll_event(now)
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        (**self).output(slices, now)
    }

    fn wrote(&mut self, n: usize, now: Now) {
        (**self).wrote(n, now);
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        (**self).deadline()
    }

    fn untaken(&mut self, bytes: usize, now: Now) {
        (**self).untaken(bytes, now);
    }

    fn tick(&mut self, now: Now) {
        (**self).tick(now);
    }

    fn want(&self) -> Want {
        (**self).want()
    }

    fn trim(&mut self, now: Now) {
        (**self).trim(now);
    }

    fn in_exchange(&self) -> bool {
        (**self).in_exchange()
    }

    fn is_open(&self, id: Id) -> bool {
        (**self).is_open(id)
    }

    fn held(&self) -> usize {
        (**self).held()
    }

    fn surplus(&self) -> usize {
        (**self).surplus()
    }

    fn allow_surplus(&mut self, bytes: usize) {
        (**self).allow_surplus(bytes);
    }

    fn receive(&mut self, bytes: &[u8], now: Now) -> usize {
        (**self).receive(bytes, now)
    }

    fn transmit(&mut self, out: &mut Vec<u8>, max: usize, now: Now) -> usize {
        (**self).transmit(out, max, now)
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        (**self).send(id, data, now)
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        (**self).finish(id, trailers, now)
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        (**self).recv(id, now)
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        (**self).prefetch(id, most, now)
    }

    fn is_flushed(&self, id: Id) -> bool {
        (**self).is_flushed(id)
    }

    fn flush(&mut self, id: Id) -> bool {
        (**self).flush(id)
    }

    fn negotiated(&mut self, alpn: Option<&[u8]>, now: Now) {
        (**self).negotiated(alpn, now);
    }

    fn carries_many(&self) -> bool {
        (**self).carries_many()
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        (**self).discard(id, now)
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        (**self).reset(id, now)
    }

    fn shutdown(&mut self, now: Now) {
        (**self).shutdown(now);
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        (**self).limit_body(id, bytes)
    }
}

impl<M: ClientMachine + ?Sized> ClientMachine for Box<M> {
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        (**self).request(head, body, now)
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        (**self).limit_wait(id, limit)
    }

    fn reuse(&self) -> Reuse {
        (**self).reuse()
    }

    fn setting_up(&self) -> Option<Phase> {
        (**self).setting_up()
    }

    fn is_ready(&self) -> bool {
        (**self).is_ready()
    }

    fn slots(&self) -> u32 {
        (**self).slots()
    }

    fn is_held(&self, id: Id) -> bool {
        (**self).is_held(id)
    }

    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        (**self).trouble()
    }

    fn tls(&self) -> Option<Secured> {
        (**self).tls()
    }
}
