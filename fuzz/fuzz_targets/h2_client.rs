//! Whatever frames a server sends to a client that has asked, and however they are split, nothing panics, what is held is bounded, each request has one end, and the end of all is told once.
//!
//! The first byte says where the input is cut and what is asked; the rest is frames behind the server's SETTINGS.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purlin_core::config::Http2;
use purlin_core::h2::connection::Connection;
use purlin_core::h2::frame::{settings, write};
use purlin_core::{
    Body, ClientConfig, ClientMachine, Eof, Event, Id, Machine, Method, Misuse, Mono, Now, Recv,
    RequestHead,
};
use std::sync::Arc;

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);

/// The most requests of one run.
const MOST: usize = 6;

/// A client, and what it has asked.
struct Asking {
    client: Connection,
    /// The requests that are open, and whether a final head came.
    open: Vec<(Id, bool)>,
    asked: usize,
    closed: usize,
    how: u8,
}

fuzz_target!(|data: &[u8]| {
    let Some((how, frames)) = data.split_first() else { return };
    let http2 = Http2 { max_concurrent: 4, ..Http2::DEFAULT };
    let config = ClientConfig { http2, ..ClientConfig::default() };
    let client = Connection::client(Arc::new(config), false, NOW);
    let mut asking = Asking { client, open: Vec::new(), asked: 0, closed: 0, how: *how };
    let mut hello = Vec::new();
    write::settings(&mut hello, [(settings::INITIAL_WINDOW_SIZE, u32::from(*how) * 100)]);
    asking.go_on();
    let cut = usize::from(*how).min(frames.len());
    for part in [&hello[..], &frames[..cut], &frames[cut..]] {
        let mut rest = part;
        while !rest.is_empty() {
            let taken = asking.client.receive(rest, NOW);
            rest = &rest[taken..];
            asking.go_on();
            if taken == 0 {
                break;
            }
        }
    }
    // Nothing is read ahead of its window, and little is queued.
    assert!(asking.client.held() < 400_000, "{}", asking.client.held());
    asking.client.eof(Eof::Clean, NOW);
    asking.go_on();
    for (id, _) in std::mem::take(&mut asking.open) {
        asking.client.reset(id, NOW).expect("it is open");
    }
    asking.go_on();
    assert_eq!(asking.closed, 1, "everybody has let go");
    assert!(!asking.client.in_exchange() && asking.client.slots() == 0);
    assert!(asking.client.want().close.is_some());
});

impl Asking {
    /// Lets everything happen until nothing moves.
    fn go_on(&mut self) {
        let mut out = Vec::new();
        loop {
            let mut moved = self.ask();
            moved |= self.client.transmit(&mut out, usize::MAX, NOW) > 0;
            while let Some(event) = self.client.poll_event(NOW) {
                moved = true;
                self.event(event);
            }
            assert!(self.open.len() <= 4);
            for (id, answered) in std::mem::take(&mut self.open) {
                let over = answered && self.read(id, &mut moved);
                if !over {
                    self.open.push((id, answered));
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Response { id, .. } => {
                let open = self.open.iter_mut().find(|(known, _)| *known == id);
                let (_, answered) = open.expect("it was asked, and has not failed");
                assert!(!std::mem::replace(answered, true), "one response is final");
            }
            Event::Failed { id: Some(id), .. } => {
                let place = self.open.iter().position(|(known, _)| *known == id);
                let (_, answered) = self.open.remove(place.expect("it fails once"));
                assert!(!answered, "what has begun fails where it is read");
                // With the connection it is over.
                let _ = self.client.discard(id, NOW);
            }
            Event::Closed(_) => {
                self.closed += 1;
                self.open.clear();
            }
            Event::Reset { .. } | Event::Request { .. } => panic!("{event:?} is for a server"),
            _ => {}
        }
    }

    /// Makes a request, if there is room for one more.
    fn ask(&mut self) -> bool {
        if self.asked == MOST || self.client.slots() == 0 {
            return false;
        }
        let (method, body) = match (usize::from(self.how) + self.asked) % 4 {
            0 => (Method::GET, Body::Empty),
            1 => (Method::POST, Body::Full(vec![b'x'; usize::from(self.how) * 300].into())),
            2 => (Method::CONNECT, Body::Empty),
            _ => (Method::HEAD, Body::Empty),
        };
        let target = if method == Method::CONNECT { "a.test:443" } else { "/" };
        let mut head = RequestHead::new(method, target).expect("it is a target");
        head.fields_mut().append("Host", "a.test:443").expect("it is a field");
        if self.how % 5 == 0 {
            head.fields_mut().append("Expect", "100-continue").expect("it is a field");
        }
        match self.client.request(&head, body, NOW) {
            Ok(id) => self.open.push((id, false)),
            // The peer takes no such head, and no other.
            Err(Misuse::HeadTooLarge) => {}
            Err(misuse) => panic!("there was room: {misuse}"),
        }
        self.asked += 1;
        true
    }

    /// Reads of a response; says whether that is over.
    fn read(&mut self, id: Id, moved: &mut bool) -> bool {
        match self.client.recv(id, NOW) {
            Recv::Pending => false,
            Recv::Data(data) => {
                assert!(!data.is_empty());
                *moved = true;
                false
            }
            Recv::End(_) | Recv::Failed(_) => {
                *moved = true;
                // One that was read to its end may be over by itself.
                let _ = self.client.discard(id, NOW);
                true
            }
        }
    }
}
