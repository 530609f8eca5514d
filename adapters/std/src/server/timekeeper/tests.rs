use super::*;
use crate::{Request, Server};
use purlin_core::observe::Address;
use purlin_net::{Accepted, Stream};
use std::io::Write;
use std::os::unix::net::UnixStream;

/// A connection that waits here, and has something to read.
fn ready(common: &Arc<Common>) -> UnixStream {
    let (stream, mut peer) = UnixStream::pair().unwrap();
    let (remote, local) = (Address::Memory, Address::Memory);
    let accepted = Accepted::new(Stream::Unix(stream), remote, local);
    common.begin(common.welcome(accepted).into_iter().collect());
    peer.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    peer
}

#[test]
fn no_more_is_queued_once_there_is_as_much_as_there_may_be_threads() {
    let common = Server::new(|_: Request| "hello").workers(2).alone().unwrap();
    let clock = Clock::new();
    // It only begins to look, each time: no threads are made.
    let mut keeper = Timekeeper { common: Arc::clone(&common), clock, seen: Seen::default() };
    let _first = [ready(&common), ready(&common), ready(&common)];
    keeper.relieve();
    assert_eq!((common.pool.queued(), common.pool.is_full()), (3, true));
    let _more = [ready(&common), ready(&common)];
    keeper.seen.busy = false;
    keeper.relieve();
    assert_eq!(common.pool.queued(), 3, "the others are left where they wait");
    let all = [(); 2].map(|()| common.pool.pop());
    assert!(!common.pool.is_full());
    keeper.seen.busy = false;
    keeper.relieve();
    assert_eq!(common.pool.queued(), 3);
    drop(all);
}
