//! The answer of a handler, and what middleware may return: written once for all adapters.
//! Says it; the driver carries it out.

/// Gives a module of an adapter its `Answer` over the adapter's own source, and `IntoAnswer`;
/// its `Response` is in scope.
/// The literal begins the examples: it brings the adapter's names into scope.
///
/// They are the adapter's own types: what becomes an answer without a word is what its
/// handlers may return, and only a crate's own type can be made of anything that is a response.
#[macro_export]
macro_rules! answer_api {
    ($source:ty; example $here:literal) => {
        /// What became of a request, as a handler tells it.
        ///
        /// ```
        #[doc = $here]
        /// let answer = Answer::from(Response::text("hello"));
        /// # let _ = answer;
        /// ```
        #[derive(Debug)]
        #[must_use = "the server sends it"]
        pub struct Answer(pub(crate) ::purlin_core::message::Outcome<$source>);

        impl Answer {
            /// The writer was used: the response is what it wrote. It ends now, unless
            /// the writer lives on elsewhere.
            pub fn written() -> Answer {
                Answer(::purlin_core::message::Outcome::Written)
            }

            /// Writing failed: answer with this if nothing has gone out yet, else give
            /// the message up so that the peer can tell.
            pub fn failed(response: Response) -> Answer {
                Answer(::purlin_core::message::Outcome::Failed(response))
            }

            /// The response, if it is a value: one that is written goes by unseen. Of every
            /// answer tell [`Exchange::on_head`](crate::Exchange::on_head) and
            /// [`on_end`](crate::Exchange::on_end).
            ///
            /// ```
            #[doc = $here]
            /// let answer = Answer::from(Response::text("hello"));
            /// assert_eq!(answer.response().unwrap().status(), Status::OK);
            /// assert!(Answer::written().response().is_none());
            /// ```
            pub fn response(&self) -> Option<&Response> {
                self.0.response()
            }

            /// The same answer with another response, if it is a value.
            ///
            /// ```
            #[doc = $here]
            /// let answer = Answer::from(Response::text("hello"));
            /// let answer = answer.map(|response| response.with_status(Status::ACCEPTED));
            /// assert_eq!(answer.response().unwrap().status(), Status::ACCEPTED);
            /// ```
            pub fn map(self, change: impl FnOnce(Response) -> Response) -> Answer {
                Answer(self.0.map(change))
            }
        }

        impl<R: ::purlin_core::IntoResponse<$source>> From<R> for Answer {
            fn from(response: R) -> Answer {
                Answer(::purlin_core::message::Outcome::Response(response.into_response()))
            }
        }

        /// What middleware made by [`around`](crate::around) may return: the answer of
        /// the next handler, or what a handler may return.
        #[diagnostic::on_unimplemented(
            message = "middleware cannot return `{Self}`",
            note = "it returns an `Answer`, such as that of the next handler's `run`, or what is \
                    `IntoResponse<Source>`"
        )]
        pub trait IntoAnswer {
            /// The answer it stands for.
            fn into_answer(self) -> Answer;
        }

        impl IntoAnswer for Answer {
            fn into_answer(self) -> Answer {
                self
            }
        }

        impl<R: ::purlin_core::IntoResponse<$source>> IntoAnswer for R {
            fn into_answer(self) -> Answer {
                self.into()
            }
        }

        impl<E: ::purlin_core::IntoResponse<$source>> IntoAnswer for Result<Answer, E> {
            fn into_answer(self) -> Answer {
                self.unwrap_or_else(|error| Answer::from(error.into_failure()))
            }
        }
    };
}
