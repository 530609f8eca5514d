//! Field blocks: gathered, decoded, and taken for requests, responses or trailers.
//! What is malformed `head` says, and whether one may come `states`; content is elsewhere.

use super::stream::{Application, Asked, Stream};
use super::{Block, Broken, Connection};
use crate::error::Fault;
use crate::h2::buckets::Cap;
use crate::h2::errors::Violation;
use crate::h2::head::request::{self, Rules};
use crate::h2::head::{Refusal, trailers};
use crate::h2::hpack::decode::Outcome;
use crate::h2::hpack::{Error, Limits};
use crate::h2::priority::Priority;
use crate::h2::states::{Came, State, Step, Verdict};
use crate::head::{Method, ResponseHead, Status};
use crate::machine::{Body, BodyLength};
use crate::target::Form;
use crate::time::{Now, Why};

impl Connection {
    /// Part of a field block came.
    pub(super) fn more_of_block(
        &mut self,
        fragment: &[u8],
        end: bool,
        now: Now,
    ) -> Result<(), Broken> {
        let Some(block) = &mut self.block else { return Ok(()) };
        block.frames += 1;
        if block.frames > Cap::FieldBlockFrames.most() {
            return Err(Broken::Cap(Cap::FieldBlockFrames));
        }
        if block.text.len() + fragment.len() > Cap::FieldBlockBytes.most() as usize {
            return Err(Broken::Cap(Cap::FieldBlockBytes));
        }
        block.text.extend_from_slice(fragment);
        if !end {
            return Ok(());
        }
        let Some(block) = self.block.take() else { return Ok(()) };
        self.timers.clear(Why::Head);
        let clip = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
        let limits = Limits {
            list_bytes: clip(self.role.limits().head_bytes),
            fields: clip(self.role.limits().fields),
            decoded: u64::from(Cap::FieldListBytes.most()),
        };
        let outcome = match self.decoder.decode(&block.text, &limits) {
            Ok(outcome) if outcome.size_updates > Cap::SizeUpdates.most() => {
                return Err(Broken::Cap(Cap::SizeUpdates));
            }
            Ok(outcome) => outcome,
            Err(Error::TooMuch) => return Err(Broken::Cap(Cap::FieldListBytes)),
            Err(_) => return Err(Violation::Compression.into()),
        };
        self.fields_came(&block, &outcome, now)
    }

    fn fields_came(&mut self, block: &Block, outcome: &Outcome, now: Now) -> Result<(), Broken> {
        let (id, end_stream) = (block.stream, block.end_stream);
        match self.streams.verdict(id, Came::Headers) {
            Verdict::Break(violation) => self.break_stream(id, violation, now),
            Verdict::Skip => Ok(()),
            Verdict::Take if self.streams.state(id) == State::Idle => {
                self.request(block, outcome, now)
            }
            Verdict::Take if self.awaits_head(id) => self.response(block, outcome, now),
            Verdict::Take => self.trailers(id, outcome, end_stream, now),
        }
    }

    /// Whether a response is what is to come next.
    fn awaits_head(&self, id: u32) -> bool {
        self.role.is_client() && self.streams.get(id).is_some_and(|s| !s.reply.is_final)
    }

    /// A stream begins.
    fn request(&mut self, block: &Block, outcome: &Outcome, now: Now) -> Result<(), Broken> {
        let (id, end_stream) = (block.stream, block.end_stream);
        if self.last.is_some_and(|last| id > last) {
            // RFC 9113 §6.8: what is begun behind a GOAWAY is ignored, and what follows on it.
            self.streams.refuse(id);
            return Ok(());
        }
        if self.streams.len() >= self.role.http2().max_concurrent as usize {
            self.streams.refuse(id);
            return self.break_stream(id, Violation::TooManyStreams, now);
        }
        let read = if outcome.too_large {
            Err(Refusal::Answer(Fault::HeadTooLarge))
        } else {
            request::read(&outcome.list, self.rules())
        };
        let mut stream = Stream::new(self.new_credit(), &self.role);
        (stream.trace.first_byte, stream.trace.head) = (Some(block.began), Some(now.mono));
        let fault = match read {
            Err(Refusal::Malformed(_)) => {
                self.streams.refuse(id);
                return self.break_stream(id, Violation::MalformedMessage, now);
            }
            Err(Refusal::Answer(fault)) => {
                let mut fields = outcome.list.iter();
                stream.is_head =
                    fields.any(|field| field.name == b":method" && field.value == b"HEAD");
                Some(fault)
            }
            Ok(request) => {
                let length = request.content_length;
                if end_stream && length.is_some_and(|length| length > 0) {
                    self.streams.refuse(id);
                    return self.break_stream(id, Violation::ContentLength, now);
                }
                stream.takes(request, end_stream);
                None
            }
        };
        self.timers.clear(Why::Idle);
        self.streams.begin(id, stream);
        if end_stream {
            self.streams.step(id, Step::PeerEnds);
        }
        match fault {
            Some(fault) => self.answer_fault(id, fault, now),
            None if self.is_about_the_server(id) => self.answer_options(id, now),
            None => self.tell(id),
        }
        Ok(())
    }

    /// `OPTIONS *` asks about the server as a whole (RFC 9110 §9.3.7).
    fn is_about_the_server(&self, id: u32) -> bool {
        let asked = self.streams.get(id).and_then(|stream| stream.tell.asked.as_ref());
        self.role.server().is_some_and(|config| config.general_options)
            && asked.is_some_and(|asked| asked.head.form() == Form::Asterisk)
    }

    fn answer_options(&mut self, id: u32, now: Now) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.tell.asked = None;
            stream.application = Application::Owes;
        }
        let answered = self.send_head(id, &ResponseHead::new(Status::OK), Body::Empty, now);
        debug_assert_eq!(answered, Ok(()));
    }

    fn rules(&self) -> Rules {
        Rules {
            http: !self.role.server().is_some_and(|config| config.secure),
            https: true,
            extended_connect: self.role.http2().extended_connect,
            method_bytes: self.role.limits().method_bytes,
            target_bytes: self.role.limits().target_bytes,
        }
    }

    fn trailers(
        &mut self,
        id: u32,
        outcome: &Outcome,
        end_stream: bool,
        now: Now,
    ) -> Result<(), Broken> {
        if !end_stream {
            return self.break_stream(id, Violation::TrailersGoOn, now);
        }
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        let read = if outcome.too_large { None } else { trailers::read(&outcome.list).ok() };
        match read {
            // RFC 9113 §8.5: a tunnel carries DATA alone.
            Some(_) if stream.is_connect => self.break_stream(id, Violation::MalformedMessage, now),
            None => self.break_stream(id, Violation::MalformedMessage, now),
            Some(trailers) => {
                stream.inbox.trailers = Some(trailers).filter(|trailers| !trailers.is_empty());
                self.content_ends(id, now)
            }
        }
    }
}

impl Stream {
    /// Takes a request in, to be told.
    fn takes(&mut self, request: request::Request, end_stream: bool) {
        let request::Request { head, content_length, expects_continue } = request;
        self.is_head = *head.method() == Method::HEAD;
        self.is_connect = *head.method() == Method::CONNECT;
        if let Some(value) = head.fields().get_bytes("priority") {
            self.priority = Priority::parse(value);
        }
        let body = match content_length {
            _ if end_stream => BodyLength::Empty,
            Some(0) => BodyLength::Empty,
            Some(length) => BodyLength::Known(length),
            // What a tunnel carries is no content, and comes behind the answer.
            None if self.is_connect => BodyLength::Empty,
            None => BodyLength::Unknown,
        };
        self.inbox.left = content_length;
        self.inbox.ended = end_stream;
        let expects_continue = expects_continue && !end_stream;
        self.inbox.expects = expects_continue;
        self.tell.asked = Some(Box::new(Asked { head, body, expects_continue }));
    }
}
