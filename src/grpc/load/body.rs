//! The body of an answer that gives its place back when it is over, and is over at its deadline.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Frame, SizeHint};
use prost::bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tonic::body::Body;

use super::accounts::Seat;
use crate::grpc::status::past_deadline;

/// What a call holds until its answer is over.
#[derive(Debug)]
pub(super) enum Held {
    /// One of the calls or streams of the server.
    Place { _permit: OwnedSemaphorePermit },
    /// One of those of its caller.
    Seat { _seat: Seat },
}

/// A body, and what is held until it is over. A reader who does not read holds on to both.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) body: Body,
    pub(super) _held: Held,
}

/// A body that ends with `DEADLINE_EXCEEDED` if it is not over in time.
#[derive(Debug)]
pub(super) struct Timed {
    /// `None` when the deadline has passed.
    pub(super) body: Option<Body>,
    pub(super) deadline: Pin<Box<Sleep>>,
    pub(super) allowed: Duration,
}

impl http_body::Body for Holding {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        if self.deadline.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        // Whoever makes the rest of the body sees that nobody reads it any more.
        self.body = None;
        let mut trailers = http::HeaderMap::new();
        let status = past_deadline(self.allowed, true);
        Poll::Ready(Some(
            status
                .add_header(&mut trailers)
                .map(|()| Frame::trailers(trailers)),
        ))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}
