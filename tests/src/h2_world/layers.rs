//! What the machines around a machine have in common: what they hand on, and where they write
//! down what they find.

use std::sync::{Arc, Mutex, PoisonError};

/// What layers find, and what they saw go by.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) wrong: Option<String>,
    /// If anyone wants to know.
    pub(super) frames: Option<Vec<String>>,
}

/// A log that several write to.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Arc<Mutex<Log>>);

impl Shared {
    pub(super) fn new(picture: bool) -> Shared {
        let frames = picture.then(Vec::new);
        Shared(Arc::new(Mutex::new(Log { wrong: None, frames })))
    }

    pub(super) fn with<T>(&self, use_it: impl FnOnce(&mut Log) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn check(&self, result: Result<(), String>) {
        if let Err(why) = result {
            self.with(|log| _ = log.wrong.get_or_insert(why));
        }
    }
}

/// What is handed on as it is.
macro_rules! handed_on {
    () => {
        fn carries_many(&self) -> bool {
            self.inside.carries_many()
        }

        fn in_exchange(&self) -> bool {
            self.inside.in_exchange()
        }

        fn surplus(&self) -> usize {
            self.inside.surplus()
        }

        fn allow_surplus(&mut self, bytes: usize) {
            self.inside.allow_surplus(bytes);
        }

        fn untaken(&mut self, bytes: usize, now: Now) {
            self.inside.untaken(bytes, now);
        }

        fn eof(&mut self, how: Eof, now: Now) {
            self.inside.eof(how, now);
        }

        fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
            self.inside.send(id, data, now)
        }

        fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
            self.inside.finish(id, trailers, now)
        }

        fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
            self.inside.prefetch(id, most, now)
        }

        fn negotiated(&mut self, alpn: Option<&[u8]>, now: Now) {
            self.inside.negotiated(alpn, now);
        }

        fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
            self.inside.reset(id, now)
        }

        fn shutdown(&mut self, now: Now) {
            self.inside.shutdown(now);
        }

        fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
            self.inside.limit_body(id, bytes)
        }
    };
}

macro_rules! sides_handed_on {
    ($layer:ident) => {
        impl<M: ServerMachine> ServerMachine for $layer<M> {
            fn respond(
                &mut self,
                id: Id,
                head: &ResponseHead,
                body: Body,
                now: Now,
            ) -> Result<(), Misuse> {
                self.inside.respond(id, head, body, now)
            }

            fn hijack(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
                self.inside.hijack(id, now)
            }

            fn interim(&mut self, id: Id, head: &ResponseHead, now: Now) -> Result<(), Misuse> {
                self.inside.interim(id, head, now)
            }

            fn follow(&mut self, id: Id) -> Result<(), Misuse> {
                self.inside.follow(id)
            }
        }

        impl<M: ClientMachine> ClientMachine for $layer<M> {
            fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
                self.inside.request(head, body, now)
            }

            fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
                self.inside.limit_wait(id, limit)
            }

            fn reuse(&self) -> Reuse {
                self.inside.reuse()
            }

            fn is_ready(&self) -> bool {
                self.inside.is_ready()
            }

            fn setting_up(&self) -> Option<Phase> {
                self.inside.setting_up()
            }

            fn slots(&self) -> u32 {
                self.inside.slots()
            }

            fn is_held(&self, id: Id) -> bool {
                self.inside.is_held(id)
            }

            fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
                self.inside.trouble()
            }

            fn tls(&self) -> Option<Secured> {
                self.inside.tls()
            }
        }
    };
}

pub(super) use {handed_on, sides_handed_on};
