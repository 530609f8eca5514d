//! The limits and timeouts of a server, one by one.
//! Sets numbers; what they mean, and what is done at a limit, the core knows.

use super::Server;
use purlin_core::config::FaultAnswer;
use purlin_core::{Leniency, Rate, ServerConfig};
use std::time::Duration;

impl Server {
    /// Sets all limits and timeouts of its connections. The methods below change single ones.
    ///
    /// ```
    /// # use purlin_std::{Request, Server, ServerConfig};
    /// let config = ServerConfig { date: false, ..ServerConfig::default() };
    /// let server = Server::new(|_: Request| "hello\n").config(config);
    /// # let _ = server;
    /// ```
    pub fn config(mut self, config: ServerConfig) -> Server {
        self.config = config;
        self
    }

    /// Sets how many bytes a request body may have, 16 MiB unless it is set; a
    /// handler may change it for its own. More is answered with 413.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").body_limit(1 << 30);
    /// # let _ = server;
    /// ```
    pub fn body_limit(mut self, bytes: u64) -> Server {
        self.config.limits.body_bytes = bytes;
        self
    }

    /// Sets how many bytes a head may have, and a trailer section; 64 KiB unless
    /// it is set. More is answered with 431.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").head_limit(8 * 1024);
    /// # let _ = server;
    /// ```
    pub fn head_limit(mut self, bytes: usize) -> Server {
        self.config.limits.head_bytes = bytes;
        self
    }

    /// Sets how many bytes all connections may hold together beyond what each may hold
    /// whatever others do: 64 MiB unless it is set.
    ///
    /// A connection's share is 64 KiB of what it sends, and 16 KiB of what came and
    /// nobody has asked for; with that it is served, in smaller steps. Who moves much gets
    /// more, up to its limits, and less the more others hold: clients that read nothing of
    /// large responses, or whose uploads nobody reads, take memory from each other and not
    /// from those beside them.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").buffer_budget(16 << 20);
    /// # let _ = server;
    /// ```
    pub fn buffer_budget(mut self, bytes: usize) -> Server {
        self.buffers = bytes;
        self
    }

    /// Sets how long a head may take to arrive, from its first byte, or from the
    /// start of the connection for the first one; 30 s unless it is set. Then
    /// the answer is 408, or none if no byte came.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(|_: Request| "hello\n").head_timeout(Duration::from_secs(5));
    /// # let _ = server;
    /// ```
    pub fn head_timeout(mut self, timeout: Duration) -> Server {
        self.config.timeouts.head = timeout;
        self
    }

    /// Sets how long a connection may be idle between two requests; 75 s unless it is set.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(|_: Request| "hello\n").idle_timeout(Duration::from_secs(10));
    /// # let _ = server;
    /// ```
    pub fn idle_timeout(mut self, timeout: Duration) -> Server {
        self.config.timeouts.idle = timeout;
        self
    }

    /// Sets how long exchanges may take to end once a graceful stop began; 30 s
    /// unless it is set. The stop has a deadline of its own, and the earlier one counts.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(|_: Request| "hello\n").drain_timeout(Duration::from_secs(5));
    /// # let _ = server;
    /// ```
    pub fn drain_timeout(mut self, timeout: Duration) -> Server {
        self.config.timeouts.drain = timeout;
        self
    }

    /// Sets how fast a request body must come while it is waited for; 240 bytes
    /// a second after 5 s unless it is set. A slower one fails with 408.
    ///
    /// ```
    /// # use purlin_std::{Rate, Request, Server};
    /// let rate = Rate { bytes_per_second: 1000, ..Rate::DEFAULT };
    /// let server = Server::new(|_: Request| "hello\n").body_rate(rate);
    /// # let _ = server;
    /// ```
    pub fn body_rate(mut self, rate: Rate) -> Server {
        self.config.timeouts.body = rate;
        self
    }

    /// Sets how fast a peer must take a response; 240 bytes a second after 5 s
    /// unless it is set. The connection of a slower one is reset.
    ///
    /// ```
    /// # use purlin_std::{Rate, Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").write_rate(Rate::UNLIMITED);
    /// # let _ = server;
    /// ```
    pub fn write_rate(mut self, rate: Rate) -> Server {
        self.config.timeouts.write = rate;
        self
    }

    /// Sets how long an exchange goes on whose client has ended its half of the connection,
    /// while nothing goes out to it; 300 s unless it is set. The client may wait for an
    /// answer that takes its time, or be gone. Then the connection is reset.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(|_: Request| "hello\n");
    /// let server = server.half_closed_timeout(Duration::from_secs(30));
    /// # let _ = server;
    /// ```
    pub fn half_closed_timeout(mut self, timeout: Duration) -> Server {
        self.config.timeouts.half_closed = timeout;
        self
    }

    /// Sets whether a connection serves more than one request; it does unless this is false.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").keep_alive(false);
    /// # let _ = server;
    /// ```
    pub fn keep_alive(mut self, on: bool) -> Server {
        self.config.keep_alive = on;
        self
    }

    /// Sets whether `OPTIONS *` is answered with an empty 200, as a question
    /// about the server as a whole (RFC 9110 §9.3.7); it is, and reaches the
    /// handler if this is false.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").general_options(false);
    /// # let _ = server;
    /// ```
    pub fn general_options(mut self, on: bool) -> Server {
        self.config.general_options = on;
        self
    }

    /// Sets whether the handler is a forward proxy: whether absolute targets of any
    /// scheme reach it, also with user and password (RFC 9112 §3.2.2). They are
    /// answered with 421 and 400 unless this is true.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").forward_proxy(true);
    /// # let _ = server;
    /// ```
    pub fn forward_proxy(mut self, on: bool) -> Server {
        self.config.forward_proxy = on;
        self
    }

    /// Sets what is let through although the grammar forbids it; nothing unless it is set.
    ///
    /// ```
    /// # use purlin_std::{Leniency, Request, Server};
    /// let leniency = Leniency { raw_target: true, ..Leniency::STRICT };
    /// let server = Server::new(|_: Request| "hello\n").leniency(leniency);
    /// # let _ = server;
    /// ```
    pub fn leniency(mut self, leniency: Leniency) -> Server {
        self.config.limits.leniency = leniency;
        self
    }

    /// Sets what makes the answers to faults that are found before any handler
    /// runs, such as 400 and 431. The connection closes in any case.
    ///
    /// ```
    /// # use purlin_std::{FaultAnswer, Request, ResponseHead, Server};
    /// let as_json = FaultAnswer::new(|error| {
    ///     let head = ResponseHead::new(error.answer?).with("Content-Type", "application/json").ok()?;
    ///     Some((head, format!("{{\"error\":\"{}\"}}", error.kind).into()))
    /// });
    /// let server = Server::new(|_: Request| "hello\n").answer_faults(as_json);
    /// # let _ = server;
    /// ```
    pub fn answer_faults(mut self, answer: FaultAnswer) -> Server {
        self.config.fault_answer = Some(answer);
        self
    }

    /// Sets how long a peer may be silent before the system asks whether it is
    /// still there, and how often it asks then (`SO_KEEPALIVE`): every 15 s unless
    /// it is set, and not at all with `None`. After three questions without an
    /// answer the connection is lost. Nothing else notices a peer that has
    /// vanished from a stream on which neither side has anything to say.
    ///
    /// It holds on the listeners that the server is given after this.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(|_: Request| "hello\n").tcp_keepalive(Some(Duration::from_secs(60)));
    /// # let _ = server;
    /// ```
    pub fn tcp_keepalive(mut self, silent: Option<Duration>) -> Server {
        self.tcp_keepalive = silent;
        self
    }
}
