//! Who is told what becomes of one answer: its head, and its end.
//! Holds what is to be called; the machine's events say when.

use crate::head::ResponseHead;
use crate::machine::{Event, Facts};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

type OnHead = Box<dyn FnOnce(&ResponseHead) + Send>;
type OnEnd = Box<dyn FnOnce(&Facts) + Send>;

/// The functions that are to be called about one answer; the adapters' `Exchange` adds to it.
///
/// The machine tells of the exchange once it is asked to:
/// [`ServerMachine::follow`](crate::ServerMachine::follow).
#[derive(Default)]
pub struct Hooks {
    head: Vec<OnHead>,
    end: Vec<OnEnd>,
}

impl Hooks {
    /// Calls this with the head of the answer, once it is given.
    pub fn on_head(&mut self, call: impl FnOnce(&ResponseHead) + Send + 'static) {
        self.head.push(Box::new(call));
    }

    /// Calls this with what became of the exchange, once it is over.
    pub fn on_end(&mut self, call: impl FnOnce(&Facts) + Send + 'static) {
        self.end.push(Box::new(call));
    }

    /// Adds those of another one behind these.
    pub fn join(&mut self, mut others: Hooks) {
        self.head.append(&mut others.head);
        self.end.append(&mut others.end);
    }

    /// Calls who waits for this event. Gives a panic of theirs, which keeps the
    /// others from nothing.
    pub fn event(&mut self, event: &Event) -> Option<Box<dyn Any + Send>> {
        let mut panic = None;
        let mut guarded = |call: &mut dyn FnMut()| {
            // They share nothing with anybody here.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
                panic = Some(payload);
            }
        };
        match event {
            Event::Answered { head, .. } => {
                for call in self.head.drain(..) {
                    let mut call = Some(call);
                    guarded(&mut || {
                        if let Some(call) = call.take() {
                            call(head);
                        }
                    });
                }
            }
            Event::Done { facts, .. } => {
                for call in self.end.drain(..) {
                    let mut call = Some(call);
                    guarded(&mut || {
                        if let Some(call) = call.take() {
                            call(facts);
                        }
                    });
                }
            }
            _ => {}
        }
        panic
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hooks({}, {})", self.head.len(), self.end.len())
    }
}
