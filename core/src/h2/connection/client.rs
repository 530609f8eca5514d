//! The client's commands: requests, how many there may be, and whether there may be more.
//! What a request may be `h1`'s client decides for both protocols; its content is sent by `send`.

use super::Connection;
use super::role::Role;
use super::stream::{Application, Stream};
use crate::error::{CloseReason, Misuse};
use crate::h1::client::decide::{self, Asked};
use crate::h1::decide::Sent;
use crate::h2::frame::settings::MAX_WINDOW;
use crate::h2::head::request;
use crate::head::{RequestHead, Version};
use crate::machine::{Body, ClientMachine, Id, Reuse};
use crate::time::{Now, Why};
use bytes::Bytes;
use std::borrow::Cow;
use std::time::Duration;

/// The highest number of a stream (RFC 9113 §5.1.1).
const HIGHEST: u32 = MAX_WINDOW;

/// What HPACK counts for each field beside its octets (RFC 7541 §4.1).
const FIELD_OVERHEAD: u64 = 32;

type Listed<'a> = Vec<(Cow<'a, [u8]>, Cow<'a, [u8]>)>;

impl ClientMachine for Connection {
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        match self.reuse() {
            Reuse::Now => {}
            Reuse::Later => return Err(Misuse::Busy),
            Reuse::Never(_) => return Err(Misuse::NotReusable),
        }
        // Whatever version the head says, it is HTTP/2 that carries it.
        let asked = decide::request(head, Version::Http2, &body)?;
        // RFC 9113 §8.6
        if asked.upgrade {
            return Err(Misuse::NotUpgradable);
        }
        // RFC 8441 §3
        if head.protocol().is_some() && !self.theirs.enable_connect_protocol {
            return Err(Misuse::ProtocolNotOffered);
        }
        let fields = self.fields_of(head, &asked)?;
        Ok(Id::from(self.begin(&asked, &fields, body, now)))
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        let (number, stream) = self.open(id)?;
        stream.reply.patience = limit;
        if matches!(stream.reply.wait, Some((_, Why::FirstByte))) {
            // It has been counted from there.
            let since = stream.reply.since;
            self.await_answer_since(number, since);
            self.look_at_dues();
        }
        Ok(())
    }

    fn reuse(&self) -> Reuse {
        match self.last_request() {
            Err(reason) => Reuse::Never(reason),
            Ok(()) if self.free() > 0 => Reuse::Now,
            Ok(()) => Reuse::Later,
        }
    }

    fn slots(&self) -> u32 {
        if self.last_request().is_ok() { self.free() } else { 0 }
    }

    fn is_held(&self, id: Id) -> bool {
        let stream = u32::try_from(id).ok().and_then(|number| self.streams.get(number));
        stream.is_some_and(|stream| stream.outbox.held)
    }
}

impl Connection {
    /// Whether there may be one more request at any time; if not, why.
    fn last_request(&self) -> Result<(), CloseReason> {
        let Role::Client { config, .. } = &self.role else {
            return Err(CloseReason::Aborted);
        };
        if let Some(reason) = self.reason {
            return Err(reason);
        }
        if self.peer_goes || self.streams.last() >= HIGHEST {
            return Err(CloseReason::PeerAsked);
        }
        if self.last.is_some() {
            return Err(CloseReason::Shutdown);
        }
        if self.eof.is_some() {
            return Err(CloseReason::PeerClosed);
        }
        if !config.keep_alive && self.streams.last() > 0 {
            return Err(CloseReason::KeepAliveOff);
        }
        Ok(())
    }

    /// Whether the connection has had its last request for a reason of its own.
    pub(super) fn is_used_up(&self) -> Option<CloseReason> {
        if self.role.is_client() { self.last_request().err() } else { None }
    }

    /// How many requests may begin now: those that the application has not let go of count,
    /// as they do with a server.
    fn free(&self) -> u32 {
        let most = self.theirs.max_concurrent_streams.min(self.http2.max_concurrent);
        most.saturating_sub(u32::try_from(self.streams.len()).unwrap_or(u32::MAX))
    }

    /// The fields of a request's block.
    fn fields_of<'a>(&self, head: &'a RequestHead, asked: &Asked) -> Result<Listed<'a>, Misuse> {
        let Role::Client { scheme, .. } = &self.role else { return Err(Misuse::NotReusable) };
        let scheme: &'static str = scheme;
        let is = |name: &[u8], known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let all = request::write(head, scheme).map_err(|_| Misuse::BadHost)?;
        let mut fields: Listed<'a> = all
            .filter(|(name, _)| {
                let left_out = asked.expects_nothing && is(name, "expect");
                !left_out && !is(name, "content-length")
            })
            .collect();
        if let Sent::Length(length) = asked.sent {
            let length = length.to_string().into_bytes();
            fields.push((Cow::Borrowed(b"content-length"), length.into()));
        }
        let octets = |(name, value): &(Cow<'_, [u8]>, Cow<'_, [u8]>)| {
            (name.len() + value.len()) as u64 + FIELD_OVERHEAD
        };
        let size: u64 = fields.iter().map(octets).sum();
        if size > u64::from(self.theirs.max_header_list_size) {
            return Err(Misuse::HeadTooLarge);
        }
        Ok(fields)
    }

    /// Begins a stream by a request that is in order.
    fn begin(&mut self, asked: &Asked, fields: &Listed<'_>, body: Body, now: Now) -> u32 {
        let id = if self.streams.last() == 0 { 1 } else { self.streams.last() + 2 };
        let mut stream = Stream::new(self.new_credit(), &self.role);
        stream.application = Application::Sends;
        stream.is_head = asked.head;
        stream.is_connect = asked.connect;
        stream.trace.known = true;
        stream.reply.begins = self.written + self.out.len() as u64;
        let nothing = matches!(asked.sent, Sent::None | Sent::Length(0));
        let content = match body {
            Body::Empty => Some(Bytes::new()),
            Body::Full(bytes) => Some(bytes),
            // It ends where it begins; the application may say so.
            Body::Length(_) | Body::Stream if nothing => {
                stream.outbox.by_itself = true;
                Some(Bytes::new())
            }
            Body::Length(_) | Body::Stream => None,
        };
        stream.outbox.sent = asked.sent;
        stream.outbox.left = match asked.sent {
            Sent::Length(length) if content.is_none() => Some(length),
            _ => None,
        };
        stream.reply.is_streamed = content.is_none();
        stream.outbox.held = asked.expects;
        if let (true, Role::Client { config, .. }) = (asked.expects, &self.role) {
            stream.reply.wait = Some((now.mono + config.timeouts.expect, Why::Expect));
            self.stale = true;
        }
        // What a tunnel carries comes behind the answer, if that makes it one.
        stream.outbox.finished = asked.connect;
        let ends = nothing && !asked.connect;
        let began = self.streams.begin(id, stream);
        debug_assert!(began, "numbers rise");
        self.write_fields(id, fields.iter().map(|(name, value)| (&name[..], &value[..])), ends);
        if ends {
            self.has_ended(id, now);
        } else if asked.connect {
            self.await_answer(id, now);
        } else if let Some(content) = content {
            self.queue(id, content, now);
            self.finish_content(id, now);
        }
        self.pump(now);
        id
    }
}
