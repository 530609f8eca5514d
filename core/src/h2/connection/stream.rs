//! What is held for one stream: the two directions of its exchange, and what is to be told.
//! Holds and counts; what a frame or a command does to it is decided beside it.

use super::role::Role;
use crate::error::{ErrorCode, Fault, PeerError};
use crate::h1::client::decide::Bucket;
use crate::h1::decide::Sent;
use crate::h2::credit::Credit;
use crate::h2::priority::Priority;
use crate::h2::window::Window;
use crate::head::{Fields, RequestHead, Status};
use crate::machine::{BodyLength, Event, Facts, Id};
use crate::time::{Mono, Pace, Why};
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// A request that nobody was told of yet.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) head: RequestHead,
    pub(super) body: BodyLength,
    pub(super) expects_continue: bool,
}

/// How far the application is with an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Application {
    /// It was not told of it.
    Unaware,
    /// It owes a response.
    Owes,
    /// It gave a head, and gives content: a response's, or a client's request's.
    Sends,
    /// It gave all, or let go.
    Done,
}

/// How a stream ends before both sides have ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// The peer broke a rule, or was too slow: what it sent is not wanted.
    Broken(Fault),
    /// The peer reset it.
    Reset(ErrorCode),
    /// The connection ended.
    Lost(Fault),
    /// The peer goes, for this reason, and has not looked at it.
    LeftOut(ErrorCode),
    /// The application gave it up.
    GivenUp,
}

impl Gone {
    pub(super) fn fault(self) -> Fault {
        match self {
            Gone::Broken(fault) | Gone::Lost(fault) => fault,
            Gone::LeftOut(_) => Fault::NoResponse,
            Gone::Reset(_) | Gone::GivenUp => Fault::Reset,
        }
    }

    /// Whether what came and is unread may still be read.
    pub(super) fn leaves_what_came(self, client: bool) -> bool {
        match self {
            Gone::Reset(_) | Gone::Lost(_) | Gone::LeftOut(_) => true,
            Gone::Broken(_) => client,
            Gone::GivenUp => false,
        }
    }

    /// The code that says, or would say, what it means for a request.
    pub(super) fn code(self) -> Option<ErrorCode> {
        match self {
            Gone::Reset(code) => Some(code),
            // What it is to be asked in, it says for all that it leaves out.
            Gone::LeftOut(code @ ErrorCode::HTTP_1_1_REQUIRED) => Some(code),
            Gone::LeftOut(_) => Some(ErrorCode::REFUSED_STREAM),
            Gone::Broken(_) | Gone::Lost(_) | Gone::GivenUp => None,
        }
    }
}

/// What a client waits for.
#[derive(Debug)]
pub(super) struct Reply {
    /// Where its request begins, in octets of all output.
    pub(super) begins: u64,
    /// A head of it came, an interim one perhaps.
    pub(super) begun: bool,
    /// The final head came.
    pub(super) is_final: bool,
    /// That said that there is no content.
    pub(super) is_empty: bool,
    /// The content of the request is given piece by piece, and so once.
    pub(super) is_streamed: bool,
    /// How long its first octet may take.
    pub(super) patience: Duration,
    /// Since when a head is waited for, if one is.
    pub(super) since: Mono,
    /// What is waited for, and until when: 100 (Continue), or a head.
    pub(super) wait: Option<(Mono, Why)>,
    pub(super) interims: Bucket,
}

/// What comes in.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) pieces: VecDeque<Bytes>,
    pub(super) unread: u32,
    pub(super) credit: Credit,
    /// Octets that are still to come, if that was said.
    pub(super) left: Option<u64>,
    /// The most that the application takes.
    pub(super) limit: u64,
    pub(super) taken: u64,
    /// Octets that came when nobody was to read them, and were thrown away.
    pub(super) discarded: u64,
    pub(super) trailers: Option<Fields>,
    /// END_STREAM came.
    pub(super) ended: bool,
    /// The end was handed out.
    pub(super) told: bool,
    /// Why the rest will not come.
    pub(super) fault: Option<PeerError>,
    /// Somebody waits for more.
    pub(super) waits: bool,
    /// The peer waits for 100 (Continue).
    pub(super) expects: bool,
    /// How fast it comes, while somebody waits, and when that is too slow.
    pub(super) pace: Pace,
    pub(super) due: Option<Mono>,
}

/// What goes out.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) pieces: VecDeque<Bytes>,
    pub(super) queued: usize,
    pub(super) window: Window,
    pub(super) sent: Sent,
    /// Octets that are still to be given, if that was said.
    pub(super) left: Option<u64>,
    /// It waits for 100 (Continue).
    pub(super) held: bool,
    /// No more will be given.
    pub(super) finished: bool,
    /// It finished with its last octet, and nobody has said so yet.
    pub(super) by_itself: bool,
    /// The rest is not wanted.
    pub(super) stopped: bool,
    pub(super) trailers: Option<Fields>,
    /// END_STREAM is out.
    pub(super) ended: bool,
    pub(super) scheduled: bool,
    /// Somebody waits for room.
    pub(super) waits: bool,
    /// How fast the peer takes it, and when that is too slow.
    pub(super) pace: Pace,
    pub(super) due: Option<Mono>,
}

/// What is to be told, each once.
#[derive(Debug, Default)]
pub(super) struct Tellings {
    /// It stands in the connection's row of those that have something to tell.
    pub(super) queued: bool,
    /// Heads of responses.
    pub(super) answers: VecDeque<Event>,
    pub(super) failed: Option<PeerError>,
    pub(super) reset: Option<ErrorCode>,
    pub(super) upgraded: bool,
    pub(super) readable: bool,
    pub(super) writable: bool,
}

/// What an exchange is remembered by.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) first_byte: Option<Mono>,
    pub(super) head: Option<Mono>,
    pub(super) status: Option<Status>,
    pub(super) sent: u64,
    /// The application was told of it.
    pub(super) known: bool,
    /// Its head and its end are told, whatever the configuration says.
    pub(super) followed: bool,
}

/// One stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) application: Application,
    pub(super) is_head: bool,
    pub(super) is_connect: bool,
    pub(super) priority: Priority,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    pub(super) tell: Tellings,
    pub(super) trace: Trace,
    pub(super) reply: Reply,
}

impl Stream {
    pub(super) fn new(credit: Credit, role: &Role) -> Stream {
        let (body, write) = role.rates();
        Stream {
            application: Application::Unaware,
            is_head: false,
            is_connect: false,
            priority: Priority::default(),
            inbox: Inbox {
                pieces: VecDeque::new(),
                unread: 0,
                credit,
                left: None,
                limit: role.limits().body_bytes,
                taken: 0,
                discarded: 0,
                trailers: None,
                ended: false,
                told: false,
                fault: None,
                waits: false,
                expects: false,
                pace: Pace::new(body),
                due: None,
            },
            outbox: Outbox {
                pieces: VecDeque::new(),
                queued: 0,
                window: Window::default(),
                sent: Sent::Chunked,
                left: None,
                held: false,
                finished: false,
                by_itself: false,
                stopped: false,
                trailers: None,
                ended: false,
                scheduled: false,
                waits: false,
                pace: Pace::new(write),
                due: None,
            },
            tell: Tellings::default(),
            trace: Trace {
                first_byte: None,
                head: None,
                status: None,
                sent: 0,
                known: false,
                followed: false,
            },
            reply: Reply {
                begins: 0,
                begun: false,
                is_final: false,
                is_empty: false,
                is_streamed: false,
                patience: role.patience(),
                since: Mono::ZERO,
                wait: None,
                interims: Bucket::default(),
            },
        }
    }

    /// Whether the exchange is the application's.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.application, Application::Owes | Application::Sends)
    }

    /// What there is to tell of it next.
    pub(super) fn next_event(&mut self, id: Id) -> Option<Event> {
        if !self.is_open() {
            return None;
        }
        if let Some(answer) = self.tell.answers.pop_front() {
            return Some(answer);
        }
        let once = |flag: &mut bool| std::mem::take(flag);
        if once(&mut self.tell.upgraded) {
            Some(Event::Upgraded { id })
        } else if let Some(error) = self.tell.failed.take() {
            Some(Event::Failed { id: Some(id), error })
        } else if let Some(code) = self.tell.reset.take() {
            Some(Event::Reset { id, code: Some(code) })
        } else if once(&mut self.tell.readable) {
            Some(Event::Readable { id })
        } else if once(&mut self.tell.writable) {
            Some(Event::Writable { id })
        } else {
            None
        }
    }

    /// What became of it by now.
    pub(super) fn facts(&self, keep_alive: bool, now: Mono) -> Facts {
        Facts {
            status: self.trace.status,
            first_byte: self.trace.first_byte.unwrap_or(now),
            head: self.trace.head.unwrap_or(now),
            received: self.inbox.taken,
            sent: self.trace.sent,
            keep_alive,
            ..Facts::at(now)
        }
    }

    /// Whether it has content to send and a window with room for it.
    pub(super) fn can_send(&self, first: u32) -> bool {
        !self.outbox.pieces.is_empty() && !self.outbox.held && self.outbox.window.room(first) > 0
    }
}

impl Inbox {
    /// Throws away what is unread, and says how much that was.
    pub(super) fn clear(&mut self) -> u32 {
        self.pieces.clear();
        std::mem::take(&mut self.unread)
    }

    /// Somebody waits: the peer's time runs, unless what comes is no content of HTTP's.
    pub(super) fn watch(&mut self, now: Mono, tunnel: bool) {
        self.waits = true;
        self.due = if tunnel { None } else { self.pace.wait(now) };
    }

    /// Nobody waits for the peer.
    pub(super) fn rest(&mut self, now: Mono) {
        self.pace.rest(now);
        self.due = None;
    }

    /// Whoever waits is to look again; says whether somebody does.
    pub(super) fn wake(&mut self) -> bool {
        std::mem::take(&mut self.waits)
    }
}

impl Outbox {
    /// So much went, or more was given: the peer's time runs while some is left.
    pub(super) fn watch(&mut self, went: usize, now: Mono) {
        if went > 0 {
            self.pace.moved(went, now);
        }
        if self.pieces.is_empty() || self.held || self.sent == Sent::Upgrade {
            self.pace.rest(now);
            self.due = None;
        } else {
            self.due = self.pace.wait(now);
        }
    }

    /// Nothing more of it will go.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.queued = 0;
        self.trailers = None;
    }
}
