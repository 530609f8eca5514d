//! Field blocks: gathered, decoded, and taken for requests, responses or trailers.
//! What is malformed `head` says, and whether one may come `states`; content is elsewhere.

use super::stream::{Application, Asked, Stream};
use super::{Begun, Broken, Connection};
use crate::error::Fault;
use crate::h2::buckets::Cap;
use crate::h2::errors::Violation;
use crate::h2::head::request::{self, Request, Rules};
use crate::h2::head::{Refusal, trailers};
use crate::h2::hpack::decode::{Decoded, Outcome};
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
        self.block_is_whole(block.begun, &block.text, now)
    }

    /// A field block is all here.
    pub(super) fn block_is_whole(
        &mut self,
        begun: Begun,
        block: &[u8],
        now: Now,
    ) -> Result<(), Broken> {
        if block.len() > Cap::FieldBlockBytes.most() as usize {
            return Err(Broken::Cap(Cap::FieldBlockBytes));
        }
        let changes = self.decoder.changes();
        let known = changes.and_then(|changes| self.again.find(block, [changes, 0, 0]));
        if let Some(request) = known.filter(|_| self.streams.state(begun.stream) == State::Idle) {
            let request = request.clone();
            return match self.is_not_taken(begun.stream, now)? {
                true => Ok(()),
                false => self.begins(begun, Ok(request), false, now),
            };
        }
        let clip = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
        let limits = Limits {
            list_bytes: clip(self.role.limits().head_bytes),
            fields: clip(self.role.limits().fields),
            decoded: u64::from(Cap::FieldListBytes.most()),
        };
        let outcome = match self.decoder.decode(block, &limits) {
            Ok(outcome) if outcome.size_updates > Cap::SizeUpdates.most() => {
                return Err(Broken::Cap(Cap::SizeUpdates));
            }
            Ok(outcome) => outcome,
            Err(Error::TooMuch) => return Err(Broken::Cap(Cap::FieldListBytes)),
            Err(_) => return Err(Violation::Compression.into()),
        };
        // A block that changes the table says something else the next time.
        let changes = changes.filter(|changes| self.decoder.changes() == Some(*changes));
        let done = self.fields_came(begun, &outcome, changes.map(|changes| (block, changes)), now);
        self.decoder.take_back(outcome.list);
        done
    }

    fn fields_came(
        &mut self,
        begun: Begun,
        outcome: &Outcome,
        block: Option<(&[u8], u64)>,
        now: Now,
    ) -> Result<(), Broken> {
        let Begun { stream: id, end_stream, .. } = begun;
        match self.streams.verdict(id, Came::Headers) {
            Verdict::Break(violation) => self.break_stream(id, violation, now),
            Verdict::Skip => Ok(()),
            Verdict::Take if self.streams.state(id) == State::Idle => {
                self.request(begun, outcome, block, now)
            }
            Verdict::Take if self.awaits_head(id) => self.response(begun, outcome, now),
            Verdict::Take => self.trailers(id, outcome, end_stream, now),
        }
    }

    /// Whether a response is what is to come next.
    fn awaits_head(&self, id: u32) -> bool {
        self.role.is_client() && self.streams.get(id).is_some_and(|s| !s.reply.is_final)
    }

    /// A request came, by a block that may come again where that is given.
    fn request(
        &mut self,
        begun: Begun,
        outcome: &Outcome,
        block: Option<(&[u8], u64)>,
        now: Now,
    ) -> Result<(), Broken> {
        if self.is_not_taken(begun.stream, now)? {
            return Ok(());
        }
        let read = if outcome.too_large {
            Err(Refusal::Answer(Fault::HeadTooLarge))
        } else {
            request::read(&outcome.list, self.rules())
        };
        if let (Ok(request), Some((block, changes))) = (&read, block) {
            self.again.came(block, [changes, 0, 0], || request.clone());
        }
        let is_head = |field: Decoded<'_>| field.name == b":method" && field.value == b"HEAD";
        let is_head = read.is_err() && outcome.list.iter().any(is_head);
        self.begins(begun, read, is_head, now)
    }

    /// Whether a stream that would begin is refused, or passed over.
    fn is_not_taken(&mut self, id: u32, now: Now) -> Result<bool, Broken> {
        if self.last.is_some_and(|last| id > last) {
            // RFC 9113 §6.8: what is begun behind a GOAWAY is ignored, and what follows on it.
            self.streams.refuse(id);
            return Ok(true);
        }
        if self.streams.len() >= self.http2.max_concurrent as usize {
            self.streams.refuse(id);
            self.break_stream(id, Violation::TooManyStreams, now)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// A stream begins; `is_head` says of what method it is where nothing else is known.
    fn begins(
        &mut self,
        begun: Begun,
        read: Result<Request, Refusal>,
        is_head: bool,
        now: Now,
    ) -> Result<(), Broken> {
        let Begun { stream: id, end_stream, at } = begun;
        let mut stream = Stream::new(self.new_credit(), &self.role);
        (stream.trace.first_byte, stream.trace.head) = (Some(at), Some(now.mono));
        let fault = match read {
            Err(Refusal::Malformed(_)) => {
                self.streams.refuse(id);
                return self.break_stream(id, Violation::MalformedMessage, now);
            }
            Err(Refusal::Answer(fault)) => {
                stream.is_head = is_head;
                Some(fault)
            }
            Ok(request) => {
                let length = request.content_length;
                if end_stream && length.is_some_and(|length| length > 0) {
                    self.streams.refuse(id);
                    return self.break_stream(id, Violation::ContentLength, now);
                }
                self.asked.push_back((id, stream.takes(request, end_stream)));
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
        self.role.server().is_some_and(|config| config.general_options)
            && self.asked.back().is_some_and(|(asked, request)| {
                *asked == id && request.head.form() == Form::Asterisk
            })
    }

    fn answer_options(&mut self, id: u32, now: Now) {
        self.asked.pop_back();
        if let Some(stream) = self.streams.get_mut(id) {
            stream.application = Application::Owes;
        }
        let answered = self.send_head(id, &ResponseHead::new(Status::OK), Body::Empty, now);
        debug_assert_eq!(answered, Ok(()));
    }

    fn rules(&self) -> Rules {
        Rules {
            http: !self.role.server().is_some_and(|config| config.secure),
            https: true,
            extended_connect: self.http2.extended_connect,
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
    /// Takes a request in, and says what is to be told of it.
    fn takes(&mut self, request: Request, end_stream: bool) -> Asked {
        let Request { head, content_length, expects_continue } = request;
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
        Asked { head, body, expects_continue }
    }
}
