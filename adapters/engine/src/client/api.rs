//! The methods of a client's public types, written once for those that block and those that
//! are `async`: what they differ in is given as `(async)` and `(.await)`, or as nothing.
//! Each adapter has the types themselves, so that its documentation and its traits are its own.

/// Gives an adapter's `Client` its methods, and the module the functions that use the default
/// one. The literals are the examples of `get` and `post`.
///
/// In scope there must be the types that are named here, `Client(Arc<Agent<_>>)`,
/// `taken(request)` for what a request is taken apart into, `run` for how one is waited for,
/// and `clock`.
#[macro_export]
macro_rules! client_api {
    (($($async:ident)?) ($($await:tt)*) get $get:literal post $post:literal) => {
        impl Client {
            /// A client with the defaults of [`Settings::new`].
            pub fn new() -> Client {
                Client::with(Settings::new())
            }

            /// A client that behaves like this.
            pub fn with(settings: Settings) -> Client {
                Client(Arc::new(Agent::new(settings, None, Arc::new(Threads))))
            }

            /// A client that connects in its own way. Proxies that the environment names are
            /// not used then; those that the settings name are, and the dialer is to reach them.
            pub fn with_dialer(settings: Settings, dialer: Dialer) -> Client {
                let settings = settings.behind_dialer();
                Client(Arc::new(Agent::new(settings, Some(dialer), Arc::new(Threads))))
            }

            /// Sends a request and gives the response; its body is still to be read.
            ///
            /// # Errors
            /// There was no response: [`Error::phase`] and [`Error::cause`] say why. A
            /// status such as 404 is no error; see [`Response::error_for_status`].
            pub $($async)? fn send(&self, request: Request) -> Result {
                let (parts, given) = taken(request)?;
                run(Run::new(&self.0, parts, given, clock()))$($await)*
            }

            /// GET.
            ///
            /// # Errors
            /// As [`Client::send`].
            pub $($async)? fn get(&self, url: impl IntoUrl) -> Result {
                self.send(Request::get(url))$($await)*
            }

            /// HEAD.
            ///
            /// # Errors
            /// As [`Client::send`].
            pub $($async)? fn head(&self, url: impl IntoUrl) -> Result {
                self.send(Request::head(url))$($await)*
            }

            /// POST of a body of this MIME type.
            ///
            /// # Errors
            /// As [`Client::send`].
            pub $($async)? fn post(
                &self,
                url: impl IntoUrl,
                content_type: &str,
                body: impl Into<::bytes::Bytes>,
            ) -> Result {
                self.send(Request::post(url).content_type(content_type).body(body))$($await)*
            }

            /// POST of pairs, as an HTML form sends them.
            ///
            /// # Errors
            /// As [`Client::send`].
            pub $($async)? fn post_form<K: AsRef<str>, V: AsRef<str>>(
                &self,
                url: impl IntoUrl,
                pairs: &[(K, V)],
            ) -> Result {
                self.send(Request::post(url).form(pairs))$($await)*
            }

            /// Closes the connections that are idle now, and those that come back before
            /// the next request; Go's `CloseIdleConnections`.
            pub fn close_idle(&self) {
                self.0.pool().close_idle();
            }

            /// How many connections are idle.
            pub fn idle(&self) -> usize {
                self.0.pool().idle()
            }
        }

        impl Default for Client {
            fn default() -> Client {
                Client::new()
            }
        }

        impl ::std::fmt::Debug for Client {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "Client({} idle)", self.idle())
            }
        }

        /// The client that the functions of this module share; Go's `DefaultClient`.
        pub fn default_client() -> &'static Client {
            static DEFAULT: ::std::sync::OnceLock<Client> = ::std::sync::OnceLock::new();
            DEFAULT.get_or_init(Client::new)
        }

        /// GET with the default client.
        ///
        /// ```no_run
        #[doc = $get]
        /// ```
        ///
        /// # Errors
        /// As [`Client::send`].
        pub $($async)? fn get(url: impl IntoUrl) -> Result {
            default_client().get(url)$($await)*
        }

        /// HEAD with the default client.
        ///
        /// # Errors
        /// As [`Client::send`].
        pub $($async)? fn head(url: impl IntoUrl) -> Result {
            default_client().head(url)$($await)*
        }

        /// POST with the default client.
        ///
        /// ```no_run
        #[doc = $post]
        /// ```
        ///
        /// # Errors
        /// As [`Client::send`].
        pub $($async)? fn post(
            url: impl IntoUrl,
            content_type: &str,
            body: impl Into<::bytes::Bytes>,
        ) -> Result {
            default_client().post(url, content_type, body)$($await)*
        }

        /// POST of pairs with the default client, as an HTML form sends them.
        ///
        /// # Errors
        /// As [`Client::send`].
        pub $($async)? fn post_form<K: AsRef<str>, V: AsRef<str>>(
            url: impl IntoUrl,
            pairs: &[(K, V)],
        ) -> Result {
            default_client().post_form(url, pairs)$($await)*
        }

        /// Sends a request with the default client.
        ///
        /// # Errors
        /// As [`Client::send`].
        pub $($async)? fn send(request: Request) -> Result {
            default_client().send(request)$($await)*
        }
    };
}

/// Gives an adapter's `Response` of a client its methods; it has `received` and `body`.
#[macro_export]
macro_rules! response_api {
    (($($async:ident)?) ($($await:tt)*)) => {
        impl Response {
            /// When what happened, as it is known by now.
            pub fn trace(&self) -> ::purlin_core::exchange::Trace {
                let mut trace = self.answer().trace;
                trace.end = self.body.0.ended();
                trace
            }

            /// The body.
            pub fn body_mut(&mut self) -> &mut Body {
                &mut self.body
            }

            /// The body alone.
            pub fn into_body(self) -> Body {
                self.body
            }

            /// The connection itself, if the response made it something else than
            /// HTTP: 101 (Switching Protocols), or success of a CONNECT. Else the
            /// response is dropped.
            pub fn upgrade(self) -> Option<Upgraded> {
                let raw = self.answer().is_upgraded().then(|| self.body.0.into_raw())?;
                raw.map(Upgraded::new)
            }

            /// The whole body.
            ///
            /// # Errors
            /// As [`Body::chunk`].
            pub $($async)? fn bytes(&mut self) -> Result<::bytes::Bytes, Error> {
                self.body.bytes()$($await)*
            }

            /// The whole body, as text.
            ///
            /// # Errors
            /// As [`Body::text`].
            pub $($async)? fn text(&mut self) -> Result<String, Error> {
                self.body.text()$($await)*
            }

            /// Itself, unless its status says that the request failed (4xx, 5xx).
            ///
            /// # Errors
            /// [`Cause::Status`](super::Cause::Status).
            pub fn error_for_status(self) -> Result<Response, Error> {
                self.check_status()?;
                Ok(self)
            }
        }

        impl ::std::ops::Deref for Response {
            type Target = $crate::Received;

            fn deref(&self) -> &$crate::Received {
                &self.received
            }
        }

        impl ::std::fmt::Debug for Response {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.received, f)
            }
        }
    };
}

/// Gives an adapter's `Body` of a client the methods that need no more than its `chunk`.
#[macro_export]
macro_rules! body_api {
    (($($async:ident)?) ($($await:tt)*)) => {
        impl Body {
            /// All that is left of it.
            ///
            /// # Errors
            /// As [`Body::chunk`].
            pub $($async)? fn bytes(&mut self) -> Result<::bytes::Bytes, Error> {
                let mut all = $crate::Gathered::default();
                while let Some(piece) = self.chunk()$($await)*? {
                    all.push(piece);
                }
                Ok(all.finish())
            }

            /// All that is left of it, as text.
            ///
            /// # Errors
            /// As [`Body::chunk`], and if it is not UTF-8.
            pub $($async)? fn text(&mut self) -> Result<String, Error> {
                let read = self.bytes()$($await)*?;
                self.0.text(read)
            }

            /// The trailer fields, once it has been read to its end.
            pub fn trailers(&self) -> Option<&::purlin_core::Fields> {
                self.0.trailers()
            }

            /// Whether all of it has been read.
            pub fn is_end(&self) -> bool {
                self.0.is_end()
            }
        }

        impl ::std::fmt::Debug for Body {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

/// Gives an adapter's `Connection(Single<_>)` its methods. In scope there must be `socket`,
/// which makes the runtime's socket of a stream, `open`, which waits for an [`Opening`](crate::Opening),
/// and what [`client_api`] needs.
#[macro_export]
macro_rules! connection_api {
    (($($async:ident)?) ($($await:tt)*)) => {
        impl Connection {
            /// Connects to the server of this URL, directly or through the proxy that
            /// the settings name, and sets up TLS if its scheme is `https`.
            ///
            /// # Errors
            /// No connection could be made.
            pub $($async)? fn connect(
                url: impl IntoUrl,
                settings: Settings,
            ) -> Result<Connection> {
                let agent = Agent::new(settings, None, Arc::new(Threads));
                open(Opening::connect(url.into_url()?, agent, clock())?)$($await)*
            }

            /// Takes over a stream that leads to the server of this URL, and sets up
            /// TLS in it if its scheme is `https`.
            ///
            /// # Errors
            /// TLS cannot be set up.
            pub $($async)? fn over(
                stream: impl Into<Stream>,
                url: impl IntoUrl,
                settings: Settings,
            ) -> Result<Connection> {
                let agent = Agent::new(settings, None, Arc::new(Threads));
                let socket = socket(stream.into()).map_err(Error::of_connecting)?;
                open(Opening::over(socket, url.into_url()?, agent, clock())?)$($await)*
            }

            /// Sends a request and gives the response. The URL says what is asked for,
            /// not where it is sent.
            ///
            /// # Errors
            /// [`Cause::Busy`](super::Cause::Busy) if the last response is not read to its
            /// end, [`Cause::Closed`](super::Cause::Closed) if the connection has ended; else
            /// as [`Client::send`](super::Client::send).
            pub $($async)? fn send(&mut self, request: Request) -> Result {
                let (parts, given) = taken(request)?;
                run(Run::on(&self.0, parts, given, clock()))$($await)*
            }

            /// Whether it takes a request now.
            pub fn is_free(&self) -> bool {
                self.0.is_free()
            }
        }

        impl ::std::fmt::Debug for Connection {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
