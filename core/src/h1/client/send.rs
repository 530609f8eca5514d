//! The writing side: requests, and the bodies that wait to be asked for.
//! How a request is framed is in `decide`, its text in `h1::write`; this keeps the state.

use super::decide::{self, Bucket};
use super::states::{ReadStep, WriteStep, Writer};
use super::{Connection, Trace};
use crate::body::chunked;
use crate::error::Misuse;
use crate::h1;
use crate::h1::decide::Sent;
use crate::h1::write::{self, Extra};
use crate::head::{Fields, RequestHead, Version};
use crate::machine::{Body, Id, Machine};
use crate::time::{Now, Why};
use bytes::Bytes;

impl Connection {
    /// Sends a head, and the whole body if it is given with it.
    pub(super) fn begin_exchange(&mut self, head: &RequestHead, body: Body) -> Result<Id, Misuse> {
        if self.in_exchange() {
            return Err(Misuse::Busy);
        }
        if !self.is_free() {
            return Err(Misuse::NotReusable);
        }
        self.asked = decide::request(head, &body)?;
        self.forget_last();
        self.write_head(head);
        self.read_step(ReadStep::Request);
        self.sent = self.asked.sent;
        let whole = match body {
            Body::Empty => Some(Bytes::new()),
            Body::Full(bytes) => Some(bytes),
            Body::Length(_) | Body::Stream => None,
        };
        self.to_send = match self.sent {
            Sent::Length(length) if whole.is_none() => length,
            _ => 0,
        };
        if let Some(bytes) = &whole {
            self.trace.sent = bytes.len() as u64;
        }
        match whole {
            whole if self.asked.expects => {
                self.held = whole;
                self.write_step(WriteStep::Hold);
            }
            Some(bytes) => {
                self.out.push(bytes);
                self.write_step(WriteStep::Whole);
            }
            None => self.write_step(WriteStep::Head),
        }
        Ok(self.id)
    }

    /// Makes room for the next exchange.
    fn forget_last(&mut self) {
        self.id += 1;
        self.persists = Ok(());
        (self.told, self.interims) = (false, Bucket::default());
        self.body_limit = self.config.limits.body_bytes;
        self.patience = self.config.timeouts.first_byte;
        self.body_told = false;
        self.unwanted = false;
        self.discarded = 0;
        self.begun = false;
        self.write_pace.restart();
        self.trace = Trace::default();
        (self.notices.readable, self.notices.writable) = (false, false);
    }

    fn write_head(&mut self, head: &RequestHead) {
        let asked = &self.asked;
        let connection = if asked.close || !self.config.keep_alive {
            Some("close")
        } else if asked.version == Version::Http10 && asked.keep_alive {
            Some("keep-alive")
        } else {
            None
        };
        let extra = Extra {
            version: asked.version,
            sent: asked.sent,
            connection,
            date: None,
            expects: !asked.expects_nothing,
        };
        self.out.write(|text| write::request(text, head, &extra));
    }

    pub(super) fn send_data(&mut self, data: &mut Bytes) -> Result<(), Misuse> {
        match self.writer {
            Writer::Body | Writer::Raw => {}
            Writer::Held if self.held.is_none() => {}
            Writer::Stopped => return Err(Misuse::Answered),
            _ => return Err(Misuse::AlreadyFinished),
        }
        if data.is_empty() {
            return Ok(());
        }
        let counted = matches!(self.sent, Sent::None | Sent::Length(_));
        if counted && data.len() as u64 > self.to_send {
            return Err(Misuse::TooMuchBody);
        }
        if self.writer == Writer::Held {
            self.send_waits = true;
        }
        // Whoever waits for room gets it in one piece: every byte that goes out
        // would otherwise become a chunk of one byte.
        if self.send_waits {
            return Ok(());
        }
        // Where nothing is queued there is room, however small the limit.
        let least = usize::from(self.out.is_empty());
        let room = self.config.limits.output_bytes.saturating_sub(self.out.len()).max(least);
        let piece = data.split_to(room.min(data.len()));
        self.send_waits = !data.is_empty();
        if !piece.is_empty() {
            self.send_piece(piece);
        }
        Ok(())
    }

    fn send_piece(&mut self, piece: Bytes) {
        self.to_send = self.to_send.saturating_sub(piece.len() as u64);
        self.trace.sent += piece.len() as u64;
        if self.sent == Sent::Chunked {
            chunked::write_chunk(&mut self.out, piece);
        } else {
            self.out.push(piece);
        }
    }

    pub(super) fn finish_request(
        &mut self,
        trailers: Option<&Fields>,
        now: Now,
    ) -> Result<(), Misuse> {
        match self.writer {
            Writer::Body => {}
            Writer::Held if self.held.is_none() => {}
            Writer::Raw => {
                self.write_step(WriteStep::Finish);
                self.advance(now);
                return Ok(());
            }
            Writer::Stopped => return Err(Misuse::Answered),
            _ => return Err(Misuse::AlreadyFinished),
        }
        if self.to_send > 0 {
            return Err(Misuse::TooLittleBody);
        }
        let trailers = trailers.filter(|trailers| !trailers.is_empty());
        let sent = if self.sent == Sent::None { Sent::Length(0) } else { self.sent };
        h1::decide::trailers(sent, trailers)?;
        if self.sent == Sent::Chunked {
            self.out.write(|text| chunked::write_end(text, trailers));
        }
        // An empty body has nothing to wait with.
        self.timers.clear(Why::Expect);
        self.send_waits = false;
        self.write_step(WriteStep::Finish);
        if self.out.is_empty() {
            self.request_written(now);
        }
        Ok(())
    }

    /// The body may go: the server asked for it, or has been waited for long enough.
    pub(super) fn go_ahead(&mut self) {
        if self.writer != Writer::Held {
            return;
        }
        self.timers.clear(Why::Expect);
        match self.held.take() {
            Some(body) => {
                self.out.push(body);
                self.write_step(WriteStep::Whole);
            }
            None => self.write_step(WriteStep::GoAhead),
        }
        self.wake_send();
    }

    /// The request is answered, or lost: what it still lacks is not wanted any more.
    pub(super) fn stop_sending(&mut self) {
        self.timers.clear(Why::Expect);
        self.timers.clear(Why::Write);
        self.held = None;
        self.write_step(WriteStep::Answer);
        self.wake_send();
    }

    fn wake_send(&mut self) {
        if std::mem::take(&mut self.send_waits) {
            self.notices.writable = true;
        }
    }

    /// Whether HTTP is over, and what is sent and received is the application's affair.
    pub(super) fn is_raw(&self) -> bool {
        matches!(self.writer, Writer::Raw | Writer::RawEnd)
    }

    /// The peer is to take output: its time runs, unless HTTP is over.
    pub(super) fn watch_writing(&mut self, now: Now) {
        if self.is_answered() || self.is_raw() {
            return;
        }
        if let Some(at) = self.write_pace.wait(now.mono) {
            self.timers.set(Why::Write, at);
        }
    }

    /// The server has not taken so much of what was written. While it takes what
    /// is left of the request, it need not answer.
    pub(super) fn output_untaken(&mut self, bytes: usize, now: Now) {
        let earned = self.write_pace.untaken(bytes, now.mono);
        if self.timers.is_set(Why::Write) {
            self.watch_writing(now);
        }
        self.timers.prolong(Why::FirstByte, now.mono + self.patience.min(earned));
    }

    pub(super) fn output_written(&mut self, n: usize, now: Now) {
        if n == 0 || self.out.is_empty() {
            return;
        }
        self.begun = true;
        self.out.consume(n);
        self.write_pace.wrote(n, now.mono);
        if self.out.is_empty() {
            self.write_pace.rest(now.mono);
            self.timers.clear(Why::Write);
            if self.ending.is_some() {
                self.timers.clear(Why::Drain);
            }
            self.request_written(now);
        } else {
            self.watch_writing(now);
        }
        if self.writer != Writer::Held && self.out.len() <= self.config.limits.output_bytes / 2 {
            self.wake_send();
        }
    }

    /// What there is of the request has been written.
    fn request_written(&mut self, now: Now) {
        match self.writer {
            Writer::Held if !self.timers.is_set(Why::Expect) => {
                self.timers.set(Why::Expect, now.mono + self.config.timeouts.expect);
            }
            Writer::End => {
                let told = std::mem::replace(&mut self.trace.written, true);
                self.notices.sent |= self.config.trace && !told;
                self.watch_answer(now);
            }
            _ => {}
        }
    }
}
