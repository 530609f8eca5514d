//! What the tests of tower services share: a body whose frames a test gives.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its part, and all are tests"
)]

use async_channel::{Receiver, Sender};
use http::HeaderMap;
use http_body::{Body, Frame};
use purlin_smol::Bytes;
use smol::stream::Stream;
use std::any::Any;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body of these frames, as they come.
pub(crate) struct Frames {
    frames: Pin<Box<Receiver<io::Result<Frame<Bytes>>>>>,
    held: Option<Box<dyn Any + Send>>,
}

impl Frames {
    /// The same with something that is dropped with it.
    pub(crate) fn holding(mut self, held: impl Any + Send) -> Frames {
        self.held = Some(Box::new(held));
        self
    }
}

/// Gives frames to a body, which ends when this is dropped.
#[derive(Clone)]
pub(crate) struct Give(Sender<io::Result<Frame<Bytes>>>);

pub(crate) fn frames() -> (Give, Frames) {
    let (give, frames) = async_channel::unbounded();
    (Give(give), Frames { frames: Box::pin(frames), held: None })
}

/// A body of these pieces.
pub(crate) fn pieces(all: &[&'static str]) -> Frames {
    let (give, frames) = frames();
    all.iter().for_each(|piece| give.data(*piece));
    frames
}

impl Give {
    pub(crate) fn data(&self, data: impl Into<Bytes>) {
        self.0.try_send(Ok(Frame::data(data.into()))).unwrap();
    }

    pub(crate) fn trailer(&self, name: &'static str, value: &'static str) {
        let mut trailers = HeaderMap::new();
        trailers.insert(name, value.parse().unwrap());
        self.0.try_send(Ok(Frame::trailers(trailers))).unwrap();
    }

    pub(crate) fn fail(&self, message: &'static str) {
        self.0.try_send(Err(io::Error::other(message))).unwrap();
    }

    /// How many frames nobody has taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.0.len()
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.frames.as_mut().poll_next(cx)
    }
}
