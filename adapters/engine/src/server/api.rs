//! The methods of a server's public types that say the same on all adapters, written once for
//! those that block and those that are `async`: what they differ in is given as `(async)` and
//! `(.await)`, or as nothing.

/// Gives an adapter's `ResponseWriter`, whose field `writer` is the engine's, the methods that
/// set what its head says, and those that are made of others of its own: `write_all`, `send`
/// and `fail`. The literal begins their examples: a function with a `writer`.
#[macro_export]
macro_rules! writer_api {
    (($($async:ident)?) ($($await:tt)*) example $here:literal) => {
        impl ResponseWriter {
            /// Sets the status; 200 if it is not set. Without effect once body has been written.
            ///
            /// ```
            #[doc = $here]
            /// writer.status(Status::CREATED);
            /// # Ok(()) }
            /// ```
            pub fn status(&mut self, status: ::purlin_core::Status) -> &mut ResponseWriter {
                self.writer.draft_mut().set_status(status);
                self
            }

            /// The fields of the head, to change them. Without effect once body has been written.
            ///
            /// ```
            #[doc = $here]
            /// writer.fields_mut().append("Content-Type", "text/event-stream").expect("valid");
            /// # Ok(()) }
            /// ```
            pub fn fields_mut(&mut self) -> &mut ::purlin_core::Fields {
                self.writer.draft_mut().fields_mut()
            }

            /// The trailer fields, sent at the end where the peer can read them.
            ///
            /// ```
            #[doc = $here]
            /// writer.trailers_mut().append("Checksum", "97").expect("valid");
            /// # Ok(()) }
            /// ```
            pub fn trailers_mut(&mut self) -> &mut ::purlin_core::Fields {
                self.writer.draft_mut().trailers_mut()
            }

            /// Whether a head without Content-Type is given one by what the body looks
            /// like; it is by default.
            ///
            /// ```
            #[doc = $here]
            /// writer.sniffing(false);
            /// # Ok(()) }
            /// ```
            pub fn sniffing(&mut self, on: bool) -> &mut ResponseWriter {
                self.writer.draft_mut().set_sniffing(on);
                self
            }

            /// Takes body bytes, all of them, and says how many they were; they go out at the
            /// latest with [`flush`](ResponseWriter::flush) or the end. Waits while the peer
            /// takes nothing.
            ///
            /// # Errors
            /// [`Error::Closed`](crate::Error::Closed) if the connection has ended,
            /// [`Error::Unwanted`](crate::Error::Unwanted) behind the head of a response to HEAD,
            /// [`Error::Misuse`](crate::Error::Misuse) if there is more than the head declared
            /// or the response can have no body.
            pub $($async)? fn write(&mut self, bytes: &[u8]) -> Result<usize, ::purlin_core::message::Error> {
                self.write_all(bytes)$($await)*?;
                Ok(bytes.len())
            }

            /// Answers with a whole value; a source in it is read to its end. Fields
            /// set here before are added to those of the response, unless it has some
            /// of that name; no media type is guessed.
            ///
            /// # Errors
            /// As [`ResponseWriter::write`], and the error of the response's
            /// [`Source`](crate::Source). If the head was not out, the answer is the
            /// status of the error then; else it breaks off.
            pub $($async)? fn respond(
                mut self,
                response: Response,
            ) -> Result<(), ::purlin_core::message::Error> {
                let sent = self.send(response)$($await)*;
                if let Err(error) = &sent {
                    self.fail(error);
                }
                sent
            }
        }

        impl ::std::fmt::Debug for ResponseWriter {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let draft = self.writer.draft();
                f.debug_struct("ResponseWriter").field("draft", draft).finish_non_exhaustive()
            }
        }
    };
}

/// Gives an adapter's `Body` of a request the methods that are made of its `chunk`. The
/// literals are their examples.
#[macro_export]
macro_rules! request_body_api {
    (($($async:ident)?) ($($await:tt)*) bytes $bytes:literal text $text:literal) => {
        impl Body {
            /// All that is left of it, up to the limit of [`Body::set_limit`].
            ///
            /// ```
            #[doc = $bytes]
            /// ```
            ///
            /// # Errors
            /// As [`Body::chunk`].
            pub $($async)? fn bytes(
                &mut self,
            ) -> Result<::bytes::Bytes, ::purlin_core::message::Error> {
                let mut all = $crate::Gathered::default();
                while let Some(piece) = self.chunk()$($await)*? {
                    all.push(piece);
                }
                Ok(all.finish())
            }

            /// All that is left of it, as text.
            ///
            /// ```
            #[doc = $text]
            /// ```
            ///
            /// # Errors
            /// As [`Body::chunk`], and [`Error::NotText`](crate::Error::NotText) if it is not
            /// UTF-8.
            pub $($async)? fn text(&mut self) -> Result<String, ::purlin_core::message::Error> {
                let bytes = Vec::from(self.bytes()$($await)*?);
                let not_text = |error: ::std::string::FromUtf8Error| error.utf8_error();
                String::from_utf8(bytes)
                    .map_err(|error| ::purlin_core::message::Error::NotText(not_text(error)))
            }
        }
    };
}

/// Gives an adapter's `Bound`, with its `listeners`, `server` and what `handle` is made of, the
/// methods that tell where it listens. The literal begins their examples: it makes a `bound`.
#[macro_export]
macro_rules! bound_api {
    ($bound:ty $(where $handler:ident)?; example $here:literal end $end:literal) => {
        impl $(<$handler>)? $bound {
            /// The same server with one listener more.
            ///
            /// ```
            #[doc = $here]
            /// let bound = bound.and(Listener::bind("127.0.0.1:0")?);
            /// assert_eq!(bound.addresses().count(), 2);
            #[doc = $end]
            /// ```
            pub fn and(mut self, listener: ::purlin_net::Listener) -> $bound {
                let _ = listener.set_tcp_keepalive(self.server.settings.tcp_keepalive);
                self.listeners.push(listener);
                self
            }

            /// Where it listens, with the ports that the system chose for port 0.
            ///
            /// ```
            #[doc = $here]
            /// for address in bound.addresses() {
            ///     println!("listening on {address}");
            /// }
            #[doc = $end]
            /// ```
            pub fn addresses(&self) -> impl Iterator<Item = &::purlin_core::observe::Address> {
                self.listeners.iter().map(::purlin_net::Listener::address)
            }

            /// The first TCP address it listens on; `0.0.0.0:0` if there is none.
            ///
            /// ```
            #[doc = $here]
            /// assert_ne!(bound.local_addr().port(), 0);
            #[doc = $end]
            /// ```
            pub fn local_addr(&self) -> ::std::net::SocketAddr {
                let nowhere = || (::std::net::Ipv4Addr::UNSPECIFIED, 0).into();
                let socket_addr = ::purlin_core::observe::Address::socket_addr;
                self.addresses().find_map(socket_addr).unwrap_or_else(nowhere)
            }
        }

        impl $(<$handler>)? ::std::fmt::Debug for $bound {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_list().entries(self.addresses()).finish()
            }
        }
    };
}
