//! The loop that drives one connection: the six steps of the core's contract
//! on a blocking socket.
//! Decides nothing: it reads, writes, waits and closes as the machine wants.

use crate::conn::Conn;
use crate::control::{Control, Member};
use crate::handler::Handler;
use crate::shared::Shared;
use crate::socket::{Moved, Socket};
use crate::{Body, Request, ResponseWriter};
use purlin_core::{BodyLength, Close, Event, Id, Machine, RequestHead, ServerConfig, Why};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// One connection: its machine, its socket, and who answers.
pub(crate) struct Driver {
    conn: Box<Conn>,
    line: Line,
    /// No byte has come yet.
    untouched: bool,
    /// It has been silent for so long that its buffers were given back.
    silent: bool,
}

/// What stays while the machine is lent.
struct Line {
    /// First, so that it is dropped while `shared` is not.
    _member: Member,
    shared: Arc<Shared>,
    control: Arc<Control>,
    handler: Arc<dyn Handler>,
}

impl Driver {
    pub(crate) fn new(
        socket: Socket,
        config: &Arc<ServerConfig>,
        control: &Arc<Control>,
        handler: &Arc<dyn Handler>,
    ) -> Driver {
        let shared = Arc::new(Shared::new(socket));
        let member = control.enter(Arc::clone(&shared));
        let line = Line {
            shared,
            control: Arc::clone(control),
            handler: Arc::clone(handler),
            _member: member,
        };
        let conn = Box::new(Conn::new(Arc::clone(config), Arc::clone(control)));
        Driver { conn, line, untouched: true, silent: false }
    }

    /// Serves the connection to its end.
    pub(crate) fn run(self) {
        let Driver { mut conn, line, mut untouched, mut silent } = self;
        let how = loop {
            conn.obey();
            match line.answer_all(conn) {
                Some(back) => conn = back,
                None => break Close::Abort,
            }
            let want = conn.machine.want();
            if want.write {
                conn.write_out(&line.shared.socket);
                continue;
            }
            if let Some(how) = want.close.and_then(|how| conn.close(how, &line.shared.socket)) {
                break how;
            }
            let (wait, why) = conn.wait();
            let idle = untouched || why == Some(Why::Idle);
            if idle && want.read {
                untouched &= !line.wait_for_request(&mut conn, wait, &mut silent);
            } else {
                conn.read_in(&line.shared.socket, wait);
            }
        };
        if how == Close::Abort {
            line.shared.socket.reset_on_close();
        }
    }
}

impl Line {
    /// Has every request answered that is there; gives the machine back, or
    /// nothing if the server aborts.
    fn answer_all(&self, mut conn: Box<Conn>) -> Option<Box<Conn>> {
        while let Some(event) = conn.machine.poll_event(conn.now()) {
            match event {
                Event::Request { id, head, body, .. } => {
                    conn = self.answer(conn, id, head, body)?;
                }
                other => conn.note(&other),
            }
        }
        Some(conn)
    }

    /// Lends the machine to the handler until the response is complete.
    fn answer(
        &self,
        mut conn: Box<Conn>,
        id: Id,
        head: RequestHead,
        length: BodyLength,
    ) -> Option<Box<Conn>> {
        conn.input_closed = false;
        let has_body = length != BodyLength::Empty;
        let body = if has_body { Body::of(&self.shared, id) } else { Body::empty() };
        let writer = ResponseWriter::new(Arc::clone(&self.shared), id, head.method());
        self.shared.lend(conn, id, has_body);
        let request = Request::new(head, length, body);
        // A writer that a panic drops answers for it; nothing else is shared with the handler.
        let _ = catch_unwind(AssertUnwindSafe(|| self.handler.serve(request, writer)));
        self.shared.take_back()
    }

    /// Waits for the first byte of a request; says whether any came. A shutdown
    /// of the server ends the wait.
    fn wait_for_request(&self, conn: &mut Conn, wait: Option<u64>, silent: &mut bool) -> bool {
        self.shared.begin_waiting();
        if !self.control.running() {
            self.shared.end_waiting();
            conn.obey();
            return false;
        }
        let moved = if *silent {
            self.shared.socket.wait(wait)
        } else {
            self.shared.socket.read(conn.machine.read_buf(), wait)
        };
        let woken = self.shared.end_waiting();
        conn.deaf |= woken;
        match moved {
            // A byte waits to be read, with room for it.
            Moved::Bytes(_) if *silent => {
                *silent = false;
                false
            }
            Moved::End if woken => {
                conn.took(Moved::Nothing, &self.shared.socket);
                false
            }
            Moved::Nothing => {
                conn.took(moved, &self.shared.socket);
                conn.trim();
                self.shared.lock().trim();
                *silent = true;
                false
            }
            moved => {
                conn.took(moved, &self.shared.socket);
                true
            }
        }
    }
}
