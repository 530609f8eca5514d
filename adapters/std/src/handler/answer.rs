//! What becomes of a request: a response, or what its writer wrote.
//! The engine says what there is to it.

use crate::{Response, Source};

purlin_engine::answer_api! {
    Source;
    example "# use purlin_std::{Answer, Response, Status};"
}
