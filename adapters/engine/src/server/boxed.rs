//! A handler behind a pointer, as a mux holds it: written once for all adapters.
//! Calls nothing: what a handler is, the adapter says.

/// Gives an adapter's `struct Boxed(Arc<dyn Handler>)` what a mux needs of it. The last is the
/// handler that answers where no other does.
#[macro_export]
macro_rules! box_handler_api {
    ($boxed:ident of $handler:ident; refusing $refusing:expr) => {
        impl $boxed {
            /// Puts a handler behind a pointer.
            pub fn new(handler: impl $handler) -> $boxed {
                $boxed(::std::sync::Arc::new(handler))
            }
        }

        impl ::std::fmt::Debug for $boxed {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(stringify!($boxed))
            }
        }

        impl<F: $handler> ::purlin_core::mux::FromHandler<F> for $boxed {
            fn from_handler(handler: F) -> $boxed {
                $boxed::new(handler)
            }
        }

        impl ::purlin_core::mux::Refusing for $boxed {
            fn refusing() -> $boxed {
                $boxed::new($refusing)
            }
        }
    };
}

/// Gives an adapter its default mux, a [`SharedMux`](crate::SharedMux) of its own handlers. The
/// literal is the example of `handle`.
#[macro_export]
macro_rules! default_mux_api {
    (example $example:literal) => {
        static DEFAULT: ::std::sync::LazyLock<SharedMux> =
            ::std::sync::LazyLock::new(SharedMux::default);

        /// Registers a handler with the default mux.
        ///
        /// # Errors
        /// The pattern is malformed, or conflicts with one that is registered.
        ///
        /// ```no_run
        #[doc = $example]
        /// ```
        #[track_caller]
        pub fn handle(
            pattern: &str,
            handler: impl Handler,
        ) -> Result<::purlin_core::router::RouteId, ::purlin_core::router::InsertError> {
            DEFAULT.handle(pattern, handler)
        }

        /// The default mux.
        pub fn default_mux() -> SharedMux {
            DEFAULT.clone()
        }
    };
}
