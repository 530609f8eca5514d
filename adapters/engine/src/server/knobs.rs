//! The limits, timeouts and hooks of a server, one by one, written once for all adapters.
//! Sets numbers; what they mean, and what is done at a limit, the core knows.

/// Gives a type of an adapter the methods that set a server's settings, which it has in its
/// field `settings`. The literal begins their examples: it makes a `server`.
///
/// They are methods of the adapter's own type, so that who sets something imports nothing.
#[macro_export]
macro_rules! server_settings {
    ($server:ty $(where $handler:ident)?; example $server_here:literal) => {
        impl $(<$handler>)? $server {
            /// Sets all limits and timeouts of its connections. The methods below change single ones.
            ///
            /// ```
            #[doc = $server_here]
            /// let config = ServerConfig { date: false, ..ServerConfig::default() };
            /// let server = server.config(config);
            /// # let _ = server;
            /// ```
            pub fn config(mut self, config: ::purlin_core::ServerConfig) -> $server {
                self.settings.config = config;
                self
            }

            /// Sets which versions of HTTP are spoken. With both, a connection speaks HTTP/2 if it
            /// begins with the preface of that, or if the two sides agree on it inside TLS.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.protocols(purlin_core::config::Protocols::Http1);
            /// # let _ = server;
            /// ```
            pub fn protocols(mut self, protocols: ::purlin_core::config::Protocols) -> $server {
                self.settings.config.protocols = protocols;
                self
            }

            /// Sets how many bytes a request body may have, 16 MiB unless it is set; a
            /// handler may change it for its own. More is answered with 413.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.body_limit(1 << 30);
            /// # let _ = server;
            /// ```
            pub fn body_limit(mut self, bytes: u64) -> $server {
                self.settings.config.limits.body_bytes = bytes;
                self
            }

            /// Sets how many bytes a head may have, and a trailer section; 64 KiB unless
            /// it is set. More is answered with 431.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.head_limit(8 * 1024);
            /// # let _ = server;
            /// ```
            pub fn head_limit(mut self, bytes: usize) -> $server {
                self.settings.config.limits.head_bytes = bytes;
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
            #[doc = $server_here]
            /// let server = server.buffer_budget(16 << 20);
            /// # let _ = server;
            /// ```
            pub fn buffer_budget(mut self, bytes: usize) -> $server {
                self.settings.buffers = bytes;
                self
            }

            /// Sets how long a head may take to arrive, from its first byte, or from the
            /// start of the connection for the first one; 30 s unless it is set. Then
            /// the answer is 408, or none if no byte came.
            ///
            /// ```
            #[doc = $server_here]
            /// use std::time::Duration;
            /// let server = server.head_timeout(Duration::from_secs(5));
            /// # let _ = server;
            /// ```
            pub fn head_timeout(mut self, timeout: ::std::time::Duration) -> $server {
                self.settings.config.timeouts.head = timeout;
                self
            }

            /// Sets how long a connection may be idle between two requests; 75 s unless it is set.
            ///
            /// ```
            #[doc = $server_here]
            /// use std::time::Duration;
            /// let server = server.idle_timeout(Duration::from_secs(10));
            /// # let _ = server;
            /// ```
            pub fn idle_timeout(mut self, timeout: ::std::time::Duration) -> $server {
                self.settings.config.timeouts.idle = timeout;
                self
            }

            /// Sets how long exchanges may take to end once a graceful stop began; 30 s
            /// unless it is set. The stop has a deadline of its own, and the earlier one counts.
            ///
            /// ```
            #[doc = $server_here]
            /// use std::time::Duration;
            /// let server = server.drain_timeout(Duration::from_secs(5));
            /// # let _ = server;
            /// ```
            pub fn drain_timeout(mut self, timeout: ::std::time::Duration) -> $server {
                self.settings.config.timeouts.drain = timeout;
                self
            }

            /// Sets how fast a request body must come while it is waited for; 240 bytes
            /// a second after 5 s unless it is set. A slower one fails with 408.
            ///
            /// ```
            #[doc = $server_here]
            /// let rate = Rate { bytes_per_second: 1000, ..Rate::DEFAULT };
            /// let server = server.body_rate(rate);
            /// # let _ = server;
            /// ```
            pub fn body_rate(mut self, rate: ::purlin_core::Rate) -> $server {
                self.settings.config.timeouts.body = rate;
                self
            }

            /// Sets how fast a peer must take a response; 240 bytes a second after 5 s
            /// unless it is set. The connection of a slower one is reset.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.write_rate(Rate::UNLIMITED);
            /// # let _ = server;
            /// ```
            pub fn write_rate(mut self, rate: ::purlin_core::Rate) -> $server {
                self.settings.config.timeouts.write = rate;
                self
            }

            /// Sets how long an exchange goes on whose client has ended its half of the connection,
            /// while nothing goes out to it; 300 s unless it is set. The client may wait for an
            /// answer that takes its time, or be gone. Then the connection is reset.
            ///
            /// ```
            #[doc = $server_here]
            /// use std::time::Duration;
            /// let server = server.half_closed_timeout(Duration::from_secs(30));
            /// # let _ = server;
            /// ```
            pub fn half_closed_timeout(mut self, timeout: ::std::time::Duration) -> $server {
                self.settings.config.timeouts.half_closed = timeout;
                self
            }

            /// Sets whether a connection serves more than one request; it does unless this is false.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.keep_alive(false);
            /// # let _ = server;
            /// ```
            pub fn keep_alive(mut self, on: bool) -> $server {
                self.settings.config.keep_alive = on;
                self
            }

            /// Sets whether `OPTIONS *` is answered with an empty 200, as a question
            /// about the server as a whole (RFC 9110 §9.3.7); it is, and reaches the
            /// handler if this is false.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.general_options(false);
            /// # let _ = server;
            /// ```
            pub fn general_options(mut self, on: bool) -> $server {
                self.settings.config.general_options = on;
                self
            }

            /// Sets whether the handler is a forward proxy: whether absolute targets of any
            /// scheme reach it, also with user and password (RFC 9112 §3.2.2). They are
            /// answered with 421 and 400 unless this is true.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.forward_proxy(true);
            /// # let _ = server;
            /// ```
            pub fn forward_proxy(mut self, on: bool) -> $server {
                self.settings.config.forward_proxy = on;
                self
            }

            /// Sets what is let through although the grammar forbids it; nothing unless it is set.
            ///
            /// ```
            #[doc = $server_here]
            /// let leniency = Leniency { raw_target: true, ..Leniency::STRICT };
            /// let server = server.leniency(leniency);
            /// # let _ = server;
            /// ```
            pub fn leniency(mut self, leniency: ::purlin_core::Leniency) -> $server {
                self.settings.config.limits.leniency = leniency;
                self
            }

            /// Sets what makes the answers to faults that are found before any handler
            /// runs, such as 400 and 431. The connection closes in any case.
            ///
            /// ```
            #[doc = $server_here]
            /// let as_json = FaultAnswer::new(|error| {
            ///     let head = ResponseHead::new(error.answer?).with("Content-Type", "application/json").ok()?;
            ///     Some((head, format!("{{\"error\":\"{}\"}}", error.kind).into()))
            /// });
            /// let server = server.answer_faults(as_json);
            /// # let _ = server;
            /// ```
            pub fn answer_faults(mut self, answer: ::purlin_core::config::FaultAnswer) -> $server {
                self.settings.config.fault_answer = Some(answer);
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
            #[doc = $server_here]
            /// use std::time::Duration;
            /// let server = server.tcp_keepalive(Some(Duration::from_secs(60)));
            /// # let _ = server;
            /// ```
            pub fn tcp_keepalive(mut self, silent: Option<::std::time::Duration>) -> $server {
                self.settings.tcp_keepalive = silent;
                self
            }

            /// Sets how many connections may be open. For one more, the one that has
            /// been idle longest is closed; if none is idle, it waits to be accepted.
            ///
            /// Unless it is set, nine tenths of the descriptors that the process may
            /// have; their soft limit is raised to the hard one.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.connections(10_000);
            /// # let _ = server;
            /// ```
            pub fn connections(mut self, most: usize) -> $server {
                self.settings.connections = Some(most.max(1));
                self
            }

            /// Adds somebody who is told what becomes of connections and requests; each
            /// one that is added is told. They are called on the threads that serve; one that
            /// panics misses what it was told then, and costs nothing else.
            ///
            /// ```
            #[doc = $server_here]
            /// use observe::{Exchange, Observer, Peer};
            ///
            /// struct AccessLog;
            /// impl Observer for AccessLog {
            ///     fn exchange(&self, peer: &Peer, exchange: &Exchange) {
            ///         println!("{} {exchange}", peer.remote);
            ///     }
            /// }
            /// let server = server.observe(AccessLog);
            /// # let _ = server;
            /// ```
            pub fn observe(
                mut self,
                observer: impl ::purlin_core::observe::Observer + 'static,
            ) -> $server {
                self.settings.observe(observer);
                self
            }

            /// Adds a value that every request has, to be found by its type. Of several
            /// of one type the last one is found.
            ///
            /// ```
            #[doc = $server_here]
            /// struct Motto(&'static str);
            /// let server = server.value(Motto("less is more\n"));
            ///
            /// fn motto(request: &Request) -> &'static str {
            ///     request.value::<Motto>().map_or("", |motto| motto.0)
            /// }
            /// # let _ = server;
            /// ```
            pub fn value<T: ::std::any::Any + Send + Sync>(mut self, value: T) -> $server {
                self.settings.values = self.settings.values.with(value);
                self
            }

            /// Sets what makes the values of each new connection from those of the
            /// server, its [`Peer`](purlin_core::observe::Peer) among them. It runs where the
            /// connection is begun, before its first request.
            ///
            /// ```
            #[doc = $server_here]
            /// struct Number(u64);
            /// let server = server.connection_values(|peer, values| values.with(Number(peer.number)));
            ///
            /// fn number(request: &Request) -> Option<u64> {
            ///     request.value::<Number>().map(|number| number.0)
            /// }
            /// # let _ = server;
            /// ```
            pub fn connection_values(
                mut self,
                make: impl Fn(&::purlin_core::observe::Peer, ::purlin_core::Values) -> ::purlin_core::Values
                + Send
                + Sync
                + 'static,
            ) -> $server {
                self.settings.connection_values = Some(::std::boxed::Box::new(make));
                self
            }

            /// Adds what runs when the server begins to stop, gracefully or at once:
            /// each in a thread of its own, and not waited for.
            ///
            /// It is the place to tell connections that have been upgraded, or long
            /// streams: a graceful stop waits for them.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.on_shutdown(|| println!("streams are to end"));
            /// # let _ = server;
            /// ```
            pub fn on_shutdown(mut self, run: impl FnOnce() + Send + 'static) -> $server {
                self.settings.on_shutdown.push(::std::boxed::Box::new(run));
                self
            }

            /// Sets what a panic of a handler does to the server: nothing, unless it is set.
            ///
            /// ```
            #[doc = $server_here]
            /// let server = server.panics(Panics::Propagate);
            /// # let _ = server;
            /// ```
            pub fn panics(mut self, panics: $crate::Panics) -> $server {
                self.settings.panics = panics;
                self
            }

            /// Has every connection speak TLS, on all its listeners. A handler finds what
            /// was settled in [`Request::tls`](purlin_core::Request::tls).
            ///
            /// The handshake may take 10 s ([`purlin_tls::HANDSHAKE`]). Who speaks plain
            /// HTTP is answered with 400, in plain text.
            ///
            /// ```no_run
            #[doc = $server_here]
            /// let tls = tls::ServerTls::from_files("cert.pem", "key.pem")?;
            /// let renewed = tls.clone(); // renewed.replace(..) changes it while it serves
            /// let server = server.tls(tls);
            /// # let _ = (server, renewed);
            /// # Ok::<(), Error>(())
            /// ```
            #[cfg(feature = "rustls")]
            pub fn tls(mut self, tls: ::purlin_tls::ServerTls) -> $server {
                let make = move |config, now| tls.connection(config, now);
                self.settings.make_machine = Some(::std::boxed::Box::new(make));
                self
            }
        }

        impl $(<$handler>)? ::std::fmt::Debug for $server {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let config = &self.settings.config;
                f.debug_struct("Server").field("config", config).finish_non_exhaustive()
            }
        }
    };
}
