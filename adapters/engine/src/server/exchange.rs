//! What a handler may have called for its exchange: written once for all adapters.
//! Calls nothing: the engine does, when it is time.

/// Gives an adapter's `Exchange` the methods that have something called; it has `follow`. The
/// literal begins their examples: a function of an `exchange`.
#[macro_export]
macro_rules! exchange_api {
    (example $here:literal) => {
        impl Exchange {
            /// Calls this once the final head of the response has been given, however it
            /// is written, with the head as it was given; not if that has happened already.
            ///
            /// It is called on the thread that serves, so it had better be quick.
            ///
            /// ```
            #[doc = $here]
            /// exchange.on_head(|head| println!("{}", head.status()));
            /// # }
            /// ```
            pub fn on_head(
                &self,
                call: impl FnOnce(&::purlin_core::ResponseHead) + Send + 'static,
            ) {
                self.follow(|hooks| hooks.on_head(call));
            }

            /// Calls this once the response has ended, or was given up, with the status,
            /// the bytes of body and the times; not if that has happened already.
            ///
            /// It is called on the thread that serves, so it had better be quick.
            ///
            /// ```
            #[doc = $here]
            /// exchange.on_end(|facts| println!("{:?}, {} bytes", facts.status, facts.sent));
            /// # }
            /// ```
            pub fn on_end(&self, call: impl FnOnce(&::purlin_core::Facts) + Send + 'static) {
                self.follow(|hooks| hooks.on_end(call));
            }
        }
    };
}
